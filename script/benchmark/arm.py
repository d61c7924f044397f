"""One arm, in a process of its own: `python -m script.benchmark.arm TASK FOLDER`."""

import asyncio
from collections.abc import Sequence
import os
from pathlib import Path
import sys
import time
from typing import Final

from aiohttp import ClientSession, TCPConnector
from homeassistant.runner import create_event_loop
import orjson

from custom_components.qube.api.transport import REQUESTS_AT_ONCE
from custom_components.qube.const import CONF_READING_INTERVAL

from .cloud import back_door
from .home_assistant import (
    ReadyWatch,
    add_qube,
    add_rest,
    entities_by_meter,
    home_assistant,
    write_config,
)
from .measurement import Arm, Measurement, Task
from .probe import CostMeter, memory_kib, stall_probe

# Home Assistant writes its registries ten seconds after the last new entity.
_WARM_UP_S: Final = 20
_BARE_REQUESTS: Final = 10_000


async def _measure_home_assistant(task: Task, config_dir: Path) -> Measurement:
    load_before = os.getloadavg()[0]
    async with back_door(task.url) as cloud, home_assistant(config_dir) as hass:
        device_ids = await cloud.even_out()
        async with stall_probe() as setup:
            watch = ReadyWatch(hass)
            if task.arm is Arm.REST:
                await add_rest(hass, task, device_ids)
            elif task.arm is Arm.QUBE:
                await add_qube(hass, task, {CONF_READING_INTERVAL: task.interval_s})
            is_idle = task.arm is Arm.IDLE
            ready_s = 0.0 if is_idle else await watch.async_ready_s(len(device_ids))
        await asyncio.sleep(_WARM_UP_S)
        meter = CostMeter(await cloud.counts())
        await asyncio.sleep(task.window_s)
        cost = await meter.async_stop(cloud)
        # Not in the same stretch: the probe's ticks would be a large part of the cost.
        async with stall_probe() as steady:
            await asyncio.sleep(task.window_s)
        entities = entities_by_meter(hass)
        return Measurement(
            arm=task.arm,
            meters=len(device_ids),
            cost=cost,
            steady=steady.stalls,
            setup=setup.stalls,
            ready_s=ready_s,
            memory_kib=await hass.async_add_executor_job(memory_kib),
            entities=entities.total(),
            fewest_entities=min(entities.values(), default=0),
            load_before=load_before,
        )


async def _measure_bare(task: Task) -> Measurement:
    load_before = os.getloadavg()[0]
    connector = TCPConnector(limit=0)
    headers = {"X-Qube-API-Key": task.api_key}
    async with (
        back_door(task.url) as cloud,
        ClientSession(task.url, connector=connector, headers=headers) as session,
    ):
        device_ids = await cloud.even_out()
        paths = [f"/api/v2/devices/{device_id}/metrics" for device_id in device_ids]
        async with stall_probe() as setup:
            started_at = time.perf_counter()
            await _read_all(session, paths)
            ready_s = time.perf_counter() - started_at
        many = paths * (_BARE_REQUESTS // len(paths))
        meter = CostMeter(await cloud.counts())
        await _read_all(session, many)
        cost = await meter.async_stop(cloud)
        async with stall_probe() as steady:
            await _read_all(session, many)
        return Measurement(
            arm=task.arm,
            meters=len(device_ids),
            cost=cost,
            steady=steady.stalls,
            setup=setup.stalls,
            ready_s=ready_s,
            memory_kib=memory_kib(),
            entities=0,
            fewest_entities=0,
            load_before=load_before,
        )


async def _read_all(session: ClientSession, paths: Sequence[str]) -> None:
    """Read what is to be read, as many at once as this integration does."""
    waiting = iter(paths)

    async def work() -> None:
        for path in waiting:
            async with session.get(path) as response:
                orjson.loads(await response.read())

    async with asyncio.TaskGroup() as group:
        for _ in range(REQUESTS_AT_ONCE):
            group.create_task(work())


def measure(task: Task, config_dir: Path) -> Measurement:
    """Measure one arm; `config_dir` is an empty folder for Home Assistant."""
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        if task.arm is Arm.BARE:
            return runner.run(_measure_bare(task))
        write_config(config_dir)
        return runner.run(_measure_home_assistant(task, config_dir))


if __name__ == "__main__":
    content = orjson.loads(sys.argv[1])
    found = measure(Task(**{**content, "arm": Arm(content["arm"])}), Path(sys.argv[2]))
    sys.stdout.write(orjson.dumps(found).decode())
