"""From interval records to hourly rows, and to what flowed between two times: pure.

A meter's rows come from its register, so each stands for itself (`history.py`). Records have no
register: their rows are summed up, and a record that comes late moves all rows after it.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from .const import INDIA
from .history import HOUR, HourRow

# The aware times between which something flowed, and how much, in Wh. Plain tuples, because
# thousands are kept: Python's garbage collector passes over those.
type Span = tuple[datetime, datetime]
type Intervals = Mapping[Span, int]

_TICK: Final = timedelta.resolution


def disjoint(intervals: Intervals) -> dict[Span, int]:
    """Return the intervals by time, without those that begin before the one before them ends.

    Energy that is told twice, once by the hour and once by the half of it, counts once.
    """
    kept: dict[Span, int] = {}
    told_until: datetime | None = None
    for span in sorted(intervals):
        if told_until is None or span[0] >= told_until:
            kept[span] = intervals[span]
            told_until = span[1]
    return kept


class Told:
    """What is told of a flow: disjoint intervals by time, looked up fast."""

    def __init__(self, intervals: Intervals) -> None:
        """Take intervals in any order."""
        self.intervals = disjoint(intervals)
        self._spans = list(self.intervals)
        self._ends = [span[1] for span in self._spans]

    @property
    def until(self) -> datetime | None:
        """Return up to when something is told."""
        return self._ends[-1] if self._ends else None

    def energy_wh(self, start: datetime, end: datetime) -> int | None:
        """Return what flowed between two times, in Wh; None where a part of that is not told.

        Of an interval that reaches beyond, the part by time counts.
        """
        told_until, energy_wh = start, 0
        for span in islice(self._spans, bisect_right(self._ends, start), None):
            if span[0] > told_until:
                return None
            energy_wh += _part(span, self.intervals[span], start, end)
            told_until = span[1]
            if told_until >= end:
                return energy_wh
        return None


def hourly_use(intervals: Intervals) -> dict[datetime, int]:
    """Return the energy of each Indian hour of which something is told, in Wh.

    Of an interval over several hours each gets its part by time; the sum stays exact.
    """
    used_wh: Counter[datetime] = Counter()
    for span, span_wh in intervals.items():
        local = span[0].astimezone(INDIA)
        hour = local.replace(minute=0, second=0, microsecond=0)
        while hour < span[1]:
            used_wh[hour] += _part(span, span_wh, hour, hour + HOUR)
            hour += HOUR
    return dict(used_wh)


def summed_rows(used_wh: Mapping[datetime, int], known: Sequence[HourRow]) -> list[HourRow]:
    """Return the rows that are new or changed, by time.

    `known` are the rows of before, by time up to the newest, beginning with one before the first
    hour of `used_wh`, or with the very first of all. An hour that has lost its records keeps what
    it had.
    """
    if not used_wh:
        return []
    first = min(used_wh)
    rows = {row.start: row for row in known}
    uses = {**_uses(known), **used_wh}
    total_wh = max((row.total_wh for row in known if row.start < first), default=0)
    changed: list[HourRow] = []
    for start in sorted(hour for hour in uses if hour >= first):
        total_wh += uses[start]
        row = HourRow(start=start, total_wh=total_wh, use_wh=total_wh, cost_millipaise=None)
        if row != rows.get(start):
            changed.append(row)
    return changed


def _uses(known: Sequence[HourRow]) -> dict[datetime, int]:
    """Return what each known hour had; what the first one shows counts from nothing."""
    before = [0, *(row.total_wh for row in known)]
    return {row.start: row.total_wh - last for row, last in zip(known, before, strict=False)}


def _part(span: Span, span_wh: int, start: datetime, end: datetime) -> int:
    """Return the energy of an interval that lies between two times, in Wh, by time."""
    return _until(span, span_wh, end) - _until(span, span_wh, start)


def _until(span: Span, span_wh: int, moment: datetime) -> int:
    """Return how much of an interval's energy had flowed by a time."""
    elapsed = min(max(moment - span[0], timedelta()), span[1] - span[0])
    return span_wh * (elapsed // _TICK) // ((span[1] - span[0]) // _TICK)
