"""What must hold when readings do not come: charged later, at the times used, and nobody cut."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

import custom_components.qube
from custom_components.qube import tenancy_meter
from custom_components.qube.billing.models import INDIA, Rates
from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.reading_watch import polled_reading
from tests.account import trouble_in
from tests.odd_register import question
from tests.rented_room import DAY, DG, EB, HOUR, MINUTE, QUARTER, RentedRoom, let_draw, used_wh
from tests.simulator import Endpoint, FaultKind, SimulatedSpace


async def test_a_month_without_home_assistant_is_charged_at_its_times(room: RentedRoom) -> None:
    """By the cloud's quarter hours: each day its own use, and the new rates from their time on.

    On one day much more was used than on the others.
    """
    let_draw(room.meter, 500)
    await room.load()
    tenancy = await room.rent(check_interval="day", opening_credit_paise=10_000_00)
    await room.machine.run(HOUR, MINUTE)
    change = room.machine.now + 10 * DAY
    await tenancy.async_set_rates(
        Rates(valid_from=change, eb_millipaise_per_kwh=700_000, dg_millipaise_per_kwh=DG)
    )
    await room.unload()
    await room.machine.pass_by(20 * DAY)
    room.meter.energy_wh += 6_000
    day_of_feast = room.machine.now.astimezone(INDIA).date()
    await room.machine.pass_by(10 * DAY)
    await room.load()
    await room.machine.run(3 * MINUTE, MINUTE)

    charges = await room.charges()
    assert used_wh(charges) == pytest.approx(30 * 24 * 500 + 6_000, abs=1_000)
    by_rate = {EB: 0, 700_000: 0}
    days: dict[object, int] = {}
    for charge in charges:
        by_rate[charge.millipaise_per_kwh] += charge.energy_wh
        day = charge.from_at.astimezone(INDIA).date()
        days[day] = days.get(day, 0) + charge.energy_wh
    assert by_rate[EB] == pytest.approx((10 * 24 + 1) * 500, abs=2)
    assert days.pop(day_of_feast) == pytest.approx(18_000, abs=1)
    assert {wh for day, wh in list(days.items())[1:-1]} <= {11_999, 12_000, 12_001}
    # June has begun: the bill of May is there.
    assert [bill.draft.period.end.month for bill in await room.bills()] == [5]
    await room.check_ledger()


async def test_an_offline_meter_is_charged_when_it_is_back(room: RentedRoom) -> None:
    """Two days offline: nothing charged, nothing cut; then all of it, at its times."""
    let_draw(room.meter, 1_000)
    await room.load()
    tenancy = await room.rent(opening_credit_paise=150_00)
    await room.machine.run(HOUR, QUARTER)
    room.meter.is_online = False
    before = room.balance_paise
    await room.machine.run(2 * DAY, HOUR)
    assert room.balance_paise == pytest.approx(before, abs=20_00)
    assert room.has_power()
    assert tenancy.view.charged_until is not None
    assert room.machine.now - tenancy.view.charged_until > DAY
    room.meter.is_online = True
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    charges = await room.charges()
    assert used_wh(charges) == pytest.approx(room.meter.energy_wh - 1_450_000, abs=1_000)
    assert len({charge.from_at.astimezone(INDIA).date() for charge in charges}) == 3
    assert room.supply() is SupplyState.CUT
    await room.check_ledger()


async def test_nothing_is_cut_on_old_readings(room: RentedRoom) -> None:
    """The balance was below the cut-off before the meter went offline, and no check was due."""
    await room.load()
    await room.rent(check_interval="day", opening_credit_paise=50_00)
    room.account.break_down(FaultKind.SERVER_ERROR)
    await room.machine.run(DAY, HOUR)
    assert room.has_power()
    assert room.supply() in (SupplyState.WAITING, None)
    room.cloud.faults.clear()
    await room.machine.run(HOUR, 10 * MINUTE)
    assert not room.has_power()


async def test_a_gap_whose_history_cannot_be_read_waits(room: RentedRoom) -> None:
    """Charged once the history is there again, at the times used."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=10_000_00)
    await room.unload()
    await room.machine.pass_by(DAY)
    room.account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY)
    await room.load()
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    assert await room.charges() == []
    room.cloud.faults.clear()
    await room.machine.run(10 * MINUTE, MINUTE)
    charges = await room.charges()
    assert used_wh(charges) > 24_000
    assert len(charges) > 1


