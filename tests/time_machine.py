"""Let hours and months pass: for Home Assistant's clocks and timers, and for the cloud."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import event
from homeassistant.util import dt as dt_util

from tests.simulator import ManualClock


class TimeMachine:
    """The time of a test, which stands still until it is told to pass."""

    def __init__(self, hass: HomeAssistant, clock: ManualClock) -> None:
        """Begin at the time of the cloud's clock."""
        self._hass = hass
        self._clock = clock
        self._loop_time = hass.loop.time
        self._passed_s = 0.0
        self.ahead = timedelta()

    @property
    def now(self) -> datetime:
        """Return the time in UTC, as Home Assistant's clock shows it."""
        return self._clock.now.astimezone(UTC) + self.ahead

    def _timestamp(self) -> float:
        return self.now.timestamp()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take over all clocks."""
        time = SimpleNamespace(time=self._timestamp)
        with (
            patch.object(dt_util, "utcnow", lambda: self.now),
            patch.object(event, "time_tracker_utcnow", lambda: self.now),
            patch.object(event, "time_tracker_timestamp", self._timestamp),
            patch.object(event, "time", time),
            patch.object(self._hass.loop, "time", lambda: self._loop_time() + self._passed_s),
        ):
            yield

    async def set_clock(self, ahead: timedelta) -> None:
        """Set Home Assistant's clock ahead of the true time, or behind it, or right again."""
        self.ahead = ahead
        await self._hass.async_block_till_done(wait_background_tasks=True)

    async def pass_by(self, step: timedelta) -> None:
        """Let a time pass at once; timers that were due meanwhile fire at its end, late."""
        self._clock.advance(step)
        self._passed_s += step.total_seconds()
        # One turn of the loop finds the timers that are due, the next one runs them.
        for _ in range(3):
            await asyncio.sleep(0)
        await self._hass.async_block_till_done(wait_background_tasks=True)

    async def run(self, duration: timedelta, step: timedelta) -> None:
        """Let a time pass step by step: no timer fires more than a step too late."""
        end = self.now + duration
        while self.now < end:
            await self.pass_by(min(step, end - self.now))

    async def run_until(self, moment: datetime, step: timedelta) -> None:
        """Let the time pass until a moment."""
        await self.run(moment - self.now, step)
