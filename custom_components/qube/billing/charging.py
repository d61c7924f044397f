"""From readings and rates to charges: contiguous, disjoint, exact, and in doubt for the tenant.

What holds of `charge`, whatever the readings:

- Charges follow each other in Wh from the total of the start to that of the cursor; none is empty.
- The order in which readings are given changes nothing, nor does giving one twice.
- Readings given in parts that follow each other in time, each charged from the cursor of the one
  before, give the same ranges. Where each part ends with a reading whose source was seen, each Wh
  also has the same source, rate, tax and estimated mark. Where one ends unseen, its last use is at
  the cheaper source, as what comes next is not known yet: parts never cost the tenant more.
- A reading that falls, or is older than the cursor, changes nothing.

A spike that passes for a reading is charged: whoever gives readings here has judged them before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from itertools import groupby, pairwise
from typing import Final

from .models import INDIA, Charge, Charged, Rates, RateTimeline, Reading, Source, rates_at

# As far apart as the cloud's own readings are. Closer ones date a use well enough where it costs
# the same on either side of a split.
SEEN_WITHIN: Final = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """The use between two readings of one register; the source is None where it is in doubt.

    `is_seen` says that nothing about it was guessed.
    """

    start: Reading
    end: Reading
    source: Source | None
    is_seen: bool


def charge(
    start: Reading,
    readings: Iterable[Reading],
    rates: RateTimeline,
    split_at: Iterable[datetime] = (),
) -> Charged:
    """Charge what was used since a reading, up to the last good one of those that are given.

    The use between two readings is split at changes of rates and at the times given, by linear
    interpolation in time, whole Wh rounded down before the split. It is estimated where its source
    was not watched, where its price changes meanwhile, where it runs over from one register to
    another, and where it is split between readings more than 15 minutes apart.

    The source is the one that was last seen before a use and is next seen after it, where that is
    the same one; else the cheaper one, estimated. The cursor's source is the last one seen.
    """
    good = _good(start, readings)
    splits = sorted(set(split_at))
    charges: list[Charge] = []
    for step in _steps(good):
        for new in _charges_of(step, rates, splits):
            if charges and _can_join(charges[-1], new, splits):
                charges[-1] = _joined(charges[-1], new)
            else:
                charges.append(new)
    source = _last_known(reading.source for reading in good)[-1]
    return Charged(charges=tuple(charges), cursor=replace(good[-1], source=source))


def midnights(after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield the midnights of India strictly between two aware times, to split charges at."""
    day = after.astimezone(INDIA).date() + timedelta(days=1)
    while (midnight := datetime.combine(day, time(), INDIA)) < before:
        yield midnight
        day += timedelta(days=1)


def _good(start: Reading, readings: Iterable[Reading]) -> list[Reading]:
    """Return the start and, in order, the readings that neither fall nor are older than the last.

    Of the same moment and total come first those of the last one's register, then of its source:
    the closing reading before the opening one.
    """
    good = [start]
    for (read_at, total_wh), same in groupby(sorted(readings, key=_order), key=_moment):
        last = good[-1]
        if read_at >= last.read_at and total_wh >= last.total_wh:
            good += sorted(same, key=partial(_nearness, last))
    return good


def _moment(reading: Reading) -> tuple[datetime, int]:
    return reading.read_at, reading.total_wh


def _order(reading: Reading) -> tuple[datetime, int, str, int, bool, str]:
    """Put different readings always in the same order; what was watched comes first."""
    return (
        reading.read_at,
        reading.total_wh,
        reading.device_id,
        reading.register_wh,
        not reading.is_watched,
        reading.source or "",
    )


def _nearness(last: Reading, reading: Reading) -> tuple[bool, bool]:
    """Put first what continues a reading."""
    return _register(reading) != _register(last), reading.source is not last.source


def _register(reading: Reading) -> tuple[str, int]:
    """Return which register it is: of which device, and what was measured when it was at zero."""
    return reading.device_id, reading.total_wh - reading.register_wh


def _steps(readings: Sequence[Reading]) -> Iterator[_Step]:
    """Yield the steps with use between readings, each on one register."""
    before = _last_known(reading.source for reading in readings)
    after = reversed(_last_known(reading.source for reading in reversed(readings[1:])))
    for (last, new), source, next_source in zip(pairwise(readings), before, after, strict=False):
        if new.total_wh == last.total_wh:
            continue
        agreed = source if source is next_source else None
        registers = list(_registers(last, new))
        is_seen = new.is_watched and agreed is not None and len(registers) == 1
        for first, end in registers:
            yield _Step(start=first, end=end, source=agreed, is_seen=is_seen)


