"""What a meter happens to measure becomes a sensor that fits it."""

from dataclasses import dataclass

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.qube.api import PropertyReading
from custom_components.qube.const import DETAILS_INTERVAL
from custom_components.qube.entity_budget import RANKS
from custom_components.qube.properties import QUANTITIES, describe, describe_properties
from tests.account import Account
from tests.loop_clock import LoopClock
from tests.simulator import Endpoint, MeterKind, SimulatedMeter
from tests.simulator.payloads import device_json
from tests.simulator.protocol import Json

MEASUREMENT, TOTAL = SensorStateClass.MEASUREMENT, SensorStateClass.TOTAL_INCREASING


def reading(property_id: str, unit: str | None, value: float = 1.5) -> PropertyReading:
    """Return a reading as a meter's details hold it."""
    return PropertyReading(
        property_id=property_id, context_type="instantaneous", value=value, unit=unit
    )


@dataclass(frozen=True)
class Case:
    """A property, and the sensor that it becomes."""

    property_id: str
    unit: str | None
    device_class: SensorDeviceClass | None
    state_class: SensorStateClass | None
    shown_unit: str | None


KNOWN = [
    Case("current", "A", SensorDeviceClass.CURRENT, MEASUREMENT, "A"),
    Case("current", "a", SensorDeviceClass.CURRENT, MEASUREMENT, "A"),
    Case("current", "mA", SensorDeviceClass.CURRENT, MEASUREMENT, "mA"),
    Case("frequency", "HZ", SensorDeviceClass.FREQUENCY, MEASUREMENT, "Hz"),
    Case("power_factor", None, SensorDeviceClass.POWER_FACTOR, MEASUREMENT, None),
    Case("power_factor", "", SensorDeviceClass.POWER_FACTOR, MEASUREMENT, None),
    Case("power_factor", "%", SensorDeviceClass.POWER_FACTOR, MEASUREMENT, "%"),
    Case("apparent_power", "VA", SensorDeviceClass.APPARENT_POWER, MEASUREMENT, "VA"),
    Case("apparent_power", "KVA", SensorDeviceClass.APPARENT_POWER, MEASUREMENT, "kVA"),
    Case("reactive_power", "VAR", SensorDeviceClass.REACTIVE_POWER, MEASUREMENT, "var"),
    Case("reactive_power", "kVAr", SensorDeviceClass.REACTIVE_POWER, MEASUREMENT, "kvar"),
    Case("reactive_energy", "kVArh", SensorDeviceClass.REACTIVE_ENERGY, TOTAL, "kvarh"),
    Case("apparent_energy", "kVAh", None, TOTAL, "kVAh"),
    Case("energy_r", "kWh", SensorDeviceClass.ENERGY, TOTAL, "kWh"),
    Case("active_power_l1", "kw", SensorDeviceClass.POWER, MEASUREMENT, "kW"),
    Case("voltage_b", "V", SensorDeviceClass.VOLTAGE, MEASUREMENT, "V"),
    # A unit that does not belong to the quantity claims nothing.
    Case("current", "V", None, MEASUREMENT, "V"),
    Case("frequency", None, None, MEASUREMENT, None),
    Case("reactive_energy", "MVArh", None, TOTAL, "MVArh"),
]


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: f"{case.property_id} in {case.unit}")
def test_a_known_property_has_its_classes(case: Case) -> None:
    """Units are spelt as Home Assistant spells them."""
    described = describe(reading(case.property_id, case.unit))
    assert described.key == f"reading_{case.property_id}"
    assert described.device_class == case.device_class
    assert described.state_class == case.state_class
    assert described.native_unit_of_measurement == case.shown_unit
    is_first_class = case.property_id == "current"
    assert described.entity_category == (None if is_first_class else EntityCategory.DIAGNOSTIC)
    assert described.entity_registry_enabled_default


@pytest.mark.parametrize("name", QUANTITIES)
def test_classes_go_together(name: str) -> None:
    """Home Assistant allows the state class of each quantity for its device class."""
    quantity = QUANTITIES[name]
    if quantity.device_class is not None:
        assert quantity.state_class in DEVICE_CLASS_STATE_CLASSES[quantity.device_class]
        assert DEVICE_CLASS_UNITS[quantity.device_class]


@pytest.mark.parametrize(
    ("property_id", "phase"),
    [
        *((f"current_{phase}", phase.upper()) for phase in ("r", "y", "b", "l1", "l2", "l3")),
        *((f"current_{phase}", phase) for phase in ("1", "2", "3")),
        *((f"current_phase_{phase}", phase.upper()) for phase in ("1", "3", "r", "l2")),
        ("current_phase2", "2"),
        ("Current-R", "R"),
        ("CURRENT_L1", "L1"),
    ],
)
def test_a_phase_is_named(property_id: str, phase: str) -> None:
    """In each of the spellings that meters have."""
    described = describe(reading(property_id, "A"))
    assert described.translation_key == "current_phase"
    assert described.placeholders == {"phase": phase}
    assert described.device_class is SensorDeviceClass.CURRENT


