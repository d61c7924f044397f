"""What an owner chose for a tenancy's supply: limits, protected times, and when it is checked."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from .models import INDIA

_DAY: Final = timedelta(days=1)
_DAYS_OF_WEEK: Final = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ProtectedTimes:
    """Hours and weekdays in India in which nothing is cut.

    The hours are those of every day and may pass midnight; where both ends are the same, they are
    the whole day. The weekdays (0 is Monday) are protected from midnight to midnight.
    """

    start: time | None = None
    end: time | None = None
    weekdays: frozenset[int] = frozenset()

    def cover(self, moment: datetime) -> bool:
        """Return whether an aware time is protected; the end of the hours is not."""
        local = moment.astimezone(INDIA)
        if local.weekday() in self.weekdays:
            return True
        if self.start is None or self.end is None:
            return False
        clock = local.time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class PrepaidTerms:
    """When a prepaid tenant is warned, cut and restored; amounts in paise.

    Power is cut strictly below the cut-off less the emergency credit, and restored from the
    cut-off on. `reconnects_always` also restores what somebody else switched off.
    """

    cut_off_paise: int = 0
    warning_levels_paise: tuple[int, ...] = ()
    emergency_credit_paise: int = 0
    cuts: bool = False
    restores: bool = True
    reconnects_always: bool = False
    protected: ProtectedTimes = field(default_factory=ProtectedTimes)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostpaidTerms:
    """When a postpaid tenant is billed, cut where a bill is overdue, and restored."""

    billing_day: int
    due_days: int
    cuts: bool = False
    restores: bool = True
    reconnects_always: bool = False
    protected: ProtectedTimes = field(default_factory=ProtectedTimes)


class CheckEvery(StrEnum):
    """How often a balance is charged and the supply decided."""

    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckInterval:
    """The times of the checks; `at` is of the day or week, `weekday` (0 is Monday) of the week."""

    every: CheckEvery
    at: time = time(23, 59)
    weekday: int = 6


def next_check(interval: CheckInterval, after: datetime) -> datetime:
    """Return the first check strictly after an aware time, in India's time."""
    local = after.astimezone(INDIA)
    if interval.every is CheckEvery.QUARTER_HOUR:
        quarter = local.replace(minute=local.minute // 15 * 15, second=0, microsecond=0)
        return quarter + timedelta(minutes=15)
    if interval.every is CheckEvery.HOUR:
        return local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    is_daily = interval.every is CheckEvery.DAY
    days = 0 if is_daily else (interval.weekday - local.weekday()) % _DAYS_OF_WEEK
    check = datetime.combine(local.date(), interval.at, INDIA) + days * _DAY
    return check if check > local else check + (1 if is_daily else _DAYS_OF_WEEK) * _DAY
