"""Sensors of a meter registry: how publishing goes; and of its meters: last reading and data."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import BillingDirection, Communication, MeterType, RegistryMeter
from .entity_budget import enabled_per_registry_meter
from .registries import NewMeters, RunningRegistry, registries_signal
from .registry import Registry
from .registry_devices import registry_identifier, registry_meter_identifier
from .runtime import QubeConfigEntry

LAST_READING: Final = "last_reading"

# Only with the unit that the owner chose; see `registry_settings.UNITS`.
DEVICE_CLASSES: Final = {
    MeterType.ELECTRICITY: SensorDeviceClass.ENERGY,
    MeterType.GAS: SensorDeviceClass.GAS,
    MeterType.WATER: SensorDeviceClass.WATER,
}


@dataclass(frozen=True, kw_only=True)
class RegistrySensorDescription(SensorEntityDescription):
    """A sensor of a registry; `is_of_publishing` says that it means nothing without."""

    value_fn: Callable[[RunningRegistry], StateType | datetime]
    is_of_publishing: bool = True


@dataclass(frozen=True, kw_only=True)
class RegistryMeterSensorDescription(SensorEntityDescription):
    """A sensor of a registry's meter; without a `value_fn` it needs more than the meter."""

    value_fn: Callable[[RegistryMeter], StateType | datetime]


def _about(
    key: str,
    value_fn: Callable[[RegistryMeter], StateType],
    options: Collection[str] | None = None,
    *,
    is_on: bool = False,
) -> RegistryMeterSensorDescription:
    return RegistryMeterSensorDescription(
        key=key,
        translation_key=f"registry_{key}",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.ENUM if options else None,
        options=[option.lower() for option in options] if options else None,
        entity_registry_enabled_default=is_on,
        value_fn=value_fn,
    )


REGISTRY_SENSORS: Final = (
    RegistrySensorDescription(
        key="meters",
        translation_key="registry_meters",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_of_publishing=False,
        value_fn=lambda running: len(running.registry.data),
    ),
    RegistrySensorDescription(
        key="meters_matched",
        translation_key="registry_meters_matched",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_of_publishing=False,
        value_fn=lambda running: len(running.registry.matches()),
    ),
    RegistrySensorDescription(
        key="last_published",
        translation_key="registry_last_published",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: running.publisher.last_published,
    ),
    RegistrySensorDescription(
        key="readings_waiting",
        translation_key="registry_readings_waiting",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: running.publisher.waiting,
    ),
    RegistrySensorDescription(
        key="publish_failures",
        translation_key="registry_publish_failures",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda running: running.publisher.failures,
    ),
)

# In the order in which they are on by default in large registries.
METER_SENSORS: Final = (
    RegistryMeterSensorDescription(
        key=LAST_READING,
        translation_key="registry_last_reading",
        value_fn=lambda meter: meter.last_reading_value,
    ),
    RegistryMeterSensorDescription(
        key="last_reading_at",
        translation_key="registry_last_reading_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda meter: meter.last_reading_at,
    ),
    _about("type", lambda meter: _lower(meter.meter_type), MeterType, is_on=True),
    _about("location", lambda meter: _short(meter.location), is_on=True),
    _about(
        "billing_direction",
        lambda meter: _lower(meter.billing_direction),
        BillingDirection,
        is_on=True,
    ),
    _about(
        "communication", lambda meter: _lower(meter.communication_type), Communication, is_on=True
    ),
    _about("serial_number", lambda meter: _short(meter.serial_number)),
    _about("gateway", lambda meter: _number(meter.gateway_id)),
    _about("building_block", lambda meter: _number(meter.building_block_id)),
    _about("tariff", lambda meter: _number(meter.tariff_id)),
)


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _short(value: str | None) -> str | None:
    """Return a text as long as a state can be."""
    return None if value is None else value[:255]


def _number(reference: int | None) -> str | None:
    # A text: it counts nothing.
    return None if reference is None else str(reference)


