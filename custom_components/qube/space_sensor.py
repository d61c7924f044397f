"""Sensors of a space: what its meters come to together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .devices import space_identifier
from .roll_up import RollUp
from .runtime import QubeConfigEntry
from .spaces import SpaceCoordinator, spaces_signal


@dataclass(frozen=True, kw_only=True)
class SpaceSensorDescription(SensorEntityDescription):
    """A sensor of a space."""

    value_fn: Callable[[RollUp], float | None]


# In the order in which they are on by default on large accounts.
SPACE_SENSORS: Final = (
    SpaceSensorDescription(
        key="energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda space: space.energy_wh / 1000,
    ),
    SpaceSensorDescription(
        key="power",
        translation_key="power_now",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=lambda space: space.power_w,
    ),
    SpaceSensorDescription(
        key="meters_offline",
        translation_key="meters_offline",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda space: space.meters_offline,
    ),
    SpaceSensorDescription(
        key="meters_on_generator",
        translation_key="meters_on_generator",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda space: space.meters_on_generator,
    ),
)


@callback
def async_add_space_sensors(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of each space when it appears."""

    @callback
    def add(spaces: list[SpaceCoordinator]) -> None:
        async_add_entities(
            SpaceSensor(space, description, rank)
            for space in spaces
            for rank, description in enumerate(SPACE_SENSORS)
        )

    entry.async_on_unload(async_dispatcher_connect(hass, spaces_signal(entry), add))


class SpaceSensor(CoordinatorEntity[SpaceCoordinator], SensorEntity):
    """A sensor of a space."""

    _attr_has_entity_name = True
    entity_description: SpaceSensorDescription

    def __init__(
        self, space: SpaceCoordinator, description: SpaceSensorDescription, rank: int
    ) -> None:
        """Show what the description says; `rank` is its place among those that may be on."""
        super().__init__(space)
        self.entity_description = description
        self._attr_unique_id = f"space_{space.space_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={space_identifier(space.space_id)})
        self._attr_entity_registry_enabled_default = rank < space.enabled_entities
        self._attr_available = False

    @override
    async def async_added_to_hass(self) -> None:
        """Start with what is known."""
        await super().async_added_to_hass()
        self._take_over()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only where it changed: the counts mostly stand still."""
        if self._take_over():
            self.async_write_ha_state()

    @property
    @override
    def available(self) -> bool:
        """Return whether one of the space's meters can be read."""
        return self._attr_available

    def _take_over(self) -> bool:
        space = self.coordinator.data
        before = self._attr_available, self._attr_native_value
        self._attr_available = space is not None
        self._attr_native_value = None if space is None else self.entity_description.value_fn(space)
        return before != (self._attr_available, self._attr_native_value)
