"""One tenancy while it runs: charged at its times, by what was used."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.qube.billing.errors import RefusedError
from custom_components.qube.billing.models import INDIA, Rates, Source
from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.tenancy_events import TenancyEventKind
from tests.rented_room import (
    DAY,
    DG,
    EB,
    HOUR,
    MINUTE,
    QUARTER,
    RentedRoom,
    let_draw,
    used_wh,
)
from tests.simulator.grid import Source as GridSource


def payment(amount_paise: int, reference: str, paid_at: datetime) -> dict[str, Any]:
    """Return a payment as an action gives it."""
    return {
        "amount_paise": amount_paise,
        "reference": reference,
        "method": "upi",
        "paid_at": paid_at,
    }


async def test_the_vendors_prepaid_example_comes_out_to_the_paisa(room: RentedRoom) -> None:
    """₹3,000 less 11.8 kWh at ₹6.50 are ₹2,923.30; below ₹100 is cut; ₹2,000 restore."""
    await room.load()
    tenancy = await room.rent()
    assert room.balance_paise == 3_000_00
    room.meter.energy_wh = 1_461_800
    await room.machine.pass_by(DAY)
    await room.charge()
    assert room.balance_paise == 2_923_30
    assert room.supply() is SupplyState.ON

    for day in range(24):
        room.meter.energy_wh += 18_191
        await room.machine.run(DAY, HOUR)
        assert room.has_power() is (day < 23)
    assert room.balance_paise == 85_50
    assert room.supply() is SupplyState.CUT
    assert room.kinds()[-1] == "cut"

    await tenancy.async_pay(**payment(2_000_00, "UPI-1", room.machine.now))
    await room.settle()
    assert room.balance_paise == 2_085_50
    assert room.has_power()
    assert room.kinds()[-2:] == ["payment", "restored"]
    await room.check_ledger()


async def test_bills_name_the_meter_with_its_space(room: RentedRoom) -> None:
    """Each house has a Room 101."""
    await room.load()
    tenancy = await room.rent()
    assert tenancy.record is not None
    (space,) = room.cloud.spaces.values()
    assert tenancy.record.meter_name == f"{room.meter.name} ({space.label.name})"


async def test_what_is_used_is_charged_at_each_check(room: RentedRoom) -> None:
    """An hourly check charges on the hour."""
    let_draw(room.meter, 1_000)
    await room.load()
    tenancy = await room.rent(check_interval="hour")
    await room.machine.run(55 * MINUTE, MINUTE)
    assert room.kinds().count("charge") == 0
    await room.machine.run(10 * MINUTE, MINUTE)
    assert room.kinds().count("charge") == 1
    await room.machine.run(HOUR, MINUTE)
    assert room.kinds().count("charge") == 2
    assert tenancy.view.charged_until is not None
    assert room.machine.now - tenancy.view.charged_until < HOUR


async def test_a_meter_that_stands_still_is_not_taken_for_silent(room: RentedRoom) -> None:
    """Each poll reads the same in an empty room: it is charged up to the last, and cut in debt."""
    let_draw(room.meter, 0)
    room.meter.null_fields = {"voltage", "frequency"}
    await room.load()
    tenancy = await room.rent(check_interval="hour", opening_credit_paise=150_00)
    await room.machine.run(3 * HOUR, MINUTE)
    assert tenancy.view.charged_until is not None
    assert room.machine.now - tenancy.view.charged_until < HOUR
    await tenancy.async_adjust(amount_paise=-100_00, reason="Broken lamp", reference="A-1")
    await room.machine.run(HOUR, MINUTE)
    assert not room.has_power()
    assert room.supply() is SupplyState.CUT


async def test_a_daily_check_comes_at_its_time_in_india(room: RentedRoom) -> None:
    """Below the cut-off at noon, cut at 23:59 and not before."""
    await room.load()
    await room.rent(check_interval="day", opening_credit_paise=150_00)
    room.meter.energy_wh += 10_000
    await room.machine.pass_by(HOUR)
    day = room.machine.now.astimezone(INDIA).replace(hour=0, minute=0)
    await room.machine.run_until(day.replace(hour=23, minute=58), 2 * MINUTE)
    await room.tenancy.async_charge()
    assert room.balance_paise == 85_00
    assert room.has_power()
    await room.machine.run_until(day.replace(hour=23, minute=59, second=30), MINUTE)
    assert not room.has_power()


async def test_midnight_in_india_charges_whatever_the_interval(room: RentedRoom) -> None:
    """So that each day of a statement has its own use; but it checks no supply."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(check_interval="week", opening_credit_paise=101_00)
    midnight = datetime(2026, 5, 14, tzinfo=INDIA)
    await room.machine.run_until(midnight + MINUTE, MINUTE)
    until = room.tenancy.view.charged_until
    assert until is not None
    assert abs(until - midnight) <= 2 * MINUTE
    assert room.balance_paise < 100_00
    assert room.has_power()


