"""History: a bad row is dropped, the rest is by time."""

from datetime import date, datetime
from decimal import Decimal
from math import inf

import pytest

from custom_components.qube.api import HistoryReading, QubeResponseError
from custom_components.qube.api.history import date_range, energy_from_json, history_from_json
from custom_components.qube.api.parsing import Json

LAST_SECOND = "2025-01-01T23:59:59+05:30"


def row(value: Json = 1.5, timestamp: Json = LAST_SECOND, unit: Json = "kWh") -> dict[str, Json]:
    """Return one row of history."""
    return {"property_id": "energy", "value": value, "unit": unit, "timestamp": timestamp}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {**row(), "property_id": None},
        row(value=None),
        row(value="1.5"),
        row(value=inf),
        row(timestamp=None),
        row(timestamp="2025-01-01T23:59:59"),
    ],
)
def test_a_row_of_history_needs_all_its_parts(bad: Json) -> None:
    """A gap is better than a guess."""
    assert HistoryReading.from_json(bad) is None
    assert len(history_from_json({"readings": [bad, row(), bad]}, "Q-1")) == 1


def test_history_is_sorted_one_an_instant_and_exact() -> None:
    """The last sent wins, also where the same instant is written with another offset."""
    rows: list[Json] = [
        row(1461.8, "2025-01-02T23:59:59+05:30"),
        row(1.0, "2025-01-01T23:59:59+05:30"),
        row(1450, "2025-01-01T18:29:59Z"),
    ]
    history = history_from_json({"device_id": "Q-1", "readings": rows}, "Q-1")
    assert [reading.value for reading in history] == [Decimal(1450), Decimal("1461.8")]
    assert history[1].value - history[0].value == Decimal("11.8")
    assert history[0].ended_at == datetime.fromisoformat("2025-01-01T23:59:59+05:30")


@pytest.mark.parametrize("data", [{}, {"readings": None}, {"readings": {}}, {"readings": []}])
def test_history_may_be_empty(data: Json) -> None:
    """No rows is an answer."""
    assert history_from_json(data, "Q-1") == []
    assert energy_from_json(data, "Q-1") == {}


@pytest.mark.parametrize(
    ("value", "unit", "energy_wh"),
    [
        (1.2345, "kWh", 1_234),
        (7, None, 7_000),
        (8, "Wh", 8),
        (0, "kWh", 0),
        (9, "kVAh", None),
        (-1, "Wh", None),
    ],
)
def test_energy_is_read_in_whole_watt_hours(
    value: float, unit: str | None, energy_wh: int | None
) -> None:
    """In the unit that came with it; another quantity is no energy, and none is negative."""
    reading = HistoryReading.from_json(row(value, unit=unit))
    assert reading is not None
    assert reading.energy_wh == energy_wh
    energy = energy_from_json({"readings": [row(value, unit=unit)]}, "Q-1")
    assert [*energy.values()] == ([] if energy_wh is None else [energy_wh])


def test_a_history_of_energy_is_sorted_one_an_instant() -> None:
    """The last sent wins, unless it is no energy."""
    energy = energy_from_json(
        {
            "device_id": "Q-1",
            "readings": [
                row(3, "2025-01-02T23:59:59+05:30"),
                row(1),
                row(2, "2025-01-01T18:29:59Z"),
                row(9, unit="kVAh"),
            ],
        },
        "Q-1",
    )
    assert [*energy.items()] == [
        (datetime.fromisoformat("2025-01-01T23:59:59+05:30"), 2_000),
        (datetime.fromisoformat("2025-01-02T23:59:59+05:30"), 3_000),
    ]


def test_the_history_of_another_device_is_refused() -> None:
    """Its register would be counted as this one's."""
    for parse in (history_from_json, energy_from_json):
        with pytest.raises(QubeResponseError, match="another device"):
            parse({"device_id": "Q-2", "readings": [row()]}, "Q-1")


def test_a_range_of_days_is_written_as_dates() -> None:
    """YYYY-MM-DD, both included."""
    assert date_range(date(2025, 1, 1), date(2025, 1, 31)) == {
        "from_date": "2025-01-01",
        "to_date": "2025-01-31",
    }
