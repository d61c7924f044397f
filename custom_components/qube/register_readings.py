"""The readings that nobody polled: Home Assistant or the meter was off, and the cloud kept them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from .api import ENERGY, HistoryReading, Interval
from .billing.models import Reading
from .coordinator import MeterCoordinator
from .days import Days, day_of
from .epochs import Epochs, epoch_at
from .history import plausible
from .recorded import async_recorded
from .register import Register

# Longer than two polls at the slowest setting.
GAP: Final = timedelta(minutes=31)
# An answer has at most 2 MiB: a month of quarter hours is a fifth of that.
WINDOW_DAYS: Final = 30


def gaps_between(readings: Sequence[Reading]) -> list[tuple[Reading, Reading]]:
    """Return the pairs of neighbours, by time, between which readings are missing.

    None are where the source was watched: they were let go, as they say nothing new.
    """
    return [
        (before, after)
        for before, after in pairwise(readings)
        if after.read_at - before.read_at > GAP
        and after.total_wh > before.total_wh
        and not after.is_watched
    ]


async def async_fill(meter: MeterCoordinator, readings: Sequence[Reading]) -> list[Reading]:
    """Return readings by time, with those that the cloud recorded in the gaps between them.

    Raises QubeError where the history cannot be read.
    """
    filled = list(readings)
    for before, after in gaps_between(readings):
        filled += await _async_between(meter, before, after)
    return sorted(filled, key=lambda reading: reading.read_at)


async def _async_between(meter: MeterCoordinator, before: Reading, after: Reading) -> list[Reading]:
    """Return the recorded readings between two that are known, as far as they can be true."""
    days = Days(first=day_of(before.read_at), last=day_of(after.read_at))
    end = Register(energy_wh=after.total_wh, read_at=after.read_at)
    between: list[Reading] = []
    for part in reversed([*days.parts(WINDOW_DAYS)]):
        rows = await async_recorded(meter, ENERGY, part, Interval.QUARTER_HOUR)
        last = between[-1] if between else before
        start = Register(energy_wh=last.total_wh, read_at=last.read_at)
        between += await meter.hass.async_add_executor_job(
            recorded_between, rows, meter.identity.epochs, start, end
        )
    return between


def recorded_between(
    rows: Iterable[HistoryReading], epochs: Epochs, start: Register, end: Register
) -> list[Reading]:
    """Return the readings that rows of history are, by time, between two totals of a meter."""
    readings = {
        reading.read_at: reading
        for reading in readings_of(rows, epochs)
        if start.read_at < reading.read_at < end.read_at
        and start.energy_wh <= reading.total_wh <= end.energy_wh
    }
    totals = {read_at: readings[read_at].total_wh for read_at in sorted(readings)}
    return [readings[read_at] for read_at in plausible(totals, before=start, after=end)]


def readings_of(rows: Iterable[HistoryReading], epochs: Epochs) -> Iterator[Reading]:
    """Yield the readings of a meter that rows of its history are.

    A row is left out that is no energy, or of a device of which it is not known from where it
    counts.
    """
    for row in rows:
        epoch = epoch_at(epochs, row.ended_at)
        register_wh = row.energy_wh
        total_wh = epoch.total_of(register_wh) if register_wh is not None else None
        if register_wh is not None and total_wh is not None:
            yield Reading(
                total_wh=total_wh,
                read_at=row.ended_at,
                device_id=epoch.device_id,
                register_wh=register_wh,
            )