@callback
def async_add_registry_sensors(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of each registry and of its meters when they appear."""

    @callback
    def add(new: NewMeters) -> None:
        registry_id = new.running.registry.registry_id
        if new.is_new:
            async_add_entities(
                [RegistrySensor(new.running, each) for each in REGISTRY_SENSORS],
                config_subentry_id=registry_id,
            )
        enabled = enabled_per_registry_meter(
            meters=len(new.meter_ids),
            enabled=er.async_get(hass).entities.get_enabled_count_for_config_entry_id(
                entry.entry_id
            ),
        )
        async_add_entities(
            [
                RegistryMeterSensor(new.running.registry, meter_id, each, is_on=rank < enabled)
                for meter_id in new.meter_ids
                for rank, each in enumerate(METER_SENSORS)
            ],
            config_subentry_id=registry_id,
        )

    entry.async_on_unload(async_dispatcher_connect(hass, registries_signal(entry), add))


class RegistrySensor(CoordinatorEntity[Registry], SensorEntity):
    """A sensor of a registry."""

    _attr_has_entity_name = True
    entity_description: RegistrySensorDescription

    def __init__(self, running: RunningRegistry, description: RegistrySensorDescription) -> None:
        """Show what the description says."""
        super().__init__(running.registry)
        self.entity_description = description
        self._running = running
        domain, identifier = registry_identifier(running.registry.registry_id)
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(domain, identifier)})

    @property
    @override
    def available(self) -> bool:
        """Return whether there is such a thing; publishing is told of also while it fails."""
        if self.entity_description.is_of_publishing:
            return self._running.publisher.is_publishing
        return super().available

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value."""
        return self.entity_description.value_fn(self._running)


class RegistryMeterSensor(CoordinatorEntity[Registry], SensorEntity):
    """A sensor of a registry's meter."""

    _attr_has_entity_name = True
    _looks: tuple[object, ...] = ()
    entity_description: RegistryMeterSensorDescription

    def __init__(
        self,
        registry: Registry,
        meter_id: int,
        description: RegistryMeterSensorDescription,
        *,
        is_on: bool,
    ) -> None:
        """Show what the description says; `is_on` is whether there is room for it by default."""
        super().__init__(registry)
        self.entity_description = description
        self._meter_id = meter_id
        domain, identifier = registry_meter_identifier(registry.registry_id, meter_id)
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(domain, identifier)})
        if not is_on:
            self._attr_entity_registry_enabled_default = False
        self._take_over()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only where it changed: a registry holds thousands that stand still."""
        if self._take_over():
            self.async_write_ha_state()

    @property
    @override
    def available(self) -> bool:
        """Return whether the registry has the meter."""
        return self._attr_available

    def _take_over(self) -> bool:
        meter, description = self.coordinator.data.get(self._meter_id), self.entity_description
        is_available = self.coordinator.last_update_success and meter is not None
        value = description.value_fn(meter) if meter is not None else None
        unit = self._unit_of(meter) if description.key == LAST_READING else None
        looks = (is_available, value, unit)
        if looks == self._looks:
            return False
        self._looks = looks
        self._attr_available = is_available
        self._attr_native_value = value
        if meter is not None and description.key == LAST_READING:
            self._show_unit(meter, unit)
        return True

    def _unit_of(self, meter: RegistryMeter | None) -> str | None:
        """Return in which unit the reading is, where its owner says so."""
        kind = meter.meter_type if meter is not None else None
        return None if kind is None else self.coordinator.settings.units.get(kind)

    def _show_unit(self, meter: RegistryMeter, unit: str | None) -> None:
        """Say what the reading measures, which nobody knows without its unit."""
        kind = meter.meter_type if unit is not None else None
        self._attr_native_unit_of_measurement = unit
        self._attr_device_class = None if kind is None else DEVICE_CLASSES[kind]
        # Readings are corrected by people: a fall is no new meter.
        self._attr_state_class = None if kind is None else SensorStateClass.TOTAL
