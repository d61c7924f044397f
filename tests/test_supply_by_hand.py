"""Who switches the relay past billing is respected and shown; two masters are told apart."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.qube.billing.supply_models import Obstacle, SupplyState
from custom_components.qube.const import DOMAIN
from custom_components.qube.supply_orders import RETRY_DELAYS
from tests.account import until
from tests.person import Person
from tests.simulator import Endpoint, FaultKind
from tests.supplied_tenancy import TENANCY, SuppliedTenancy

type Switch = Callable[..., Awaitable[SupplyState]]

CONTESTED = f"supply_contested_{TENANCY}"


async def switch_elsewhere(supplied: SuppliedTenancy, *, on: bool) -> SupplyState:
    """Switch the relay in Qube's own app, and return what is shown then."""
    supplied.meter.relay_closed = on
    await supplied.poll()
    assert supplied.verdict is not None
    return supplied.verdict.state


async def switch_here(supplied: SuppliedTenancy, *, on: bool) -> SupplyState:
    """Switch the relay by Home Assistant's switch, and return what is shown then."""
    await supplied.account.order(supplied.meter, "relay", on)
    await supplied.account.settle()
    assert supplied.verdict is not None
    return supplied.verdict.state


@pytest.mark.parametrize("switch", [switch_here, switch_elsewhere])
async def test_power_that_somebody_gives_after_a_cut_stays(
    supplied: SuppliedTenancy, switch: Switch
) -> None:
    """Until the tenant has paid; the next debt is cut as any other."""
    await supplied.owe()
    assert await switch(supplied, on=True) is SupplyState.BY_HAND
    for _ in range(3):
        assert await supplied.decide_and_settle() is SupplyState.BY_HAND
    assert supplied.verdict is not None
    assert supplied.verdict.obstacle is Obstacle.BY_HAND
    assert supplied.has_power()
    assert await supplied.pay() is SupplyState.ON
    assert await supplied.owe() is SupplyState.CUT
    assert not supplied.has_power()


async def test_a_relay_that_is_not_told_was_not_switched(supplied: SuppliedTenancy) -> None:
    """Qube leaves a field out now and then; what was seen last holds."""
    assert await supplied.owe() is SupplyState.CUT
    supplied.meter.null_fields.add("relay_state")
    await supplied.poll()
    assert await supplied.decide_and_settle() is SupplyState.CUT
    supplied.meter.null_fields.clear()
    await supplied.poll()
    assert await supplied.decide_and_settle() is SupplyState.CUT
    assert (supplied.sent, supplied.has_power()) == (1, False)
    assert await supplied.pay() is SupplyState.ON


@pytest.mark.parametrize("switch", [switch_here, switch_elsewhere])
async def test_power_that_somebody_takes_stays_off(
    supplied: SuppliedTenancy, switch: Switch
) -> None:
    """Billing restores only what it cut, though the tenant pays."""
    await supplied.decide_and_settle()
    assert await switch(supplied, on=False) is SupplyState.BY_HAND
    supplied.situation = replace(supplied.situation, is_payment=True)
    assert await supplied.pay() is SupplyState.BY_HAND
    assert not supplied.has_power()
    assert await switch(supplied, on=True) is SupplyState.ON


async def test_power_that_somebody_takes_is_given_back_where_the_owner_chose_always(
    supplied: SuppliedTenancy,
) -> None:
    """At the next check."""
    supplied.terms = replace(supplied.terms, reconnects_always=True)
    supplied.situation = replace(supplied.situation, is_check_due=False)
    await supplied.decide_and_settle()
    assert await switch_elsewhere(supplied, on=False) is SupplyState.BY_HAND
    supplied.situation = replace(supplied.situation, is_check_due=True)
    assert await supplied.decide_and_settle() is SupplyState.ON
    assert supplied.has_power()


async def test_what_somebody_switched_is_remembered_over_a_restart(
    supplied: SuppliedTenancy,
) -> None:
    """And what was switched while Home Assistant was away is seen."""
    await supplied.owe()
    assert await switch_here(supplied, on=True) is SupplyState.BY_HAND
    supplied.stop()
    supplied.begin()
    assert await supplied.decide_and_settle() is SupplyState.BY_HAND
    await supplied.pay()
    assert await supplied.owe() is SupplyState.CUT
    supplied.stop()
    await switch_elsewhere(supplied, on=True)
    supplied.begin()
    assert await supplied.decide_and_settle() is SupplyState.BY_HAND
    assert supplied.has_power()


