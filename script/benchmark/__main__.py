"""Measure and judge: `script/bench --meters 100 1000`; exits 1 where a target is missed."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
import os
from pathlib import Path
import platform
import socket
import subprocess
import sys
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Final

from homeassistant.const import __version__
import orjson

from .cloud import API_KEY, REPOSITORY, simulator
from .measurement import (
    Arm,
    BackFill,
    BackFillTask,
    Billing,
    Measurement,
    RoundsTask,
    Task,
    back_fill_from_json,
    billing_from_json,
    measurement_from_json,
)
from .report import (
    Results,
    back_fill_lines,
    back_fill_targets,
    billing_lines,
    billing_targets,
    notes,
    table,
    targets,
)

_LINES_OF_LOG: Final = 30
_ROUNDS: Final = 3
_YEARS: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says."""

    meters: Sequence[int]
    interval: int
    seconds: int
    arms: Sequence[Arm]
    history_meters: int
    history_days: int
    tenancies: int
    json: Path | None


def _parse() -> Options:
    parser = ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument(
        "--meters", type=int, nargs="*", default=[100, 1000], metavar="N", help="(100 1000)"
    )
    parser.add_argument("--interval", type=int, default=30, help="seconds between polls (30)")
    parser.add_argument(
        "--seconds", type=int, default=30, help="of steady state, for the cost and the stalls (30)"
    )
    parser.add_argument(
        "--arms",
        type=Arm,
        nargs="+",
        default=[*Arm],
        choices=[*Arm],
        help="which to measure (all); idle is always among them",
    )
    parser.add_argument(
        "--history-meters",
        type=int,
        default=100,
        metavar="N",
        help="to back-fill (100); 0 for none",
    )
    parser.add_argument(
        "--history-days", type=int, default=365, metavar="N", help="to back-fill (365)"
    )
    parser.add_argument(
        "--tenancies",
        type=int,
        default=1000,
        metavar="N",
        help="to charge in one round (1000); 0 for none",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    options = Options(**vars(parser.parse_args()))
    if options.seconds % options.interval:
        parser.error("--seconds must hold a whole number of intervals")
    return options


def _run(options: Options) -> Results:
    results: dict[int, dict[Arm, Measurement]] = {}
    if not options.meters:
        return results
    # Without an integration it makes no difference how many meters there are.
    idle = _measure(Arm.IDLE, 0, options)
    for meters in options.meters:
        results[meters] = {Arm.IDLE: replace(idle, meters=meters)}
        for arm in Arm:
            if arm is not Arm.IDLE and arm in options.arms:
                results[meters][arm] = _measure(arm, meters, options)
    return results


def _measure(arm: Arm, meters: int, options: Options) -> Measurement:
    """Measure an arm in a process of its own, against a cloud of its own."""
    sys.stderr.write(f"[bench] {meters} meters, {arm} …\n")
    with simulator(meters) as url:
        task = Task(
            arm=arm,
            url=url,
            api_key=API_KEY,
            interval_s=options.interval,
            window_s=options.seconds,
        )
        return measurement_from_json(_run_module("arm", task))


def _measure_back_fill(options: Options) -> BackFill | None:
    """Measure a back-fill in a process of its own, against a cloud of its own."""
    meters, days = options.history_meters, options.history_days
    if not meters:
        return None
    sys.stderr.write(f"[bench] {meters} meters, {days} days of history …\n")
    with simulator(meters) as url:
        task = BackFillTask(url=url, api_key=API_KEY, meters=meters, days=days)
        return back_fill_from_json(_run_module("back_fill", task))


def _measure_billing(options: Options) -> Billing | None:
    """Measure rounds of charges in a process of their own, against a cloud of its own."""
    if not options.tenancies:
        return None
    sys.stderr.write(f"[bench] {options.tenancies} tenancies, {_ROUNDS} rounds …\n")
    with simulator(options.tenancies) as url:
        task = RoundsTask(
            url=url, api_key=API_KEY, interval_s=options.interval, rounds=_ROUNDS, years=_YEARS
        )
        return billing_from_json(_run_module("tenancies", task))


def _run_module(module: str, task: Task | BackFillTask | RoundsTask) -> dict[str, Any]:
    """Return what a module of this package finds, run in a process of its own."""
    with TemporaryDirectory(prefix="qube-benchmark-") as folder, TemporaryFile() as errors:
        done = subprocess.run(
            [sys.executable, "-m", f"{__package__}.{module}", orjson.dumps(task).decode(), folder],
            cwd=REPOSITORY,
            env={**os.environ, "SETUP_PORT": str(_free_port())},
            stdout=subprocess.PIPE,
            stderr=errors,
            check=False,
        )
        if done.returncode:
            errors.seek(0)
            last_words = errors.read().decode(errors="replace").splitlines()[-_LINES_OF_LOG:]
            raise SystemExit("\n".join((f"{module} failed at {task}:", *last_words)))
    content: dict[str, Any] = orjson.loads(done.stdout)
    return content


def _free_port() -> int:
    """Return a port for Home Assistant's own pages: another one may run here."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def main() -> int:
    """Measure, print and judge."""
    options = _parse()
    results = _run(options)
    history = _measure_back_fill(options)
    billing = _measure_billing(options)
    if options.json is not None:
        content = orjson.dumps(
            {**results, "history": history, "billing": billing},
            option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS,
        )
        options.json.write_bytes(content)
    print(f"Home Assistant {__version__} without recorder, Python {platform.python_version()};")
    print(f"a poll each {options.interval} s, {options.seconds} s of steady state")
    for meters, measurements in results.items():
        print("", f"{meters} meters", "", table(measurements), "", *notes(measurements), sep="\n")
    judged = [*targets(results)]
    if history is not None:
        print("", *back_fill_lines(history), sep="\n")
        judged += back_fill_targets(history)
    if billing is not None:
        rest = results.get(options.tenancies, {}).get(Arm.REST)
        idle = results.get(options.tenancies, {}).get(Arm.IDLE)
        rest_cpu_ms = rest.cpu_ms_per_poll(idle) if rest else None
        print("", *billing_lines(billing, rest_cpu_ms), sep="\n")
        judged += billing_targets(billing)
    print("", *judged, sep="\n")
    return 0 if all(target.is_reached for target in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
