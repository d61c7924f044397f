"""The history of all meters: back-filled newest first, then kept correct, hour by hour."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from functools import partial
from heapq import heappop, heappush
from itertools import chain, count
from typing import Final

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType
from sqlalchemy.exc import SQLAlchemyError

from .api import QubeError, QubeRateLimitError
from .const import CONF_HISTORY_DAYS, DEFAULT_HISTORY_DAYS, DOMAIN, LOGGER
from .coordinator import MeterCoordinator, meters_signal
from .days import DAY, Days, today
from .history_import import WINDOW_DAYS, HistoryImport
from .hourly_statistics import cost_statistic_id, energy_statistic_id
from .inventory import InventoryCoordinator
from .runtime import QubeConfigEntry

# Live readings and commands keep the other six of the account's requests.
WORKERS: Final = 2
# An Indian hour ends at half past; the last reading of it needs some minutes to the cloud.
MINUTE: Final = 36
LATE_DAYS: Final = 3
VERY_LATE_DAYS: Final = 30
TELL_EACH_S: Final = 1


class Priority(IntEnum):
    """What goes first."""

    PLAN = 0
    CORRECT = 1
    BACK_FILL = 2


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Job:
    """Something to import; of equals the one of the newer days first, then the older job.

    Without a window the days are found out when its turn comes.
    """

    priority: Priority
    age_days: int
    serial: int
    key: str = field(compare=False)
    window: Days | None = field(compare=False)


def history_signal(entry: QubeConfigEntry) -> SignalType[()]:
    """Return the signal for progress with the history of an account."""
    return SignalType(f"{DOMAIN}_{entry.entry_id}_history")


class BackFill:
    """Work through what there is to import of an account's meters, in the background."""

    def __init__(
        self, hass: HomeAssistant, entry: QubeConfigEntry, importer: HistoryImport
    ) -> None:
        """Import with the given importer."""
        self._hass = hass
        self._entry = entry
        self._importer = importer
        self._store = importer.store
        self._jobs: list[Job] = []
        self._serials = count()
        self._meters: dict[str, MeterCoordinator] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._workers = 0
        # Jobs of meters whose history could not be read, until the cloud answers again.
        self._parked: dict[str, list[Job]] = {}
        self._corrected_on = today()
        self._logged_percent = 0
        self._rows = 0
        self._tell_next_at_s = 0.0

    @callback
    def async_start(self, inventory: InventoryCoordinator) -> None:
        """Import from now on, until the account is unloaded; without a recorder do nothing."""
        if not self._has_recorder:
            return
        entry = self._entry
        for stop in (
            async_dispatcher_connect(self._hass, meters_signal(entry), self._async_add),
            async_track_utc_time_change(self._hass, self._async_correct, minute=MINUTE, second=0),
            inventory.async_add_listener(self._async_retry),
        ):
            entry.async_on_unload(stop)

    def progress(self, key: str) -> float:
        """Return which part of a meter's back-fill is done, from 0 to 1."""
        history = self._store[key]
        if history.planned_from is None:
            return 0.0
        return 1 - len(history.open_windows) / history.windows if history.windows else 1.0

    async def async_import(self, meter: MeterCoordinator, days: Days) -> dict[Days, int]:
        """Import some days of a meter now; return how many hours changed in which days.

        Raises QubeError where the history cannot be read.
        """
        done: dict[Days, int] = {}
        # Oldest first: a first row that is new would change all that come after it.
        for part in reversed([*days.parts(WINDOW_DAYS)]):
            async with self._locks[meter.key]:
                done[part] = await self._importer.async_import(
                    meter.key, meter.name_with_space, part
                )
        return done

    @callback
    def async_take_back(self, meter: MeterCoordinator, since: datetime, total_wh: int) -> None:
        """Take back what a meter has had since a time: the device was not its own."""
        if self._has_recorder:
            self._entry.async_create_background_task(
                self._hass,
                self._async_take_back(meter, since, total_wh),
                f"history of {meter.name}",
            )

    async def _async_take_back(
        self, meter: MeterCoordinator, since: datetime, total_wh: int
    ) -> None:
        async with self._locks[meter.key]:
            await self._importer.async_take_back(meter.key, meter.name_with_space, since, total_wh)

    @callback
    def async_merge(self, key: str, into: str) -> None:
        """Give the history of one meter to another one, whose device it turned out to be."""
        self._store.forget(key)
        # What the device has measured since it hangs here is the other one's to be fetched.
        self._store.forget_plan(into)
        if self._has_recorder:
            get_instance(self._hass).async_clear_statistics(
                [energy_statistic_id(key), cost_statistic_id(key)]
            )

    @property
    def is_wanted(self) -> bool:
        """Return whether history is imported without being asked for."""
        return self._has_recorder and self.days > 0

    @property
    def _has_recorder(self) -> bool:
        return RECORDER in self._hass.config.components

    @property
    def days(self) -> int:
        """Return how many days of history are wanted."""
        days: int = self._entry.options.get(CONF_HISTORY_DAYS, DEFAULT_HISTORY_DAYS)
        return days

    @callback
    def _async_add(self, meters: list[MeterCoordinator]) -> None:
        """Begin with meters that were not seen before."""
        for meter in meters:
            if self._meters.get(meter.key) is meter:
                continue
            self._meters[meter.key] = meter
            see = partial(self._async_see, meter)
            self._entry.async_on_unload(meter.async_add_listener(see))
            see()
            if self.days:
                self._async_begin(meter.key)

    @callback
    def _async_begin(self, key: str) -> None:
        """Go on with what is planned for a meter, and plan what is not."""
        if self._store[key].planned_from is not None:
            self._async_put(Priority.CORRECT, key)
        self._async_put(Priority.PLAN, key)
        for window in self._store[key].open_windows:
            self._async_put(Priority.BACK_FILL, key, window)

    @callback
    def _async_see(self, meter: MeterCoordinator) -> None:
        """Notice the tariffs that a meter shows."""
        data = meter.observed
        if data is not None and data.metrics is not None and data.energy_wh is not None:
            self._store.see(
                meter.key, data.metrics, total_wh=data.energy_wh, seen_at=dt_util.utcnow()
            )

    @callback
    def _async_correct(self, _now: datetime) -> None:
        """Read the last days of all meters again: readings may come late."""
        if not self.days:
            return
        now = today()
        days = LATE_DAYS if self._corrected_on == now else VERY_LATE_DAYS
        self._corrected_on = now
        window = Days(first=now - (days - 1) * DAY, last=now)
        # A worker begins at once, and lets go of meters that were removed.
        for key in tuple(self._meters):
            self._async_put(Priority.CORRECT, key, window)
            if self._store[key].planned_from is None:
                self._async_put(Priority.PLAN, key)

    @callback
    def _async_retry(self) -> None:
        """Try again what could not be read, now that the cloud answers."""
        if self._entry.runtime_data.inventory.last_update_success:
            parked, self._parked = self._parked, {}
            for job in chain.from_iterable(parked.values()):
                self._async_queue(job)

    @callback
    def _async_put(self, priority: Priority, key: str, window: Days | None = None) -> None:
        age_days = (today() - window.last).days if window else 0
        serial = next(self._serials)
        self._async_queue(
            Job(priority=priority, age_days=age_days, serial=serial, key=key, window=window)
        )

    @callback
    def _async_queue(self, job: Job) -> None:
        heappush(self._jobs, job)
        if self._workers < WORKERS:
            self._workers += 1
            self._entry.async_create_background_task(
                self._hass, self._async_work(), f"history of {self._entry.title}"
            )

    async def _async_work(self) -> None:
        """Do what is to be done, until nothing is left."""
        try:
            while self._jobs:
                job = heappop(self._jobs)
                meter = self._entry.runtime_data.devices.meters.get(job.key)
                if meter is None:
                    self._meters.pop(job.key, None)
                else:
                    await self._async_try(job, meter)
                self._async_tell()
        finally:
            self._workers -= 1

    async def _async_try(self, job: Job, meter: MeterCoordinator) -> None:
        try:
            async with self._locks[job.key]:
                if job.key in self._parked:
                    # Another job of the meter has failed, maybe while this one waited.
                    self._parked[job.key].append(job)
                else:
                    await self._async_do(job, meter.key, meter.name_with_space)
        except QubeRateLimitError as err:
            self._async_queue(job)
            await asyncio.sleep(err.retry_after)
        except (QubeError, SQLAlchemyError) as err:
            LOGGER.debug("The history of meter %s has to wait: %s", job.key, err)
            self._parked.setdefault(job.key, []).append(job)

    async def _async_do(self, job: Job, key: str, name: str) -> None:
        if job.priority is Priority.PLAN:
            # The day before the first one tells where that one's use begins.
            first = today() - (self.days + 1) * DAY
            before = self._store[key].open_windows
            await self._importer.async_plan(key, name, first)
            for window in self._store[key].open_windows:
                if window not in before:
                    self._async_put(Priority.BACK_FILL, key, window)
        elif job.window is None:
            missing = await self._importer.async_days_missing(key)
            for part in missing.parts(WINDOW_DAYS):
                await self._importer.async_import(key, name, part)
        else:
            rows = await self._importer.async_import(key, name, job.window)
            # Not before it is done: the other worker counts, too.
            self._rows += rows
            self._store.close_window(key, job.window)

    @callback
    def _async_tell(self) -> None:
        """Tell the progress where it is shown, and the log at every tenth.

        All meters are summed up for it, so it is told once in a second, and when all is done.
        """
        now_s = self._hass.loop.time()
        if self._jobs and now_s < self._tell_next_at_s:
            return
        self._tell_next_at_s = now_s + TELL_EACH_S
        async_dispatcher_send(self._hass, history_signal(self._entry))
        percent = int(100 * sum(map(self.progress, self._meters)) / max(1, len(self._meters)))
        if percent // 10 > self._logged_percent // 10:
            LOGGER.info(
                "History of %s: %s %% imported, %s rows", self._entry.title, percent, self._rows
            )
        self._logged_percent = percent
