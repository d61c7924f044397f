"""The control of a back-fill: as many rows in the plainest way, without this integration's work."""

from datetime import timedelta
import gc
from itertools import count
from typing import Final

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util

from .measurement import Stalls
from .probe import stall_probe

# Enough for a full collection or two.
_MOST_ROWS: Final = 300_000
_HOURS_AT_ONCE: Final = 24
_DAYS_EACH: Final = 365


async def async_stalls_of_recorder(hass: HomeAssistant, rows: int) -> Stalls:
    """Write at most so many rows, a day at a time as a back-fill does, and return the stalls."""
    last = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(days=_DAYS_EACH)
    days = min(rows, _MOST_ROWS) // _HOURS_AT_ONCE
    gc.collect()
    async with stall_probe() as probe:
        for number in range(days):
            meter, day = divmod(number, _DAYS_EACH)
            hours = zip(range(_HOURS_AT_ONCE), count(day * _HOURS_AT_ONCE), strict=False)
            async_add_external_statistics(
                hass,
                _metadata(meter),
                [
                    StatisticData(
                        start=first + timedelta(days=day, hours=hour),
                        state=float(total),
                        sum=float(total),
                    )
                    for hour, total in hours
                ],
            )
            await get_instance(hass).async_block_till_done()
    return probe.stalls


def _metadata(meter: int) -> StatisticMetaData:
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=f"Control {meter}",
        source="control",
        statistic_id=f"control:meter_{meter}",
        unit_class="energy",
        unit_of_measurement="kWh",
    )
