"""What a property is fed with: the grid, its failures, and the generator that stands in."""

from enum import IntEnum
from typing import Final

from .clock import DAY_MS, MINUTE_MS, day_date, day_start_ms, split_day
from .noise import derive, mix, wave


class Source(IntEnum):
    """Where the energy comes from, numbered as Qube's `active_tariff`."""

    EB = 1
    DG = 2


# A day has two windows with at most one failure each, so looking at one window is always enough.
_WINDOW_MS: Final = DAY_MS // 2
_SUMMER_MONTHS: Final = range(3, 8)
_LONGEST_MINUTES: Final = 120
_SHORTEST_MINUTES: Final = 20
_KNOT_MS: Final = 5 * MINUTE_MS


class GridSupply:
    """The supply of one property over all time."""

    def __init__(self, seed: int) -> None:
        """Take the seed of the property."""
        self._failures_seed = derive(seed, "failures")
        self._voltage_seed = derive(seed, "voltage")
        self._frequency_seed = derive(seed, "frequency")
        self._failures: dict[int, tuple[int, int] | None] = {}

    def source_at(self, time_ms: int) -> Source:
        """Return what feeds the property."""
        failure = self._failure(_window(time_ms))
        return Source.DG if failure and failure[0] <= time_ms < failure[1] else Source.EB

    def next_switch_ms(self, after_ms: int) -> int:
        """Return when the source changes next, strictly later."""
        window = _window(after_ms)
        while True:
            for moment_ms in self._failure(window) or ():
                if moment_ms > after_ms:
                    return moment_ms
            window += 1

    def voltage_dv(self, time_ms: int) -> int:
        """Return the voltage in tenths of a volt."""
        noise = wave(self._voltage_seed, time_ms, _KNOT_MS) - 500
        if self.source_at(time_ms) is Source.DG:
            return 2240 + noise // 50
        evening_sag = 60 if 18 <= split_day(time_ms)[1] // (60 * MINUTE_MS) < 23 else 0
        return 2320 - evening_sag + noise // 10

    def frequency_chz(self, time_ms: int) -> int:
        """Return the frequency in hundredths of a hertz."""
        span = 4 if self.source_at(time_ms) is Source.DG else 25
        return 5000 + (wave(self._frequency_seed, time_ms, MINUTE_MS) - 500) // span

    def _failure(self, window: int) -> tuple[int, int] | None:
        """Return start and end of the failure in a window of half a day."""
        if window not in self._failures:
            self._failures[window] = self._plan_failure(window)
        return self._failures[window]

    def _plan_failure(self, window: int) -> tuple[int, int] | None:
        day, is_afternoon = divmod(window, 2)
        is_summer = day_date(day).month in _SUMMER_MONTHS
        chance_permille = (450 if is_summer else 250) if is_afternoon else 150
        if mix(self._failures_seed, window) % 1000 >= chance_permille:
            return None
        spread = _LONGEST_MINUTES - _SHORTEST_MINUTES + 1
        minutes = _SHORTEST_MINUTES + mix(self._failures_seed, window, 1) % spread
        # At most 8 hours after noon or midnight, so that no failure leaves its window.
        offset = 15 + mix(self._failures_seed, window, 2) % 465
        start_ms = day_start_ms(day) + is_afternoon * _WINDOW_MS + offset * MINUTE_MS
        return start_ms, start_ms + minutes * MINUTE_MS


def _window(time_ms: int) -> int:
    day, into_day_ms = split_day(time_ms)
    return day * 2 + into_day_ms // _WINDOW_MS
