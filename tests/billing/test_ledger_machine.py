"""Any sequence of events leaves the ledger sound; `script/prove` runs it for longer."""

from hypothesis import HealthCheck, settings

from tests.billing.ledger_machine import LedgerMachine

TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
