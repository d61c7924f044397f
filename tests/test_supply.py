"""A tenant has power or not as it was decided: written down, commanded, confirmed, restored."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.qube.api import QubeClient
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import SupplyReason
from custom_components.qube.billing.supply_models import Decision, Obstacle, SupplyState
from custom_components.qube.supply_orders import RETRY_DELAYS
from tests.simulator import Endpoint, FaultKind, Mode
from tests.supplied_tenancy import PAISA, PREPAID, SuppliedTenancy, opening_of


async def retry(supplied: SuppliedTenancy, tries: int = 1) -> None:
    """Let the time pass after which an order is given again."""
    for _ in range(tries):
        async_fire_time_changed(supplied.account.hass, dt_util.utcnow() + RETRY_DELAYS[-1])
        await supplied.account.settle()


async def add_intent(supplied: SuppliedTenancy, *, power_on: bool) -> None:
    """Write down what was meant when Home Assistant crashed."""
    reason = SupplyReason.PAID if power_on else SupplyReason.LOW_BALANCE
    await supplied.books.async_run(
        lambda ledger: ledger.add_intent(
            supplied.tenancy_id, power_on=power_on, reason=reason, now=dt_util.utcnow()
        )
    )


async def test_a_tenant_in_order_is_left_alone(supplied: SuppliedTenancy) -> None:
    """Nothing is commanded, nothing is written down."""
    assert await supplied.decide_and_settle() is SupplyState.ON
    assert (supplied.sent, await supplied.intent(), supplied.switched) == (0, None, [])


async def test_the_vendors_example_is_cut_and_restored(supplied: SuppliedTenancy) -> None:
    """85.50 is below 100.00; 2,000.00 more give 2,085.50."""
    assert await supplied.owe() is SupplyState.CUT
    assert not supplied.has_power()
    cut = await supplied.intent()
    assert cut is not None
    assert (cut.power_on, cut.is_confirmed, cut.reason) == (False, True, SupplyReason.LOW_BALANCE)
    assert await supplied.pay() is SupplyState.ON
    assert supplied.has_power()
    restored = await supplied.intent()
    assert restored is not None
    assert (restored.power_on, restored.is_confirmed) == (True, True)
    assert restored.reason is SupplyReason.PAID
    assert [order.power_on for order in supplied.switched] == [False, True]
    assert supplied.sent == 2
    assert supplied.repairs == set()


async def test_an_intent_is_on_the_disk_before_the_relay_is_commanded(
    supplied: SuppliedTenancy,
) -> None:
    """Whatever happens then, it is known what was wanted."""
    supplied.account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.1)
    supplied.situation = replace(supplied.situation, balance_micropaise=0)
    verdict = await supplied.decide()
    assert (verdict.decision, verdict.state) == (Decision.CUT, SupplyState.WAITING)
    intent = await supplied.intent()
    assert intent is not None
    assert intent.is_confirmed is None
    assert supplied.has_power()
    await supplied.account.settle()
    assert not supplied.has_power()


async def test_a_cut_is_given_once_however_often_it_is_decided(supplied: SuppliedTenancy) -> None:
    """While it is under way, and after it."""
    supplied.account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.1)
    supplied.situation = replace(supplied.situation, balance_micropaise=0)
    for _ in range(3):
        await supplied.decide()
    await supplied.account.settle()
    await supplied.decide_and_settle()
    assert supplied.sent == 1
    assert [order.power_on for order in supplied.switched] == [False]


async def test_a_payment_overtakes_a_cut_that_is_under_way(
    supplied: SuppliedTenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both reach the meter in their order, so it ends with power, and billing owns it."""
    is_under_way, may_go_on = asyncio.Event(), asyncio.Event()
    send = QubeClient.set_relay

    async def send_late(client: QubeClient, device_id: str, *, closed: bool) -> None:
        is_under_way.set()
        await may_go_on.wait()
        await send(client, device_id, closed=closed)

    monkeypatch.setattr(QubeClient, "set_relay", send_late)
    supplied.situation = replace(supplied.situation, balance_micropaise=0)
    await supplied.decide()
    await is_under_way.wait()
    supplied.situation = replace(supplied.situation, balance_micropaise=2_085_50 * PAISA)
    await supplied.decide()
    may_go_on.set()
    assert await supplied.decide_and_settle() is SupplyState.ON
    assert supplied.has_power()
    assert supplied.sent == 2
    assert [order.power_on for order in supplied.switched] == [True]
    assert await supplied.books.async_run(lambda ledger: ledger.open_intents()) == []


