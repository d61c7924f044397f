"""Which days can be asked for, and of which device each of them."""

from datetime import UTC, date, datetime
from typing import Final

from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.qube.api import Interval
from custom_components.qube.const import INDIA
from custom_components.qube.days import Days
from custom_components.qube.epochs import Epoch
from custom_components.qube.recorded import check_days, parts_of

# Half past one in India, where the 14th has begun.
NOW: Final = datetime(2026, 5, 13, 20, 0, tzinfo=UTC)


def days(first: str, last: str) -> Days:
    """Return a range of days."""
    return Days(first=date.fromisoformat(first), last=date.fromisoformat(last))


def test_both_ends_are_counted() -> None:
    """A day that is first and last is one; a range that is none has none."""
    assert len(days("2026-05-13", "2026-05-13")) == 1
    assert len(days("2026-05-01", "2026-05-31")) == 31
    assert len(days("2026-05-13", "2026-05-12")) == 0
    assert len(days("2026-05-13", "2026-05-01")) == 0


@pytest.mark.parametrize(
    ("first", "last", "interval"),
    [
        ("2026-05-14", "2026-05-14", Interval.HOUR),
        ("2026-04-14", "2026-05-14", Interval.QUARTER_HOUR),
        ("2026-04-14", "2026-05-14", Interval.HALF_HOUR),
        ("2025-05-14", "2026-05-14", Interval.DAY),
    ],
)
def test_days_that_can_be_asked_for(first: str, last: str, interval: Interval) -> None:
    """Up to today, 31 days with several values each, 366 with one."""
    check_days(days(first, last), interval, NOW)


@pytest.mark.parametrize(
    ("first", "last", "interval", "key", "placeholders"),
    [
        (
            *("2026-05-02", "2026-05-01", Interval.HOUR, "days_reversed"),
            {"first": "2026-05-02", "last": "2026-05-01"},
        ),
        (
            *("2026-05-15", "2026-05-15", Interval.HOUR, "days_in_future"),
            {"last": "2026-05-15", "today": "2026-05-14"},
        ),
        (
            *("2026-04-13", "2026-05-14", Interval.HOUR, "too_many_days"),
            {"days": "32", "interval": "60m", "limit": "31"},
        ),
        (
            *("2025-05-13", "2026-05-14", Interval.DAY, "too_many_days"),
            {"days": "367", "interval": "1d", "limit": "366"},
        ),
    ],
)
def test_days_that_cannot_be_asked_for(
    first: str, last: str, interval: Interval, key: str, placeholders: dict[str, str]
) -> None:
    """The error says what to change."""
    with pytest.raises(ServiceValidationError) as raised:
        check_days(days(first, last), interval, NOW)
    assert raised.value.translation_key == key
    assert raised.value.translation_placeholders == placeholders


def test_a_meter_with_one_register_is_asked_for_all_days() -> None:
    """It has always been this device."""
    epoch = Epoch(device_id="a")
    month = days("2026-05-01", "2026-05-31")
    assert list(parts_of(month, (epoch,))) == [(epoch, month)]


def test_each_device_is_asked_for_the_days_that_it_was_there() -> None:
    """On the day of the replacement both were, by the day in India."""
    first = Epoch(device_id="a")
    # The second of May has begun in India, but not in Greenwich.
    second = Epoch(device_id="b", since=datetime(2026, 5, 1, 20, 0, tzinfo=UTC))
    third = Epoch(device_id="c", since=datetime(2026, 5, 20, 12, 0, tzinfo=INDIA))
    epochs = (first, second, third)
    assert list(parts_of(days("2026-04-25", "2026-05-31"), epochs)) == [
        (first, days("2026-04-25", "2026-05-02")),
        (second, days("2026-05-02", "2026-05-20")),
        (third, days("2026-05-20", "2026-05-31")),
    ]
    assert list(parts_of(days("2026-05-01", "2026-05-01"), epochs)) == [
        (first, days("2026-05-01", "2026-05-01"))
    ]
    assert list(parts_of(days("2026-05-03", "2026-05-04"), epochs)) == [
        (second, days("2026-05-03", "2026-05-04"))
    ]
    assert list(parts_of(days("2026-06-01", "2026-06-02"), epochs)) == [
        (third, days("2026-06-01", "2026-06-02"))
    ]
