"""From a property that a meter happens to send to a sensor that fits it.

Qube documents energy, active power and voltage only; larger meters send more, and per phase.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import re
from types import MappingProxyType
from typing import Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.components.sensor.const import DEVICE_CLASS_UNITS
from homeassistant.const import EntityCategory

from .api import PropertyReading
from .coordinator import MeterData
from .entity import QubeEntityDescription
from .entity_budget import RANKS

# These come live with the metrics.
LIVE_PROPERTIES: Final = {"energy", "active_power", "voltage"}

_PHASE: Final = re.compile(r"(?P<quantity>.+?)_(?:phase_?)?(?P<phase>[ryb]|l[123]|[123])")
_UNITS: Final = {
    unit.lower(): unit
    for unit in (
        *("A", "mA", "V", "kV", "W", "kW", "VA", "kVA", "var", "kvar"),
        *("Wh", "kWh", "VAh", "kVAh", "varh", "kvarh", "Hz", "%"),
    )
}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a property measures."""

    device_class: SensorDeviceClass | None
    state_class: SensorStateClass = SensorStateClass.MEASUREMENT
    precision: int = 1
    category: EntityCategory | None = EntityCategory.DIAGNOSTIC


_TOTAL: Final = SensorStateClass.TOTAL_INCREASING
QUANTITIES: Final = {
    "current": Quantity(device_class=SensorDeviceClass.CURRENT, precision=2, category=None),
    "frequency": Quantity(device_class=SensorDeviceClass.FREQUENCY, precision=2),
    "power_factor": Quantity(device_class=SensorDeviceClass.POWER_FACTOR, precision=2),
    "active_power": Quantity(device_class=SensorDeviceClass.POWER, precision=0),
    "voltage": Quantity(device_class=SensorDeviceClass.VOLTAGE),
    "apparent_power": Quantity(device_class=SensorDeviceClass.APPARENT_POWER, precision=0),
    "reactive_power": Quantity(device_class=SensorDeviceClass.REACTIVE_POWER, precision=0),
    "energy": Quantity(device_class=SensorDeviceClass.ENERGY, state_class=_TOTAL, precision=2),
    # Home Assistant has no device class for it.
    "apparent_energy": Quantity(device_class=None, state_class=_TOTAL, precision=2),
    "reactive_energy": Quantity(
        device_class=SensorDeviceClass.REACTIVE_ENERGY, state_class=_TOTAL, precision=2
    ),
}


@dataclass(frozen=True, kw_only=True)
class QubeSensorDescription(QubeEntityDescription[float], SensorEntityDescription):
    """A sensor of a meter, and what its name has to be filled with."""

    placeholders: Mapping[str, str] = MappingProxyType({})


def describe_properties(
    readings: Sequence[PropertyReading],
) -> Iterator[tuple[int, QubeSensorDescription]]:
    """Describe a sensor for each property that has none yet, with its rank; known ones first."""
    # A meter may send a property twice; the first counts, as it does for the value.
    by_id = {reading.property_id: reading for reading in reversed(readings)}
    further = sorted(
        (each for each in by_id.values() if _spelt(each.property_id) not in LIVE_PROPERTIES),
        key=lambda each: (_quantity_of(each.property_id)[0] is None, each.property_id),
    )
    for rank, reading in enumerate(further, len(RANKS)):
        yield rank, describe(reading)


def describe(reading: PropertyReading) -> QubeSensorDescription:
    """Describe the sensor for a property; an unknown one is diagnostic and off by default."""
    property_id = reading.property_id
    name, phase = _quantity_of(property_id)
    unit = _UNITS.get(reading.unit.lower(), reading.unit) if reading.unit else None
    if name is None:
        is_instantaneous = reading.context_type == "instantaneous"
        return QubeSensorDescription(
            key=f"reading_{property_id}",
            translation_key="reading",
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            state_class=SensorStateClass.MEASUREMENT if is_instantaneous else None,
            native_unit_of_measurement=unit,
            value_fn=lambda meter: _value(meter, property_id),
            placeholders={"property": property_id.replace("_", " ").capitalize()},
        )
    quantity = QUANTITIES[name]
    device_class = quantity.device_class
    return QubeSensorDescription(
        key=f"reading_{property_id}",
        translation_key=f"{name}_phase" if phase else name,
        entity_category=EntityCategory.DIAGNOSTIC if phase else quantity.category,
        # A unit that does not belong to the quantity is shown as it came, and claims nothing.
        device_class=device_class
        if device_class and unit in DEVICE_CLASS_UNITS[device_class]
        else None,
        state_class=quantity.state_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=quantity.precision,
        value_fn=lambda meter: _value(meter, property_id),
        placeholders={"phase": phase} if phase else {},
    )


def _quantity_of(property_id: str) -> tuple[str | None, str | None]:
    """Return the name of the quantity, where it is known, and the phase, where there is one."""
    name = _spelt(property_id)
    if name in QUANTITIES:
        return name, None
    if (match := _PHASE.fullmatch(name)) and match["quantity"] in QUANTITIES:
        return match["quantity"], match["phase"].upper()
    return None, None


def _spelt(property_id: str) -> str:
    return property_id.lower().replace("-", "_")


def _value(meter: MeterData, property_id: str) -> float | None:
    for reading in meter.device.readings:
        if reading.property_id == property_id:
            return reading.value
    return None
