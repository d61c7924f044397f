"""A tenancy over its days: midnight and new rates lie between two polls, not between two checks."""

from datetime import datetime, timedelta

from custom_components.qube.billing.models import INDIA, Rates
from tests.rented_room import DAY, DG, HOUR, MINUTE, RentedRoom, let_draw, used_wh

MIDNIGHT = datetime(2026, 5, 14, tzinfo=INDIA)


# Polls are then no longer at whole minutes, as midnight is.
ODD = timedelta(seconds=20)


async def estimated_wh(room: RentedRoom) -> int:
    """Return how much was charged of which source or time were not seen."""
    return sum(each.energy_wh for each in await room.charges() if each.is_estimated)


async def test_what_is_polled_all_day_is_not_estimated(room: RentedRoom) -> None:
    """A daily check lies a day after the last one, with a midnight between; each poll was seen."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(check_interval="day", opening_credit_paise=10_000_00)
    await room.machine.pass_by(ODD)
    for passed in range(2):
        await room.machine.run_until(MIDNIGHT + passed * DAY - MINUTE + ODD, 2 * MINUTE)
        await room.machine.run(2 * MINUTE, ODD)
    await room.machine.run(DAY - HOUR, 2 * MINUTE)
    await room.charge()
    charges = await room.charges()
    assert used_wh(charges) == room.meter.energy_wh - 1_450_000
    # Before the second poll nobody has seen the source.
    assert await estimated_wh(room) <= 17
    days: dict[object, int] = {}
    for charge in charges:
        day = charge.from_at.astimezone(INDIA).date()
        days[day] = days.get(day, 0) + charge.energy_wh
    assert days[MIDNIGHT.date()] in range(23_999, 24_002)


async def test_a_day_is_charged_to_its_end_by_the_first_poll_after_it(room: RentedRoom) -> None:
    """So the bill of a month comes with the month's end, though checks are weekly."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(plan="postpaid", billing_day=14, check_interval="week", opening_credit_paise=0)
    await room.machine.pass_by(ODD)
    await room.machine.run_until(MIDNIGHT - HOUR + ODD, HOUR)
    await room.machine.run_until(MIDNIGHT, ODD)
    assert await room.bills() == []
    await room.machine.run(MINUTE, ODD)
    (bill,) = await room.bills()
    assert bill.draft.period.end == MIDNIGHT
    assert room.kinds().count("bill_issued") == 1


async def test_at_new_rates_only_the_poll_around_them_is_estimated(room: RentedRoom) -> None:
    """What is used in a minute cannot be told apart; all else is seen."""
    let_draw(room.meter, 6_000)
    await room.load()
    tenancy = await room.rent(check_interval="week", opening_credit_paise=10_000_00)
    change = room.machine.now + 2 * HOUR + MINUTE / 2
    await tenancy.async_set_rates(
        Rates(valid_from=change, eb_millipaise_per_kwh=700_000, dg_millipaise_per_kwh=DG)
    )
    await room.machine.run(4 * HOUR, MINUTE)
    await room.charge()
    assert await estimated_wh(room) <= 3 * 100