@pytest.mark.parametrize(
    ("property_id", "name"),
    [
        ("tamper_count", "Tamper count"),
        ("current_4", "Current 4"),
        ("current_n", "Current n"),
        ("voltage_ry", "Voltage ry"),
        ("current_", "Current "),
        ("_r", " r"),
    ],
)
def test_an_unknown_property_is_generic(property_id: str, name: str) -> None:
    """It is diagnostic, off by default, named after itself, and shown in its own unit."""
    described = describe(reading(property_id, "parts"))
    assert described.translation_key == "reading"
    assert described.placeholders == {"property": name}
    assert described.device_class is None
    assert described.state_class is MEASUREMENT
    assert described.native_unit_of_measurement == "parts"
    assert described.entity_category is EntityCategory.DIAGNOSTIC
    assert not described.entity_registry_enabled_default


@pytest.mark.parametrize("context_type", ["cumulative", None, "something"])
def test_an_unknown_property_that_is_not_of_an_instant_has_no_statistics(
    context_type: str | None,
) -> None:
    """Nobody knows whether it may fall."""
    described = describe(
        PropertyReading(property_id="any", context_type=context_type, value=1, unit=None)
    )
    assert described.state_class is None


def test_known_properties_are_on_before_unknown_ones() -> None:
    """And after all that every meter has; the live ones have their own sensors already."""
    names = ["zeta", "voltage", "energy", "frequency", "alpha", "active_power", "current"]
    ranked = list(describe_properties([reading(name, None) for name in names]))
    assert [rank for rank, _ in ranked] == [len(RANKS) + position for position in range(4)]
    assert [described.key for _, described in ranked] == [
        "reading_current",
        "reading_frequency",
        "reading_alpha",
        "reading_zeta",
    ]


def test_a_property_sent_twice_is_one_sensor() -> None:
    """Home Assistant would complain about the second."""
    ranked = list(describe_properties([reading("current", "A"), reading("current", "mA")]))
    assert len(ranked) == 1


@pytest.mark.parametrize("property_id", ["Energy", "ACTIVE_POWER", "active-power", "VOLTAGE"])
def test_another_spelling_of_a_live_property_is_no_second_sensor(property_id: str) -> None:
    """Energy, Power and Voltage come with the metrics, whatever the details call them."""
    assert list(describe_properties([reading(property_id, None)])) == []


def of_kind(account: Account, kind: MeterKind) -> SimulatedMeter:
    """Return the meter of a kind."""
    return next(meter for meter in account.cloud.meters.values() if meter.kind is kind)


def names_of(account: Account, meter: SimulatedMeter) -> set[str | None]:
    """Return the names of a meter's sensors that come from its details."""
    entities = er.async_entries_for_config_entry(er.async_get(account.hass), account.entry.entry_id)
    prefix = f"{meter.device_id}_reading_"
    return {entity.original_name for entity in entities if entity.unique_id.startswith(prefix)}


@pytest.mark.parametrize(
    ("kind", "phases"),
    [(MeterKind.THREE_PHASE, ("R", "Y", "B")), (MeterKind.THREE_PHASE_L, ("L1", "L2", "L3"))],
)
async def test_a_three_phase_meter_has_names_for_all(
    account: Account, kind: MeterKind, phases: tuple[str, ...]
) -> None:
    """None of them says what the sensor of another says."""
    assert names_of(account, of_kind(account, kind)) == {
        *("Current", "Frequency", "Power factor", "Apparent power", "Reactive power"),
        *("Apparent energy", "Reactive energy", "Tamper count"),
        *(f"{name} phase {phase}" for name in ("Voltage", "Current", "Power") for phase in phases),
    }


async def read_details(clock: LoopClock) -> None:
    """Let the time pass in which each meter's details are read once more."""
    await clock.advance(DETAILS_INTERVAL.total_seconds() + 60)


def answer_once(account: Account, meter: SimulatedMeter, *further: dict[str, Json]) -> None:
    """Let the meter's next details hold further readings."""
    details = device_json(account.cloud, meter)
    assert isinstance(details["readings"], list)
    account.answer_once(
        Endpoint.DEVICE, meter, {**details, "readings": [*details["readings"], *further]}
    )


async def test_a_new_property_appears_live(account: Account) -> None:
    """A meter that learns to measure more shows it; one that unlearns it shows nothing wrong."""
    meter = account.meter()
    assert names_of(account, meter) == set()
    answer_once(account, meter, {"property_id": "current", "value": 4.25, "unit": "A"})
    with LoopClock(account.hass) as clock:
        await read_details(clock)
        assert names_of(account, meter) == {"Current"}
        assert account.state(meter, "reading_current") == "4.25"
        await read_details(clock)
        assert account.state(meter, "reading_current") == STATE_UNKNOWN


async def test_a_property_sent_twice_is_no_error(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """One sensor is added, and nothing is logged."""
    meter = account.meter()
    row: dict[str, Json] = {"property_id": "current", "value": 4.25, "unit": "A"}
    answer_once(account, meter, row, row)
    with LoopClock(account.hass) as clock:
        await read_details(clock)
    assert names_of(account, meter) == {"Current"}
    assert "unique" not in caplog.text


async def test_values_come_from_the_newest_details(account: Account) -> None:
    """And move with them."""
    meter = of_kind(account, MeterKind.NULLS)
    meter.power_factor_permille = 900
    with LoopClock(account.hass) as clock:
        await read_details(clock)
    assert account.state(meter, "reading_power_factor") == "0.9"
