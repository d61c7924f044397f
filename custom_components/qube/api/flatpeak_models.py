"""What is asked of FlatPeak, and what it sends, as typed and frozen models."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from .errors import FlatPeakQueryError, QubeResponseError
from .parsing import MAX_VALUE, Json, items, number, text, timestamp

MAX_PAGE: Final = 25_000
DEFAULT_PAGE: Final = 100
MAX_WINDOW: Final = timedelta(days=90)


class Direction(StrEnum):
    """Which way energy flows at the main meter, seen from the site."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class Grouping(StrEnum):
    """The spans of time that records are summed up over; non-fixed are those of the meter."""

    NON_FIXED = "NON_FIXED"
    HALF_HOUR = "HALF_HOUR"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class Order(StrEnum):
    """Which records come first."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordQuery:
    """One question for records (POST /meters/records); times are aware.

    What is None is not sent, so the API's own default holds.
    """

    device_id: str
    starting_after: str | None = None
    ending_before: str | None = None
    limit: int = DEFAULT_PAGE
    group_by: Grouping = Grouping.NON_FIXED
    order_by: Order = Order.NEWEST
    direction: Direction = Direction.INBOUND
    start: datetime | None = None
    end: datetime | None = None

    def check(self) -> None:
        """Raise FlatPeakQueryError where the API would refuse it, or understand something else."""
        if not self.device_id:
            raise FlatPeakQueryError("record_device_missing")
        if not 1 <= self.limit <= MAX_PAGE:
            raise FlatPeakQueryError("record_limit", {"limit": str(self.limit)})
        start, end = self.start, self.end
        if any(at is not None and at.tzinfo is None for at in (start, end)):
            raise FlatPeakQueryError("record_time_without_zone")
        if start is None or end is None:
            return
        if start >= end:
            raise FlatPeakQueryError("record_times_reversed")
        if end - start > MAX_WINDOW:
            raise FlatPeakQueryError("record_window", {"days": str(MAX_WINDOW.days)})

    def within(self, start: datetime, end: datetime) -> Self:
        """Return the same question for another span of time."""
        return replace(self, start=start, end=end)

    def as_json(self) -> dict[str, Json]:
        """Return the body of the request."""
        start, end = self.start, self.end
        if start is not None and end is not None:
            # Where the offsets of the two differ, the end's would hold for both.
            end = end.astimezone(start.tzinfo)
        body: dict[str, Json] = {
            "id": self.device_id,
            "starting_after": self.starting_after,
            "ending_before": self.ending_before,
            "limit": self.limit,
            "group_by": self.group_by.value,
            "order_by": self.order_by.value,
            "energy_flow_direction": self.direction.value,
            "start_time": start.isoformat() if start else None,
            "end_time": end.isoformat() if end else None,
        }
        return {key: value for key, value in body.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterRecord:
    """The energy that flowed in one direction in a span of time, in the unit of the site.

    Whether `value` counts Wh or kWh is not in the answer, nor what `confidence` is measured by.
    """

    direction: Direction
    started_at: datetime
    ended_at: datetime
    value: Decimal
    confidence: float | None

    @property
    def key(self) -> tuple[datetime, datetime, Direction]:
        """Return what makes it the same record when it comes again."""
        return self.started_at, self.ended_at, self.direction

    @classmethod
    def from_json(cls, data: Json, direction: Direction) -> Self | None:
        """Parse one record; None where its times or its value make no sense."""
        if not isinstance(data, dict):
            return None
        started_at, ended_at = timestamp(data, "start_time"), timestamp(data, "end_time")
        value = number(data, "value", 0, MAX_VALUE)
        if started_at is None or ended_at is None or value is None or ended_at <= started_at:
            return None
        return cls(
            direction=direction,
            started_at=started_at,
            ended_at=ended_at,
            value=Decimal(repr(value)),
            confidence=number(data, "confidence", 0, MAX_VALUE),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPage:
    """One answer: the usable records as they came, and whether there are more.

    `rows` counts the unusable ones, too; `log_id` is the id that FlatPeak gives to the page.
    """

    records: tuple[MeterRecord, ...]
    rows: int
    has_more: bool
    log_id: str | None

    @classmethod
    def from_json(cls, content: dict[str, Json], query: RecordQuery) -> Self:
        """Parse an answer; raises QubeResponseError where it is another device's, or none."""
        data = content.get("data")
        if not isinstance(data, dict):
            raise QubeResponseError("the answer is not a list of records")
        if text(data, "device_id") not in (None, query.device_id):
            raise QubeResponseError("the answer is another device's")
        if text(data, "energy_flow_direction") not in (None, query.direction.value):
            raise QubeResponseError("the answer is the other direction's")
        rows = [MeterRecord.from_json(item, query.direction) for item in items(data, "records")]
        return cls(
            records=tuple(record for record in rows if record is not None),
            rows=len(rows),
            has_more=content.get("has_more") is True,
            log_id=text(data, "id"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteDevice:
    """A main meter as FlatPeak lists it (GET /devices)."""

    device_id: str
    reference_id: str | None

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse one item of the list; None where it has no usable id."""
        if not isinstance(data, dict) or (device_id := text(data, "id")) is None:
            return None
        return cls(device_id=device_id, reference_id=text(data, "reference_id"))
