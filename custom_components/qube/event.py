"""Events: what happens to the account of a tenancy."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .runtime import QubeConfigEntry
from .tenancy_entity import TenancyDescription, TenancyEntity, async_add_tenancy_entities
from .tenancy_events import TenancyEvent, TenancyEventKind

PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class TenancyEventDescription(TenancyDescription, EventEntityDescription):
    """An event of a tenancy."""


ACTIVITY: Final = TenancyEventDescription(
    key="activity",
    translation_key="activity",
    event_types=[kind.value for kind in TenancyEventKind],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the events of an account."""
    async_add_tenancy_entities(hass, entry, async_add_entities, (ACTIVITY,), TenancyActivity)


class TenancyActivity(TenancyEntity, EventEntity):
    """What happened last to the account of a tenancy; it names nobody."""

    _platform = Platform.EVENT
    entity_description: TenancyEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the tenancy."""
        self.async_on_remove(self._tenancy.async_add_event_listener(self._async_tell))

    @callback
    def _async_tell(self, event: TenancyEvent) -> None:
        self._trigger_event(event.kind, dict(event.attributes))
        self.async_write_ha_state()
