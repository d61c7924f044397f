"""What happens in a tenancy is an event that people and automations see."""

import pytest

from custom_components.qube.tenancy_events import TenancyEventKind
from tests.account import Account
from tests.shown_tenancy import announce, begin
from tests.simulator import SimulatedCloud


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


@pytest.mark.parametrize("kind", TenancyEventKind)
async def test_each_event_is_shown(account: Account, kind: TenancyEventKind) -> None:
    """With what is known of it."""
    (tenancy,) = await begin(account, account.meter())
    await tenancy.happen(kind, amount=2000.0, balance=2085.5)
    attributes = tenancy.full_state("activity").attributes
    assert attributes["event_type"] == kind.value
    assert (attributes["amount"], attributes["balance"]) == (2000.0, 2085.5)


async def test_two_events_at_once_are_two(account: Account) -> None:
    """A payment restores power in the same moment."""
    (tenancy,) = await begin(account, account.meter())
    shown = []
    for kind in (TenancyEventKind.PAYMENT, TenancyEventKind.RESTORED):
        await tenancy.happen(kind)
        shown.append(tenancy.state("activity"))
    assert shown[0] < shown[1]


async def test_a_reload_is_no_event(account: Account) -> None:
    """The last one is still shown, with its time."""
    (tenancy,) = await begin(account, account.meter())
    await tenancy.happen(TenancyEventKind.CUT, balance=-12.5)
    before = tenancy.full_state("activity")
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    announce(account, [tenancy])
    await account.settle()
    after = tenancy.full_state("activity")
    assert (after.state, after.attributes["balance"]) == (before.state, -12.5)
