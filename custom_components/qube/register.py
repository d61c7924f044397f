"""Whether a new reading of a meter's register can be true."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# More than a meter of this kind can carry (three phases of 100 A are 72 kW), and a margin for the
# reading before having been older than its time says.
MAX_POWER_W: Final = 100_000
MARGIN_WH: Final = 1_000

# One odd reading is held back in silence; the owner is asked when the register stays odd.
ODD_READINGS_BEFORE_ASKING: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """The cumulative energy of a meter in Wh, and when it was read (aware)."""

    energy_wh: int
    read_at: datetime


class Verdict(StrEnum):
    """What a new reading is, measured by the last good one."""

    GOOD = "good"
    FELL = "fell"
    JUMPED = "jumped"


def judge(last: Register | None, new: Register) -> Verdict:
    """Judge a reading by the last good one; without one it is good."""
    if last is None:
        return Verdict.GOOD
    return judge_use(new.energy_wh - last.energy_wh, new.read_at - last.read_at)


def judge_use(used_wh: int, elapsed: timedelta) -> Verdict:
    """Judge by what would have been used since the last good reading."""
    if used_wh < 0:
        return Verdict.FELL
    elapsed_s = max(0.0, elapsed.total_seconds())
    return Verdict.JUMPED if used_wh > MARGIN_WH + MAX_POWER_W * elapsed_s / 3600 else Verdict.GOOD


class RegisterGuard:
    """Hold back impossible readings of one meter until one is possible again, or accepted."""

    def __init__(self, last: Register | None = None, held: Register | None = None) -> None:
        """Start from the last good reading, and from one that was held back then."""
        self.last = last
        self.held = held
        self.verdict = Verdict.GOOD
        self._odd_readings = 0

    @property
    def must_ask(self) -> bool:
        """Return whether the register stays odd, so that only its owner can tell why."""
        return self._odd_readings >= ODD_READINGS_BEFORE_ASKING

    @property
    def has_fallen(self) -> bool:
        """Return whether what is held back is below the last good reading."""
        return bool(self.last and self.held and self.held.energy_wh < self.last.energy_wh)

    def observe(self, new: Register) -> Register:
        """Return the last good reading: the new one, unless it is held back."""
        self.verdict = self._judge(new)
        if self.last is None or self.verdict is Verdict.GOOD:
            self.last, self.held, self._odd_readings = new, None, 0
        else:
            self.held = new
            self._odd_readings += 1
        return self.last

    def _judge(self, new: Register) -> Verdict:
        last, held = self.last, self.held
        if last and held and last.energy_wh < held.energy_wh <= new.energy_wh:
            # Time that passes makes an impossible jump no truer.
            return Verdict.JUMPED
        return judge(last, new)

    def accept(self) -> Register | None:
        """Take what is held back for the truth, as the owner says; return it."""
        if self.held is None:
            return None
        self.last, self.held, self._odd_readings = self.held, None, 0
        self.verdict = Verdict.GOOD
        return self.last
