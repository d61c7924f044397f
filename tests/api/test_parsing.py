"""Single fields: what makes no sense is dropped, what makes sense is exact."""

from datetime import datetime
from decimal import Decimal
from math import inf, nan

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.qube.api import QubeResponseError
from custom_components.qube.api.parsing import (
    MAX_BALANCE_PAISE,
    MAX_ENERGY_KWH,
    MAX_TARIFF_PAISE,
    Json,
    balance_paise,
    boolean,
    energy_wh,
    exact_text,
    integer,
    items,
    kwh_to_wh,
    number,
    object_of,
    tariff_paise,
    text,
    texts,
    timestamp,
)

HUGE = 10**400
NO_NUMBERS: tuple[Json, ...] = (
    None, True, False, "", "5", "NaN", [], [5], {}, {"value": 5}, nan, inf, -inf, HUGE, -HUGE, 1e308
)  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
def test_what_is_no_number_is_dropped(value: Json) -> None:
    """Also a bool, which Python takes for an int, and a number no meter can mean."""
    data = {"field": value}
    assert number(data, "field", -1e12, 1e12) is None
    assert integer(data, "field") is None
    assert energy_wh(data, "field") is None
    assert balance_paise(data, "field") is None
    assert tariff_paise(data, "field") is None


@pytest.mark.parametrize("read", [integer, energy_wh, balance_paise, tariff_paise, text, boolean])
def test_a_missing_field_is_none(read: object) -> None:
    """Missing is not zero, not false and not empty."""
    assert callable(read)
    assert read({}, "field") is None


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_zero_is_a_value(zero: float) -> None:
    """A balance or a register of zero is there."""
    data: dict[str, Json] = {"field": zero}
    assert number(data, "field", 0, 1) == 0
    assert integer(data, "field") == 0
    assert energy_wh(data, "field") == 0
    assert balance_paise(data, "field") == 0
    assert tariff_paise(data, "field") == 0
    assert boolean({"field": False}, "field") is False


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (10, 10), (10.5, None), (-1, None), (10.000001, None)]
)
def test_a_range_holds_both_its_ends(value: float, expected: float | None) -> None:
    """Nothing beyond them is let through."""
    assert number({"field": value}, "field", 0, 10) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), (5.0, 5), (-3, -3), (5.5, None), (10**12, 10**12), (10**13, None)],
)
def test_whole_numbers_may_be_written_as_floats(value: float, expected: int | None) -> None:
    """5.0 is 5, and 5.5 is nothing."""
    read = integer({"field": value}, "field")
    assert read == expected
    assert isinstance(read, int | None)


@pytest.mark.parametrize(
    ("kwh", "wh"),
    [
        (1461.8, 1_461_800),
        (1450.0, 1_450_000),
        (1234.56, 1_234_560),
        # Float arithmetic makes 1000.9999999999999 of the last of these.
        (4.35, 4_350),
        (0.0082, 8),
        (1.001, 1_001),
        (9_007_199.254_741, 9_007_199_254),
        # A register never runs ahead of itself.
        (0.0019, 1),
        (12.999_999, 12_999),
        (5e-324, 0),
        (7, 7_000),
        (MAX_ENERGY_KWH, MAX_ENERGY_KWH * 1000),
        (MAX_ENERGY_KWH + 1, None),
        (-0.001, None),
    ],
)
def test_energy_is_exact_to_the_watt_hour(kwh: float, wh: int | None) -> None:
    """Decimal digits as they were sent, never float arithmetic."""
    assert energy_wh({"energy": kwh}, "energy") == wh


@settings(deadline=None)
@given(st.integers(0, MAX_ENERGY_KWH * 1000))
def test_every_register_in_watt_hours_survives_the_way_over_kwh(wh: int) -> None:
    """No watt-hour is lost between the meter and the ledger."""
    assert energy_wh({"energy": wh / 1000}, "energy") == wh
    assert kwh_to_wh(Decimal(wh) / 1000) == wh


