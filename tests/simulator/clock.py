"""Time: whole milliseconds since 1970 inside, Asia/Kolkata on the wall."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

type Clock = Callable[[], datetime]

IST: Final = timezone(timedelta(hours=5, minutes=30), "IST")
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

_IST_OFFSET_MS: Final = 19_800_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MILLISECOND: Final = timedelta(milliseconds=1)


class ManualClock:
    """A clock for tests that moves only when told."""

    def __init__(self, now: datetime) -> None:
        """Start at an aware time."""
        self.now = now

    def __call__(self) -> datetime:
        """Return the time in UTC."""
        return self.now.astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        """Move on by a step."""
        self.now += step


class LeapingClock:
    """The computer's time, ahead by what it has leapt; it goes on until it is stopped."""

    def __init__(self) -> None:
        """Begin with the computer's time."""
        self._ahead = timedelta()
        self._stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        """Return the time in UTC."""
        return self._stopped_at or real_clock() + self._ahead

    def leap(self, step: timedelta) -> None:
        """Let a time pass at once."""
        self._ahead += step

    def stop(self) -> None:
        """Stand still from now on."""
        self._stopped_at = self()


def real_clock() -> datetime:
    """Return the computer's time in UTC."""
    return datetime.now(UTC)


def to_ms(moment: datetime) -> int:
    """Return an aware time as milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(time_ms: int) -> datetime:
    """Return milliseconds since 1970 as a time in UTC."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def split_day(time_ms: int) -> tuple[int, int]:
    """Return the Indian day since 1970 and the milliseconds since its midnight."""
    return divmod(time_ms + _IST_OFFSET_MS, DAY_MS)


def day_start_ms(day: int) -> int:
    """Return when an Indian day since 1970 begins."""
    return day * DAY_MS - _IST_OFFSET_MS


def day_number(day: date) -> int:
    """Return the days between 1970 and a date."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_date(day: int) -> date:
    """Return the date of a day counted from 1970."""
    return date.fromordinal(day + _EPOCH_ORDINAL)
