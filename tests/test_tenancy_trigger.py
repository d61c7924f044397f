"""Triggers fire for what happens to the accounts of tenants, once each time."""

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest

from custom_components.qube.tenancy_events import TenancyEventKind
from tests.account import Account
from tests.automations import add_stranger, area_of, watch_trigger
from tests.shown_tenancy import ShownTenancy, announce, begin
from tests.simulator import SimulatedCloud
from tests.trigger_cases import EVENTS, entities_of

OTHERS = {
    key: [other for other in TenancyEventKind if other is not kind] for key, kind in EVENTS.items()
}
ALL = pytest.mark.parametrize(("key", "kind"), EVENTS.items(), ids=list(EVENTS))


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def reload(tenancy: ShownTenancy) -> None:
    """Load the account again, as after a restart."""
    account = tenancy.account
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    announce(account, [tenancy])
    await account.settle()


@pytest.mark.parametrize("key", EVENTS)
async def test_the_editor_can_show_it(account: Account, key: str) -> None:
    """It is for this integration's events, and has nothing to fill in."""
    assert await async_setup_component(account.hass, "automation", {})
    description = (await async_get_all_descriptions(account.hass))[f"qube.{key}"]
    assert description is not None
    (entity,) = description["target"]["entity"]
    assert (entity["integration"], entity["domain"]) == ("qube", ["event"])
    assert not description.get("fields")


@ALL
async def test_it_fires_each_time_it_happens(
    account: Account, key: str, kind: TenancyEventKind
) -> None:
    """Also when it is the first thing that ever happens, and when it happens again."""
    (tenancy,) = await begin(account, account.meter())
    runs = await watch_trigger(account.hass, key, tenancy.target)
    for number in (1, 2):
        await tenancy.happen(kind)
        assert entities_of(runs) == [tenancy.entity_id("activity")] * number


@ALL
async def test_nothing_else_fires_it(account: Account, key: str, kind: TenancyEventKind) -> None:
    """A payment is no bill."""
    (tenancy,) = await begin(account, account.meter())
    runs = await watch_trigger(account.hass, key, tenancy.target)
    for other in OTHERS[key]:
        await tenancy.happen(other)
    assert entities_of(runs) == []


@ALL
async def test_a_reload_does_not_fire_it_again(
    account: Account, key: str, kind: TenancyEventKind
) -> None:
    """It happened before; what happens after it counts again."""
    (tenancy,) = await begin(account, account.meter())
    await tenancy.happen(kind)
    runs = await watch_trigger(account.hass, key, tenancy.target)
    await reload(tenancy)
    assert entities_of(runs) == []
    await tenancy.happen(kind)
    assert len(runs) == 1


async def test_a_trigger_hears_of_all_tenancies_of_an_area(account: Account) -> None:
    """Not of other events there, of whatever integration."""
    meter = account.meter()
    first, second = await begin(account, meter, meter)
    runs = await watch_trigger(account.hass, "power_was_cut", area_of(account, meter))
    stranger = add_stranger(account, meter, "event", "activity")
    for time in ("2026-05-13", "2026-05-14"):
        account.hass.states.async_set(stranger, time, {"event_type": "cut"})
        await account.settle()
    assert entities_of(runs) == []
    for tenancy in (first, second):
        await tenancy.happen(TenancyEventKind.CUT)
    assert entities_of(runs) == [each.entity_id("activity") for each in (first, second)]


async def test_a_low_balance_fires_once(account: Account) -> None:
    """When it becomes low, not while it stays so, and not when it was paid."""
    (tenancy,) = await begin(account, account.meter())
    runs = await watch_trigger(account.hass, "balance_became_low", tenancy.target)
    for is_low, number in ((True, 1), (True, 1), (False, 1), (True, 2)):
        await tenancy.show(is_low=is_low)
        assert entities_of(runs) == [tenancy.entity_id("low_balance")] * number


async def test_a_low_balance_is_told_after_a_gap_only_where_it_is_new(account: Account) -> None:
    """What was known before a restart of the account decides."""
    (tenancy,) = await begin(account, account.meter())
    runs = await watch_trigger(account.hass, "balance_became_low", tenancy.target)
    await tenancy.show(is_low=True)
    await reload(tenancy)
    assert len(runs) == 1
    await tenancy.show(is_low=False)
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert tenancy.state("low_balance") == STATE_UNAVAILABLE
    assert await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    announce(account, [tenancy])
    await tenancy.show(is_low=True)
    assert len(runs) == 2


async def test_the_balance_of_a_tenancy_can_fall_below_an_amount(account: Account) -> None:
    """As that of a meter."""
    (tenancy,) = await begin(account, account.meter())
    runs = await watch_trigger(account.hass, "balance_fell_below", tenancy.target, threshold=100)
    await tenancy.show(balance_micropaise=8_550_000_000)
    assert entities_of(runs) == [tenancy.entity_id("balance")]
