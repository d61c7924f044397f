"""Bring the history of a meter into Home Assistant's statistics, some days at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .api import Interval, QubeApiError, QubeAuthenticationError, QubeClient
from .const import INDIA
from .days import DAY, Days, today
from .history import Readings, hour_of, hourly_rows, plausible, taken_back, totals_of
from .history_store import HistoryStore
from .hourly_statistics import StoredHour, as_stored, async_read, async_write
from .identity import IdentityStore
from .recorded import parts_of
from .register import Register

WINDOW_DAYS: Final = 30

# The rows around a window bound what its readings can be.
_MARGIN: Final = timedelta(days=7)
_BEGINNING: Final = datetime(1970, 1, 2, tzinfo=INDIA)


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryImport:
    """Read the history of an account's meters through a client, and write it as statistics."""

    hass: HomeAssistant
    client: QubeClient
    identities: IdentityStore
    store: HistoryStore

    async def async_import(
        self, key: str, name: str, days: Days, also: Sequence[Readings] = ()
    ) -> int:
        """Import some days of a meter; return how many hours were new or changed.

        Returns when the recorder has written them. Raises QubeError where the history cannot be
        read.
        """
        hours = await self._async_hours(key, days, also)
        await async_write(self.hass, key, name, hours)
        return len(hours)

    async def _async_hours(
        self, key: str, days: Days, also: Sequence[Readings]
    ) -> list[StoredHour]:
        """Return the hours of some days that are new or changed."""
        readings = [*also, *await self._async_readings(key, days, Interval.HOUR)]
        meter = self.identities.get(key)
        totals = totals_of(readings, meter.epochs) if meter else {}
        if not totals:
            return []
        known = await async_read(self.hass, key, days.start - _MARGIN, days.end + _MARGIN)
        if known and totals[min(totals)] < known[0].total_wh - known[0].use_wh:
            # Older than the first row: from now on all use is counted from here.
            known = await async_read(self.hass, key, _BEGINNING)
        pricing = self.store.pricing(key)
        return await self.hass.async_add_executor_job(
            lambda: as_stored(hourly_rows(totals, known, pricing))
        )

    async def async_plan(self, key: str, name: str, first: date) -> None:
        """Plan the back-fill of a meter from a day on, beside what was planned before.

        Imports the day of the oldest reading: use is counted from the first row of all, so that
        is there before all others. Raises QubeError where the history cannot be read.
        """
        planned_from = self.store[key].planned_from
        if planned_from is None:
            oldest = await self._async_import_oldest(key, name, first)
            windows = Days(first=oldest + DAY, last=today()).parts(WINDOW_DAYS) if oldest else ()
        else:
            windows = Days(first=first, last=planned_from - DAY).parts(WINDOW_DAYS)
        self.store.plan(
            key, tuple(windows), planned_from=min(first, planned_from) if planned_from else first
        )

    async def _async_import_oldest(self, key: str, name: str, first: date) -> date | None:
        """Import the day of the oldest good reading since a day, and return it."""
        whole = Days(first=first, last=today())
        readings = await self._async_readings(key, whole, Interval.DAY)
        meter = self.identities.get(key)
        totals = totals_of(readings, meter.epochs) if meter else {}
        good = await self.hass.async_add_executor_job(
            partial(plausible, totals, before=None, after=self._total_now(key))
        )
        if not good:
            return None
        oldest = hour_of(min(good)).date()
        closing = [each.of_day(oldest) for each in readings]
        await self.async_import(key, name, Days(first=oldest, last=oldest), also=closing)
        return oldest

    async def async_days_missing(self, key: str) -> Days:
        """Return the days that neither rows nor plan reach, at least the last three."""
        now = today()
        soonest = now - 2 * DAY
        known = await async_read(self.hass, key, Days(first=now, last=now).end)
        reached = [row.start.date() for row in known[-1:]]
        reached += [window.last for window in self.store[key].open_windows]
        return Days(first=min(soonest, max(reached, default=soonest)), last=now)

    async def _async_readings(self, key: str, days: Days, interval: Interval) -> list[Readings]:
        readings: list[Readings] = []
        if (meter := self.identities.get(key)) is None:
            # It was removed meanwhile.
            return readings
        for epoch, part in parts_of(days, meter.epochs):
            try:
                registers = await self.client.energy_history(
                    epoch.device_id, part.first, part.last, interval
                )
            except QubeAuthenticationError:
                raise
            except QubeApiError:
                if epoch.device_id == meter.device_id:
                    raise
                # The cloud need not know a device any more that was replaced.
                continue
            # A row of the future, or of the hour that still runs, is no reading yet.
            now = dt_util.utcnow()
            past = {read_at: wh for read_at, wh in registers.items() if read_at <= now}
            readings.append(Readings(device_id=epoch.device_id, energy_wh=past))
        return readings

    def _total_now(self, key: str) -> Register | None:
        meter = self.identities.get(key)
        if meter is None or meter.register is None:
            return None
        total_wh = self.identities.total_wh(key, meter.register.energy_wh)
        if total_wh is None:
            return None
        return Register(energy_wh=total_wh, read_at=meter.register.read_at)

    async def async_take_back(self, key: str, name: str, since: datetime, total_wh: int) -> None:
        """Take back what was imported of a device that was not this meter's, from a time on."""
        known = await async_read(self.hass, key, since - _MARGIN)
        rows = taken_back(known, since, total_wh, self.store.pricing(key))
        await async_write(self.hass, key, name, as_stored(rows))
