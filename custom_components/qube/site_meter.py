"""One site's main meter while it runs: its latest records, its history, and what is lost."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, override

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import TimestampDataUpdateCoordinator
from sqlalchemy.exc import SQLAlchemyError

from .api import QubeAuthenticationError, QubeError
from .back_fill import history_signal
from .const import LOGGER
from .days import DAY, Days, today
from .devices import space_identifier
from .errors import site_update_failed
from .hourly_statistics import async_totals_at
from .interval_history import Span, Told
from .reconciliation import Completeness, Reconciliation, reconcile
from .runtime import QubeConfigEntry
from .site_history import LATE_DAYS, WINDOW_DAYS, SiteHistory
from .site_repairs import async_tell_rejected, async_withdraw_rejected
from .site_terms import Flow, SiteTerms, site_client, site_terms_of

INTERVAL: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteView:
    """What is shown of a main meter; energy in Wh, None where a part of the time is not told.

    `month` is the month that yesterday was in, up to the end of yesterday.
    """

    latest_at: datetime | None
    lowest_confidence: float | None
    yesterday_wh: Mapping[Flow, int | None]
    this_month_wh: Mapping[Flow, int | None]
    yesterday: Reconciliation
    month: Reconciliation


class SiteMeter(TimestampDataUpdateCoordinator[SiteView]):
    """Read one main meter each hour, whether or not any of its entities is on."""

    config_entry: QubeConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: QubeConfigEntry, subentry: ConfigSubentry
    ) -> None:
        """Take what the subentry says."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"main meter {subentry.subentry_id}",
            update_interval=INTERVAL,
        )
        self.site_id = subentry.subentry_id
        self.title = subentry.title
        self.terms: SiteTerms = site_terms_of(subentry.data)
        self.client = site_client(hass, subentry.data)
        self.history = SiteHistory(hass=hass, client=self.client, terms=self.terms, name=self.title)
        self.is_rejected = False
        self.is_filled = False
        self.rows = 0
        self._energy_wh: dict[Flow, dict[Span, int]] = {flow: {} for flow in self.terms.flows}
        self._confidences: dict[Span, float] = {}
        self._read_on: date | None = None
        self._filling = asyncio.Lock()
        self._stop_following: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Read now and each hour from now on."""
        # Statistics have to go on where all entities are off.
        self.async_add_listener(lambda: None)
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"first records of {self.title}"
        )
        self._stop_following = async_dispatcher_connect(
            self.hass, history_signal(self.config_entry), self._async_follow_import
        )

    @override
    async def async_shutdown(self) -> None:
        """Read no more."""
        await super().async_shutdown()
        self._async_stop_following()
        async_withdraw_rejected(self.hass, self.site_id)

    @callback
    def _async_follow_import(self) -> None:
        """Compare anew once the history of all meters is there: at first it is not."""
        progress = self.config_entry.runtime_data.back_fill.progress
        if self.last_update_success and all(progress(key) == 1 for key in self.meter_keys):
            self._async_stop_following()
            self.config_entry.async_create_background_task(
                self.hass, self._async_compare(), f"losses of {self.title}"
            )

    @callback
    def _async_stop_following(self) -> None:
        if self._stop_following is not None:
            self._stop_following()
            self._stop_following = None

    async def _async_compare(self) -> None:
        self.async_set_updated_data(await self._async_view())

    @property
    def meter_keys(self) -> list[str]:
        """Return the meters behind this one, as they are now."""
        spaces = self.config_entry.runtime_data.devices.spaces
        space = spaces.get(space_identifier(self.terms.space_id))
        return [] if space is None else space.meter_keys

    @override
    async def _async_update_data(self) -> SiteView:
        """Read the records that are new or may have come late, and keep them."""
        try:
            days = await self._async_read()
        except QubeAuthenticationError as err:
            self.is_rejected = True
            # Asking on with a refused key could lock the account; the repair reloads.
            self.update_interval = None
            async_tell_rejected(self)
            raise site_update_failed(err) from err
        except QubeError as err:
            raise site_update_failed(err) from err
        self._async_fill(days.first)
        return await self._async_view()

    async def _async_read(self) -> Days:
        """Read the records of some days, and return these."""
        now = today()
        # What is very late is found once a day.
        first = now - LATE_DAYS * DAY if self._read_on == now else _kept_since(now)
        days = Days(first=first, last=now)
        for flow in self.terms.flows:
            records = await self.history.async_records(flow, days)
            self._energy_wh[flow].update(self.history.intervals_of(records))
            for record in records:
                if record.confidence is not None:
                    self._confidences[record.started_at, record.ended_at] = record.confidence
        self._read_on = now
        self._drop_before(Days(first=_kept_since(now), last=now).start)
        return days

    def _drop_before(self, start: datetime) -> None:
        for flow, energy_wh in self._energy_wh.items():
            self._energy_wh[flow] = {
                span: span_wh for span, span_wh in energy_wh.items() if span[1] > start
            }
        self._confidences = {
            span: confidence for span, confidence in self._confidences.items() if span[1] > start
        }

    @callback
    def _async_fill(self, read_from: date) -> None:
        """Bring what was read, and all that is missing, into the statistics, beside the rest."""
        if self.config_entry.runtime_data.back_fill.is_wanted and not self._filling.locked():
            self.config_entry.async_create_background_task(
                self.hass, self._async_fill_up(read_from), f"history of {self.title}"
            )

    async def _async_fill_up(self, read_from: date) -> None:
        async with self._filling:
            try:
                for flow in self.terms.flows:
                    await self._async_fill_flow(flow, read_from)
                self.is_filled = True
            except (QubeError, SQLAlchemyError) as err:
                LOGGER.debug("The history of a main meter has to wait: %s", err)

    async def _async_fill_flow(self, flow: Flow, read_from: date) -> None:
        """Import the oldest first: each row is summed up from the one before it."""
        now = today()
        wanted = self.config_entry.runtime_data.back_fill.days
        missing = await self.history.async_days_missing(flow, wanted)
        kept_since = _kept_since(now)
        older = Days(first=missing.first, last=kept_since - DAY)
        for part in reversed([*older.parts(WINDOW_DAYS)]):
            self.rows += await self.history.async_import(flow, part)
        first = max(min(missing.first, read_from), kept_since, now - wanted * DAY)
        start = Days(first=first, last=now).start
        told = {span: wh for span, wh in self._energy_wh[flow].items() if span[0] >= start}
        self.rows += await self.history.async_keep(flow, Told(told))

    async def _async_view(self) -> SiteView:
        told = {flow: Told(energy_wh) for flow, energy_wh in self._energy_wh.items()}
        now = today()
        yesterday = Days(first=now - DAY, last=now - DAY)
        latest_at = told[Flow.IMPORT].until
        month_start = Days(first=now.replace(day=1), last=now).start
        return SiteView(
            latest_at=latest_at,
            lowest_confidence=self._lowest_confidence(latest_at),
            yesterday_wh={
                flow: each.energy_wh(yesterday.start, yesterday.end) for flow, each in told.items()
            },
            this_month_wh={
                flow: each.energy_wh(month_start, each.until)
                if each.until and each.until > month_start
                else None
                for flow, each in told.items()
            },
            yesterday=(await self.async_reconcile([yesterday], told))[0],
            month=(
                await self.async_reconcile(
                    [Days(first=_month_start(now), last=yesterday.last)], told
                )
            )[0],
        )

    def _lowest_confidence(self, latest_at: datetime | None) -> float | None:
        if latest_at is None:
            return None
        since = latest_at - DAY
        return min(
            (each for span, each in self._confidences.items() if span[1] > since), default=None
        )

    async def async_reconcile(
        self, spans: list[Days], told: Mapping[Flow, Told]
    ) -> list[Reconciliation]:
        """Return the main meter's energy against that of the meters behind it, for each span."""
        keys = self.meter_keys
        moments = {moment for days in spans for moment in (days.start, days.end)}
        totals: Mapping[datetime, Mapping[str, int]] = {}
        if RECORDER in self.hass.config.components and keys:
            totals = await async_totals_at(self.hass, keys, moments)
        now = today()
        return [
            Reconciliation(completeness=Completeness.NOT_OVER)
            if days.last >= now
            else reconcile(
                main_wh=_net_wh(told, days),
                keys=keys,
                opening_wh=totals.get(days.start, {}),
                closing_wh=totals.get(days.end, {}),
                price_millipaise_per_kwh=self.terms.price_millipaise_per_kwh,
            )
            for days in spans
        ]


def _month_start(day: date) -> date:
    """Return the first day of the month that the day before was in."""
    return (day - DAY).replace(day=1)


def _kept_since(day: date) -> date:
    """Return from which day on records are kept: for what is shown, and to notice late ones."""
    return min(_month_start(day), day - WINDOW_DAYS * DAY)


def _net_wh(told: Mapping[Flow, Told], days: Days) -> int | None:
    """Return what came in and did not go out again, in Wh; None where a part is not told."""
    net_wh = 0
    for flow, each in told.items():
        if (energy_wh := each.energy_wh(days.start, days.end)) is None:
            return None
        net_wh += energy_wh if flow is Flow.IMPORT else -energy_wh
    return net_wh