async def test_a_hold_gives_power_back(supplied: SuppliedTenancy) -> None:
    """Do not cut goes for who is cut already, too; without it the next check cuts again."""
    await supplied.owe()
    supplied.situation = replace(supplied.situation, is_held=True)
    assert await supplied.decide_and_settle() is SupplyState.HELD
    assert supplied.has_power()
    assert supplied.switched[-1].reason is SupplyReason.HELD
    supplied.situation = replace(supplied.situation, is_held=False)
    assert await supplied.decide_and_settle() is SupplyState.CUT


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.TRUNCATION])
async def test_an_answer_that_is_lost_is_no_failure(
    supplied: SuppliedTenancy, kind: FaultKind
) -> None:
    """The relay tells."""
    supplied.account.break_down(kind, Endpoint.RELAY)
    assert await supplied.owe() is SupplyState.CUT
    assert await supplied.pay() is SupplyState.ON
    assert [order.power_on for order in supplied.switched] == [False, True]


@pytest.mark.parametrize(
    "kind", [FaultKind.IGNORED, FaultKind.DROP, FaultKind.SERVER_ERROR, FaultKind.HTML_200]
)
@pytest.mark.parametrize("power_on", [False, True])
async def test_an_order_that_does_not_show_is_given_again_until_it_does(
    supplied: SuppliedTenancy, kind: FaultKind, power_on: bool
) -> None:
    """After some tries the owner is told, and no longer once it has come."""
    if power_on:
        await supplied.owe()
    supplied.account.break_down(kind, Endpoint.RELAY)
    order = supplied.pay if power_on else supplied.owe
    assert await order() is SupplyState.WAITING
    sent = supplied.sent
    await retry(supplied)
    assert supplied.sent > sent
    assert supplied.repairs == set()
    await retry(supplied)
    assert supplied.repairs == {"supply_not_restored" if power_on else "supply_not_cut"}
    assert supplied.has_power() is not power_on
    intent = await supplied.intent()
    assert intent is not None
    assert (intent.power_on, intent.is_confirmed) == (power_on, None)
    supplied.account.cloud.faults.clear()
    await retry(supplied)
    assert supplied.has_power() is power_on
    assert supplied.repairs == set()
    intent = await supplied.intent()
    assert intent is not None
    assert intent.is_confirmed is True
    assert supplied.switched[-1].power_on is power_on


async def test_a_cut_that_shows_later_by_itself_is_billings(supplied: SuppliedTenancy) -> None:
    """The cloud carried it out after all, minutes later: who pays gets the power back."""
    supplied.account.break_down(FaultKind.IGNORED, Endpoint.RELAY)
    await supplied.owe()
    supplied.account.cloud.faults.clear()
    supplied.meter.relay_closed = False
    await supplied.poll()
    assert supplied.verdict is not None
    assert supplied.verdict.state is SupplyState.CUT
    assert await supplied.pay() is SupplyState.ON
    assert supplied.has_power()


async def test_a_cut_is_not_tried_again_once_something_stands_against_it(
    supplied: SuppliedTenancy,
) -> None:
    """A retry is a cut like any other."""
    supplied.account.break_down(FaultKind.IGNORED, Endpoint.RELAY)
    await supplied.owe()
    supplied.situation = replace(supplied.situation, is_holiday=True)
    sent = supplied.sent
    await retry(supplied, 2)
    assert supplied.sent == sent
    assert supplied.verdict is not None
    assert supplied.verdict.obstacle is Obstacle.HOLIDAY
    supplied.account.cloud.faults.clear()
    supplied.situation = replace(supplied.situation, is_holiday=False)
    assert await supplied.decide_and_settle() is SupplyState.CUT


@pytest.mark.parametrize("is_refused", [False, True])
async def test_a_cut_that_did_not_show_is_called_off_by_a_payment(
    supplied: SuppliedTenancy, is_refused: bool
) -> None:
    """The relay shows power, but only the contrary order makes that sure, once it was given."""
    supplied.account.break_down(FaultKind.IGNORED, Endpoint.RELAY)
    await supplied.owe()
    supplied.account.cloud.faults.clear()
    supplied.account.forget_requests()
    if is_refused:
        supplied.account.break_down(FaultKind.ERROR, Endpoint.RELAY)
        assert await supplied.pay() is SupplyState.WAITING
        assert supplied.switched == []
        supplied.account.cloud.faults.clear()
        supplied.account.forget_requests()
        await retry(supplied)
    assert await supplied.pay() is SupplyState.ON
    assert supplied.sent == 1
    assert [order.power_on for order in supplied.switched] == [True]


