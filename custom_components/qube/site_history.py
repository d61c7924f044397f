"""The records of a site's main meter, read and kept as hourly statistics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .api import FlatPeakClient, MeterRecord, Order, RecordQuery
from .const import INDIA
from .days import DAY, Days, today
from .history import HOUR, HourRow
from .hourly_statistics import Series, as_stored, async_read, async_write, flow_series
from .interval_history import Intervals, Told, hourly_use, summed_rows
from .site_terms import Flow, SiteTerms

WINDOW_DAYS: Final = 30
# Records may come late, as those of meters do.
LATE_DAYS: Final = 3

# A month of half-hours fits; more at once would hold up the event loop while they are parsed.
_PAGE: Final = 1_500
# The row before a window is near, unless records are missing.
_MARGIN: Final = timedelta(days=7)
_BEGINNING: Final = datetime(1970, 1, 2, tzinfo=INDIA)


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteHistory:
    """Read the records of one main meter, and write them as statistics."""

    hass: HomeAssistant
    client: FlatPeakClient
    terms: SiteTerms
    name: str

    async def async_records(self, flow: Flow, days: Days) -> list[MeterRecord]:
        """Return the records of some days that are over. Raises QubeError."""
        query = RecordQuery(
            device_id=self.terms.device_id,
            direction=flow.direction,
            order_by=Order.OLDEST,
            limit=_PAGE,
        )
        records = await self.client.records(query, days.start, days.end)
        now = dt_util.utcnow()
        return [record for record in records if record.ended_at <= now]

    async def async_told(self, flow: Flow, days: Days) -> Told:
        """Return what is told of some days. Raises QubeError."""
        return Told(self.intervals_of(await self.async_records(flow, days)))

    def intervals_of(self, records: list[MeterRecord]) -> Intervals:
        """Return the energy of records, in Wh."""
        return {
            (record.started_at, record.ended_at): self.terms.energy_wh(record.value)
            for record in records
        }

    async def async_import(self, flow: Flow, days: Days) -> int:
        """Bring some days into the statistics; return how many hours were new or changed.

        Raises QubeError where the records cannot be read.
        """
        return await self.async_keep(flow, await self.async_told(flow, days))

    async def async_keep(self, flow: Flow, told: Told) -> int:
        """Bring what is told into the statistics; return how many hours were new or changed."""
        # An hour that still runs has no row: it would be corrected each time.
        now = dt_util.utcnow()
        used_wh = await self.hass.async_add_executor_job(hourly_use, told.intervals)
        used_wh = {start: energy_wh for start, energy_wh in used_wh.items() if start + HOUR <= now}
        if not used_wh:
            return 0
        series = self._series(flow)
        known = await self._async_known(series, min(used_wh))
        rows = await self.hass.async_add_executor_job(summed_rows, used_wh, known)
        await async_write(self.hass, series, as_stored(rows))
        return len(rows)

    async def async_days_missing(self, flow: Flow, wanted: int) -> Days:
        """Return the days that no row reaches, of those wanted, and at least the last ones."""
        now = today()
        # Without rows there is none; else this is the newest one.
        newest = await async_read(self.hass, self._series(flow), Days(first=now, last=now).end)
        first = now - wanted * DAY
        if newest:
            first = newest[-1].start.date() - LATE_DAYS * DAY
        return Days(first=min(first, now - (LATE_DAYS - 1) * DAY), last=now)

    async def _async_known(self, series: Series, first: datetime) -> list[HourRow]:
        """Return the rows from one before an hour on, or from the very first one."""
        known = await async_read(self.hass, series, first - _MARGIN)
        if known and known[0].start < first:
            return known
        return await async_read(self.hass, series, _BEGINNING)

    def _series(self, flow: Flow) -> Series:
        return flow_series(self.terms.device_id, flow.value, self.name)
