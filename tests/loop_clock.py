"""Let time pass for the event loop: all timers that are due fire, and no second is waited for."""

import asyncio
from typing import Self

from homeassistant.core import HomeAssistant


class LoopClock:
    """The clock of the event loop, which can be set forward while nothing is under way."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take the loop's clock over."""
        self._hass = hass
        self._time = hass.loop.time
        self.passed_s = 0.0

    def __enter__(self) -> Self:
        """Put the clock into the loop."""
        self._hass.loop.time = lambda: self._time() + self.passed_s  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        """Give the loop its own clock back."""
        self._hass.loop.time = self._time  # type: ignore[method-assign]

    async def advance(self, seconds: float) -> None:
        """Let time pass, and wait until all that it started is done."""
        self.passed_s += seconds
        # One turn of the loop finds the timers that are due, the next one runs them.
        for _ in range(3):
            await asyncio.sleep(0)
        await self._hass.async_block_till_done(wait_background_tasks=True)

    async def run(self, seconds: float, step: float = 1) -> None:
        """Let a longer time pass, step by step: a timer fires at most one step too late."""
        until = self.passed_s + seconds
        while self.passed_s < until:
            await self.advance(step)
