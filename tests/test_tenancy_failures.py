"""What happens to meters and relays around a tenancy, as in the table of failures."""

from homeassistant.helpers import issue_registry as ir

from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.const import DOMAIN
from tests.account import until
from tests.rented_room import EB, HOUR, MINUTE, QUARTER, RentedRoom, let_draw, used_wh
from tests.simulator import Endpoint, FaultKind, Mode
from tests.truth import CREDIT_PAISE, Truth


def supply_issue(room: RentedRoom, key: str) -> ir.IssueEntry | None:
    """Return a repair about the supply of the room."""
    issue_id = f"supply_{key}_{room.subentry.subentry_id}"
    return ir.async_get(room.hass).async_get_issue(DOMAIN, issue_id)


async def rented(room: RentedRoom) -> Truth:
    """Let a tenant move in whose money lasts for little more than two hours."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=CREDIT_PAISE)
    return Truth(room)


async def test_a_native_mode_that_somebody_sets_charges_on_and_cuts_no_more(
    room: RentedRoom,
) -> None:
    """The meter keeps a balance of its own then; a repair explains, and goes with the mode."""
    truth = await rented(room)
    await truth.pass_by(4)
    room.meter.balance = 1_000_00
    room.meter.mode = Mode.PREPAID
    await truth.pass_by(8)
    assert truth.is_owing()
    assert room.has_power()
    assert room.supply() is SupplyState.WAITING
    assert supply_issue(room, "mode") is not None
    assert await truth.is_charged()
    room.meter.mode = Mode.MEASUREMENT
    await truth.pass_by(2)
    assert room.supply() is SupplyState.CUT
    assert supply_issue(room, "mode") is None
    assert await truth.is_charged()


async def test_power_that_the_native_mode_took_is_not_billings_to_give(room: RentedRoom) -> None:
    """The meter's own balance is spent: somebody else cut, and it is shown so."""
    truth = await rented(room)
    await truth.pass_by(2)
    room.meter.balance = 0
    room.meter.mode = Mode.PREPAID
    await room.machine.run(HOUR, QUARTER)
    assert not room.has_power()
    assert room.supply() is SupplyState.BY_HAND
    assert room.kinds().count("cut") == 0
    assert await truth.is_charged()


async def test_a_meter_that_was_replaced_while_home_assistant_was_off_goes_on(
    room: RentedRoom,
) -> None:
    """Never a difference between two registers; what only the old one knew is nobody's debt."""
    await rented(room)
    await room.machine.run(2 * HOUR, QUARTER)
    await room.charge()
    before = used_wh(await room.charges())
    await room.unload()
    await room.machine.pass_by(3 * HOUR)
    new = room.cloud.replace_meter(room.meter.device_id)
    let_draw(new, 1_000)
    await room.machine.pass_by(3 * HOUR)
    await room.load()
    await room.machine.run(2 * HOUR, QUARTER)
    await room.account.coordinator(room.meter).async_refresh()
    await room.tenancy.async_charge()
    charges = await room.charges()
    # From the first quarter hour on that the history knows of the new one.
    assert before + new.energy_wh - 250 <= used_wh(charges) <= before + new.energy_wh
    assert charges[-1].register_wh == new.energy_wh
    paid = CREDIT_PAISE * 1_000_000 - used_wh(charges) * EB
    assert room.tenancy.view.balance_micropaise == paid
    await room.check_ledger()


async def test_a_register_that_rises_by_mistake_and_falls_again_is_charged_once(
    room: RentedRoom,
) -> None:
    """A rise that could be true is charged; what is used until it is true is not charged again."""
    await room.load()
    await room.rent()
    await room.machine.run(HOUR, QUARTER)
    room.meter.energy_wh += 900
    await room.machine.pass_by(MINUTE)
    await room.charge()
    room.meter.energy_wh -= 900
    await room.machine.run(HOUR, QUARTER)
    assert used_wh(await room.charges()) == 900
    assert room.has_power()
    let_draw(room.meter, 1_000)
    await room.machine.run(2 * HOUR, QUARTER)
    await room.charge()
    assert used_wh(await room.charges()) == room.meter.energy_wh - 1_450_000
    assert room.tenancy.view.balance_micropaise == 3_000_00 * 1_000_000 - EB * (
        room.meter.energy_wh - 1_450_000
    )


async def test_a_restart_between_the_intent_and_the_command_cuts_once(room: RentedRoom) -> None:
    """The order was written down, Home Assistant stopped before the relay moved."""
    truth = await rented(room)
    await truth.pass_by(10)
    room.account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.2)
    room.account.forget_requests()
    check = room.hass.async_create_task(room.tenancy.async_check())
    await until(lambda: Endpoint.RELAY in room.account.asked)
    await room.unload()
    await check
    assert room.kinds().count("cut") == 0
    room.cloud.faults.clear()
    await room.load()
    await room.machine.run(HOUR, QUARTER)
    assert room.supply() is SupplyState.CUT
    assert room.kinds().count("cut") == 1
    assert await room.books.async_run(lambda ledger: ledger.open_intents()) == []
    assert await truth.is_charged()


async def test_another_home_assistant_that_gives_power_again_ends_the_cuts(
    room: RentedRoom,
) -> None:
    """To and fro within minutes: its owner is asked, nobody is cut, and all is charged."""
    truth = await rented(room)
    await truth.pass_by(4)
    for on in (False, True, False, True):
        room.meter.relay_closed = on
        await room.machine.pass_by(MINUTE)
    assert supply_issue(room, "contested") is not None
    await truth.pass_by(8)
    assert truth.is_owing()
    assert room.has_power()
    assert room.supply() is SupplyState.WAITING
    assert await truth.is_charged()
    await room.tenancy.supply.async_resume()
    await room.settle()
    assert room.supply() is SupplyState.CUT


async def test_a_relay_that_does_not_obey_is_told_and_charged_all_the_same(
    room: RentedRoom,
) -> None:
    """Whoever is not cut goes on using, and owes it; once it obeys, it is cut."""
    truth = await rented(room)
    room.account.break_down(FaultKind.IGNORED, Endpoint.RELAY)
    await truth.pass_by(16)
    assert room.has_power()
    assert supply_issue(room, "not_cut") is not None
    assert await truth.is_charged()
    room.cloud.faults.clear()
    await room.machine.run(QUARTER, MINUTE)
    assert room.supply() is SupplyState.CUT
    assert supply_issue(room, "not_cut") is None