async def test_a_gap_whose_history_never_comes_is_charged_by_its_ends(room: RentedRoom) -> None:
    """After some hours; estimated, and no Wh is lost."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=10_000_00)
    await room.unload()
    await room.machine.pass_by(DAY)
    room.account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY)
    await room.load()
    await room.machine.run(tenancy_meter.HISTORY_PATIENCE + HOUR, 20 * MINUTE)
    charges = await room.charges()
    assert used_wh(charges) == pytest.approx(31_000, abs=1_000)
    assert charges[0].is_estimated
    await room.check_ledger()


async def test_a_gap_of_a_meter_that_is_gone_is_charged_by_its_ends(room: RentedRoom) -> None:
    """Nobody can be asked for its history any more."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=10_000_00)
    await room.unload()
    await room.machine.pass_by(DAY)
    room.account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY)
    await room.load()
    await room.machine.run(HOUR, 10 * MINUTE)
    await take_away(room)
    room.cloud.faults.clear()
    await room.machine.run(HOUR, 10 * MINUTE)
    assert await room.charges() == []
    await room.machine.run(tenancy_meter.HISTORY_PATIENCE, 20 * MINUTE)
    charges = await room.charges()
    assert used_wh(charges) == pytest.approx(25_000, abs=1_000)
    assert charges[0].is_estimated
    await room.check_ledger()


async def test_a_register_that_is_held_back_is_not_charged(room: RentedRoom) -> None:
    """It jumped: charged once its owner has confirmed it."""
    await room.load()
    tenancy = await room.rent()
    room.meter.energy_wh += 900_000
    await room.machine.run(MINUTE, MINUTE)
    # The last good register was read at another time, and maybe on another source.
    assert polled_reading(room.account.coordinator(room.meter)) is None
    await room.machine.run(HOUR, 10 * MINUTE)
    assert question(room.account, room.meter) is not None
    assert room.balance_paise == 3_000_00
    await room.account.coordinator(room.meter).async_accept_register()
    await room.charge()
    assert used_wh(await room.charges()) == 900_000
    assert tenancy.view.is_charging


async def test_a_register_that_fell_is_charged_from_anew(room: RentedRoom) -> None:
    """After its owner confirmed the reset: nothing twice, nothing negative."""
    await room.load()
    await room.rent()
    room.meter.energy_wh += 2_000
    await room.machine.run(HOUR, 10 * MINUTE)
    room.cloud.reset_counter(room.meter.device_id)
    await room.machine.run(HOUR, 10 * MINUTE)
    assert used_wh(await room.charges()) == 2_000
    await room.account.coordinator(room.meter).async_accept_register()
    room.meter.energy_wh += 3_000
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    charges = await room.charges()
    assert used_wh(charges) == 5_000
    assert charges[-1].register_wh == 3_000
    await room.check_ledger()


