"""The hourly rows of a meter, or a site, as Home Assistant's statistics hold them."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
import gc
from itertools import batched
from typing import Final
from zlib import crc32

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    async_add_external_statistics,
    get_last_statistics,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import slugify
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN, INDIA
from .history import HOUR, HourRow

_WH_PER_KWH: Final = 1000
_MILLIPAISE_PER_RUPEE: Final = 100_000
_HOURS_AT_ONCE: Final = 24
# Often enough that it takes some milliseconds only, seldom enough that what is alive each time, and
# is old from then on, is little.
_YOUNGEST_COLLECTED: Final = 4000

# The start of an hour, the total and the use at its end (kWh), and the cost until then (INR).
# A plain tuple, because thousands of them wait for the recorder: Python's garbage collector passes
# over those, but would stop everything to look through as many objects.
type StoredHour = tuple[datetime, float, float, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Where rows are kept: the statistics of energy, and those of its cost where it has any."""

    energy_id: str
    energy_name: str
    cost_id: str | None = None
    cost_name: str = ""


def meter_series(key: str, name: str = "") -> Series:
    """Return where the rows of a meter are kept; who only reads needs no name."""
    return Series(
        energy_id=energy_statistic_id(key),
        energy_name=f"{name} energy",
        cost_id=cost_statistic_id(key),
        cost_name=f"{name} cost",
    )


def flow_series(device_id: str, flow: str, name: str) -> Series:
    """Return where the rows of what flows through a main meter in one direction are kept."""
    return Series(energy_id=f"{DOMAIN}:{_slug(device_id)}_{flow}", energy_name=f"{name} {flow}")


def energy_statistic_id(key: str) -> str:
    """Return the id of the statistics of a meter's energy."""
    return f"{DOMAIN}:{_slug(key)}_energy"


def cost_statistic_id(key: str) -> str:
    """Return the id of the statistics of a meter's cost."""
    return f"{DOMAIN}:{_slug(key)}_cost"


def _slug(key: str) -> str:
    slug = slugify(key)
    # Two keys may not share one id because they differ in what an id cannot hold.
    return slug if slug == key.lower().replace("-", "_") else f"{slug}_{crc32(key.encode()):08x}"


def as_stored(rows: Iterable[HourRow]) -> list[StoredHour]:
    """Return rows as the statistics hold them."""
    return [
        (
            row.start,
            row.total_wh / _WH_PER_KWH,
            row.use_wh / _WH_PER_KWH,
            None if row.cost_millipaise is None else row.cost_millipaise / _MILLIPAISE_PER_RUPEE,
        )
        for row in rows
    ]


async def async_write(hass: HomeAssistant, series: Series, hours: Iterable[StoredHour]) -> None:
    """Let the recorder add new hours and correct those of before; return when it has done so.

    It gets a day at a time: its own work is not to wait for a month of ours, and what waits in its
    queue is a day's objects only.
    """
    energy_metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=series.energy_name,
        source=DOMAIN,
        statistic_id=series.energy_id,
        unit_class=EnergyConverter.UNIT_CLASS,
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    )
    cost_metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=series.cost_name,
        source=DOMAIN,
        statistic_id=series.cost_id or "",
        unit_class=None,
        unit_of_measurement="INR",
    )
    for some in batched(hours, _HOURS_AT_ONCE, strict=False):
        energy = [StatisticData(start=start, state=state, sum=use) for start, state, use, _ in some]
        cost = [
            StatisticData(start=start, sum=cost) for start, _, _, cost in some if cost is not None
        ]
        async_add_external_statistics(hass, energy_metadata, energy)
        # A series without a cost has rows without one.
        if cost:
            async_add_external_statistics(hass, cost_metadata, cost)
        await _async_written(hass)
        _collect_young()


def _collect_young() -> None:
    """Let Python collect the small cycles that the recorder leaves with each row.

    It would do so by itself, but in the midst of a day: its objects would count as old ones, until
    there were so many of these that Python looked through all of Home Assistant (some 200 ms).
    Between two days next to none of them live.
    """
    gc.collect(1 if gc.get_count()[1] >= _YOUNGEST_COLLECTED else 0)


async def _async_written(hass: HomeAssistant) -> None:
    """Wait until the recorder has written what it was given.

    Its own `async_block_till_done` does not wait for what it is just writing, only for what is
    still in its queue; but the next rows may be worked out from these.
    """
    future: asyncio.Future[None] = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(future))
    await future


async def async_read(
    hass: HomeAssistant, series: Series, start: datetime, end: datetime | None = None
) -> list[HourRow]:
    """Return the rows between two times, or the newest one where there are none."""
    return await get_instance(hass).async_add_executor_job(_read, hass, series, start, end)


async def async_totals_at(
    hass: HomeAssistant, keys: Collection[str], moments: Collection[datetime]
) -> dict[datetime, dict[str, int]]:
    """Return what each of these meters had measured at each full hour, in Wh, where it is known."""
    return await get_instance(hass).async_add_executor_job(_totals_at, hass, keys, moments)


def _totals_at(
    hass: HomeAssistant, keys: Collection[str], moments: Collection[datetime]
) -> dict[datetime, dict[str, int]]:
    ids = {energy_statistic_id(key): key for key in keys}
    totals: dict[datetime, dict[str, int]] = {}
    for moment in moments:
        # The row of the hour that ends then.
        started_at = moment - HOUR
        found = statistics_during_period(
            hass, started_at, moment, set(ids), "hour", None, {"state"}
        )
        totals[moment] = {
            ids[statistic_id]: round(state * _WH_PER_KWH)
            for statistic_id, rows in found.items()
            for row in rows
            if row["start"] == started_at.timestamp() and (state := row.get("state")) is not None
        }
    return totals


def _read(
    hass: HomeAssistant, series: Series, start: datetime, end: datetime | None
) -> list[HourRow]:
    energy_id, cost_id = series.energy_id, series.cost_id
    ids = {energy_id} if cost_id is None else {energy_id, cost_id}
    found = statistics_during_period(hass, start, end, ids, "hour", None, {"state", "sum"})
    if not found.get(energy_id):
        found = {
            statistic_id: get_last_statistics(
                hass, 1, statistic_id, convert_units=False, types={"state", "sum"}
            ).get(statistic_id, [])
            for statistic_id in ids
        }
    costs = {row["start"]: row for row in (found.get(cost_id, []) if cost_id else ())}
    return [
        row
        for energy in found.get(energy_id, [])
        if (row := _row(energy, costs.get(energy["start"]))) is not None
    ]


def _row(energy: StatisticsRow, cost: StatisticsRow | None) -> HourRow | None:
    state, use = energy.get("state"), energy.get("sum")
    spent = cost.get("sum") if cost is not None else None
    if state is None or use is None:
        return None
    return HourRow(
        start=datetime.fromtimestamp(energy["start"], INDIA),
        total_wh=round(state * _WH_PER_KWH),
        use_wh=round(use * _WH_PER_KWH),
        cost_millipaise=None if spent is None else round(spent * _MILLIPAISE_PER_RUPEE),
    )
