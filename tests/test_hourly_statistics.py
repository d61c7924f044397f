"""Rows are in the recorder when writing them is over."""

from collections.abc import Mapping
from datetime import datetime
import gc
import time
from typing import Any

from homeassistant.components.recorder import statistics
from homeassistant.core import HomeAssistant
import pytest

from custom_components.qube.const import INDIA
from custom_components.qube.history import HOUR, HourRow
from custom_components.qube.hourly_statistics import (
    as_stored,
    async_read,
    async_totals_at,
    async_write,
    flow_series,
    meter_series,
)

START = datetime(2026, 5, 1, tzinfo=INDIA)


def rows(count: int) -> list[HourRow]:
    """Return hours of a kilowatt-hour each."""
    return [
        HourRow(
            start=START + number * HOUR,
            total_wh=number * 1000,
            use_wh=number * 1000,
            cost_millipaise=None,
        )
        for number in range(count)
    ]


async def test_writing_is_over_when_all_is_written(
    recorder: None, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the last rows, which the recorder is still at when its queue is empty."""
    write = statistics.import_statistics

    def slowly(*args: Any) -> bool:  # noqa: ANN401
        time.sleep(0.1)
        return write(*args)

    monkeypatch.setattr(statistics, "import_statistics", slowly)
    series = flow_series("dev_1", "import", "House")
    for count in (24, 30):
        await async_write(hass, series, as_stored(rows(count)))
        assert await async_read(hass, series, START) == rows(count)


async def test_writing_makes_nothing_old(recorder: None, hass: HomeAssistant) -> None:
    """What is collected once it has grown old is all of Home Assistant, which stops meanwhile."""
    collected: list[int] = []

    def collect(phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    hours = as_stored(rows(200 * 24))
    gc.collect()
    gc.callbacks.append(collect)
    try:
        await async_write(hass, meter_series("Q-1", "Room"), hours)
    finally:
        gc.callbacks.remove(collect)
    assert set(collected) == {0}


async def test_totals_are_those_of_the_hour_that_ends_then(
    recorder: None, hass: HomeAssistant
) -> None:
    """None where that hour has no row, whatever is before and after it."""
    kept = [row for row in rows(48) if row.start != START + 23 * HOUR]
    await async_write(hass, meter_series("Q-1", "Room"), as_stored(kept))
    moments = [START, START + HOUR, START + 24 * HOUR, START + 48 * HOUR]
    assert await async_totals_at(hass, ["Q-1", "Q-2"], moments) == {
        START: {},
        START + HOUR: {"Q-1": 0},
        START + 24 * HOUR: {},
        START + 48 * HOUR: {"Q-1": 47_000},
    }
