"""Measure a process from within its event loop."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import gc
from pathlib import Path
import resource
import time
from typing import Final, Literal

from .cloud import BackDoor
from .measurement import Cost, Stalls

_TICK_S: Final = 0.005


class StallProbe:
    """Notice how late the event loop comes to its work, and how long collections take."""

    def __init__(self) -> None:
        """Belong to the running loop."""
        self._loop = asyncio.get_running_loop()
        self._due_at = 0.0
        self._collecting_since = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._longest_s = 0.0
        self._longest_gc_s = 0.0
        # From when to when: a collection in another thread ends for us after the tick it delayed.
        self._late: list[tuple[float, float]] = []
        self._collected: list[tuple[float, float]] = []

    def start(self) -> None:
        """Begin to watch."""
        gc.callbacks.append(self._on_collection)
        self._due_at = self._loop.time() + _TICK_S
        self._handle = self._loop.call_at(self._due_at, self._tick)

    def stop(self) -> None:
        """Watch no longer."""
        gc.callbacks.remove(self._on_collection)
        if self._handle is not None:
            self._handle.cancel()

    @property
    def stalls(self) -> Stalls:
        """Return the longest ones so far."""
        return Stalls(
            longest_ms=self._longest_s * 1000,
            longest_gc_ms=self._longest_gc_s * 1000,
            longest_without_gc_ms=max(map(self._without_gc_s, self._late), default=0.0) * 1000,
        )

    def _without_gc_s(self, late: tuple[float, float]) -> float:
        """Return how late a tick was but for collections."""
        due_at, came_at = late
        return (came_at - due_at) - sum(
            max(0.0, min(came_at, ended_at) - max(due_at, began_at))
            for began_at, ended_at in self._collected
        )

    def _tick(self) -> None:
        now = self._loop.time()
        late_s = now - self._due_at
        self._longest_s = max(self._longest_s, late_s)
        if late_s > _TICK_S:
            self._late.append((self._due_at, now))
        self._due_at = now + _TICK_S
        self._handle = self._loop.call_at(self._due_at, self._tick)

    def _on_collection(self, phase: Literal["start", "stop"], _info: Mapping[str, int]) -> None:
        now = self._loop.time()
        if phase == "start":
            self._collecting_since = now
        else:
            collected_s = now - self._collecting_since
            self._longest_gc_s = max(self._longest_gc_s, collected_s)
            if collected_s > _TICK_S:
                self._collected.append((self._collecting_since, now))


@asynccontextmanager
async def stall_probe() -> AsyncIterator[StallProbe]:
    """Probe the running loop; to tick costs about as much as a hundred idle meters."""
    probe = StallProbe()
    probe.start()
    try:
        yield probe
    finally:
        probe.stop()


class CostMeter:
    """Add up what this process takes, all threads counted, from now on."""

    def __init__(self, counts_before: Mapping[str, int]) -> None:
        """Begin, with what the cloud had counted until then."""
        self._counts_before = Counter(counts_before)
        self._started_at = time.perf_counter()
        self._cpu_before_s = time.process_time()

    async def async_stop(self, cloud: BackDoor) -> Cost:
        """Return what was taken."""
        elapsed_s = time.perf_counter() - self._started_at
        cpu_s = time.process_time() - self._cpu_before_s
        requests = Counter(await cloud.counts()) - self._counts_before
        return Cost(elapsed_s=elapsed_s, cpu_s=cpu_s, requests=dict(requests))


def memory_kib() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024
