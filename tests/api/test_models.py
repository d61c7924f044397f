"""Models: a bad field is dropped, the rest is used."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from math import inf, nan

import pytest

from custom_components.qube.api import (
    Device,
    DeviceSummary,
    Metadata,
    Metrics,
    Mode,
    PropertyReading,
    QubeResponseError,
    Source,
    Space,
    Wifi,
)
from custom_components.qube.api.models import (
    MAX_POWER_W,
    MAX_VOLTAGE_V,
)
from custom_components.qube.api.parsing import Json

GOOD: dict[str, Json] = {
    "device_id": "Q-1",
    "eb_tariff": 500,
    "dg_tariff": 800,
    "active_tariff": 1,
    "energy": 1234.56,
    "active_power": 850.0,
    "voltage": 230.5,
    "balance": 25000,
    "relay_state": True,
    "mode": "PREPAID",
    "pg_enabled": True,
}
PARSED = Metrics(
    energy_wh=1_234_560,
    power_w=850.0,
    voltage_v=230.5,
    balance_paise=25_000,
    eb_tariff_paise=500,
    dg_tariff_paise=800,
    source=Source.EB,
    mode=Mode.PREPAID,
    relay_closed=True,
    gateway_enabled=True,
)
FIELDS = {
    "eb_tariff": "eb_tariff_paise",
    "dg_tariff": "dg_tariff_paise",
    "active_tariff": "source",
    "energy": "energy_wh",
    "active_power": "power_w",
    "voltage": "voltage_v",
    "balance": "balance_paise",
    "relay_state": "relay_closed",
    "mode": "mode",
    "pg_enabled": "gateway_enabled",
}
NONSENSE: tuple[Json, ...] = (None, nan, inf, -inf, "nonsense", [], {}, 10**400, 1e308, -0.5, 0.5)
# What is nonsense in one field can be a value of another.
SENSE = [
    ("energy", 0.5),
    ("active_power", 0.5),
    ("voltage", 0.5),
    ("balance", 0.5),
    ("balance", -0.5),
]


def test_the_vendors_example_of_metrics() -> None:
    """As on the vendor page, to the digit; what is new to us is passed over."""
    assert Metrics.from_json(GOOD, "Q-1") == PARSED
    assert Metrics.from_json({**GOOD, "colour": {"red": [1]}}, "Q-1") == PARSED


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, bad) for key in FIELDS for bad in NONSENSE if (key, bad) not in SENSE],
    ids=lambda value: repr(value)[:12],
)
def test_one_bad_field_costs_only_itself(key: str, value: Json) -> None:
    """All others are read as if nothing was."""
    metrics = Metrics.from_json({**GOOD, key: value}, "Q-1")
    field = FIELDS[key]
    assert getattr(metrics, field) is None
    assert all(
        getattr(metrics, other) == getattr(PARSED, other)
        for other in FIELDS.values()
        if other != field
    )


def test_zero_everywhere_is_not_missing() -> None:
    """A cut, empty and silent meter is still read."""
    metrics = Metrics.from_json(
        {"energy": 0, "active_power": 0, "voltage": 0.0, "balance": 0, "eb_tariff": 0}, "Q-1"
    )
    assert metrics.energy_wh == metrics.balance_paise == metrics.eb_tariff_paise == 0
    assert metrics.power_w == metrics.voltage_v == 0


@pytest.mark.parametrize(
    ("key", "field", "most"),
    [("active_power", "power_w", MAX_POWER_W), ("voltage", "voltage_v", MAX_VOLTAGE_V)],
)
def test_power_and_voltage_have_limits(key: str, field: str, most: int) -> None:
    """Beyond them, and below zero, it is a fault of the meter."""
    for value, expected in ((most, most), (most + 1, None), (-1, None)):
        assert getattr(Metrics.from_json({key: value}, "Q-1"), field) == expected


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("spell", [str.upper, str.lower, str.title])
def test_modes_are_known_in_any_case(mode: Mode, spell: Callable[[str], str]) -> None:
    """Metrics write them in upper case, details in lower."""
    assert Metrics.from_json({"mode": spell(mode)}, "Q-1").mode is mode
    assert Device.from_json({"active_mode": spell(mode)}, "Q-1").active_mode is mode


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (1, Source.EB),
        (2, Source.DG),
        (2.0, Source.DG),
        (0, None),
        (3, None),
        (True, None),
        ("1", None),
    ],
)
def test_sources_are_one_or_two(value: Json, source: Source | None) -> None:
    """An unknown source is none, and so has no tariff."""
    metrics = Metrics.from_json({**GOOD, "active_tariff": value}, "Q-1")
    assert metrics.source is source
    expected = {None: None, Source.EB: 500, Source.DG: 800}[source]
    assert metrics.tariff_paise == expected


def test_another_tariff_changes_nothing_else() -> None:
    """Each source keeps its own."""
    for source, other in ((Source.EB, Source.DG), (Source.DG, Source.EB)):
        changed = PARSED.with_tariff(source, 7)
        assert changed.tariff_of(source) == 7
        assert changed.tariff_of(other) == PARSED.tariff_of(other)
        assert changed.with_tariff(source, PARSED.tariff_of(source) or 0) == PARSED


def test_models_are_frozen() -> None:
    """What was read cannot be changed by who reads it."""
    with pytest.raises(FrozenInstanceError):
        PARSED.energy_wh = 0  # type: ignore[misc]


@pytest.mark.parametrize(
    "data", [None, [], "Q-1", 5, {}, {"device_id": None}, {"device_id": 7}, {"device_id": " "}]
)
def test_a_listed_device_needs_an_id(data: Json) -> None:
    """Without one it can be neither asked nor told anything; the others of its space stay."""
    assert DeviceSummary.from_json(data) is None
    space = Space.from_json({"space_id": 1, "devices": [data, {"device_id": "Q-2"}]})
    assert space is not None
    assert [device.device_id for device in space.devices] == ["Q-2"]


@pytest.mark.parametrize(
    "data", [None, [], 5, {}, {"space_id": None}, {"space_id": "1"}, {"space_id": 1.5}]
)
def test_a_space_needs_an_id(data: Json) -> None:
    """Without one it is nothing."""
    assert Space.from_json(data) is None


def test_a_space_of_bare_ids_gets_names() -> None:
    """What a person would be shown is never empty."""
    space = Space.from_json({"space_id": 1, "name": "", "devices": [{"device_id": "Q-1"}]})
    assert space == Space(
        space_id=1,
        name="Space 1",
        description=None,
        tags=(),
        udfs=(None,) * 5,
        devices=(DeviceSummary(device_id="Q-1", name="Q-1", active_mode=None, udfs=(None,) * 5),),
    )


@pytest.mark.parametrize("space", [None, 7, "7", [], {}, {"id": "7"}, {"id": None}])
def test_a_device_without_a_usable_space_is_still_a_device(space: Json) -> None:
    """Only the space is not known."""
    device = Device.from_json({"name": "Room", "space": space, "tags": ["a", 1]}, "Q-1")
    assert (device.device_id, device.name, device.space_id) == ("Q-1", "Room", None)
    assert device.tags == ("a",)
    assert device.is_online is device.has_relay is device.balance_paise is None


def test_readings_are_kept_one_by_one() -> None:
    """Unknown properties and units come through, unusable values do not."""
    unusable: list[Json] = [
        None,
        {"property_id": "a"},
        {"property_id": "a", "value": "5"},
        {"property_id": "a", "value": nan},
        {"property_id": "a", "value": 1e13},
        {"value": 5},
    ]
    usable: Json = {"property_id": "new_thing", "value": -3, "unit": "furlong", "context_type": 4}
    device = Device.from_json({"readings": [*unusable, usable]}, "Q-1")
    assert device.readings == (
        PropertyReading(property_id="new_thing", context_type=None, value=-3, unit="furlong"),
    )


def test_wifi_keeps_what_it_can() -> None:
    """A missing signal does not cost the name, and the password is in no repr."""
    wifi = Wifi.from_json({"ssid": " Net", "password": " pass word ", "rssi": "-45", "type": ""})
    assert wifi == Wifi(ssid=" Net", password=" pass word ", rssi_dbm=None, type=None)
    assert "pass" not in repr(wifi).replace("password", "")
    with pytest.raises(QubeResponseError):
        Wifi.from_json([])


def test_metadata_names_every_field() -> None:
    """What is empty is sent as null, never left out."""
    assert Metadata(name="A", udfs=(None, "b", None, None, "e")).as_json() == {
        "name": "A",
        "description": None,
        "udf1": None,
        "udf2": "b",
        "udf3": None,
        "udf4": None,
        "udf5": "e",
    }
