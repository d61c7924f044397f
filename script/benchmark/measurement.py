"""What an arm is asked to do, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# The comparison is for at least so many entities a meter; `rest` gets exactly these.
ENTITIES_PER_METER = 8


class Arm(StrEnum):
    """What is measured."""

    IDLE = "idle"
    REST = "rest"
    QUBE = "qube"
    BARE = "bare"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One arm's work."""

    arm: Arm
    url: str
    api_key: str
    interval_s: int
    window_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What a stretch of steady state cost; `longest_gc_ms` is the part of one collection."""

    elapsed_s: float
    cpu_s: float
    longest_stall_ms: float
    longest_gc_ms: float
    requests: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What an arm found; `fewest_entities` is that of the meter with the fewest."""

    arm: Arm
    meters: int
    window: Window
    ready_s: float
    setup_stall_ms: float
    memory_kib: int
    entities: int
    fewest_entities: int
    load_before: float

    @property
    def polls(self) -> int:
        """Return how often a meter was read for its values."""
        return self.window.requests.get("metrics", 0)

    @property
    def requests_per_poll(self) -> float:
        """Return how many requests one reading of a meter took, all kinds counted."""
        return sum(self.window.requests.values()) / self.polls

    def cpu_ms_per_poll(self, idle: Measurement | None) -> float:
        """Return the CPU time of one reading of a meter, without what an idle process takes."""
        idle_cpu_s = 0.0
        if idle is not None:
            idle_cpu_s = idle.window.cpu_s / idle.window.elapsed_s * self.window.elapsed_s
        return (self.window.cpu_s - idle_cpu_s) * 1000 / self.polls

    def memory_kib_per_meter(self, idle: Measurement) -> float:
        """Return what one meter adds to the memory of an idle process."""
        return (self.memory_kib - idle.memory_kib) / self.meters
