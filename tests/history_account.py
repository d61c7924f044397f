"""What Home Assistant's recorder holds of a meter, beside the simulated truth."""

from datetime import UTC, date, datetime, time, timedelta

from homeassistant.components.recorder.statistics import StatisticsRow, statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from custom_components.qube.const import INDIA
from custom_components.qube.hourly_statistics import cost_statistic_id, energy_statistic_id
from tests.simulator import SimulatedMeter

DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """Return when a day begins in India."""
    return datetime.combine(day, time(), INDIA)


async def rows_of(
    hass: HomeAssistant, statistic_id: str, period: str = "hour"
) -> list[StatisticsRow]:
    """Return all rows of a statistic, with the change within each."""
    await get_instance(hass).async_block_till_done()
    found = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass,
            datetime(1970, 1, 2, tzinfo=UTC),
            None,
            {statistic_id},
            period,  # type: ignore[arg-type]
            None,
            {"state", "sum", "change"},
        )
    )
    return found.get(statistic_id, [])


async def energy_rows(hass: HomeAssistant, meter: SimulatedMeter) -> list[StatisticsRow]:
    """Return the hours of a meter's energy."""
    return await rows_of(hass, energy_statistic_id(meter.device_id))


async def cost_rows(hass: HomeAssistant, meter: SimulatedMeter) -> list[StatisticsRow]:
    """Return the hours of a meter's cost."""
    return await rows_of(hass, cost_statistic_id(meter.device_id))


def used_wh(rows: list[StatisticsRow], day: date) -> int:
    """Return the use of a day by hourly rows."""
    start, end = midnight(day).timestamp(), midnight(day + DAY).timestamp()
    return round(sum((row["change"] or 0) * 1000 for row in rows if start <= row["start"] < end))


def true_wh(meter: SimulatedMeter, day: date) -> int:
    """Return the use of a day by the simulated register."""
    second = timedelta(seconds=1)
    bounds = midnight(day) - second, midnight(day + DAY) - second
    opening, closing = (meter.register.wh_at(int(at.timestamp() * 1000)) for at in bounds)
    return closing - opening