async def test_a_replaced_meter_goes_on_with_the_same_account(room: RentedRoom) -> None:
    """Another Qube device with the same udf1: contiguous charges, each with its device."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent()
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    old = room.meter
    old_wh = old.energy_wh - 1_450_000
    new = room.cloud.replace_meter(old.device_id)
    let_draw(new, 1_000)
    await room.account.poll_spaces()
    await room.machine.run(3 * HOUR, 10 * MINUTE)
    charges = await room.charges()
    assert {charge.device_id for charge in charges} == {old.device_id, new.device_id}
    assert used_wh(charges) == pytest.approx(old_wh + new.energy_wh, abs=1_000)
    await room.check_ledger()


async def test_what_was_charged_before_a_crash_is_not_forgotten(
    room: RentedRoom, hass_storage: dict[str, Any]
) -> None:
    """The device is replaced while Home Assistant is off: no Wh before or after it is given away.

    The new register counts on from what the identity store remembers of the old one.
    """
    let_draw(room.meter, 20_000)
    await room.load()
    await room.rent()
    await room.machine.run(HOUR + 5 * MINUTE, MINUTE)
    await room.charge()
    charged_wh = used_wh(await room.charges())
    await room.machine.pass_by(timedelta(seconds=2))
    left_by_crash = deepcopy(hass_storage)
    await room.unload()
    hass_storage.update(left_by_crash)

    new = room.cloud.replace_meter(room.meter.device_id)
    let_draw(new, 20_000)
    await room.load()
    await room.machine.run(HOUR, MINUTE)
    await room.charge()
    assert used_wh(await room.charges()) - charged_wh == pytest.approx(new.energy_wh, abs=1)
    await room.check_ledger()


async def take_away(room: RentedRoom) -> SimulatedSpace:
    """Let the meter vanish from its space, which keeps another one; return the space."""
    space = room.cloud.spaces[room.meter.space_id]
    room.cloud.add_meter(room.meter.space_id, name="Room 303")
    await room.account.poll_spaces()
    del space.meters[room.meter.device_id]
    for _ in range(4):
        await room.account.poll_spaces()
    assert not room.is_listed()
    return space


async def test_who_moves_out_from_a_meter_that_is_gone_pays_what_it_showed_last(
    room: RentedRoom,
) -> None:
    """There is no other reading to be had."""
    let_draw(room.meter, 1_000)
    await room.load()
    tenancy = await room.rent(check_interval="day", opening_credit_paise=0)
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    await take_away(room)
    bill = await tenancy.async_close()
    assert bill is not None
    assert bill.draft.total_paise == 2 * 6_50
    assert tenancy.is_closed


async def test_a_meter_that_vanishes_freezes_its_account(
    room: RentedRoom, caplog: pytest.LogCaptureFixture
) -> None:
    """What it showed last is charged; nothing more until it is listed again."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent()
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    meter = room.meter
    space = await take_away(room)
    caplog.clear()
    room.cloud.add_meter(meter.space_id, name="Room 304")
    await room.account.poll_spaces()
    assert trouble_in(caplog) == []
    await room.machine.run(DAY, HOUR)
    frozen = used_wh(await room.charges())
    assert frozen <= 2_100
    space.meters[meter.device_id] = meter
    await room.account.poll_spaces()
    await room.machine.run(2 * HOUR, 10 * MINUTE)
    assert room.is_listed()
    assert used_wh(await room.charges()) > 25_000


async def test_a_refused_key_charges_nothing_and_loses_nothing(room: RentedRoom) -> None:
    """Polling stops for good; after a new key the gap is charged."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=10_000_00)
    await room.machine.run(HOUR, 10 * MINUTE)
    key = room.cloud.api_key
    room.cloud.api_key = "another"
    await room.machine.run(5 * HOUR, HOUR)
    assert used_wh(await room.charges()) <= 2_000
    room.cloud.api_key = key
    await room.unload()
    await room.load()
    await room.machine.run(5 * MINUTE, MINUTE)
    assert used_wh(await room.charges()) >= 6_000


async def test_polling_may_be_off(room: RentedRoom) -> None:
    """The check reads the meter itself then."""
    let_draw(room.meter, 1_000)
    room.hass.config_entries.async_update_entry(room.entry, pref_disable_polling=True)
    await room.load()
    await room.rent()
    await room.machine.run(3 * HOUR, 10 * MINUTE)
    assert used_wh(await room.charges()) == pytest.approx(3_000, abs=500)


async def test_entities_may_all_be_off(room: RentedRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenancy itself keeps its meter polled."""
    monkeypatch.setattr(custom_components.qube, "PLATFORMS", [])
    await room.load()
    await room.rent()
    for space in room.account.space_coordinators:
        space.async_leave(room.account.coordinator(room.meter))
    room.account.forget_requests()
    await room.machine.run(5 * MINUTE, MINUTE)
    assert room.account.asked.count(Endpoint.METRICS) >= 4


async def test_a_start_without_the_cloud_loses_nothing(room: RentedRoom) -> None:
    """Set-up is tried again, and what was used meanwhile is charged."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=10_000_00)
    await room.unload()
    room.account.break_down(FaultKind.SERVER_ERROR)
    assert not await room.hass.config_entries.async_setup(room.entry.entry_id)
    await room.machine.run(5 * HOUR, HOUR)
    room.cloud.faults.clear()
    await room.machine.run(timedelta(minutes=30), MINUTE)
    assert used_wh(await room.charges()) >= 5_000
