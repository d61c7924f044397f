"""What may be written into PHY's registry is known before anything is sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.qube.api import PhyFieldError
from custom_components.qube.api.phy_rules import (
    CREATABLE,
    IMMUTABLE,
    MUTABLE,
    account_id_of,
    changes,
    new_meter,
)

from .phy_calls import NEW

AT = datetime(2026, 10, 25, 12, 30, tzinfo=UTC)


def test_a_new_meter_may_have_the_fields_of_the_page() -> None:
    """Those that are required, and those that the page calls optional."""
    assert set(CREATABLE) == {
        *("name", "serial_number", "meter_type", "communication_type", "building_block_id"),
        *("gateway_id", "tariff_id", "last_reading_value", "last_reading_at", "location"),
        "billing_direction",
    }


def test_a_meter_may_be_changed_in_the_fields_of_the_page() -> None:
    """All but those that are immutable, and two that a new meter does not take."""
    assert set(MUTABLE) - set(CREATABLE) == {"description", "reading_interval"}
    assert set(CREATABLE) - set(MUTABLE) == IMMUTABLE
    assert set(IMMUTABLE) == {"serial_number", "meter_type", "communication_type"}


def test_what_is_written_is_as_the_registry_wants_it() -> None:
    """Texts without blanks around them, integers as integers, times with their offset."""
    written = new_meter(
        {
            **NEW,
            "name": " Room 101 ",
            "building_block_id": 7.0,
            "gateway_id": None,
            "last_reading_value": 1461.8,
            "last_reading_at": AT,
            "location": "",
            "billing_direction": "ACCREC",
        }
    )
    assert written["name"] == "Room 101"
    assert repr(written["building_block_id"]) == "7"
    assert written["gateway_id"] is None
    assert written["last_reading_value"] == 1461.8
    assert written["last_reading_at"] == "2026-10-25T12:30:00+00:00"
    assert written["location"] == ""
    assert written["billing_direction"] == "ACCREC"


def test_a_meter_may_be_changed_in_one_field() -> None:
    """What is not named stays as it is; null is written where the page has it."""
    assert changes({"billing_direction": None}) == {"billing_direction": None}
    assert changes({"last_reading_at": "2026-10-25T18:00:00+05:30", "reading_interval": 60}) == {
        "last_reading_at": "2026-10-25T18:00:00+05:30",
        "reading_interval": 60,
    }
    assert changes({}) == {}


@pytest.mark.parametrize("field", ["name", "serial_number", "meter_type", "communication_type"])
@pytest.mark.parametrize("missing", [None, ...])
def test_a_new_meter_needs_four_fields(field: str, missing: object) -> None:
    """One that is null is missing."""
    fields = {**NEW, field: None} if missing is None else {k: NEW[k] for k in NEW if k != field}
    with pytest.raises(PhyFieldError) as caught:
        new_meter(fields)
    assert (caught.value.key, caught.value.field) == ("registry_field_missing", field)


@pytest.mark.parametrize("field", sorted(IMMUTABLE))
@pytest.mark.parametrize("value", ["GAS", None])
def test_what_is_immutable_is_refused_whatever_it_holds(field: str, value: object) -> None:
    """Though the rest of the request could be sent."""
    with pytest.raises(PhyFieldError) as caught:
        changes({"name": "Room 9", field: value})
    assert (caught.value.key, caught.value.field) == ("registry_field_immutable", field)


@pytest.mark.parametrize(
    ("write", "field"),
    [(new_meter, "description"), (new_meter, "id"), (changes, "id"), (changes, "account_id")],
)
def test_a_field_that_the_page_does_not_name_is_refused(write: Any, field: str) -> None:  # noqa: ANN401
    """It is not left to the service what becomes of it."""
    with pytest.raises(PhyFieldError) as caught:
        write({**NEW, field: 5} if write is new_meter else {field: 5})
    assert (caught.value.key, caught.value.field) == ("registry_field_unknown", field)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("name", " ", "text that is not empty"),
        ("name", None, "text that is not empty"),
        ("name", 5, "text that is not empty"),
        ("location", 5, "text"),
        ("location", None, "text"),
        ("description", None, "text"),
        ("building_block_id", "7", "a whole number"),
        ("gateway_id", 7.5, "a whole number"),
        ("tariff_id", True, "a whole number"),
        ("reading_interval", 0, "a whole number of seconds, 1 at least"),
        ("reading_interval", None, "a whole number"),
        ("last_reading_value", float("nan"), "a number"),
        ("last_reading_value", True, "a number"),
        ("last_reading_value", "5", "a number"),
        ("last_reading_value", None, "a number"),
        ("last_reading_at", "2026-10-25", "a time with its offset"),
        ("last_reading_at", "yesterday", "a time with its offset"),
        ("last_reading_at", AT.replace(tzinfo=None), "a time with its offset"),
        ("billing_direction", "BOTH", "ACCREC, ACCPAY"),
        ("billing_direction", 5, "ACCREC, ACCPAY"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(field: str, value: object, wanted: str) -> None:
    """And it is said what would."""
    with pytest.raises(PhyFieldError) as caught:
        changes({field: value})
    assert (caught.value.key, caught.value.field) == ("registry_field_invalid", field)
    assert caught.value.wanted.startswith(wanted)


@pytest.mark.parametrize("field", ["meter_type", "communication_type"])
def test_a_kind_is_one_of_the_list(field: str) -> None:
    """As the page writes it."""
    with pytest.raises(PhyFieldError) as caught:
        new_meter({**NEW, field: "electricity"})
    assert caught.value.key == "registry_field_invalid"


def test_an_organisation_is_known_by_a_uuid() -> None:
    """However it is written."""
    wanted = "0b7c1a52-6c1e-4f0a-9d39-2a7d5b0c8e11"
    assert account_id_of(" 0B7C1A526C1E4F0A9D392A7D5B0C8E11 ") == wanted
    with pytest.raises(ValueError, match="badly formed"):
        account_id_of("lakeside")
