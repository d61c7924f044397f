"""What all entities of a meter share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override
from weakref import WeakKeyDictionary

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import Metrics
from .coordinator import MeterCoordinator, MeterData, meters_signal
from .devices import meter_identifier
from .entity_budget import RANKS
from .runtime import QubeConfigEntry


@dataclass(frozen=True, kw_only=True)
class QubeEntityDescription[T](EntityDescription):
    """An entity of a meter: what it shows, and whether that is known only while it is online."""

    value_fn: Callable[[MeterData], T | None]
    is_live: bool = True


def live[T](value_fn: Callable[[Metrics], T | None]) -> Callable[[MeterData], T | None]:
    """Return a `value_fn` for what only the metrics tell."""
    return lambda meter: None if meter.metrics is None else value_fn(meter.metrics)


class QubeEntity[T](CoordinatorEntity[MeterCoordinator]):
    """Show one value of a meter."""

    _attr_has_entity_name = True
    entity_description: QubeEntityDescription[T]

    def __init__(
        self,
        meter: MeterCoordinator,
        description: QubeEntityDescription[T],
        rank: int | None = None,
    ) -> None:
        """Show what the description says; `rank` is its place among those that may be on."""
        super().__init__(meter)
        self.entity_description = description
        self._value: T | None = None
        self._is_available = False
        self._attr_unique_id = f"{meter.key}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={meter_identifier(meter.key)})
        rank = RANKS[description.key] if rank is None else rank
        if rank >= meter.enabled_entities:
            self._attr_entity_registry_enabled_default = False

    @property
    @override
    def available(self) -> bool:
        """Return whether the value is known."""
        return self._is_available

    @override
    async def async_added_to_hass(self) -> None:
        """Start with what is known."""
        await super().async_added_to_hass()
        self._async_take_over()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only where it changed: most values stand still between two polls."""
        if self._async_take_over():
            self.async_write_ha_state()

    def _async_take_over(self) -> bool:
        data = self.coordinator.data
        description = self.entity_description
        is_available = (
            self.coordinator.last_update_success
            and data is not None
            and (data.metrics is not None or not description.is_live)
        )
        value = description.value_fn(data) if data is not None and is_available else None
        if value == self._value and is_available == self._is_available:
            return False
        self._value = value
        self._is_available = is_available
        return True


@callback
def async_add_meter_entities(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[MeterCoordinator], Iterable[CoordinatorEntity[MeterCoordinator]]],
) -> None:
    """Add the entities of each meter when it appears, and further ones when it shows more."""
    added: WeakKeyDictionary[MeterCoordinator, set[str | None]] = WeakKeyDictionary()

    @callback
    def add(meters: list[MeterCoordinator]) -> None:
        entities: list[CoordinatorEntity[MeterCoordinator]] = []
        for meter in meters:
            unique_ids = added.setdefault(meter, set())
            new = [entity for entity in build(meter) if entity.unique_id not in unique_ids]
            unique_ids.update(entity.unique_id for entity in new)
            entities += new
        if entities:
            async_add_entities(entities)

    entry.async_on_unload(async_dispatcher_connect(hass, meters_signal(entry), add))