async def test_nobody_is_cut_while_the_meter_is_offline(supplied: SuppliedTenancy) -> None:
    """It comes back first; then the check that was missed is made up for."""
    supplied.meter.is_online = False
    await supplied.poll()
    assert await supplied.owe() is SupplyState.WAITING
    assert (supplied.sent, await supplied.intent()) == (0, None)
    supplied.meter.is_online = True
    await supplied.poll()
    assert supplied.verdict is not None
    assert supplied.verdict.state is SupplyState.CUT
    assert not supplied.has_power()


async def test_power_is_restored_when_the_meter_comes_back(supplied: SuppliedTenancy) -> None:
    """The payment came while it was offline: the order waits, and nobody needs to be told."""
    await supplied.owe()
    supplied.meter.is_online = False
    await supplied.poll()
    assert await supplied.pay() is SupplyState.WAITING
    await retry(supplied, 4)
    assert supplied.sent == 1
    assert supplied.repairs == set()
    supplied.meter.is_online = True
    await supplied.poll()
    assert supplied.has_power()
    assert supplied.verdict is not None
    assert supplied.verdict.state is SupplyState.ON


async def test_a_meter_that_goes_offline_under_way_is_cut_when_it_is_back(
    supplied: SuppliedTenancy,
) -> None:
    """Home Assistant has not noticed yet; the cloud refuses."""
    supplied.meter.is_online = False
    assert await supplied.owe() is SupplyState.WAITING
    await supplied.poll()
    supplied.meter.is_online = True
    await supplied.poll()
    await retry(supplied)
    assert not supplied.has_power()


async def test_another_mode_stops_cuts_and_is_told(supplied: SuppliedTenancy) -> None:
    """Two systems on one meter would work against each other."""
    supplied.meter.mode = Mode.POSTPAID
    await supplied.poll()
    assert supplied.repairs == {"supply_mode"}
    assert await supplied.owe() is SupplyState.WAITING
    assert supplied.verdict is not None
    assert supplied.verdict.obstacle is Obstacle.MODE
    assert supplied.has_power()
    supplied.meter.null_fields = {"mode"}
    await supplied.poll()
    assert supplied.repairs == {"supply_mode"}
    assert supplied.has_power()
    supplied.meter.null_fields = set()
    supplied.meter.mode = Mode.MEASUREMENT
    await supplied.poll()
    assert supplied.repairs == set()
    assert not supplied.has_power()


async def test_a_register_that_is_held_back_stops_cuts(supplied: SuppliedTenancy) -> None:
    """What it says now is not what was used."""
    supplied.meter.energy_wh += 50_000_000
    await supplied.poll()
    assert await supplied.owe() is SupplyState.WAITING
    assert supplied.verdict is not None
    assert supplied.verdict.obstacle is Obstacle.STALE
    assert supplied.sent == 0


async def test_a_meter_that_is_not_listed_is_neither_cut_nor_forgotten(
    supplied: SuppliedTenancy,
) -> None:
    """It may come back with the next list."""
    await supplied.owe()
    meters = supplied.account.entry.runtime_data.devices.meters
    meter = meters.pop(supplied.meter.device_id)
    assert await supplied.pay() is SupplyState.WAITING
    assert not supplied.has_power()
    meters[supplied.meter.device_id] = meter
    assert await supplied.decide_and_settle() is SupplyState.ON
    assert supplied.has_power()


async def test_nobody_is_cut_by_a_ledger_that_cannot_be_written(supplied: SuppliedTenancy) -> None:
    """Not even where the books have not noticed yet."""
    await supplied.decide()
    supplied.books.is_full = True
    assert await supplied.owe() is SupplyState.WAITING
    assert supplied.verdict is not None
    assert (supplied.verdict.decision, supplied.verdict.obstacle) == (
        Decision.KEEP,
        Obstacle.LEDGER,
    )
    assert supplied.verdict.is_pending
    assert supplied.sent == 0
    supplied.books.is_full = False
    assert await supplied.decide_and_settle() is SupplyState.CUT


async def test_power_is_restored_though_the_ledger_cannot_be_written(
    supplied: SuppliedTenancy,
) -> None:
    """A full disk leaves nobody in the dark, and after a restart billing sees what was done."""
    await supplied.owe()
    supplied.books.is_full = True
    supplied.situation = replace(supplied.situation, is_ledger_sound=False)
    assert await supplied.pay() is SupplyState.ON
    assert supplied.has_power()
    assert supplied.switched[-1].power_on
    supplied.books.is_full = False
    supplied.situation = replace(supplied.situation, is_ledger_sound=True)
    supplied.stop()
    supplied.begin()
    assert await supplied.decide_and_settle() is SupplyState.ON
    assert await supplied.owe() is SupplyState.CUT


