"""One arm, in a process of its own: `python -m script.benchmark.arm TASK FOLDER`."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
import itertools
import os
from pathlib import Path
import sys
import time
from typing import Final

from aiohttp import ClientSession, TCPConnector
from homeassistant.runner import create_event_loop
import orjson

from custom_components.qube.api.transport import REQUESTS_AT_ONCE

from .cloud import BackDoor, back_door
from .home_assistant import (
    ReadyWatch,
    add_qube,
    add_rest,
    entities_by_meter,
    home_assistant,
    write_config,
)
from .measurement import Arm, Measurement, Task, Window
from .probe import LoopProbe, memory_kib, probing

# Home Assistant writes its registries ten seconds after the last new entity.
_WARM_UP_S: Final = 20
_BARE_REQUESTS: Final = 10_000


async def _measure_home_assistant(task: Task, config_dir: Path) -> Measurement:
    load_before = os.getloadavg()[0]
    async with (
        back_door(task.url) as cloud,
        home_assistant(config_dir) as hass,
        probing() as probe,
    ):
        device_ids = await cloud.even_out()
        meters = len(device_ids)
        watch = ReadyWatch(hass)
        if task.arm is Arm.REST:
            await add_rest(hass, task, device_ids)
        elif task.arm is Arm.QUBE:
            await add_qube(hass, task)
        ready_s = 0.0 if task.arm is Arm.IDLE else await watch.async_ready_s(meters)
        setup_stall_ms = probe.longest_stall_ms
        await asyncio.sleep(_WARM_UP_S)
        window = await _measure_window(task, cloud, probe)
        entities = entities_by_meter(hass)
        return Measurement(
            arm=task.arm,
            meters=meters,
            window=window,
            ready_s=ready_s,
            setup_stall_ms=setup_stall_ms,
            memory_kib=await hass.async_add_executor_job(memory_kib),
            entities=entities.total(),
            fewest_entities=min(entities.values(), default=0),
            load_before=load_before,
        )


async def _measure_window(task: Task, cloud: BackDoor, probe: LoopProbe) -> Window:
    counts = Counter(await cloud.counts())
    probe.reset()
    started_at, cpu_before_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(task.window_s)
    return await _window(cloud, probe, counts, started_at, cpu_before_s)


async def _window(
    cloud: BackDoor,
    probe: LoopProbe,
    counts_before: Mapping[str, int],
    started_at: float,
    cpu_before_s: float,
) -> Window:
    return Window(
        elapsed_s=time.perf_counter() - started_at,
        cpu_s=time.process_time() - cpu_before_s,
        longest_stall_ms=probe.longest_stall_ms,
        longest_gc_ms=probe.longest_gc_ms,
        requests=dict(Counter(await cloud.counts()) - Counter(counts_before)),
    )


async def _measure_bare(task: Task) -> Measurement:
    load_before = os.getloadavg()[0]
    async with (
        back_door(task.url) as cloud,
        ClientSession(
            task.url, connector=TCPConnector(limit=0), headers={"X-Qube-API-Key": task.api_key}
        ) as session,
        probing() as probe,
    ):
        device_ids = await cloud.even_out()
        paths = [f"/api/v2/devices/{device_id}/metrics" for device_id in device_ids]
        started_at = time.perf_counter()
        await _read_all(session, paths)
        ready_s, setup_stall_ms = time.perf_counter() - started_at, probe.longest_stall_ms
        counts = await cloud.counts()
        probe.reset()
        started_at, cpu_before_s = time.perf_counter(), time.process_time()
        await _read_all(session, paths * (_BARE_REQUESTS // len(paths)))
        return Measurement(
            arm=task.arm,
            meters=len(paths),
            window=await _window(cloud, probe, counts, started_at, cpu_before_s),
            ready_s=ready_s,
            setup_stall_ms=setup_stall_ms,
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
        for _ in itertools.repeat(None, REQUESTS_AT_ONCE):
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
