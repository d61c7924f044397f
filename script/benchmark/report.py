"""From measurements to the table and the targets of the issue."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, override

from .measurement import ENTITIES_PER_METER, Arm, BackFill, Billing, Measurement

# By the number of meters; Home Assistant alone is always among the arms.
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
    "longest GC (ms)",
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
_MAX_STATEMENT_MS: Final = 100.0
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
    idle = measurements[Arm.IDLE]
    rows = [_COLUMNS, *(_row(measurement, idle) for measurement in measurements.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:]))
    return "\n".join(_line(row, widths) for row in (rows[0], rule, *rows[1:]))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join((first.strip().ljust(widths[0]), *others))} |"


def _row(measurement: Measurement, idle: Measurement) -> tuple[str, ...]:
    title, steady = _TITLES[measurement.arm], measurement.steady
    stalls = f"{steady.longest_ms:.0f}", f"{steady.longest_gc_ms:.0f}"
    if measurement.arm is Arm.IDLE:
        return title, "", *stalls, "", "", "", "", ""
    is_bare = measurement.arm is Arm.BARE
    return (
        title,
        f"{measurement.cpu_ms_per_poll(None if is_bare else idle):.3f}",
        *stalls,
        f"{measurement.requests_per_poll:.2f}",
        f"{measurement.ready_s:.1f}",
        f"{measurement.setup.longest_ms:.0f}",
        "" if is_bare else f"{measurement.memory_kib_per_meter(idle):.0f}",
        "" if is_bare else f"{measurement.entities / measurement.meters:.1f}",
    )


def notes(measurements: Mapping[Arm, Measurement]) -> Iterator[str]:
    """Yield what the table has no column for."""
    idle = measurements[Arm.IDLE]
    yield f"Home Assistant alone: {idle.cpu_share:.2%} of a core, {idle.memory_kib // 1024} MiB"
    if qube := measurements.get(Arm.QUBE):
        asked = ", ".join(f"{count} {endpoint}" for endpoint, count in qube.cost.requests.items())
        yield f"Requests of this integration in {qube.cost.elapsed_s:.0f} s: {asked}"
    loads = ", ".join(f"{arm} {each.load_before:.2f}" for arm, each in measurements.items())
    yield f"Load average before each arm: {loads}"


def targets(results: Results) -> Iterator[Target]:
    """Yield the targets that the arms that ran can tell of."""
    large, small = results.get(_LARGE, {}), results.get(_SMALL, {})
    if (qube := large.get(Arm.QUBE)) is None:
        return
    cpu_ms = qube.cpu_ms_per_poll(large[Arm.IDLE])
    if rest := large.get(Arm.REST):
        cpu_of_rest = cpu_ms / rest.cpu_ms_per_poll(large[Arm.IDLE])
        yield Target(name="CPU, of rest's", value=cpu_of_rest, limit=_MAX_CPU_OF_REST)
        ready_of_rest = qube.ready_s / rest.ready_s
        yield Target(
            name="time until ready, of rest's", value=ready_of_rest, limit=_MAX_READY_OF_REST
        )
    yield Target(name="longest stall (ms)", value=qube.steady.longest_ms, limit=_MAX_STALL_MS)
    requests = qube.requests_per_poll
    yield Target(name="requests per meter and poll", value=requests, limit=_MAX_REQUESTS)
    if few := small.get(Arm.QUBE):
        growth = cpu_ms / few.cpu_ms_per_poll(small[Arm.IDLE])
        name = f"CPU at {_LARGE} meters, of that at {_SMALL}"
        yield Target(name=name, value=growth, limit=_MAX_GROWTH)
    yield Target(
        name="entities of the meter with the fewest",
        value=qube.fewest_entities,
        limit=ENTITIES_PER_METER,
        is_lower_bound=True,
    )


def billing_lines(found: Billing, rest_cpu_ms: float | None) -> Iterator[str]:
    """Yield what rounds of charges found; beside them, what one poll of `rest` takes."""
    for each in found.rounds:
        cpu_ms = each.cpu_s * 1000 / each.tenancies
        of_rest = f", {cpu_ms / rest_cpu_ms:.2f} of a poll of `rest`" if rest_cpu_ms else ""
        yield (
            f"{each.tenancies} tenancies charged in {each.took_s:.1f} s: "
            f"longest stall {each.stalls.longest_ms:.0f} ms (longest GC "
            f"{each.stalls.longest_gc_ms:.0f} ms, without GC "
            f"{each.stalls.longest_without_gc_ms:.0f} ms; before it "
            f"{each.quiet.longest_ms:.0f} ms, GC {each.quiet.longest_gc_ms:.0f} ms), "
            f"{cpu_ms:.2f} ms of CPU each{of_rest}"
        )
    times = ", ".join(f"{each:.0f}" for each in found.statement_ms)
    yield f"Statement of ten years of hourly charges: {times} ms"


def billing_targets(found: Billing) -> Iterator[Target]:
    """Yield the targets of charging, by the median of its rounds: others may use the machine."""
    stall_ms = found.longest_stall_ms
    yield Target(name="longest stall of a round (ms)", value=stall_ms, limit=_MAX_STALL_MS)
    statement_ms = min(found.statement_ms)
    yield Target(name="statement of ten years (ms)", value=statement_ms, limit=_MAX_STATEMENT_MS)


def back_fill_lines(found: BackFill) -> Iterator[str]:
    """Yield what a back-fill found."""
    yield (
        f"{found.meters} meters x {found.days} days of history: {found.rows} rows in "
        f"{found.elapsed_s:.0f} s, {found.rows / found.elapsed_s:.0f} rows/s, "
        f"{found.requests} requests"
    )
    yield (
        f"Longest stall {found.stalls.longest_ms:.0f} ms (longest GC "
        f"{found.stalls.longest_gc_ms:.0f} ms); until the first readings are recorded "
        f"{found.setup.longest_ms:.0f} ms (longest GC {found.setup.longest_gc_ms:.0f} ms)"
    )
    yield (
        f"The recorder alone, without this integration: longest stall "
        f"{found.recorder.longest_ms:.0f} ms (longest GC {found.recorder.longest_gc_ms:.0f} ms)"
    )
    yield f"{found.compared_days} daily sums compared with the truth, {found.wrong_days} differ"


def back_fill_targets(found: BackFill) -> Iterator[Target]:
    """Yield the targets of a back-fill."""
    stall_ms = found.stalls.longest_ms
    yield Target(name="longest stall of a back-fill (ms)", value=stall_ms, limit=_MAX_STALL_MS)
    yield Target(name="daily sums that differ from the truth", value=found.wrong_days, limit=0)
