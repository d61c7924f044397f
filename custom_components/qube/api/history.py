"""What Qube's cloud recorded of a property over time (GET …/metrics/history)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Self

from .parsing import MAX_VALUE, Json, items, number, object_of, text, timestamp

ENERGY: Final = "energy"

_WH_PER_UNIT: Final = {None: 1000, "kwh": 1000, "wh": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryReading:
    """One row of a property's history; `ended_at` is aware: the end of its interval."""

    property_id: str
    value: Decimal
    unit: str | None
    ended_at: datetime

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse one row; None where its value or its time is unusable."""
        if not isinstance(data, dict):
            return None
        property_id = text(data, "property_id")
        value = number(data, "value", -MAX_VALUE, MAX_VALUE)
        ended_at = timestamp(data, "timestamp")
        if property_id is None or value is None or ended_at is None:
            return None
        return cls(
            property_id=property_id,
            value=Decimal(repr(value)),
            unit=text(data, "unit"),
            ended_at=ended_at,
        )

    @property
    def energy_wh(self) -> int | None:
        """Return a reading of energy in whole Wh; None where it is another quantity, or negative.

        More digits than that the register does not have.
        """
        factor = _WH_PER_UNIT.get(self.unit.lower() if self.unit else None)
        return None if factor is None or self.value < 0 else round(self.value * factor)


def history_from_json(data: Json, device_id: str) -> list[HistoryReading]:
    """Parse a history answer: its usable rows by time, one an instant, the last sent winning.

    Raises QubeResponseError where it is not an object, or another device's.
    """
    by_time = {row.ended_at: row for row in _rows(data, device_id)}
    return [by_time[ended_at] for ended_at in sorted(by_time)]


def energy_from_json(data: Json, device_id: str) -> dict[datetime, int]:
    """Parse a history of energy: the register in Wh by time, the last sent of an instant winning.

    Raises QubeResponseError where it is not an object, or another device's.
    """
    by_time = {
        row.ended_at: energy_wh
        for row in _rows(data, device_id)
        if (energy_wh := row.energy_wh) is not None
    }
    return {ended_at: by_time[ended_at] for ended_at in sorted(by_time)}


def _rows(data: Json, device_id: str) -> Iterator[HistoryReading]:
    for item in items(object_of(data, device_id), "readings"):
        if (row := HistoryReading.from_json(item)) is not None:
            yield row


def date_range(from_date: date, to_date: date) -> dict[str, str]:
    """Return a range of days, both included, as the query of a history request."""
    return {"from_date": from_date.isoformat(), "to_date": to_date.isoformat()}
