"""From the readings of a meter to hourly rows of use and cost: pure, and always to the same.

A row depends on its own reading and on nothing that was imported before it: its use is the
meter's total minus the total at the first row. So windows can come in any order, again, or late.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from math import inf
from typing import Final

from .api import HistoryReading
from .const import INDIA
from .epochs import Epochs, epoch_at
from .register import Register, Verdict, judge
from .tariffs import Pricing

PROPERTY: Final = "energy"
HOUR: Final = timedelta(hours=1)

_WH_PER_UNIT: Final = {None: 1000, "kwh": 1000, "wh": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The register of a Qube device at an aware time, in Wh."""

    device_id: str
    energy_wh: int
    read_at: datetime


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


def readings_of(device_id: str, history: Iterable[HistoryReading]) -> Iterator[Reading]:
    """Yield the usable readings of a device's energy history (GET …/metrics/history)."""
    for row in history:
        factor = _WH_PER_UNIT.get(row.unit.lower() if row.unit else None)
        if factor is not None and row.value >= 0:
            # Whole watt-hours: more digits than that the register does not have.
            energy_wh = round(row.value * factor)
            yield Reading(device_id=device_id, energy_wh=energy_wh, read_at=row.ended_at)


def hour_of(ended_at: datetime) -> datetime:
    """Return the Indian hour that a reading at the end of an interval belongs to.

    A reading of 10:00:00 closes the hour that began at nine; one of 9:59:59 does, too.
    """
    local = (ended_at - timedelta(microseconds=1)).astimezone(INDIA)
    return local.replace(minute=0, second=0, microsecond=0)


def totals_of(readings: Iterable[Reading], epochs: Epochs) -> list[Register]:
    """Return the meter's totals, by time, by the device that was on the wall at each time."""
    totals: list[Register] = []
    for reading in readings:
        epoch = epoch_at(epochs, reading.read_at)
        total_wh = epoch.total_of(reading.energy_wh)
        if epoch.device_id == reading.device_id and total_wh is not None:
            totals.append(Register(energy_wh=total_wh, read_at=reading.read_at))
    return sorted(totals, key=lambda total: (total.read_at, total.energy_wh))


def hourly_rows(
    readings: Iterable[Reading], known: Sequence[HourRow], pricing: Pricing, epochs: Epochs
) -> list[HourRow]:
    """Return the rows that are new or changed, by time.

    `known` are rows of before, by time: all that stand between the readings, the nearest ones
    around them, and all of them where readings come that are older than the first row. A reading
    that falls, or rises faster than a meter can, is left out; an hour without a reading gets no
    row, and its use shows in the hour of the next reading. Hours of `known` that have lost their
    reading keep their row, unless it contradicts its neighbours.
    """
    registers = totals_of(readings, epochs)
    if not registers:
        return []
    starts = hour_of(registers[0].read_at), hour_of(registers[-1].read_at)
    before = [row for row in known if row.start < starts[0]]
    after = [row for row in known if row.start > starts[1]]
    good = plausible(
        registers,
        before=_at_end(before[-1]) if before else None,
        after=_at_end(after[0]) if after else None,
    )
    read = {hour_of(register.read_at): register.energy_wh for register in good}
    if not read:
        return []
    zero_wh = _zero_wh(read, known)
    rows = {row.start: row for row in known}
    return [
        row
        for start, total_wh in _never_falling(read, rows)
        if (row := _row(start, total_wh, zero_wh, pricing)) != rows.get(start)
    ]


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


def plausible(
    registers: Sequence[Register], *, before: Register | None, after: Register | None
) -> list[Register]:
    """Return the most readings, by time, of which each can follow the one before it.

    They fit between the two that are known already, where there are such.
    """
    ends = [before] if before else [], [after] if after else []
    chain = [*ends[0], *registers, *ends[1]]
    if all(_can_follow(new, last) for last, new in pairwise(chain)):
        return list(registers)
    # The longest chain that ends with each reading, and what comes before it in that chain.
    lengths: list[int] = []
    previous: list[int | None] = []
    for index, register in enumerate(registers):
        best: int | None = None
        for earlier in range(index):
            if lengths[earlier] > (lengths[best] if best is not None else 0) and _can_follow(
                register, registers[earlier]
            ):
                best = earlier
        is_possible = best is not None or before is None or _can_follow(register, before)
        lengths.append((lengths[best] + 1 if best is not None else 1) if is_possible else 0)
        previous.append(best)
    lasts = [
        index
        for index, register in enumerate(registers)
        if lengths[index] and (after is None or _can_follow(after, register))
    ]
    step = max(lasts, key=lengths.__getitem__, default=None)
    good: list[Register] = []
    while step is not None:
        good.append(registers[step])
        step = previous[step]
    return good[::-1]


def _can_follow(new: Register, last: Register) -> bool:
    return judge(last, new) is Verdict.GOOD


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
