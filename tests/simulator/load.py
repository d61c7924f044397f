"""What a room draws: a load curve whose integral is known at every instant.

Power is constant within a minute, in whole deciwatts, and is *defined* as the step of a cumulative
curve. So the energy between any two instants is one subtraction, exact, however far apart they are.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import accumulate
from math import cos, pi
from random import Random
from typing import Final

from .clock import MINUTE_MS, split_day
from .noise import derive, mix

# Energy is counted in deciwatt-milliseconds (0.1 mJ): power times time stays a whole number.
UNITS_PER_WH: Final = 36_000_000

_STEPS_PER_WH: Final = UNITS_PER_WH // MINUTE_MS
_MINUTES_PER_DAY: Final = 1440
_DAYS_PER_CYCLE: Final = 1461
_VARIANTS: Final = 7
_HOTTEST_DAY: Final = 140
_DAILY_SPREAD_PERMILLE: Final = 300
_LEAST_DAY_PERMILLE: Final = 350


class Character(StrEnum):
    """Who lives or works behind a meter."""

    FAMILY = "family"
    PROFESSIONAL = "professional"
    STUDENT = "student"
    OFFICE = "office"
    SHOP = "shop"


# Relative load of each hour from midnight; 100 is about the day's mean.
_HOURLY: Final[dict[Character, tuple[int, ...]]] = {
    Character.FAMILY: (
        *(70, 65, 60, 60, 65, 90, 140, 150, 120, 90, 80, 80),
        *(95, 100, 85, 80, 85, 100, 130, 160, 170, 160, 130, 95),
    ),
    Character.PROFESSIONAL: (
        *(120, 110, 100, 95, 90, 90, 130, 160, 110, 40, 30, 30),
        *(30, 30, 30, 30, 35, 50, 100, 150, 180, 190, 180, 150),
    ),
    Character.STUDENT: (
        *(170, 150, 110, 80, 60, 50, 50, 70, 100, 70, 50, 50),
        *(70, 90, 90, 80, 80, 90, 100, 120, 140, 160, 180, 180),
    ),
    Character.OFFICE: (
        *(30, 30, 30, 30, 30, 30, 40, 60, 110, 200, 230, 230),
        *(210, 200, 230, 240, 230, 200, 130, 70, 40, 30, 30, 30),
    ),
    Character.SHOP: (
        *(40, 40, 40, 40, 40, 45, 60, 80, 100, 130, 150, 150),
        *(150, 140, 120, 120, 130, 150, 180, 200, 200, 160, 90, 50),
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """How one kind of day spreads its energy over the minutes."""

    cumulative: tuple[int, ...]
    total: int
    least: int


class LoadCurve:
    """One room's demand for energy over all time."""

    def __init__(self, *, seed: int, character: Character, daily_wh: int) -> None:
        """Take who lives there and the energy of a mean day in Wh."""
        self._seed = seed
        self._daily_steps = daily_wh * _STEPS_PER_WH
        self._profiles = _profiles(character)
        self._spread = max(1, self._daily_steps * _DAILY_SPREAD_PERMILLE // 1000)
        least_day = self._daily_steps * _LEAST_DAY_PERMILLE // 1000
        self._flicker = max(1, min(least_day * p.least // p.total for p in self._profiles))
        self._day: tuple[int, int, int, Profile] = self._plan(0)

    def at(self, time_ms: int) -> tuple[int, int]:
        """Return the energy demanded since long ago, in units, and the power in deciwatts."""
        day, into_day_ms = split_day(time_ms)
        minute, into_minute_ms = divmod(into_day_ms, MINUTE_MS)
        if self._day[0] != day:
            self._day = self._plan(day)
        _, start, steps, profile = self._day
        before = start + self._step(day, minute, steps, profile)
        power_dw = start + self._step(day, minute + 1, steps, profile) - before
        return before * MINUTE_MS + power_dw * into_minute_ms, power_dw

    def _step(self, day: int, minute: int, steps: int, profile: Profile) -> int:
        flicker = mix(self._seed, day * _MINUTES_PER_DAY + minute) % self._flicker
        return steps * profile.cumulative[minute] // profile.total + flicker

    def _plan(self, day: int) -> tuple[int, int, int, Profile]:
        start = self._before(day)
        profile = self._profiles[mix(self._seed, day, 2) % len(self._profiles)]
        return day, start, self._before(day + 1) - start, profile

    def _before(self, day: int) -> int:
        """Return the energy of all days before one; the noise cancels out but for the two ends."""
        cycles, into_cycle = divmod(day, _DAYS_PER_CYCLE)
        season = _season()
        season_permille = cycles * season[-1] + season[into_cycle]
        return self._daily_steps * season_permille // 1000 + mix(self._seed, day, 1) % self._spread


@cache
def _season() -> tuple[int, ...]:
    """Return the sum of the days' factors in per mille, over four years from 1970."""
    factors = (
        1000 + round(350 * cos(2 * pi * (day - _HOTTEST_DAY) / 365.25))
        for day in range(_DAYS_PER_CYCLE)
    )
    return tuple(accumulate(factors, initial=0))


@cache
def _profiles(character: Character) -> tuple[Profile, ...]:
    rng = Random(derive(0, character))
    return tuple(_profile(_HOURLY[character], rng) for _ in range(_VARIANTS))


def _profile(hourly: tuple[int, ...], rng: Random) -> Profile:
    shift = rng.randint(-40, 40)
    cycle, on = rng.randint(16, 28), rng.randint(8, 14)
    weights = []
    for minute in range(_MINUTES_PER_DAY):
        hour, into_hour = divmod((minute + shift) % _MINUTES_PER_DAY, 60)
        following = hourly[(hour + 1) % 24]
        level = hourly[hour] + (following - hourly[hour]) * into_hour // 60
        compressor = 125 if minute % cycle < on else 75
        weights.append(max(25, level * compressor // 100))
    for _ in range(rng.randint(3, 6)):
        start, length = rng.randint(6 * 60, 22 * 60), rng.randint(5, 15)
        for minute in range(start, start + length):
            weights[minute] += 350
    cumulative = tuple(accumulate(weights, initial=0))
    return Profile(cumulative=cumulative, total=cumulative[-1], least=min(weights))