async def test_nothing_is_decided_by_a_ledger_that_cannot_be_read(
    supplied: SuppliedTenancy,
) -> None:
    """From the start on: who cut is not known, so nothing is switched."""
    supplied.books.is_full = True
    assert await supplied.owe() is SupplyState.WAITING
    supplied.situation = replace(supplied.situation, balance_micropaise=None)
    assert await supplied.decide_and_settle() is SupplyState.ON
    assert supplied.sent == 0
    await supplied.supply.async_resume()
    supplied.books.is_full = False
    assert await supplied.owe() is SupplyState.CUT


async def test_a_warning_is_given_once_also_over_a_restart(supplied: SuppliedTenancy) -> None:
    """And again after the balance was above."""
    supplied.terms = replace(PREPAID, warning_levels_paise=(200_00,))
    low = replace(supplied.situation, balance_micropaise=150_00 * PAISA)
    high = supplied.situation
    supplied.situation = low
    assert (await supplied.decide()).warning_paise == 200_00
    assert (await supplied.decide()).warning_paise is None
    supplied.stop()
    supplied.begin()
    assert (await supplied.decide()).warning_paise is None
    supplied.situation = high
    assert (await supplied.decide()).state is SupplyState.ON
    supplied.situation = low
    assert (await supplied.decide()).warning_paise == 200_00


@pytest.mark.parametrize("has_arrived", [True, False])
@pytest.mark.parametrize("power_on", [False, True])
async def test_an_open_intent_is_reconciled_after_a_crash(
    supplied: SuppliedTenancy, has_arrived: bool, power_on: bool
) -> None:
    """Whether it was carried out is seen at the relay; what was not is done now."""
    await supplied.decide()
    if power_on:
        await supplied.owe()
    supplied.stop()
    supplied.switched.clear()
    await add_intent(supplied, power_on=power_on)
    if has_arrived:
        supplied.meter.relay_closed = power_on
    await supplied.poll()
    supplied.begin()
    state = await (supplied.pay() if power_on else supplied.owe())
    assert state is (SupplyState.ON if power_on else SupplyState.CUT)
    assert supplied.has_power() is power_on
    assert [order.power_on for order in supplied.switched] == [power_on]
    assert await supplied.books.async_run(lambda ledger: ledger.open_intents()) == []


async def test_a_cut_that_was_meant_before_a_crash_is_not_made_for_its_own_sake(
    supplied: SuppliedTenancy,
) -> None:
    """The tenant has paid meanwhile."""
    await add_intent(supplied, power_on=False)
    assert await supplied.pay() is SupplyState.ON
    assert supplied.has_power()


async def test_of_two_intents_that_a_crash_left_open_the_last_one_holds(
    supplied: SuppliedTenancy,
) -> None:
    """The order that replaced a cut was written, the cut not yet settled."""
    for power_on in (False, True):
        await add_intent(supplied, power_on=power_on)
    supplied.meter.relay_closed = False
    await supplied.poll()
    assert await supplied.pay() is SupplyState.ON
    assert supplied.has_power()
    assert await supplied.books.async_run(lambda ledger: ledger.open_intents()) == []


async def test_the_next_tenant_gets_the_power_that_was_cut_for_the_last_one(
    supplied: SuppliedTenancy,
) -> None:
    """Closing an account switches nothing, so the next one takes the cut over."""
    await supplied.owe()
    supplied.stop()
    now = dt_util.utcnow() + timedelta(seconds=1)
    opening = opening_of(supplied.meter, "01JNEXT")

    def move(ledger: Ledger) -> None:
        ledger.close_tenancy(supplied.tenancy_id, closed_at=now)
        ledger.open_tenancy(opening, now=now)

    await supplied.books.async_run(move)
    assert not supplied.has_power()
    supplied.tenancy_id = "01JNEXT"
    supplied.begin()
    assert await supplied.pay() is SupplyState.ON
    assert supplied.has_power()


async def test_a_supply_that_has_stopped_does_nothing(supplied: SuppliedTenancy) -> None:
    """Neither commands nor repairs."""
    supplied.account.break_down(FaultKind.IGNORED, Endpoint.RELAY)
    await supplied.owe()
    await retry(supplied, 2)
    assert supplied.repairs
    supplied.stop()
    assert supplied.repairs == set()
    sent = supplied.sent
    await supplied.pay()
    await retry(supplied)
    assert supplied.sent == sent
    supplied.meter.mode = Mode.POSTPAID
    await supplied.poll()
    assert supplied.repairs == set()
