"""What an arm is asked to do, and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

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
class BackFillTask:
    """A back-fill of so many days of history for so many meters."""

    url: str
    api_key: str
    meters: int
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundsTask:
    """So many rounds in which all tenancies are charged, and a statement of so many years."""

    url: str
    api_key: str
    interval_s: int
    rounds: int
    years: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a stretch of steady state took, with the requests that the cloud counted meanwhile."""

    elapsed_s: float
    cpu_s: float
    requests: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stalls:
    """How long the event loop came to nothing else, and the longest garbage collection.

    `longest_without_gc_ms` is the longest one when the collections in each are taken off.
    """

    longest_ms: float
    longest_gc_ms: float
    longest_without_gc_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What an arm found; `fewest_entities` is that of the meter with the fewest."""

    arm: Arm
    meters: int
    cost: Cost
    steady: Stalls
    setup: Stalls
    ready_s: float
    memory_kib: int
    entities: int
    fewest_entities: int
    load_before: float

    @property
    def polls(self) -> int:
        """Return how often a meter was read for its values."""
        return self.cost.requests["metrics"]

    @property
    def requests_per_poll(self) -> float:
        """Return how many requests one reading of a meter took, all kinds counted."""
        return sum(self.cost.requests.values()) / self.polls

    @property
    def cpu_share(self) -> float:
        """Return the part of a core that was used."""
        return self.cost.cpu_s / self.cost.elapsed_s

    def cpu_ms_per_poll(self, idle: Measurement | None = None) -> float:
        """Return the CPU time of one reading of a meter, less what an idle process takes."""
        idle_share = idle.cpu_share if idle else 0.0
        return (self.cpu_share - idle_share) * self.cost.elapsed_s * 1000 / self.polls

    def memory_kib_per_meter(self, idle: Measurement) -> float:
        """Return what one meter adds to the memory of an idle process."""
        return (self.memory_kib - idle.memory_kib) / self.meters


@dataclass(frozen=True, kw_only=True, slots=True)
class BackFill:
    """What a back-fill found; `rows` are hours of energy and of cost, in all.

    `setup` are the stalls until the recorder has what set-up and first readings gave it, `stalls`
    those after that; `recorder` those of the recorder alone, for as many rows.
    """

    meters: int
    days: int
    elapsed_s: float
    rows: int
    requests: int
    setup: Stalls
    stalls: Stalls
    recorder: Stalls
    compared_days: int
    wrong_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One round of charges; `quiet` are the stalls before it, `cpu_s` is the round's alone."""

    tenancies: int
    took_s: float
    cpu_s: float
    stalls: Stalls
    quiet: Stalls


@dataclass(frozen=True, kw_only=True, slots=True)
class Billing:
    """What rounds of charges and statements took."""

    rounds: Sequence[Round]
    statement_ms: Sequence[float]

    @property
    def longest_stall_ms(self) -> float:
        """Return the median of the rounds' longest stalls."""
        return median(each.stalls.longest_ms for each in self.rounds)


def billing_from_json(content: dict[str, Any]) -> Billing:
    """Return what the process of the rounds wrote."""
    rounds = [
        Round(**each | {name: Stalls(**each[name]) for name in ("stalls", "quiet")})
        for each in content["rounds"]
    ]
    return Billing(rounds=rounds, statement_ms=content["statement_ms"])


def back_fill_from_json(content: dict[str, Any]) -> BackFill:
    """Return what a back-fill's process wrote."""
    stalls = {name: Stalls(**content[name]) for name in ("setup", "stalls", "recorder")}
    return BackFill(**content | stalls)


def measurement_from_json(content: dict[str, Any]) -> Measurement:
    """Return what an arm's process wrote."""
    return Measurement(
        **content
        | {
            "arm": Arm(content["arm"]),
            "cost": Cost(**content["cost"]),
            "steady": Stalls(**content["steady"]),
            "setup": Stalls(**content["setup"]),
        }
    )
