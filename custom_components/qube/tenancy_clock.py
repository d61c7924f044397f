"""When a tenancy's turn comes: at its checks, at a change of rates, and to try again."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .billing.models import Rates
from .billing.terms import CheckInterval, next_check

# A history that could not be read, or a cut that waits for something to pass, is tried again.
RETRY_DELAY: Final = timedelta(minutes=5)


class TenancyClock:
    """Wake one tenancy at its times; the timer depends on no poll and no entity."""

    def __init__(self, hass: HomeAssistant, async_wake: Callable[[], None]) -> None:
        """Wake by calling."""
        self.is_check_due = False
        self._hass = hass
        self._async_wake = async_wake
        self._checks: CheckInterval | None = None
        self._next_check: datetime | None = None
        self._wakes_at: datetime | None = None
        self._stop: CALLBACK_TYPE | None = None

    def set_checks(self, checks: CheckInterval, checked_at: datetime) -> None:
        """Check at these times; a check that was missed since the last one is due at once."""
        if checks == self._checks:
            return
        now = dt_util.utcnow()
        self.is_check_due |= next_check(checks, checked_at) <= now
        self._checks, self._next_check = checks, next_check(checks, now)

    @callback
    def async_arm(self, rates: Iterable[Rates], *, is_retry_due: bool) -> None:
        """Wait for what comes first: a check, rates that come into force, or a new try."""
        self.async_cancel()
        now = dt_util.utcnow()
        times = [version.valid_from for version in rates if version.valid_from > now]
        if self._next_check is not None:
            times.append(self._next_check)
        if is_retry_due:
            times.append(now + RETRY_DELAY)
        if times:
            self._wakes_at = min(times)
            self._stop = async_track_point_in_utc_time(
                self._hass,
                HassJob(self._async_fire, "qube tenancy", cancel_on_shutdown=True),
                self._wakes_at,
            )

    @callback
    def async_look(self) -> None:
        """See whether the clock was set; to be called now and then, as timers do not see that.

        One that was set forward has passed the time to wake, one that was set back would make the
        next check wait until it is there again.
        """
        now = dt_util.utcnow()
        if self._wakes_at is not None and now >= self._wakes_at:
            self.async_cancel()
            self._async_fire(now)
        elif self._checks is not None and self._next_check is not None:
            next_one = next_check(self._checks, now)
            if next_one < self._next_check:
                self._next_check = next_one
                self._async_wake()

    @callback
    def async_cancel(self) -> None:
        """Wake no more."""
        self._wakes_at = None
        if self._stop is not None:
            self._stop()
            self._stop = None

    @callback
    def _async_fire(self, _now: datetime) -> None:
        self._stop = self._wakes_at = None
        now = dt_util.utcnow()
        if self._checks is not None and self._next_check is not None and now >= self._next_check:
            self.is_check_due = True
            self._next_check = next_check(self._checks, now)
        self._async_wake()
