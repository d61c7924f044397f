"""Whether a balance is low or a bill overdue, for those who pay so."""

import pytest

from custom_components.qube.billing.models import Plan
from tests.account import Account
from tests.shown_tenancy import begin
from tests.simulator import SimulatedCloud


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


@pytest.mark.parametrize(
    ("plan", "key", "field"),
    [(Plan.PREPAID, "low_balance", "is_low"), (Plan.POSTPAID, "overdue", "is_overdue")],
)
async def test_it_is_on_while_it_is_so(account: Account, plan: Plan, key: str, field: str) -> None:
    """Unknown while the ledger was not read."""
    (tenancy,) = await begin(account, account.meter(), of_plan=plan)
    shown = []
    for value in (True, False, None):
        await tenancy.show(**{field: value})
        shown.append(tenancy.state(key))
    assert shown == ["on", "off", "unknown"]
    assert tenancy.full_state(key).attributes["device_class"] == "problem"
