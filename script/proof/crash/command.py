"""The proof as a person runs it, and what it tells."""

import asyncio
from pathlib import Path
import shutil
import sys
from tempfile import mkdtemp
from time import monotonic

from script.demonstration.errors import DemoError

from .run import Report
from .stage import proof


def prove(cycles: int, *, seed: int, is_broken: bool) -> int:
    """Run the proof, tell what it was, and return whether it failed."""
    return asyncio.run(_prove(cycles, seed=seed, is_broken=is_broken))


async def _prove(cycles: int, *, seed: int, is_broken: bool) -> int:
    started_at = monotonic()
    folder = Path(mkdtemp(prefix="qube-crash-"))
    try:
        async with proof(folder, seed=seed, is_broken=is_broken) as running:
            report = await running.run(cycles, lambda report: _tell(report, cycles))
    except (DemoError, TimeoutError) as error:
        print(f"\n{error or 'Home Assistant does not answer.'}", file=sys.stderr)
        print(f"What is left of it is in {folder}.", file=sys.stderr)
        return 1
    print(f"\n{_summary(report)}, {monotonic() - started_at:.0f} s")
    if report.faults:
        print("\n".join(("It does NOT hold:", *report.faults)))
        print(f"What is left of it is in {folder}.")
        return 1
    print("It holds: no acknowledged payment is lost, nothing is booked or charged twice or never.")
    shutil.rmtree(folder)
    return 0


def _tell(report: Report, cycles: int) -> None:
    print(f"\r{report.cycles} of {cycles} cycles", end="", flush=True)


def _summary(report: Report) -> str:
    parts = [
        f"{report.cycles} kills, {report.killed_at_start} of them while it started",
        f"{report.acknowledged} payments acknowledged, {report.posted_again} posted again",
    ]
    if (written := report.written) is not None:
        energy_wh = sum(charge.to_wh - charge.from_wh for charge in written.charges)
        confirmed = [intent for intent in written.intents if intent.is_confirmed]
        restored = sum(intent.power_on for intent in confirmed)
        parts += [
            f"{len(written.charges)} charges of {energy_wh / 1000:.1f} kWh",
            f"{len(confirmed) - restored} cuts, {restored} restorations",
            f"{written.bills} bills",
        ]
    return "; ".join(parts)