@pytest.mark.parametrize(
    ("value", "paise"),
    [
        (25_000, 25_000),
        (-1, -1),
        (-250.0, -250),
        (0.5, 0),
        (1.5, 2),
        (-1.5, -2),
        (99.4, 99),
        (MAX_BALANCE_PAISE, MAX_BALANCE_PAISE),
        (MAX_BALANCE_PAISE + 1, None),
        (-MAX_BALANCE_PAISE - 1, None),
    ],
)
def test_a_balance_is_whole_paise_and_may_be_negative(value: float, paise: int | None) -> None:
    """Half a paisa goes to the even side."""
    read = balance_paise({"balance": value}, "balance")
    assert read == paise
    assert isinstance(read, int | None)


@pytest.mark.parametrize(
    ("value", "paise"),
    [
        (500, 500),
        (500.0, 500),
        (500.5, None),
        (-1, None),
        (MAX_TARIFF_PAISE, MAX_TARIFF_PAISE),
        (MAX_TARIFF_PAISE + 1, None),
    ],
)
def test_a_tariff_is_whole_paise_and_never_guessed(value: float, paise: int | None) -> None:
    """Money is not rounded into being."""
    assert tariff_paise({"tariff": value}, "tariff") == paise


@pytest.mark.parametrize("value", [None, 0, 1, "true", "false", [], {}, 1.0])
def test_only_true_and_false_are_booleans(value: Json) -> None:
    """1 and "true" are not."""
    assert boolean({"field": value}, "field") is None
    assert boolean({"field": True}, "field") is True


@pytest.mark.parametrize(
    ("value", "short", "exact"),
    [
        ("Room", "Room", "Room"),
        ("  Room 1\t", "Room 1", "  Room 1\t"),
        ("   ", None, "   "),
        ("", None, None),
        ("पंखा", "पंखा", "पंखा"),
        # No URL, file or database can hold half a character.
        ("\ud800", None, None),
        ("Room\udfff 1", "Room 1", "Room 1"),
        (5, None, None),
        (None, None, None),
        (["Room"], None, None),
    ],
)
def test_text_is_text_that_can_be_stored(value: Json, short: str | None, exact: str | None) -> None:
    """Outer blanks go, unless every letter counts."""
    assert text({"field": value}, "field") == short
    assert exact_text({"field": value}, "field") == exact


@pytest.mark.parametrize("value", [None, {}, {"a": 1}, "ab", 5, True])
def test_what_is_no_list_has_no_items(value: Json) -> None:
    """A string or an object is not iterated over."""
    assert list(items({"field": value}, "field")) == []
    assert texts({"field": value}, "field") == ()


def test_a_list_keeps_its_strings() -> None:
    """Other items are dropped, one by one."""
    mixed: list[Json] = ["a", 1, None, "b\ud800", ["c"]]
    assert texts({"field": mixed}, "field") == ("a", "b")
    assert list(items({"field": mixed}, "field")) == mixed


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2025-01-01T23:59:59+05:30", "2025-01-01T18:29:59+00:00"),
        ("2025-01-01T18:29:59Z", "2025-01-01T18:29:59+00:00"),
        (" 2025-01-01T18:29:59.500Z ", "2025-01-01T18:29:59.500+00:00"),
    ],
)
def test_a_time_is_an_instant(value: str, instant: str) -> None:
    """Any offset will do."""
    assert timestamp({"field": value}, "field") == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-01T23:59:59",
        "2025-01-01",
        "yesterday",
        "",
        None,
        1735689600,
        "2025-13-01T00:00:00Z",
    ],
)
def test_a_time_without_an_offset_is_none(value: Json) -> None:
    """It would be a guess, by five and a half hours."""
    assert timestamp({"field": value}, "field") is None


def test_an_object_is_the_one_that_was_asked_for() -> None:
    """Another device's is refused; one without an id is not suspected."""
    assert object_of({"device_id": "A"}, "A") == {"device_id": "A"}
    assert object_of({"device_id": "A"}) == {"device_id": "A"}
    assert object_of({"device_id": None}, "A") == {"device_id": None}
    assert object_of({}, "A") == {}
    with pytest.raises(QubeResponseError, match="another device"):
        object_of({"device_id": "B"}, "A")
    no_objects: tuple[Json, ...] = (None, [], "A", 5, True)
    for data in no_objects:
        with pytest.raises(QubeResponseError, match="not an object"):
            object_of(data, "A")