def _last_known(sources: Iterable[Source | None]) -> list[Source | None]:
    """Return for each of these sources the last one, up to it, that was seen."""
    known: list[Source | None] = []
    last = None
    for source in sources:
        last = source or last
        known.append(last)
    return known


def _registers(start: Reading, end: Reading) -> Iterator[tuple[Reading, Reading]]:
    """Yield the use between two readings once, or in two parts where another register began.

    The old register goes as far as the new one cannot: the new one began at zero or above it.
    """
    if _register(start) == _register(end):
        yield start, end
        return
    _, began_wh = _register(end)
    total_wh = max(start.total_wh, began_wh)
    used_wh, all_wh = total_wh - start.total_wh, end.total_wh - start.total_wh
    changed_at = start.read_at + (end.read_at - start.read_at) * used_wh // all_wh
    yield start, _moved(start, total_wh, changed_at)
    yield _moved(end, total_wh, changed_at), end


def _charges_of(step: _Step, rates: RateTimeline, splits: Sequence[datetime]) -> Iterator[Charge]:
    """Yield the charges of a step, split where it must be."""
    start, end = step.start, step.end
    cuts = _between(start, end, splits)
    changes = _between(start, end, sorted({version.valid_from for version in rates}))
    marks = [_interpolated(start, end, cut) for cut in sorted({*cuts, *changes})]
    parts = list(pairwise((start, *marks, end)))
    prices = [_price(rates_at(rates, first.read_at), step.source) for first, _ in parts]
    is_dated = not cuts or end.read_at - start.read_at <= SEEN_WITHIN
    is_estimated = not (step.is_seen and is_dated and len(set(prices)) == 1)
    for (first, last), (source, millipaise_per_kwh, tax_basis_points) in zip(
        parts, prices, strict=True
    ):
        if last.total_wh > first.total_wh:
            yield Charge(
                from_wh=first.total_wh,
                to_wh=last.total_wh,
                from_at=first.read_at,
                to_at=last.read_at,
                device_id=last.device_id,
                register_wh=last.register_wh,
                source=source,
                millipaise_per_kwh=millipaise_per_kwh,
                tax_basis_points=tax_basis_points,
                is_estimated=is_estimated,
            )


def _between(start: Reading, end: Reading, times: Sequence[datetime]) -> Sequence[datetime]:
    """Return which of these times, in order, are strictly between two readings."""
    return times[bisect_right(times, start.read_at) : bisect_left(times, end.read_at)]


def _interpolated(start: Reading, end: Reading, moment: datetime) -> Reading:
    """Return what was measured at a moment between two readings, if use was even; rounded down."""
    elapsed, whole = moment - start.read_at, end.read_at - start.read_at
    used_wh = (end.total_wh - start.total_wh) * elapsed // whole
    return _moved(start, start.total_wh + used_wh, moment)


def _moved(reading: Reading, total_wh: int, moment: datetime) -> Reading:
    """Return a reading of the same register at another total and time."""
    register_wh = reading.register_wh + total_wh - reading.total_wh
    return replace(reading, total_wh=total_wh, register_wh=register_wh, read_at=moment)


def _price(rates: Rates, source: Source | None) -> tuple[Source, int, int]:
    """Return source, rate and tax of a use; where the source is in doubt, the cheaper one."""
    source = source or min(Source.EB, Source.DG, key=rates.millipaise_per_kwh)
    return source, rates.millipaise_per_kwh(source), rates.tax_basis_points


def _can_join(last: Charge, new: Charge, splits: Sequence[datetime]) -> bool:
    """Return whether two neighbours differ in nothing, with no split between them."""
    return (
        last.register_wh == new.opening_register_wh
        and last.device_id == new.device_id
        and last.source is new.source
        and last.millipaise_per_kwh == new.millipaise_per_kwh
        and last.tax_basis_points == new.tax_basis_points
        and last.is_estimated == new.is_estimated
        and bisect_left(splits, last.to_at) == bisect_right(splits, new.from_at)
    )


def _joined(last: Charge, new: Charge) -> Charge:
    return replace(last, to_wh=new.to_wh, to_at=new.to_at, register_wh=new.register_wh)