async def test_who_switches_on_while_a_cut_is_under_way_has_the_last_word(
    supplied: SuppliedTenancy,
) -> None:
    """The relay never moves, but the wish is respected, and the cut is not tried again."""
    await supplied.decide()
    supplied.account.break_down(FaultKind.IGNORED, Endpoint.RELAY, times=1)
    supplied.account.break_down(FaultKind.LATENCY, Endpoint.METRICS, seconds=0.05)
    supplied.situation = replace(supplied.situation, balance_micropaise=0)
    await supplied.decide()
    await until(lambda: Endpoint.METRICS in supplied.account.asked)
    assert await switch_here(supplied, on=True) is SupplyState.BY_HAND
    async_fire_time_changed(supplied.account.hass, dt_util.utcnow() + RETRY_DELAYS[-1])
    await supplied.account.settle()
    assert supplied.has_power()
    intent = await supplied.intent()
    assert intent is not None
    assert (intent.power_on, intent.is_confirmed) == (False, False)


async def test_a_replaced_meter_is_cut_like_the_old_one(supplied: SuppliedTenancy) -> None:
    """The new device comes with its relay closed, which nobody has switched."""
    await supplied.owe()
    account = supplied.account
    new = account.cloud.replace_meter(supplied.meter.device_id)
    new.relay_closed = True
    await account.poll_spaces()
    await account.settle()
    assert await supplied.decide_and_settle() is SupplyState.CUT
    assert not new.relay_closed


async def test_two_masters_stop_the_cuts_until_the_owner_goes_on(
    supplied: SuppliedTenancy, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To and fro within minutes; it is asked again after a restart, and confirmed once."""

    class Tenancies:
        @staticmethod
        def get(tenancy_id: str) -> SuppliedTenancy | None:
            return supplied if tenancy_id == TENANCY else None

    data = replace(supplied.account.entry.runtime_data, tenancies=Tenancies)
    monkeypatch.setattr(supplied.account.entry, "runtime_data", data)
    await supplied.decide_and_settle()
    for on in (False, True, False, True):
        await switch_elsewhere(supplied, on=on)
    assert supplied.repairs == {"supply_contested"}
    assert await supplied.owe() is SupplyState.WAITING
    assert supplied.verdict is not None
    assert supplied.verdict.obstacle is Obstacle.CONTESTED
    supplied.stop()
    assert supplied.repairs == set()
    supplied.begin()
    assert await supplied.decide_and_settle() is SupplyState.WAITING
    assert supplied.repairs == {"supply_contested"}
    assert supplied.has_power()
    form = await person.open(CONTESTED)
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {
        "meter": f"{supplied.meter.name} (Lakshmi Residency)"
    }
    assert supplied.repairs == {"supply_contested"}
    assert (await person.submit())["type"] == "create_entry"
    assert supplied.repairs == set()
    assert supplied.verdict.state is SupplyState.CUT
    assert not supplied.has_power()


async def test_two_masters_do_not_keep_who_pays_in_the_dark(supplied: SuppliedTenancy) -> None:
    """What billing itself cut it restores, whoever else there is."""
    await supplied.decide_and_settle()
    for on in (False, True, False, True):
        await switch_elsewhere(supplied, on=on)
    await supplied.supply.async_resume()
    await supplied.owe()
    for on in (True, False, True):
        await switch_elsewhere(supplied, on=on)
    assert supplied.repairs == {"supply_contested"}
    assert await supplied.pay() is SupplyState.ON


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_a_question_about_a_tenancy_that_is_gone_can_be_closed(
    supplied: SuppliedTenancy, person: Person, monkeypatch: pytest.MonkeyPatch, is_loaded: bool
) -> None:
    """It asks nobody anything."""

    class Tenancies:
        @staticmethod
        def get(_tenancy_id: str) -> None:
            return None

    entry = supplied.account.entry
    data = replace(entry.runtime_data, tenancies=Tenancies)
    monkeypatch.setattr(entry, "runtime_data", data)
    if not is_loaded:
        supplied.stop()
        await supplied.account.hass.config_entries.async_unload(entry.entry_id)
    ir.async_create_issue(
        supplied.account.hass,
        DOMAIN,
        CONTESTED,
        data={"entry_id": entry.entry_id, "tenancy_id": TENANCY},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="supply_contested",
        translation_placeholders={"meter": supplied.meter.name},
    )
    assert (await person.open(CONTESTED))["step_id"] == "confirm"
    assert (await person.submit())["type"] == "create_entry"
    assert supplied.repairs == set()
    assert entry.state is (ConfigEntryState.LOADED if is_loaded else ConfigEntryState.NOT_LOADED)
