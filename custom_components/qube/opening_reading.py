"""From which reading a tenant's account counts: that of now, or the one that closed a day."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Final

from homeassistant.util import dt as dt_util

from .api import ENERGY, Interval, Source as MeterSource
from .billing.models import Reading, Source
from .clock_watch import is_clock_wrong
from .coordinator import MeterCoordinator
from .days import DAY, Days, today
from .history import hour_of, plausible
from .recorded import async_recorded
from .register import Register
from .register_readings import readings_of

# Beside the day that is asked for: what lies around it tells whether its reading can be true.
NEIGHBOURS: Final = timedelta(days=7)

SOURCES: Final = {MeterSource.EB: Source.EB, MeterSource.DG: Source.DG}


async def async_reading_now(meter: MeterCoordinator) -> Reading | None:
    """Return a meter's reading of now; while it is offline, the last one of the past week.

    None where there is none, where the register is held back, or where the clock is wrong. Raises
    QubeError where the meter is offline and its history cannot be read.
    """
    await meter.async_refresh()
    guard = meter.register_guard
    if guard.held is not None or is_clock_wrong(meter.client.answered_at, dt_util.utcnow()):
        return None
    # What was seen before a cloud that fails now is not what the meter shows now.
    is_seen = meter.last_update_success and meter.is_online
    metrics = meter.observed.metrics if meter.observed and is_seen else None
    if metrics is None:
        days = Days(first=today() - NEIGHBOURS, last=today())
        recorded = await _async_recorded(meter, days, Interval.QUARTER_HOUR)
        known = _known(meter)
        readings = [known, *recorded] if known else recorded
        return max(readings, key=lambda reading: reading.read_at, default=None)
    if metrics.energy_wh is None or guard.last is None:
        return None
    return _reading(meter, guard.last, SOURCES[metrics.source] if metrics.source else None)


async def async_reading_before(meter: MeterCoordinator, day: date) -> Reading | None:
    """Return the reading that closed the day before this one (India), as the first of this day.

    None where the history has no good one. Raises QubeError where it cannot be read.
    """
    days = Days(first=day - NEIGHBOURS, last=min(day + NEIGHBOURS, today()))
    for reading in await _async_recorded(meter, days, Interval.DAY):
        if hour_of(reading.read_at).date() == day - DAY:
            return replace(reading, read_at=Days(first=day, last=day).start)
    return None


async def _async_recorded(meter: MeterCoordinator, days: Days, interval: Interval) -> list[Reading]:
    """Return what the cloud recorded (GET …/metrics/history), as far as it can be true.

    It has to fit the last good reading that was polled.
    """
    rows = await async_recorded(meter, ENERGY, days, interval)
    now = dt_util.utcnow()
    # A row of the future, or of an interval that still runs, is no reading yet.
    readings = {
        reading.read_at: reading
        for reading in readings_of(rows, meter.identity.epochs)
        if reading.read_at <= now
    }
    polled = _known(meter)
    known = Register(energy_wh=polled.total_wh, read_at=polled.read_at) if polled else None
    totals = {read_at: readings[read_at].total_wh for read_at in sorted(readings)}
    until = max(totals, default=now) if known is None else known.read_at
    before = {read_at: total_wh for read_at, total_wh in totals.items() if read_at <= until}
    after = {read_at: total_wh for read_at, total_wh in totals.items() if read_at > until}
    find = meter.hass.async_add_executor_job
    good = await find(partial(plausible, before, before=None, after=known))
    later = await find(partial(plausible, after, before=known, after=None))
    return [readings[read_at] for read_at in (*good, *later)]


def _known(meter: MeterCoordinator) -> Reading | None:
    """Return the last good reading that was polled."""
    last = meter.register_guard.last
    return None if last is None else _reading(meter, last, None)


def _reading(meter: MeterCoordinator, register: Register, source: Source | None) -> Reading | None:
    """Return a reading of the present device; None where it is not known from where it counts."""
    total_wh = meter.identity.epochs[-1].total_of(register.energy_wh)
    if total_wh is None:
        return None
    return Reading(
        total_wh=total_wh,
        read_at=register.read_at,
        device_id=meter.device_id,
        register_wh=register.energy_wh,
        source=source,
    )
