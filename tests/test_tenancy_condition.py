"""Conditions know how the account of a tenancy stands."""

import pytest

from custom_components.qube.billing.models import Plan
from custom_components.qube.billing.supply_models import SupplyState
from tests.account import Account
from tests.automations import area_of, asked, watch_condition
from tests.shown_tenancy import begin
from tests.simulator import SimulatedCloud

# The plan of which it holds, and what the view has to be.
CASES = {
    "is_balance_low": (Plan.PREPAID, "is_low", True, False),
    "is_bill_overdue": (Plan.POSTPAID, "is_overdue", True, False),
    "is_power_cut": (Plan.PREPAID, "supply", SupplyState.CUT, SupplyState.WAITING),
}
ALL = pytest.mark.parametrize("key", CASES)


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


@ALL
async def test_it_holds_while_it_is_so(account: Account, key: str) -> None:
    """Before and after it does not, nor while nothing is known."""
    plan, field, so, not_so = CASES[key]
    (tenancy,) = await begin(account, account.meter(), of_plan=plan)
    runs = await watch_condition(account.hass, key, tenancy.target)
    held = []
    for value in (not_so, so, not_so, so, None):
        await tenancy.show(**{field: value})
        held.append(await asked(account.hass, runs))
    assert held == [False, True, False, True, False]


@ALL
async def test_others_in_an_area_are_not_asked(account: Account, key: str) -> None:
    """An offline meter is a problem, too, but not this one."""
    plan, field, so, not_so = CASES[key]
    meter = account.meter()
    first, second = await begin(account, meter, meter, of_plan=plan)
    for tenancy in (first, second):
        await tenancy.show(is_low=True, is_overdue=True, supply=SupplyState.CUT)
        await tenancy.show(**{field: not_so})
    runs = await watch_condition(account.hass, key, area_of(account, meter))
    assert not await asked(account.hass, runs)
    await second.show(**{field: so})
    assert await asked(account.hass, runs)
