"""What a meter recorded in a range of days, over all devices that it has been."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Final

from homeassistant.exceptions import ServiceValidationError

from .api import HistoryReading, Interval, QubeApiError
from .const import DOMAIN
from .coordinator import MeterCoordinator
from .days import Days, day_of
from .epochs import Epoch, Epochs, epoch_at

# One answer may have 2 MiB.
MAX_DAYS: Final = 31
MAX_DAYS_OF_DAILY: Final = 366


def check_range(days: Days, now: datetime) -> None:
    """Raise ServiceValidationError where there can be nothing in these days; `now` is aware."""
    if days.first > days.last:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="days_reversed",
            translation_placeholders={"first": str(days.first), "last": str(days.last)},
        )
    today = day_of(now)
    if days.last > today:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="days_in_future",
            translation_placeholders={"last": str(days.last), "today": str(today)},
        )


def check_days(days: Days, interval: Interval, now: datetime) -> None:
    """Raise ServiceValidationError where these days cannot be asked for; `now` is aware."""
    check_range(days, now)
    limit = MAX_DAYS_OF_DAILY if interval is Interval.DAY else MAX_DAYS
    if len(days) > limit:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="too_many_days",
            translation_placeholders={
                "days": str(len(days)),
                "interval": interval.value,
                "limit": str(limit),
            },
        )


def parts_of(days: Days, epochs: Epochs) -> Iterator[tuple[Epoch, Days]]:
    """Yield the epochs that lie in a range of days, each with its part of the days."""
    ends = [following.since for _, following in pairwise(epochs)]
    for epoch, end in zip(epochs, [*ends, None], strict=True):
        part = Days(
            first=max(days.first, day_of(epoch.since)) if epoch.since else days.first,
            last=min(days.last, day_of(end)) if end else days.last,
        )
        if len(part):
            yield epoch, part


async def async_recorded(
    meter: MeterCoordinator, property_id: str, days: Days, interval: Interval
) -> list[HistoryReading]:
    """Return what a meter recorded of a property, by time. Raises QubeError."""
    epochs = meter.identity.epochs
    readings: list[HistoryReading] = []
    for epoch, part in parts_of(days, epochs):
        try:
            rows = await meter.client.history(
                epoch.device_id, property_id, part.first, part.last, interval
            )
        except QubeApiError as err:
            # The cloud may forget a device that was replaced; the others still tell what they can.
            if epoch.device_id == meter.device_id or err.code != "device_not_found":
                raise
            continue
        # On the day of a replacement, each device has rows; each counts for its own time only.
        readings += [row for row in rows if epoch_at(epochs, row.ended_at) is epoch]
    return readings
