"""What PHY's registry sends becomes a model, and what makes no sense of it is left out."""

from datetime import UTC, datetime

from hypothesis import given, settings
import pytest

from custom_components.qube.api.parsing import Json
from custom_components.qube.api.phy_models import (
    BillingDirection,
    Communication,
    MeterType,
    Organization,
    RegistryMeter,
)

from .test_arbitrary_json import anything, assert_can_be_kept, objects

METER: dict[str, Json] = {
    "id": 41,
    "name": "Main",
    "serial_number": "PHY-1",
    "meter_type": "WATER",
    "communication_type": "LORAWAN",
    "description": "In the cellar",
    "location": "Cellar",
    "billing_direction": "ACCPAY",
    "reading_interval": 900,
    "building_block_id": 7,
    "gateway_id": 8,
    "tariff_id": 9,
    "last_reading_value": 0,
    "last_reading_at": "2026-10-25T12:30:00+00:00",
}


def test_a_meter_is_read_whole_and_shown_whole() -> None:
    """Zero is a value."""
    meter = RegistryMeter.from_json(METER)
    assert meter is not None
    assert meter.meter_type is MeterType.WATER
    assert meter.communication_type is Communication.LORAWAN
    assert meter.billing_direction is BillingDirection.ACCPAY
    assert meter.last_reading_value == 0
    assert meter.last_reading_at == datetime(2026, 10, 25, 12, 30, tzinfo=UTC)
    assert meter.as_json() == METER


def test_a_meter_needs_an_id_only() -> None:
    """All else may be missing, or be nonsense."""
    meter = RegistryMeter.from_json({"id": 41})
    assert meter is not None
    assert meter.name == "Meter 41"
    assert {key for key, value in meter.as_json().items() if value is not None} == {"id", "name"}
    spoilt: dict[str, Json] = {key: [1] for key in METER}
    spoilt |= {"id": 41, "serial_number": "PHY-1"}
    nonsense = RegistryMeter.from_json(spoilt)
    assert nonsense is not None
    assert nonsense.name == "PHY-1"
    assert nonsense.meter_type is None


@pytest.mark.parametrize("data", [None, [], {}, {"id": "x"}, {"id": True}])
def test_what_has_no_id_is_no_meter(data: Json) -> None:
    """It could be neither shown nor changed."""
    assert RegistryMeter.from_json(data) is None


def test_an_organisation_is_found_under_either_name_of_its_id() -> None:
    """No page says which it is."""
    assert Organization.from_json({"id": "a"}) == Organization(account_id="a", name="a")
    named = Organization.from_json({"account_id": "a", "id": "b", "name": "Lakeside"})
    assert named == Organization(account_id="a", name="Lakeside")
    assert Organization.from_json({"name": "Lakeside"}) is None
    assert Organization.from_json([]) is None


@given(data=objects | anything)
@settings(deadline=None)
def test_arbitrary_json_becomes_a_model_or_none(data: Json) -> None:
    """And what becomes one can be kept."""
    for result in (RegistryMeter.from_json(data), Organization.from_json(data)):
        assert_can_be_kept([] if result is None else result)
