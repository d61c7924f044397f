"""Sensors of a meter: what it measures, its balance and price; and of spaces and tenancies."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.const import UnitOfElectricPotential, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MeterCoordinator, MeterData
from .entity import QubeEntity, async_add_meter_entities, live
from .history_sensor import async_add_history_sensors
from .properties import QubeSensorDescription, describe_properties
from .registry_sensor import async_add_registry_sensors
from .runtime import QubeConfigEntry
from .site_sensor import async_add_site_sensors
from .space_sensor import async_add_space_sensors
from .tenancy_sensor import async_add_tenancy_sensors

PARALLEL_UPDATES: Final = 0


SENSORS: Final = (
    QubeSensorDescription(
        key="energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda meter: None if meter.energy_wh is None else meter.energy_wh / 1000,
    ),
    QubeSensorDescription(
        key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=live(lambda metrics: metrics.power_w),
    ),
    QubeSensorDescription(
        key="voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        value_fn=live(lambda metrics: metrics.voltage_v),
    ),
    QubeSensorDescription(
        key="balance",
        translation_key="balance",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement="INR",
        suggested_display_precision=2,
        is_live=False,
        value_fn=lambda meter: _rupees(_balance_paise(meter)),
    ),
    QubeSensorDescription(
        key="price",
        translation_key="price",
        state_class=SensorStateClass.MEASUREMENT,
        # The energy dashboard takes a price only in the currency's code.
        native_unit_of_measurement="INR/kWh",
        suggested_display_precision=2,
        value_fn=live(lambda metrics: _rupees(metrics.tariff_paise)),
    ),
)


def _balance_paise(meter: MeterData) -> int | None:
    return meter.metrics.balance_paise if meter.metrics else meter.device.balance_paise


def _rupees(paise: int | None) -> float | None:
    return None if paise is None else paise / 100


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an account."""

    def build(meter: MeterCoordinator) -> Iterator[QubeSensor]:
        for description in SENSORS:
            yield QubeSensor(meter, description)
        if meter.data is not None:
            for rank, described in describe_properties(meter.data.device.readings):
                yield QubeSensor(meter, described, rank)

    async_add_meter_entities(hass, entry, async_add_entities, build)
    async_add_space_sensors(hass, entry, async_add_entities)
    async_add_history_sensors(hass, entry, async_add_entities)
    async_add_tenancy_sensors(hass, entry, async_add_entities)
    async_add_registry_sensors(hass, entry, async_add_entities)
    async_add_site_sensors(hass, entry, async_add_entities)


class QubeSensor(QubeEntity[float], SensorEntity):
    """A sensor of a meter."""

    entity_description: QubeSensorDescription

    def __init__(
        self, meter: MeterCoordinator, description: QubeSensorDescription, rank: int | None = None
    ) -> None:
        """Name the sensor after what it shows."""
        super().__init__(meter, description, rank)
        self._attr_translation_placeholders = description.placeholders

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value, in the unit of the description."""
        return self._value
