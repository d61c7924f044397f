"""Prove that no money is lost or made up: by any events, by a year, or by killing Home Assistant.

`ledger` tries any sequence of events on ledgers, each from another seed, on all cores; `year` lives
through a simulated year of many tenancies and compares each check with an oracle; `crash` kills a
real Home Assistant again and again, in the midst of payments and charges.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from concurrent.futures import ProcessPoolExecutor
import os
import sys
from time import perf_counter
from typing import Final

from .crash.command import prove as prove_crash
from .ledger import prove
from .year.prove import prove_year, report

_RUNS_AT_ONCE: Final = 100


def main() -> int:
    """Run a proof, and return whether it failed."""
    parser = ArgumentParser(
        prog="script/prove", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", nargs="?", choices=("ledger", "year", "crash"), default="ledger")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another proof (1)")
    of_ledger = parser.add_argument_group("ledger")
    of_ledger.add_argument("--runs", type=int, default=10_000, help="number of sequences (10000)")
    of_ledger.add_argument("--steps", type=int, default=50, help="events in a sequence (50)")
    of_crash = parser.add_argument_group("crash")
    of_crash.add_argument("--cycles", type=int, default=100, help="number of kills (100)")
    of_crash.add_argument(
        "--broken",
        action="store_true",
        help="the control: charges and cursor are not committed together, so it has to fail",
    )
    of_year = parser.add_argument_group("year")
    of_year.add_argument("--tenancies", type=int, default=200, help="number of tenancies (200)")
    of_year.add_argument("--days", type=int, default=365, help="at least 10 (365)")
    of_year.add_argument(
        "--wrong",
        action="store_true",
        help="the control: one charge is a paisa too high, so it has to fail",
    )
    options = parser.parse_args()
    if options.cycles < 1:
        parser.error("a crash needs at least one cycle")
    if options.proof == "crash":
        return prove_crash(options.cycles, seed=options.seed, is_broken=options.broken)
    if options.proof == "year":
        return _prove_year(options.tenancies, options.days, options.seed, is_wrong=options.wrong)
    return _prove_ledger(options.runs, options.steps, options.seed)


def _prove_ledger(runs: int, steps: int, seed: int) -> int:
    started_at = perf_counter()
    done = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        shares = [min(_RUNS_AT_ONCE, runs - begun) for begun in range(0, runs, _RUNS_AT_ONCE)]
        seeds = range(seed * 1_000_000, seed * 1_000_000 + len(shares))
        for share in pool.map(prove, shares, [steps] * len(shares), seeds):
            done += share
            print(f"\r{done} of {runs} sequences", end="", flush=True)
    elapsed_s = perf_counter() - started_at
    print(f"\nThe ledger held: {done} sequences of up to {steps} events, {elapsed_s:.0f} s")
    return 0


def _prove_year(tenancies: int, days: int, seed: int, *, is_wrong: bool) -> int:
    year = prove_year(tenancies=tenancies, days=days, seed=seed, is_wrong=is_wrong)
    print(*report(year, days), sep="\n")
    return 1 if year.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
