"""What a tenancy reads of its meter: each poll, and after a gap what the cloud kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from .api import QubeError
from .billing.errors import RefusedError
from .billing.models import Reading
from .clock_watch import is_clock_wrong
from .const import CONF_READING_INTERVAL, DEFAULT_READING_INTERVAL_S
from .coordinator import MeterCoordinator
from .devices import Devices
from .opening_reading import async_reading_now
from .reading_watch import ReadingWatch, polled_reading
from .register_readings import async_fill, gaps_between
from .runtime import QubeConfigEntry

# Between polls that are so many intervals apart, the source was seen all the time.
INTERVALS_WATCHED: Final = 2.5

# For so long a gap waits for a history that cannot be read; then it is charged by its ends.
HISTORY_PATIENCE: Final = timedelta(hours=6)


class Seen(Protocol):
    """What is told of each poll."""

    def __call__(self, *, is_charge_due: bool) -> None:
        """Say whether the source, or the day, is another one than at the poll before."""


class TenancyMeter:
    """Follow one meter while the cloud lists it, and collect the readings that are to be charged.

    To listen to the meter keeps it polled, though all its entities may be off.
    """

    def __init__(
        self,
        entry: QubeConfigEntry,
        devices: Devices,
        key: str,
        async_seen: Seen,
    ) -> None:
        """Follow the meter with a key, and tell of each poll."""
        self.key = key
        self._devices = devices
        self._async_seen = async_seen
        interval_s = entry.options.get(CONF_READING_INTERVAL, DEFAULT_READING_INTERVAL_S)
        self._interval = timedelta(seconds=interval_s)
        self._watch = ReadingWatch()
        self._followed: MeterCoordinator | None = None
        self._stop: CALLBACK_TYPE | None = None
        self._history_failed_at: datetime | None = None

    @property
    def coordinator(self) -> MeterCoordinator | None:
        """Return what reads the meter; None while the cloud does not list it."""
        return self._devices.meters.get(self.key)

    @property
    def name(self) -> str:
        """Return the meter's name and space, for bills; its key where it is not listed."""
        meter = self.coordinator
        return meter.name_with_space if meter else self.key

    @property
    def is_clock_wrong(self) -> bool:
        """Return whether the cloud's clock contradicts Home Assistant's."""
        meter = self.coordinator
        return meter is not None and is_clock_wrong(meter.client.answered_at, dt_util.utcnow())

    @callback
    def async_attach(self) -> None:
        """Follow the meter that is listed now, if it is another one than before."""
        meter = self.coordinator
        if meter is self._followed:
            return
        self.async_detach()
        self._followed = meter
        if meter is not None:
            self._stop = meter.async_add_listener(self._async_polled)
            self._async_polled()

    @callback
    def async_detach(self) -> None:
        """Follow no meter any more."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        self._followed = None

    @callback
    def _async_polled(self) -> None:
        self._async_seen(is_charge_due=self._take_last_poll())

    def _take_last_poll(self) -> bool:
        """Keep what the last poll read; return whether that is to be charged at once."""
        reading = polled_reading(self._followed) if self._followed else None
        return reading is not None and self._watch.see(reading, self._interval * INTERVALS_WATCHED)

    async def async_poll_if_stale(self) -> None:
        """Read the meter where nobody did: polling may be disabled."""
        meter = self.coordinator
        if meter is None:
            return
        last = meter.register_guard.last
        # A clock that was set back is no sign of a fresh reading.
        if (
            last is None
            or abs(dt_util.utcnow() - last.read_at) > self._interval * INTERVALS_WATCHED
        ):
            await meter.async_refresh()

    async def async_readings(self, cursor: Reading) -> tuple[Sequence[Reading], bool]:
        """Return what there is to charge after a reading, by time, and whether that is all.

        It is not where the history of a gap could not be read: what comes after waits, for some
        hours at most.
        """
        # A poll that finds all as it was tells no listener; but it is no older for that.
        self._take_last_poll()
        waiting = [each for each in self._watch.waiting if each.read_at > cursor.read_at]
        gaps = gaps_between([cursor, *waiting])
        if not gaps:
            self._history_failed_at = None
            return waiting, True
        meter = self.coordinator
        try:
            if meter is not None:
                filled = await async_fill(meter, [cursor, *waiting])
                self._history_failed_at = None
                return filled[1:], True
        except QubeError:
            pass
        now = dt_util.utcnow()
        self._history_failed_at = self._history_failed_at or now
        if now - self._history_failed_at >= HISTORY_PATIENCE:
            return waiting, True
        first_gap = gaps[0][1].read_at
        return [each for each in waiting if each.read_at < first_gap], False

    async def async_final_readings(self, cursor: Reading) -> Sequence[Reading]:
        """Return what there is to charge up to the last reading that can be had.

        Nothing where the cloud does not list the meter any more. Raises QubeError where history is
        needed and cannot be read, RefusedError where the register is held back.
        """
        meter = self.coordinator
        if meter is None:
            return self._watch.waiting
        final = await async_reading_now(meter)
        if final is None:
            raise RefusedError("no_final_reading")
        waiting = [each for each in self._watch.waiting if each.read_at > cursor.read_at]
        if final.read_at > max(each.read_at for each in [cursor, *waiting]):
            waiting.append(final)
        return (await async_fill(meter, [cursor, *waiting]))[1:]

    def forget(self, cursor: Reading) -> None:
        """Let go of what is charged."""
        self._watch.forget(cursor)
