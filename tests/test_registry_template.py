"""What a Qube meter is to be in a registry, and which meters are the same."""

import pytest

from custom_components.qube.api import Space
from custom_components.qube.epochs import Epoch
from custom_components.qube.meter_identity import MeterIdentity
from custom_components.qube.registry_match import matches
from custom_components.qube.registry_template import fields_of

NO_UDFS = (None,) * 5


def meter(udf1: str | None, space_id: int = 5) -> MeterIdentity:
    """Return a meter."""
    return MeterIdentity(
        key="QUBE-ONE-1",
        epochs=(Epoch(device_id="QUBE-ONE-1"), Epoch(device_id="QUBE-ONE-2")),
        name="Room 101",
        space_id=space_id,
        udfs=(udf1, "Asha Rao", None, None, None),
    )


SPACE = Space.from_json({"space_id": 5, "name": "Lakeside", "devices": []})


@pytest.mark.parametrize(
    ("udf1", "space_id", "location"),
    [
        ("A.3", 5, "Lakeside, A.3"),
        (None, 5, "Lakeside"),
        ("A.3", 6, "A.3"),
        (None, 6, None),
    ],
)
def test_a_location_is_the_space_and_the_first_udf(
    udf1: str | None, space_id: int, location: str | None
) -> None:
    """The others may be anything, a tenant's name too; without either there is none."""
    assert SPACE is not None
    fields = fields_of(meter(udf1, space_id), {5: SPACE})
    assert fields.get("location") == location
    assert "Asha Rao" not in str(fields)


def test_the_serial_number_is_that_of_the_device_on_the_wall() -> None:
    """Not that of the first one that was there."""
    fields = fields_of(meter(None), {})
    assert fields == {
        "name": "Room 101",
        "serial_number": "QUBE-ONE-2",
        "meter_type": "ELECTRICITY",
        "communication_type": "HTTP",
    }


@pytest.mark.parametrize(
    ("serial_numbers", "expected"),
    [
        ({}, {}),
        ({1: "Q-1", 2: "q-2 ", 3: "X", 4: None}, {1: "a", 2: "b"}),
        ({1: "Q-1", 2: "q-1"}, {}),
    ],
)
def test_meters_are_the_same_by_their_serial_numbers(
    serial_numbers: dict[int, str | None], expected: dict[int, str]
) -> None:
    """In whichever case; one that is there twice says nothing."""
    assert matches(serial_numbers, {"a": "Q-1", "b": "Q-2"}) == expected
