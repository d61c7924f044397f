"""The energy register of one meter, now and at every instant since it was installed."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from .load import UNITS_PER_WH, LoadCurve


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A time in which the relay stayed as it was."""

    register: int
    demand: int
    is_closed: bool


class Register:
    """Integrates the load while the relay is closed; knows its whole past."""

    def __init__(self, load: LoadCurve, *, installed_ms: int, energy_wh: int) -> None:
        """Begin at a time with a reading in Wh and the relay closed."""
        self._load = load
        self._starts: list[int] = []
        self._stretches: list[Stretch] = []
        self.installed_ms = installed_ms
        self.begin(installed_ms, is_closed=True, register=energy_wh * UNITS_PER_WH)

    @property
    def is_closed(self) -> bool:
        """Return whether the relay lets the load through in the newest stretch."""
        return self._stretches[-1].is_closed

    def begin(self, time_ms: int, *, is_closed: bool, register: int | None = None) -> None:
        """Begin a stretch, at the reading of that time or at another one in units."""
        if register is None:
            register = self.at(time_ms)[0]
        demand, _ = self._load.at(time_ms)
        self._starts.append(time_ms)
        self._stretches.append(Stretch(register=register, demand=demand, is_closed=is_closed))

    def at(self, time_ms: int) -> tuple[int, int]:
        """Return the register in units and the power in deciwatts at a time."""
        if time_ms >= self._starts[-1]:
            stretch = self._stretches[-1]
        else:
            stretch = self._stretches[max(0, bisect_right(self._starts, time_ms) - 1)]
        if not stretch.is_closed:
            return stretch.register, 0
        demand, power_dw = self._load.at(time_ms)
        return stretch.register + demand - stretch.demand, power_dw

    def wh_at(self, time_ms: int) -> int:
        """Return the whole watt-hours the register shows at a time."""
        return self.at(time_ms)[0] // UNITS_PER_WH

    def first_ms_at_wh(self, energy_wh: int, *, after_ms: int, until_ms: int) -> int:
        """Return the first millisecond in a span without resets at which the register shows Wh."""
        span = range(after_ms, until_ms + 1)
        return span[bisect_left(span, energy_wh, key=self.wh_at)]
