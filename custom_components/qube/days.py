"""Ranges of days in India: those of Qube's history, and of its bills."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from .const import INDIA

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Days:
    """A range of days in India, both included."""

    first: date
    last: date

    def __len__(self) -> int:
        """Return how many there are; none where the first is after the last."""
        return max(0, (self.last - self.first).days + 1)

    @property
    def start(self) -> datetime:
        """Return when the first one begins."""
        return datetime.combine(self.first, time(), INDIA)

    @property
    def end(self) -> datetime:
        """Return when the last one is over."""
        return datetime.combine(self.last + DAY, time(), INDIA)

    def parts(self, length: int) -> Iterator[Days]:
        """Yield parts of at most so many days that cover all of them, newest first."""
        last = self.last
        while last >= self.first:
            first = max(self.first, last - (length - 1) * DAY)
            yield Days(first=first, last=last)
            last = first - DAY


def day_of(moment: datetime) -> date:
    """Return the day in India of an aware time."""
    return moment.astimezone(INDIA).date()


def last_day_before(end: datetime) -> date:
    """Return the last day in India before an aware time that is excluded, as an end is."""
    return day_of(end - timedelta.resolution)


def today() -> date:
    """Return the day it is in India."""
    return day_of(dt_util.utcnow())