async def test_the_source_is_watched_and_charged_when_it_switches(room: RentedRoom) -> None:
    """What was used on the generator costs its rate, with at most a poll in doubt."""
    let_draw(room.meter, 6_000)
    await room.load()
    await room.rent(check_interval="day")
    await room.machine.run(HOUR, MINUTE)
    room.meter.active_tariff = GridSource.DG
    await room.machine.run(HOUR, MINUTE)
    assert room.kinds().count("charge") == 1
    room.meter.active_tariff = GridSource.EB
    await room.machine.run(HOUR, MINUTE)
    await room.charge()
    use = dict.fromkeys(Source, 0)
    estimated_wh = 0
    for charge in await room.charges():
        use[charge.source] += charge.energy_wh
        estimated_wh += charge.is_estimated * charge.energy_wh
        assert charge.millipaise_per_kwh == (EB if charge.source is Source.EB else DG)
    assert use[Source.DG] == pytest.approx(6_000, abs=250)
    assert sum(use.values()) == room.meter.energy_wh - 1_450_000
    # The first minute, as nobody saw the source before, and a minute for each switch.
    assert estimated_wh <= 4 * 100 + 1


async def test_new_rates_hold_from_their_time_on(room: RentedRoom) -> None:
    """Charged at the moment at which they come into force, without a check."""
    let_draw(room.meter, 6_000)
    await room.load()
    tenancy = await room.rent(check_interval="day")
    change = room.machine.now + 2 * HOUR
    await tenancy.async_set_rates(
        Rates(valid_from=change, eb_millipaise_per_kwh=700_000, dg_millipaise_per_kwh=DG)
    )
    assert room.kinds() == ["rates_changed"]
    await room.machine.run(3 * HOUR, MINUTE)
    assert room.kinds() == ["rates_changed", "charge"]
    await room.charge()
    by_rate = {EB: 0, 700_000: 0}
    for charge in await room.charges():
        by_rate[charge.millipaise_per_kwh] += charge.energy_wh
    assert by_rate[EB] == pytest.approx(12_000, abs=2)
    with pytest.raises(RefusedError, match="rates_in_the_past"):
        await tenancy.async_set_rates(
            Rates(valid_from=change, eb_millipaise_per_kwh=1, dg_millipaise_per_kwh=1)
        )


async def test_a_postpaid_month_is_billed_by_itself(room: RentedRoom) -> None:
    """The vendor's example, with the right sum: 339.5 kWh at ₹6.50 are ₹2,206.75."""
    await room.load()
    tenancy = await room.rent(
        plan="postpaid", opening_credit_paise=0, billing_day=25, check_interval="day", due_days=10
    )
    await room.machine.run(11 * DAY, 6 * HOUR)
    room.meter.energy_wh += 339_500
    await room.machine.pass_by(4 * HOUR)
    await room.machine.run(DAY, HOUR)
    assert room.kinds().count("bill_issued") == 1
    look = tenancy.view
    assert look.amount_due_paise == 2_206_75
    assert look.due_at == datetime(2026, 6, 5, tzinfo=INDIA)
    assert look.is_overdue is False
    bill = await tenancy.async_issue_bill()
    assert (bill.number, bill.draft.total_paise) == (1, 2_206_75)
    assert room.kinds().count("bill_issued") == 1

    await room.machine.run_until(datetime(2026, 6, 5, 0, 5, tzinfo=INDIA), 6 * HOUR)
    assert tenancy.view.is_overdue
    assert not room.has_power()
    assert room.kinds().count("overdue") == 1
    await tenancy.async_pay(**payment(2_206_75, "NEFT 7", room.machine.now))
    await room.settle()
    assert (tenancy.view.amount_due_paise, tenancy.view.is_overdue) == (0, False)
    assert tenancy.view.due_at is None
    assert room.has_power()
    await room.check_ledger()


async def test_nothing_is_billed_before_a_period_is_over(room: RentedRoom) -> None:
    """A bill of a part of it would be two bills of one month."""
    await room.load()
    tenancy = await room.rent()
    with pytest.raises(RefusedError, match="no_period_is_over"):
        await tenancy.async_issue_bill()


async def test_moving_out_charges_the_last_use_and_closes_for_ever(room: RentedRoom) -> None:
    """The final bill has it all; later use is the next tenant's."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=0)
    room.meter.energy_wh += 10_000
    await room.machine.pass_by(3 * DAY)
    bill = await tenancy.async_close()
    assert bill is not None
    assert bill.draft.total_paise == 65_00
    assert tenancy.is_closed
    assert (tenancy.view.is_charging, tenancy.view.days_left) == (False, None)
    assert await tenancy.async_close() == bill
    let_draw(room.meter, 500)
    await room.machine.run(DAY, HOUR)
    assert room.balance_paise == -65_00
    await tenancy.async_pay(**payment(65_00, "cash 1", room.machine.now))
    assert room.balance_paise == 0
    await room.check_ledger()


async def test_moving_out_needs_a_final_reading(room: RentedRoom) -> None:
    """A register that is held back is none; nothing is closed then."""
    await room.load()
    tenancy = await room.rent()
    room.meter.energy_wh = 10
    await room.poll()
    with pytest.raises(RefusedError, match="no_final_reading"):
        await tenancy.async_close()
    assert not tenancy.is_closed


async def test_a_held_tenant_keeps_the_power(room: RentedRoom) -> None:
    """Until the owner lets go of the hold; the check that was held is over by then."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=50_00)
    await tenancy.async_hold(is_held=True)
    assert tenancy.view.is_held
    await room.machine.run(2 * HOUR, QUARTER)
    assert room.has_power()
    assert room.supply() is SupplyState.HELD
    await tenancy.async_hold(is_held=False)
    await room.machine.run(HOUR, QUARTER)
    assert not room.has_power()


