"""How much of a space's history has been imported."""

from typing import Final, override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .back_fill import history_signal
from .devices import space_identifier
from .runtime import QubeConfigEntry
from .space_sensor import SPACE_SENSORS
from .spaces import SpaceCoordinator, spaces_signal

HISTORY_IMPORTED: Final = SensorEntityDescription(
    key="history_imported",
    translation_key="history_imported",
    entity_category=EntityCategory.DIAGNOSTIC,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
)
# Its place among the sensors of a space that may be on, on large accounts.
RANK: Final = len(SPACE_SENSORS)


@callback
def async_add_history_sensors(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensor of each space when it appears, where history is imported at all."""

    @callback
    def add(spaces: list[SpaceCoordinator]) -> None:
        if entry.runtime_data.back_fill.is_wanted:
            async_add_entities(HistorySensor(space) for space in spaces)

    entry.async_on_unload(async_dispatcher_connect(hass, spaces_signal(entry), add))


class HistorySensor(SensorEntity):
    """Show the part of the back-fill of a space's meters that is done."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description = HISTORY_IMPORTED

    def __init__(self, space: SpaceCoordinator) -> None:
        """Show one space."""
        self._space = space
        self._attr_unique_id = f"space_{space.space_id}_{HISTORY_IMPORTED.key}"
        self._attr_device_info = DeviceInfo(identifiers={space_identifier(space.space_id)})
        self._attr_entity_registry_enabled_default = space.enabled_entities > RANK
        self._attr_native_value = self._percent()

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the progress."""
        signal = history_signal(self._space.config_entry)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_progress))

    @callback
    def _async_progress(self) -> None:
        """Write the state only where it changed: a large account has thousands of steps."""
        if (percent := self._percent()) != self._attr_native_value:
            self._attr_native_value = percent
            self.async_write_ha_state()

    def _percent(self) -> int | None:
        """Return whole percents; None for a space without meters."""
        back_fill = self._space.config_entry.runtime_data.back_fill
        done = [back_fill.progress(key) for key in self._space.meter_keys]
        return int(100 * sum(done) / len(done)) if done else None
