"""From the readings of a meter to hourly rows of use and cost: pure, and always to the same.

A row depends on its own reading and on nothing that was imported before it: its use is the
meter's total minus the total at the first row. So windows can come in any order, again, or late.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate, chain, pairwise
from math import inf
from typing import Final, Self

from .const import INDIA
from .epochs import Epochs, epoch_at
from .register import Register, Verdict, judge_use
from .tariffs import Pricing

HOUR: Final = timedelta(hours=1)

# What a meter has measured in all, in Wh, by aware times that rise. One mapping, not an object a
# reading: each of thousands would be looked through by Python's garbage collector, and outlive it.
type Totals = Mapping[datetime, int]
type _Total = tuple[datetime, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Readings:
    """The registers of a Qube device in Wh, by aware time."""

    device_id: str
    energy_wh: Mapping[datetime, int]

    def of_day(self, day: date) -> Self:
        """Return those that close the hours of a day in India."""
        return replace(
            self,
            energy_wh={
                read_at: energy_wh
                for read_at, energy_wh in self.energy_wh.items()
                if hour_of(read_at).date() == day
            },
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class HourRow:
    """One hour of a meter: its start (aware, in India) and what was counted at its end.

    `total_wh` is what the meter has measured in all; `use_wh` and `cost_millipaise` are counted
    from the first row on. The cost is None as long as no tariff is known.
    """

    start: datetime
    total_wh: int
    use_wh: int
    cost_millipaise: int | None


def hour_of(ended_at: datetime) -> datetime:
    """Return the Indian hour that a reading at the end of an interval belongs to.

    A reading of 10:00:00 closes the hour that began at nine; one of 9:59:59 does, too.
    """
    local = (ended_at - timedelta(microseconds=1)).astimezone(INDIA)
    return local.replace(minute=0, second=0, microsecond=0)


def totals_of(readings: Iterable[Readings], epochs: Epochs) -> Totals:
    """Return the meter's totals, by the device that was on the wall at each time.

    Of two readings of one instant the later one in `readings` counts.
    """
    totals: dict[datetime, int] = {}
    for each in readings:
        for read_at, energy_wh in each.energy_wh.items():
            epoch = epoch_at(epochs, read_at)
            total_wh = epoch.total_of(energy_wh)
            if epoch.device_id == each.device_id and total_wh is not None:
                totals[read_at] = total_wh
    return {read_at: totals[read_at] for read_at in sorted(totals)}


def hourly_rows(totals: Totals, known: Sequence[HourRow], pricing: Pricing) -> Iterator[HourRow]:
    """Yield the rows that are new or changed, by time.

    `known` are rows of before, by time: all that stand between the totals, the nearest ones
    around them, and all of them where totals come that are older than the first row. A total
    that falls, or rises faster than a meter can, is left out; an hour without a total gets no
    row, and its use shows in the hour of the next one. Hours of `known` that have lost their
    total keep their row, unless it contradicts its neighbours.
    """
    if not totals:
        return
    first, last = hour_of(min(totals)), hour_of(max(totals))
    before = [row for row in known if row.start < first]
    after = [row for row in known if row.start > last]
    good = plausible(
        totals,
        before=_at_end(before[-1]) if before else None,
        after=_at_end(after[0]) if after else None,
    )
    read = {hour_of(read_at): total_wh for read_at, total_wh in good.items()}
    if not read:
        return
    zero_wh = _zero_wh(read, known)
    rows = {row.start: row for row in known}
    for start, total_wh in _never_falling(read, rows):
        row = _row(start, total_wh, zero_wh, pricing)
        if row != rows.get(start):
            yield row


def taken_back(
    known: Sequence[HourRow], since: datetime, total_wh: int, pricing: Pricing
) -> list[HourRow]:
    """Return the rows that change where a meter's total has stood still since an aware time.

    What was counted after that time was another meter's use. `known` are rows by time.
    """
    zero_wh = known[0].total_wh - known[0].use_wh if known else 0
    return [
        _row(row.start, total_wh, zero_wh, pricing)
        for row in known
        if row.start + HOUR > since and row.total_wh > total_wh
    ]


def plausible(totals: Totals, *, before: Register | None, after: Register | None) -> Totals:
    """Return the most totals of which each can follow the one before it.

    They fit between the two that are known already, where there are such.
    """
    first = [(before.read_at, before.energy_wh)] if before else []
    last = [(after.read_at, after.energy_wh)] if after else []
    if all(_can_follow(new, old) for old, new in pairwise(chain(first, totals.items(), last))):
        return totals
    return dict(_longest_chain([*totals.items()], first, last))


def _longest_chain(
    totals: Sequence[_Total], before: Sequence[_Total], after: Sequence[_Total]
) -> list[_Total]:
    """Return the longest chain of totals in which each can follow the one before it."""
    # The longest chain that ends with each total, and what comes before it in that chain.
    lengths: list[int] = []
    previous: list[int | None] = []
    for index, total in enumerate(totals):
        best: int | None = None
        for earlier in range(index):
            if lengths[earlier] > (lengths[best] if best is not None else 0) and _can_follow(
                total, totals[earlier]
            ):
                best = earlier
        is_possible = best is not None or all(_can_follow(total, end) for end in before)
        lengths.append((lengths[best] + 1 if best is not None else 1) if is_possible else 0)
        previous.append(best)
    lasts = [
        index
        for index, total in enumerate(totals)
        if lengths[index] and all(_can_follow(end, total) for end in after)
    ]
    step = max(lasts, key=lengths.__getitem__, default=None)
    good: list[_Total] = []
    while step is not None:
        good.append(totals[step])
        step = previous[step]
    return good[::-1]


def _can_follow(new: _Total, last: _Total) -> bool:
    (new_at, new_wh), (last_at, last_wh) = new, last
    return judge_use(new_wh - last_wh, new_at - last_at) is Verdict.GOOD


def _at_end(row: HourRow) -> Register:
    return Register(energy_wh=row.total_wh, read_at=row.start + HOUR)


def _zero_wh(read: Mapping[datetime, int], known: Sequence[HourRow]) -> int:
    """Return the total from which use is counted: that of the first row."""
    first_read_wh = read[min(read)]
    return min(first_read_wh, known[0].total_wh - known[0].use_wh) if known else first_read_wh


def _never_falling(
    read: Mapping[datetime, int], rows: Mapping[datetime, HourRow]
) -> Iterator[tuple[datetime, int]]:
    """Yield the total of each hour that was read or is known; what was read just now is true."""
    starts = sorted(read.keys() | rows.keys())
    # The next reading is the most that a row of before may show.
    limits = list(accumulate((read.get(start, inf) for start in reversed(starts)), min))[::-1]
    lowest_wh = 0
    for start, limit in zip(starts, limits, strict=True):
        total_wh = read.get(start)
        if total_wh is None:
            total_wh = max(lowest_wh, int(min(rows[start].total_wh, limit)))
        yield start, total_wh
        lowest_wh = total_wh


def _row(start: datetime, total_wh: int, zero_wh: int, pricing: Pricing) -> HourRow:
    return HourRow(
        start=start,
        total_wh=total_wh,
        use_wh=total_wh - zero_wh,
        cost_millipaise=pricing.cost_millipaise(zero_wh, total_wh) if pricing.is_known else None,
    )
