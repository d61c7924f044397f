"""Measure a process from within its event loop; the probe costs the same in every arm."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import gc
from pathlib import Path
import resource
import time
from typing import Final, Literal

_TICK_S: Final = 0.005


class LoopProbe:
    """Notice how late the event loop comes to its work, and how long collections take."""

    def __init__(self) -> None:
        """Belong to the running loop."""
        self._loop = asyncio.get_running_loop()
        self._due_at = 0.0
        self._collecting_since = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self.longest_stall_ms = 0.0
        self.longest_gc_ms = 0.0

    def reset(self) -> None:
        """Forget what was seen."""
        self.longest_stall_ms = self.longest_gc_ms = 0.0

    def start(self) -> None:
        """Begin to watch."""
        gc.callbacks.append(self._collecting)
        self._due_at = self._loop.time() + _TICK_S
        self._handle = self._loop.call_at(self._due_at, self._tick)

    def stop(self) -> None:
        """Watch no longer."""
        gc.callbacks.remove(self._collecting)
        if self._handle is not None:
            self._handle.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        self.longest_stall_ms = max(self.longest_stall_ms, (now - self._due_at) * 1000)
        self._due_at = now + _TICK_S
        self._handle = self._loop.call_at(self._due_at, self._tick)

    def _collecting(self, phase: Literal["start", "stop"], _info: Mapping[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._collecting_since = now
        else:
            self.longest_gc_ms = max(self.longest_gc_ms, (now - self._collecting_since) * 1000)


@asynccontextmanager
async def probing() -> AsyncIterator[LoopProbe]:
    """Probe the running loop."""
    probe = LoopProbe()
    probe.start()
    try:
        yield probe
    finally:
        probe.stop()


def memory_kib() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024
