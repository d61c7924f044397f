"""The readings that nobody polled: Home Assistant or the meter was off, and the cloud kept them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from .api import HistoryReading, Interval
from .billing.models import Reading
from .coordinator import MeterCoordinator
from .days import Days, day_of
from .epochs import Epochs, epoch_at
from .history import PROPERTY, plausible, readings_of
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
        rows = await async_recorded(meter, PROPERTY, part, Interval.QUARTER_HOUR)
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
        Register(energy_wh=reading.total_wh, read_at=reading.read_at): reading
        for row in rows
        if start.read_at < row.ended_at < end.read_at
        and (reading := _reading_of(row, epochs)) is not None
        and start.energy_wh <= reading.total_wh <= end.energy_wh
    }
    in_order = sorted(readings, key=_by_time)
    return [readings[register] for register in plausible(in_order, before=start, after=end)]


def _by_time(register: Register) -> tuple[datetime, int]:
    return register.read_at, register.energy_wh


def _reading_of(row: HistoryReading, epochs: Epochs) -> Reading | None:
    """Return a row as a reading; None where it is no energy, or not known from where it counts."""
    epoch = epoch_at(epochs, row.ended_at)
    for register in readings_of(epoch.device_id, [row]):
        total_wh = epoch.total_of(register.energy_wh)
        if total_wh is not None:
            return Reading(
                total_wh=total_wh,
                read_at=register.read_at,
                device_id=epoch.device_id,
                register_wh=register.energy_wh,
            )
    return None
