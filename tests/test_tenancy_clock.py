"""Clocks that are wrong, or are set: nothing is dated by them, and nothing is lost or cut."""

from datetime import timedelta

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.qube.billing.errors import RefusedError
from custom_components.qube.billing.models import INDIA
from custom_components.qube.billing.supply_models import SupplyState
from tests.rented_room import DAY, HOUR, MINUTE, RentedRoom, let_draw
from tests.truth import CREDIT_PAISE, Truth

RIGHT = timedelta()


@pytest.mark.parametrize("ahead", [-3 * DAY, -10 * MINUTE, 10 * MINUTE, 3 * HOUR, 400 * DAY])
async def test_a_clock_that_is_wrong_for_hours_charges_and_cuts_nobody_wrongly(
    room: RentedRoom, ahead: timedelta
) -> None:
    """Before NTP has set it, or after it was set by hand; in the end all is as with a right one."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=CREDIT_PAISE)
    truth = Truth(room)
    await truth.pass_by(4)
    await room.machine.set_clock(ahead)
    await truth.pass_by(12)
    assert truth.is_owing()
    await room.machine.set_clock(RIGHT)
    await truth.pass_by(6)
    assert room.supply() is SupplyState.CUT
    assert await truth.is_charged()
    assert await room.bills() == []
    now = room.machine.now
    assert all(each.to_at <= now for each in await room.charges())


async def test_a_start_with_a_wrong_clock_charges_nothing_until_it_is_right(
    room: RentedRoom,
) -> None:
    """The computer has no battery: it begins in the past."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=CREDIT_PAISE)
    truth = Truth(room)
    await truth.pass_by(4)
    await room.unload()
    await room.machine.set_clock(-90 * DAY)
    await room.load()
    await truth.pass_by(8)
    before = room.balance_paise
    assert room.issue("clock_wrong") is not None
    with pytest.raises(RefusedError, match="no_final_reading"):
        await room.tenancy.async_close()
    assert (room.balance_paise, room.has_power()) == (before, True)
    await room.machine.set_clock(RIGHT)
    await truth.pass_by(6)
    assert room.issue("clock_wrong") is None
    assert room.supply() is SupplyState.CUT
    assert await truth.is_charged()


async def test_a_wrong_clock_is_told_to_who_has_tenants(room: RentedRoom) -> None:
    """It closes when the account is unloaded, too."""
    await room.machine.set_clock(DAY)
    await room.load()
    assert room.issue("clock_wrong") is None
    await room.rent()
    await room.account.poll_spaces()
    issue = room.issue("clock_wrong")
    assert issue is not None
    assert (issue.severity, issue.is_fixable) == (ir.IssueSeverity.ERROR, False)
    assert issue.translation_placeholders == {"account": "Lakeside"}
    await room.unload()
    assert room.issue("clock_wrong") is None


async def test_a_clock_that_was_set_forward_makes_no_check_late(room: RentedRoom) -> None:
    """Timers wait for so much time to pass; the check of 23:59 is due as soon as it is past."""
    await room.load()
    await room.machine.set_clock(-8 * HOUR)
    await room.rent(check_interval="day", opening_credit_paise=50_00)
    await room.machine.run(HOUR, 10 * MINUTE)
    await room.machine.set_clock(RIGHT)
    # It is 19:00 in India now, and the timer was set at 10:00.
    midnight = room.machine.now.astimezone(INDIA).replace(hour=23, minute=59)
    await room.machine.run_until(midnight - MINUTE, 10 * MINUTE)
    assert room.has_power()
    await room.machine.run(90 * timedelta(seconds=1), MINUTE / 2)
    assert not room.has_power()
