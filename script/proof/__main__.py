"""Try any sequence of events on ledgers, each from another seed, on all cores."""

from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
import os
import sys
from time import perf_counter
from typing import Final

from .ledger import prove

_RUNS_AT_ONCE: Final = 100


def main() -> int:
    """Run the proof, tell what it was, and return whether it failed."""
    parser = ArgumentParser(prog="script/prove", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="number of sequences (10000)")
    parser.add_argument("--steps", type=int, default=50, help="events in a sequence (50)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another proof (1)")
    options = parser.parse_args()
    started_at = perf_counter()
    done = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        shares = [
            min(_RUNS_AT_ONCE, options.runs - begun)
            for begun in range(0, options.runs, _RUNS_AT_ONCE)
        ]
        seeds = range(options.seed * 1_000_000, options.seed * 1_000_000 + len(shares))
        for share in pool.map(prove, shares, [options.steps] * len(shares), seeds):
            done += share
            print(f"\r{done} of {options.runs} sequences", end="", flush=True)
    elapsed_s = perf_counter() - started_at
    print(f"\nThe ledger held: {done} sequences of up to {options.steps} events, {elapsed_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
