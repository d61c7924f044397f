"""Protected times and checks are those of India, whatever the server's zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.billing.models import INDIA
from custom_components.qube.billing.terms import (
    CheckEvery,
    CheckInterval,
    ProtectedTimes,
    next_check,
)

NIGHT = ProtectedTimes(start=time(22), end=time(7))
EARLY = CheckInterval(every=CheckEvery.DAY, at=time(6, 30))
NOON = ProtectedTimes(start=time(12), end=time(14, 30))


def ist(text: str) -> datetime:
    """Return a time in India."""
    return datetime.fromisoformat(text).replace(tzinfo=INDIA)


@pytest.mark.parametrize(
    ("protected", "clock", "is_covered"),
    [
        (NIGHT, "21:59:59", False),
        (NIGHT, "22:00:00", True),
        (NIGHT, "23:59:59", True),
        (NIGHT, "00:00:00", True),
        (NIGHT, "06:59:59", True),
        (NIGHT, "07:00:00", False),
        (NOON, "11:59:59", False),
        (NOON, "12:00:00", True),
        (NOON, "14:29:59", True),
        (NOON, "14:30:00", False),
        (ProtectedTimes(start=time(9), end=time(9)), "08:59:59", True),
        (ProtectedTimes(start=time(9), end=time(9)), "09:00:00", True),
        (ProtectedTimes(start=time(9)), "09:00:00", False),
        (ProtectedTimes(end=time(9)), "08:00:00", False),
        (ProtectedTimes(), "12:00:00", False),
    ],
)
def test_hours_are_protected_also_over_midnight(
    protected: ProtectedTimes, clock: str, is_covered: bool
) -> None:
    """From the first moment on, and no longer at the last."""
    assert protected.cover(ist(f"2026-05-13T{clock}")) is is_covered


def test_weekdays_are_protected_from_midnight_to_midnight_in_india() -> None:
    """A Sunday in India begins on Saturday in UTC."""
    sundays = ProtectedTimes(weekdays=frozenset({6}))
    assert sundays.cover(datetime(2026, 5, 16, 18, 30, tzinfo=UTC))
    assert not sundays.cover(datetime(2026, 5, 16, 18, 29, 59, tzinfo=UTC))
    assert sundays.cover(ist("2026-05-17T23:59:59"))
    assert not sundays.cover(ist("2026-05-18T00:00:00"))


def test_hours_and_weekdays_protect_both() -> None:
    """The night of a working day and the noon of a Sunday."""
    both = ProtectedTimes(start=time(22), end=time(7), weekdays=frozenset({6}))
    assert both.cover(ist("2026-05-13T23:00:00"))
    assert both.cover(ist("2026-05-17T12:00:00"))
    assert not both.cover(ist("2026-05-13T12:00:00"))


@pytest.mark.parametrize(
    ("interval", "after", "expected"),
    [
        (CheckInterval(every=CheckEvery.QUARTER_HOUR), "2026-05-13T10:00", "2026-05-13T10:15"),
        (CheckInterval(every=CheckEvery.QUARTER_HOUR), "2026-05-13T10:14:59", "2026-05-13T10:15"),
        (CheckInterval(every=CheckEvery.QUARTER_HOUR), "2026-05-13T10:07:08.9", "2026-05-13T10:15"),
        (CheckInterval(every=CheckEvery.QUARTER_HOUR), "2026-05-13T23:50", "2026-05-14T00:00"),
        (CheckInterval(every=CheckEvery.HOUR), "2026-05-13T10:00", "2026-05-13T11:00"),
        (CheckInterval(every=CheckEvery.HOUR), "2026-05-13T10:07:08.9", "2026-05-13T11:00"),
        (CheckInterval(every=CheckEvery.HOUR), "2026-12-31T23:30", "2027-01-01T00:00"),
        (CheckInterval(every=CheckEvery.DAY), "2026-05-13T23:58", "2026-05-13T23:59"),
        (CheckInterval(every=CheckEvery.DAY), "2026-05-13T23:59", "2026-05-14T23:59"),
        (
            CheckInterval(every=CheckEvery.DAY, at=time(6, 30)),
            "2026-05-13T07:00",
            "2026-05-14T06:30",
        ),
        # 13 May 2026 is a Wednesday.
        (CheckInterval(every=CheckEvery.WEEK), "2026-05-13T10:00", "2026-05-17T23:59"),
        (CheckInterval(every=CheckEvery.WEEK, weekday=2), "2026-05-13T10:00", "2026-05-13T23:59"),
        (CheckInterval(every=CheckEvery.WEEK, weekday=2), "2026-05-13T23:59", "2026-05-20T23:59"),
        (CheckInterval(every=CheckEvery.WEEK, weekday=0), "2026-05-13T10:00", "2026-05-18T23:59"),
    ],
)
def test_the_next_check_is_strictly_after(
    interval: CheckInterval, after: str, expected: str
) -> None:
    """At the quarter, the hour, the time of the day or of the week."""
    assert next_check(interval, ist(after)) == ist(expected)


@given(
    st.sampled_from(CheckEvery),
    st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    st.integers(0, 6),
    st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_checks_come_in_time_and_do_not_depend_on_the_zone(
    every: CheckEvery, after: datetime, clock: time, weekday: int, zone: str
) -> None:
    """Never now, never later than one interval, and the same wherever the server stands."""
    interval = CheckInterval(every=every, at=clock, weekday=weekday)
    check = next_check(interval, after.astimezone(ZoneInfo(zone)))
    longest = {
        CheckEvery.QUARTER_HOUR: timedelta(minutes=15),
        CheckEvery.HOUR: timedelta(hours=1),
        CheckEvery.DAY: timedelta(days=1),
        CheckEvery.WEEK: timedelta(days=7),
    }[every]
    assert timedelta(0) < check - after <= longest
    assert check == next_check(interval, after)
    if every in {CheckEvery.DAY, CheckEvery.WEEK}:
        assert check.time() == clock