async def test_a_warning_is_given_once(room: RentedRoom) -> None:
    """When the balance falls below a level, and not at each check."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=600_00)
    room.meter.energy_wh += 20_000
    await room.machine.run(3 * HOUR, QUARTER)
    assert room.kinds().count("warning") == 1
    assert tenancy.view.is_low
    (warning,) = [e for e in room.events if e.kind is TenancyEventKind.WARNING]
    assert warning.attributes == {"level": 500.0, "balance": 470.0}


async def test_what_is_booked_twice_counts_once(room: RentedRoom) -> None:
    """Payment, adjustment and reversal, each with its reference."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=0)
    first, is_new = await tenancy.async_pay(**payment(500_00, "UPI-7", room.machine.now))
    assert is_new
    again, is_new = await tenancy.async_pay(**payment(500_00, "UPI-7", room.machine.now))
    assert (again, is_new) == (first, False)
    await tenancy.async_adjust(amount_paise=-100_00, reason="broken lamp", reference="A1")
    assert room.balance_paise == 400_00
    await tenancy.async_reverse(first.transaction_id, reason="bounced")
    await room.settle()
    assert room.balance_paise == -100_00
    assert room.kinds().count("payment") == 1


async def test_a_check_that_was_missed_is_made_up_for(room: RentedRoom) -> None:
    """Home Assistant was off at 23:59."""
    await room.load()
    await room.rent(check_interval="day", opening_credit_paise=150_00)
    await room.unload()
    room.meter.energy_wh += 10_000
    await room.machine.pass_by(8 * HOUR)
    await room.load()
    await room.machine.run(10 * MINUTE, MINUTE)
    assert not room.has_power()


async def test_a_holiday_protects(room: RentedRoom) -> None:
    """While the calendar is on; cut soon after it is off."""
    room.hass.states.async_set("calendar.holidays", "on")
    await room.load()
    await room.rent(opening_credit_paise=50_00, holidays="calendar.holidays")
    await room.machine.run(2 * HOUR, QUARTER)
    assert room.has_power()
    assert room.supply() is SupplyState.PROTECTED
    room.hass.states.async_set("calendar.holidays", "off")
    await room.machine.run(10 * MINUTE, MINUTE)
    assert not room.has_power()


async def test_days_left_follow_the_recent_use(room: RentedRoom) -> None:
    """24 kWh a day at ₹6.50 are ₹156."""
    let_draw(room.meter, 1_000)
    await room.load()
    tenancy = await room.rent(opening_credit_paise=1_660_00)
    await room.machine.run(12 * HOUR, HOUR)
    assert tenancy.view.days_left is None
    await room.machine.run(36 * HOUR, HOUR)
    assert tenancy.view.days_left == pytest.approx(8, abs=0.1)


async def test_days_left_of_an_offline_meter_follow_its_last_use(room: RentedRoom) -> None:
    """While nothing is known, nothing was saved: the days before it went offline count."""
    let_draw(room.meter, 1_000)
    await room.load()
    tenancy = await room.rent(opening_credit_paise=4_000_00)
    await room.machine.run(8 * DAY, HOUR)
    before = tenancy.view.days_left
    assert before is not None
    room.meter.is_online = False
    await room.machine.run(4 * DAY, HOUR)
    assert tenancy.view.days_left == pytest.approx(before, abs=0.1)


async def test_no_name_is_in_a_repr_or_an_event(room: RentedRoom) -> None:
    """What is logged and recorded names no tenant."""
    await room.load()
    tenancy = await room.rent()
    room.meter.energy_wh += 1_000
    await room.machine.run(2 * HOUR, QUARTER)
    assert room.events
    assert "Rinkesh" not in repr(room.events)
    assert "Rinkesh" not in repr(tenancy.terms)


async def test_charges_never_leave_a_watt_hour_out(room: RentedRoom) -> None:
    """Three days by the minute and by the hour: what the register counted is what was charged."""
    let_draw(room.meter, 777)
    await room.load()
    await room.rent(check_interval="quarter_hour", opening_credit_paise=10_000_00)
    await room.machine.run(3 * HOUR, MINUTE)
    await room.machine.run(3 * DAY, 20 * MINUTE)
    await room.charge()
    assert used_wh(await room.charges()) == room.meter.energy_wh - 1_450_000
    await room.check_ledger()
    assert timedelta(0) <= room.machine.now - (room.tenancy.view.charged_until or room.machine.now)
