"""A tenancy is a device below its meter, with the entities of its plan."""

from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType
import pytest

from custom_components.qube import entity_budget
from custom_components.qube.billing.models import Plan
from custom_components.qube.entity_budget import TENANCY_ORDER
from custom_components.qube.tenancy_view import TenancyView
from tests.account import Account
from tests.shown_tenancy import ShownTenancy, announce, begin
from tests.simulator import SimulatedCloud

OF_BOTH = {
    *("balance", "supply", "activity", "hold", "amount_due", "charged_until"),
    *("grid_use", "grid_cost", "generator_use", "generator_cost"),
}
OF_PLAN = {
    Plan.PREPAID: OF_BOTH | {"low_balance", "days_left"},
    Plan.POSTPAID: OF_BOTH | {"overdue", "bill_due"},
}


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def test_a_tenancy_is_a_service_below_its_meter(account: Account) -> None:
    """Named as its subentry, in the area of the meter, and of that subentry."""
    meter = account.meter()
    (tenancy,) = await begin(account, meter)
    device = tenancy.device
    assert device is not None
    assert device.name == "Asha Rao · Prepaid"
    assert device.model == "Prepaid tenancy"
    assert device.entry_type is DeviceEntryType.SERVICE
    assert device.via_device_id == account.device_id(meter)
    assert device.config_subentry_id == tenancy.tenancy_id
    area = ar.async_get(account.hass).async_get_area(device.area_id or "")
    assert area is not None
    assert tenancy.entity_id("balance") == "sensor.lakshmi_residency_prepaid_tenancy_balance"
    assert area.name == account.cloud.spaces[meter.space_id].label.name


async def test_a_tenancy_of_a_meter_that_is_gone_has_its_device_all_the_same(
    account: Account,
) -> None:
    """Somebody may still owe."""
    meter = account.meter()
    dr.async_get(account.hass).async_remove_device(account.device_id(meter))
    (tenancy,) = await begin(account, meter)
    assert tenancy.device is not None
    assert tenancy.device.via_device_id is None
    assert tenancy.state("balance") == "2923.3"


@pytest.mark.parametrize("plan", Plan)
async def test_a_tenancy_has_the_entities_of_its_plan(account: Account, plan: Plan) -> None:
    """Days left for who pays before, a due date for who pays after; only the last is off."""
    (tenancy,) = await begin(account, account.meter(), of_plan=plan)
    entries = tenancy.entries()
    assert set(entries) == OF_PLAN[plan]
    assert {key for key, entry in entries.items() if entry.disabled_by} == {"charged_until"}
    assert {entry.device_id for entry in entries.values()} == {tenancy.device and tenancy.device.id}


@pytest.mark.parametrize("is_there", [True, False])
async def test_the_name_of_a_tenant_is_in_no_id_of_an_entity(
    account: Account, is_there: bool
) -> None:
    """Ids are in logs and events; the name is only where people read it."""
    if not is_there:
        dr.async_get(account.hass).async_remove_device(account.device_id(account.meter()))
    (tenancy,) = await begin(account, account.meter())
    entries = tenancy.entries().values()
    assert not [each.entity_id for each in entries if "asha" in each.entity_id]
    assert "Asha Rao" in tenancy.full_state("balance").attributes["friendly_name"]


async def test_tenancies_follow_each_other_on_a_meter(account: Account) -> None:
    """Each has a device and entities of its own."""
    first, second = await begin(account, account.meter(), account.meter())
    assert first.entity_id("balance") != second.entity_id("balance")
    await second.show(balance_micropaise=0)
    assert (first.state("balance"), second.state("balance")) == ("2923.3", "0.0")


async def test_nothing_is_shown_before_something_is_known(account: Account) -> None:
    """Unknown is not zero."""
    (tenancy,) = await begin(account, account.meter(), view=TenancyView())
    shown = {tenancy.state(key) for key, each in tenancy.entries().items() if not each.disabled_by}
    assert shown == {"unknown"}


async def test_an_entity_writes_only_what_changed(account: Account) -> None:
    """Most values stand still between two charges."""
    (tenancy,) = await begin(account, account.meter())
    keys = [key for key, entry in tenancy.entries().items() if not entry.disabled_by]
    before = {key: tenancy.full_state(key).last_reported for key in keys}
    await tenancy.show(balance_micropaise=0)
    written = {key for key in keys if tenancy.full_state(key).last_reported != before[key]}
    assert written == {"balance"}


async def test_a_deleted_subentry_takes_device_and_listeners_along(account: Account) -> None:
    """Its journal is another matter."""
    (tenancy,) = await begin(account, account.meter())
    assert tenancy.listeners
    assert account.hass.config_entries.async_remove_subentry(account.entry, tenancy.tenancy_id)
    await account.settle()
    assert tenancy.device is None
    assert tenancy.entries() == {}
    assert (tenancy.listeners, tenancy.event_listeners) == ([], [])


async def test_the_list_of_meters_removes_no_tenancy(account: Account) -> None:
    """The cloud never lists tenancies, however often it is asked."""
    (tenancy,) = await begin(account, account.meter())
    for _ in range(4):
        await account.poll_spaces()
    assert tenancy.device is not None
    assert tenancy.device.via_device_id == account.device_id(account.meter())


async def test_the_device_of_a_tenancy_goes_only_with_its_subentry(account: Account) -> None:
    """Otherwise it would be charged and cut, and nobody would see it."""
    (tenancy,) = await begin(account, account.meter())
    assert tenancy.device is not None
    assert not account.entry.runtime_data.devices.async_remove(tenancy.device)


async def test_a_reload_shows_the_same_entities(account: Account) -> None:
    """With their ids, and no further ones."""
    (tenancy,) = await begin(account, account.meter())
    before = tenancy.entries()
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    announce(account, [tenancy])
    await account.settle()
    assert tenancy.entries().keys() == before.keys()
    assert tenancy.state("balance") == "2923.3"


def enabled_of(tenancy: ShownTenancy) -> set[str]:
    """Return the keys of the entities of a tenancy that are on."""
    return {key for key, entry in tenancy.entries().items() if not entry.disabled_by}


@pytest.mark.parametrize("at_once", [True, False])
async def test_on_a_large_account_all_tenancies_have_the_same(
    account: Account, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """Whether they begin together or one by one; the first of the order come first."""
    meters = list(account.cloud.meters.values())
    entities = account.hass.states.async_entity_ids()
    monkeypatch.setattr(entity_budget, "RESERVE", 0)
    limit = len(entities) + len(meters) * 4
    monkeypatch.setattr(entity_budget, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", limit)
    if at_once:
        tenancies = await begin(account, *meters)
    else:
        tenancies = [(await begin(account, meter))[0] for meter in meters]
    assert [enabled_of(each) for each in tenancies] == [set(TENANCY_ORDER[:4])] * len(meters)


async def test_where_there_is_no_room_at_all_a_tenancy_shows_what_matters(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its balance, its supply, and what happens: triggers listen to that."""
    monkeypatch.setattr(entity_budget, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", 0)
    (tenancy,) = await begin(account, account.meter())
    assert enabled_of(tenancy) == {"balance", "supply", "activity"}
