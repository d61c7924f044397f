"""Binary sensors: whether a meter is online, and what is wrong with a tenancy's account."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import QubeEntity, QubeEntityDescription, async_add_meter_entities
from .runtime import QubeConfigEntry
from .tenancy_binary_sensor import async_add_tenancy_binary_sensors

PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class QubeBinarySensorDescription(QubeEntityDescription[bool], BinarySensorEntityDescription):
    """A binary sensor of a meter."""


ONLINE: Final = QubeBinarySensorDescription(
    key="online",
    translation_key="online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    is_live=False,
    value_fn=lambda meter: meter.device.is_online,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of an account."""
    async_add_meter_entities(
        hass, entry, async_add_entities, lambda meter: (QubeBinarySensor(meter, ONLINE),)
    )
    async_add_tenancy_binary_sensors(hass, entry, async_add_entities)


class QubeBinarySensor(QubeEntity[bool], BinarySensorEntity):
    """A binary sensor of a meter."""

    entity_description: QubeBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is so."""
        return self._value
