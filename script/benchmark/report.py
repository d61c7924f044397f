"""From measurements to the table and the targets of the issue."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, override

from .measurement import ENTITIES_PER_METER, Arm, Measurement

type Results = Mapping[int, Mapping[Arm, Measurement]]

_TITLES: Final = {
    Arm.IDLE: "Home Assistant alone",
    Arm.REST: "`rest`, eight sensors a meter",
    Arm.QUBE: "this integration",
    Arm.BARE: "bare aiohttp loop",
}
_COLUMNS: Final = (
    "arm",
    "CPU per meter and poll (ms)",
    "longest stall (ms)",
    "of it GC (ms)",
    "requests per meter and poll",
    "ready (s)",
    "longest stall until ready (ms)",
    "memory per meter (KiB)",
    "entities per meter",
)
_LARGE: Final = 1000
_SMALL: Final = 100
_MAX_CPU_OF_REST: Final = 0.65
_MAX_STALL_MS: Final = 50.0
_MAX_REQUESTS: Final = 1.25
_MAX_READY_OF_REST: Final = 1.5
_MAX_GROWTH: Final = 1.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A number that the issue bounds."""

    name: str
    value: float
    limit: float
    is_lower_bound: bool = False

    @property
    def is_reached(self) -> bool:
        """Return whether the number is within its bound."""
        return self.value >= self.limit if self.is_lower_bound else self.value <= self.limit

    @override
    def __str__(self) -> str:
        """Return the line that is printed."""
        verdict = "pass" if self.is_reached else "FAIL"
        sign = "≥" if self.is_lower_bound else "≤"
        return f"{verdict}  {self.name}: {self.value:.2f} ({sign} {self.limit:g})"


def table(measurements: Mapping[Arm, Measurement]) -> str:
    """Return the Markdown table of one number of meters."""
    idle = measurements.get(Arm.IDLE)
    rows = [_COLUMNS, *(_row(measurement, idle) for measurement in measurements.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    rule = " | ".join(
        "-" * width if index == 0 else "-" * (width - 1) + ":" for index, width in enumerate(widths)
    )
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def _row(measurement: Measurement, idle: Measurement | None) -> tuple[str, ...]:
    arm, window = measurement.arm, measurement.window
    stalls = f"{window.longest_stall_ms:.0f}", f"{window.longest_gc_ms:.0f}"
    if arm is Arm.IDLE:
        return _TITLES[arm], "", *stalls, "", "", "", "", ""
    cpu = f"{measurement.cpu_ms_per_poll(None if arm is Arm.BARE else idle):.3f}"
    return (
        _TITLES[arm],
        cpu,
        *stalls,
        f"{measurement.requests_per_poll:.2f}",
        f"{measurement.ready_s:.1f}",
        f"{measurement.setup_stall_ms:.0f}",
        f"{measurement.memory_kib_per_meter(idle):.0f}" if idle and arm is not Arm.BARE else "",
        f"{measurement.entities / measurement.meters:.1f}" if arm is not Arm.BARE else "",
    )


def targets(results: Results) -> Iterator[Target]:
    """Yield the targets that the arms that ran can tell of."""
    large, small = results.get(_LARGE, {}), results.get(_SMALL, {})
    qube, rest, idle = large.get(Arm.QUBE), large.get(Arm.REST), large.get(Arm.IDLE)
    if qube is None:
        return
    cpu_ms = qube.cpu_ms_per_poll(idle)
    if rest is not None:
        cpu_ratio = cpu_ms / rest.cpu_ms_per_poll(idle)
        yield Target(name="CPU, of rest's", value=cpu_ratio, limit=_MAX_CPU_OF_REST)
    stall_ms = qube.window.longest_stall_ms
    yield Target(name="longest stall (ms)", value=stall_ms, limit=_MAX_STALL_MS)
    requests = qube.requests_per_poll
    yield Target(name="requests per meter and poll", value=requests, limit=_MAX_REQUESTS)
    if rest is not None:
        ready_ratio = qube.ready_s / rest.ready_s
        yield Target(name="ready, of rest's", value=ready_ratio, limit=_MAX_READY_OF_REST)
    if (few := small.get(Arm.QUBE)) is not None:
        growth = cpu_ms / few.cpu_ms_per_poll(small.get(Arm.IDLE))
        name = f"CPU at {_LARGE} meters, of that at {_SMALL}"
        yield Target(name=name, value=growth, limit=_MAX_GROWTH)
    yield Target(
        name="entities of the meter with the fewest",
        value=qube.fewest_entities,
        limit=ENTITIES_PER_METER,
        is_lower_bound=True,
    )
