"""The ledger's proof: the machine of its tests, with as many sequences as are asked for."""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.billing.ledger_machine import LedgerMachine


def prove(runs: int, steps: int, number: int) -> int:
    """Run so many sequences from a seed, and return their number; raise where one fails."""
    run_state_machine_as_test(
        seed(number)(LedgerMachine),
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return runs
