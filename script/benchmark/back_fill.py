"""A back-fill, in a process of its own: `python -m script.benchmark.back_fill TASK FOLDER`."""

import asyncio
from datetime import timedelta
import gc
from pathlib import Path
import sys
import time
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.runner import create_event_loop
import orjson

from custom_components.qube.const import CONF_HISTORY_DAYS
from custom_components.qube.days import today
from tests.history_account import energy_rows, true_wh, used_wh
from tests.simulator import SimulatedCloud

from .cloud import SEED, SPACES, back_door
from .home_assistant import add_qube, home_assistant, runtime_of, until, write_config
from .measurement import BackFill, BackFillTask
from .probe import stall_probe
from .recorder_alone import async_stalls_of_recorder

_COMPARED_METERS: Final = 10
_DONE_WITHIN_S: Final = 3600


async def _measure(task: BackFillTask, config_dir: Path) -> BackFill:
    async with back_door(task.url) as cloud, home_assistant(config_dir) as hass:
        await cloud.even_out()
        started_at = time.perf_counter()
        async with stall_probe() as first_readings:
            await add_qube(hass, task, {CONF_HISTORY_DAYS: task.days})
            await _async_readings(hass, task.meters)
            # What a set-up gives to the recorder is much, and no work of the back-fill.
            await get_instance(hass).async_block_till_done()
        # Nor is it a full collection that is due because of all that the set-up made.
        gc.collect()
        async with stall_probe() as probe:
            await _async_done(hass, task.meters)
            elapsed_s = time.perf_counter() - started_at
        requests = (await cloud.counts())["history"]
        rows, wrong = await _async_compare(hass, task)
        return BackFill(
            meters=task.meters,
            days=task.days,
            elapsed_s=elapsed_s,
            rows=rows,
            requests=requests,
            setup=first_readings.stalls,
            stalls=probe.stalls,
            recorder=await async_stalls_of_recorder(hass, rows),
            compared_days=_COMPARED_METERS * task.days,
            wrong_days=wrong,
        )


async def _async_readings(hass: HomeAssistant, meters: int) -> None:
    """Wait until every meter was read and has its entities: that is measured elsewhere."""

    def are_read() -> bool:
        coordinators = runtime_of(hass).devices.meters.values()
        return sum(meter.data is not None for meter in coordinators) == meters

    await until(are_read, _DONE_WITHIN_S)


async def _async_done(hass: HomeAssistant, meters: int) -> None:
    """Wait until every meter's back-fill is done."""

    def are_done() -> bool:
        runtime = runtime_of(hass)
        return sum(runtime.back_fill.progress(key) == 1 for key in runtime.devices.meters) == meters

    await until(are_done, _DONE_WITHIN_S)


async def _async_compare(hass: HomeAssistant, task: BackFillTask) -> tuple[int, int]:
    """Return the rows of energy and cost in all, and how many compared days are not the truth."""
    # The same seed makes the same world, here as in the simulator's own process.
    truth = SimulatedCloud(seed=SEED).populate(spaces=SPACES, meters=task.meters)
    rows, wrong = 0, 0
    for index, meter in enumerate(truth.meters.values()):
        hours = await energy_rows(hass, meter)
        rows += 2 * len(hours)
        if index < _COMPARED_METERS:
            days = (today() - timedelta(days=number) for number in range(1, task.days + 1))
            wrong += sum(used_wh(hours, day) != true_wh(meter, day) for day in days)
    return rows, wrong


def measure(task: BackFillTask, config_dir: Path) -> BackFill:
    """Measure; `config_dir` is an empty folder for Home Assistant."""
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        write_config(config_dir, recorder=True)
        return runner.run(_measure(task, config_dir))


if __name__ == "__main__":
    found = measure(BackFillTask(**orjson.loads(sys.argv[1])), Path(sys.argv[2]))
    sys.stdout.write(orjson.dumps(found).decode())
