"""Which entities of a target an automation means: its rooms and labels hold many others."""

from dataclasses import dataclass
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityKind:
    """One kind of entity of a meter or a tenancy: its platform, and the key of its description."""

    platform: Platform
    key: str

    def among(self, hass: HomeAssistant, entity_ids: set[str]) -> set[str]:
        """Return those of the entities that are of this kind, and of this integration."""
        registry = er.async_get(hass)
        return {
            entity_id
            for entity_id in entity_ids
            if (entity := registry.async_get(entity_id)) is not None
            and entity.platform == DOMAIN
            and entity.domain == self.platform
            and entity.translation_key == self.key
        }


# Of a meter; a balance is also of a tenancy.
ACTIVE_TARIFF: Final = EntityKind(platform=Platform.SELECT, key="active_tariff")
BALANCE: Final = EntityKind(platform=Platform.SENSOR, key="balance")
ONLINE: Final = EntityKind(platform=Platform.BINARY_SENSOR, key="online")
RELAY: Final = EntityKind(platform=Platform.SWITCH, key="relay")

# Of a tenancy.
ACTIVITY: Final = EntityKind(platform=Platform.EVENT, key="activity")
LOW_BALANCE: Final = EntityKind(platform=Platform.BINARY_SENSOR, key="low_balance")
OVERDUE: Final = EntityKind(platform=Platform.BINARY_SENSOR, key="overdue")
SUPPLY: Final = EntityKind(platform=Platform.SENSOR, key="supply")
