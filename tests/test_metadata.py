"""From the fields that are given to the whole set that is written."""

from dataclasses import replace
from typing import Final

from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.qube.api import DeviceSummary, Metadata, Space
from custom_components.qube.metadata import FIELDS, changed, check, check_udf1

PRESENT: Final = Metadata(
    name="Room 101", description="Main meter", udfs=("A.1.101", "cluster-1", None, None, "x")
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PRESENT),
        ({"name": "Room 1"}, replace(PRESENT, name="Room 1")),
        ({"description": "Spare"}, replace(PRESENT, description="Spare")),
        ({"description": ""}, replace(PRESENT, description=None)),
        ({"udf1": "B"}, replace(PRESENT, udfs=("B", "cluster-1", None, None, "x"))),
        ({"udf5": ""}, replace(PRESENT, udfs=("A.1.101", "cluster-1", None, None, None))),
        (
            {"udf3": "", "udf4": "y"},
            replace(PRESENT, udfs=("A.1.101", "cluster-1", None, "y", "x")),
        ),
    ],
)
def test_what_is_not_given_keeps_its_value(changes: dict[str, str], expected: Metadata) -> None:
    """And an empty text clears."""
    assert changed(PRESENT, changes) == expected


def test_the_fields_are_those_of_the_api() -> None:
    """In its order."""
    assert list(PRESENT.as_json()) == list(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_text_has_255_characters_at_most(field: str) -> None:
    """The error names the field and both lengths."""
    check({field: "x" * 255})
    with pytest.raises(ServiceValidationError) as raised:
        check({field: "x" * 256})
    assert raised.value.translation_key == "text_too_long"
    assert raised.value.translation_placeholders == {
        "field": field,
        "length": "256",
        "limit": "255",
    }


def test_only_a_name_may_not_be_empty() -> None:
    """The other fields can be cleared."""
    check(dict.fromkeys(FIELDS[1:], ""))
    with pytest.raises(ServiceValidationError) as raised:
        check({"name": ""})
    assert raised.value.translation_key == "name_is_empty"


def space(name: str, *devices: tuple[str, str | None]) -> Space:
    """Return a space with devices: the id and the UDF1 of each."""
    return Space(
        space_id=1,
        name=name,
        description=None,
        tags=(),
        udfs=(None,) * 5,
        devices=tuple(
            DeviceSummary(
                device_id=device_id,
                name=f"Room of {device_id}",
                active_mode=None,
                udfs=(udf1, None, None, None, None),
            )
            for device_id, udf1 in devices
        ),
    )


def test_the_udf1_of_another_device_is_taken() -> None:
    """In whatever space; a shared device that is listed twice is no other."""
    spaces = [
        space("One", ("a", "A"), ("b", "B")),
        space("Two", ("a", "A"), ("c", "C"), ("d", None)),
    ]
    check_udf1(spaces, "a", "A")
    check_udf1(spaces, "a", "D")
    with pytest.raises(ServiceValidationError) as raised:
        check_udf1(spaces, "a", "C")
    assert raised.value.translation_key == "udf1_is_taken"
    assert raised.value.translation_placeholders == {"udf1": "C", "meter": "Room of c (Two)"}
