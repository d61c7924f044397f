"""What Home Assistant shows of a tenancy that runs, from its ledger and its meter."""

from datetime import datetime
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.qube.billing.models import INDIA
from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import tenancy_identifier
from tests.automations import watch_trigger
from tests.rented_room import DAY, DG, EB, HOUR, RentedRoom
from tests.trigger_cases import entities_of

PLATFORMS = ("sensor", "binary_sensor", "switch", "event")


def device_of(room: RentedRoom) -> dr.DeviceEntry:
    """Return the device of the room's tenancy."""
    device = dr.async_get(room.hass).async_get_device_by_identifier(
        tenancy_identifier(room.subentry.subentry_id), room.entry.entry_id
    )
    assert device is not None
    return device


def entity_of(room: RentedRoom, key: str) -> str:
    """Return the entity that shows something of the room's tenancy."""
    unique_id = f"tenancy_{room.subentry.subentry_id}_{key}"
    registry = er.async_get(room.hass)
    ids = (registry.async_get_entity_id(each, DOMAIN, unique_id) for each in PLATFORMS)
    return next(entity_id for entity_id in ids if entity_id is not None)


def shown(room: RentedRoom, *keys: str) -> dict[str, str]:
    """Return what Home Assistant shows."""
    states = {key: room.hass.states.get(entity_of(room, key)) for key in keys}
    return {key: state.state for key, state in states.items() if state is not None}


def states_of(changes: list[Event[Any]], entity_id: str) -> list[State]:
    """Return the states that an entity has had, in their order."""
    return [change.data["new_state"] for change in changes if change.data["entity_id"] == entity_id]


async def test_the_vendors_prepaid_example_is_shown_to_the_paisa(room: RentedRoom) -> None:
    """From the first balance to the cut, and to the payment that restores power."""
    await room.load()
    tenancy = await room.rent()
    runs = await watch_trigger(room.hass, "power_was_cut", {"device_id": device_of(room).id})
    assert shown(room, "balance", "supply", "low_balance", "hold") == {
        "balance": "3000.0",
        "supply": "on",
        "low_balance": "off",
        "hold": "off",
    }
    room.meter.energy_wh = 1_461_800
    await room.machine.pass_by(HOUR)
    await room.charge()
    assert shown(room, "balance", "grid_use", "grid_cost", "generator_use") == {
        "balance": "2923.3",
        "grid_use": "11.8",
        "grid_cost": "76.7",
        "generator_use": "0.0",
    }
    room.meter.energy_wh += 436_584
    await room.machine.pass_by(DAY)
    await room.machine.run(HOUR, HOUR)
    assert shown(room, "balance", "supply", "low_balance") == {
        "balance": "85.5",
        "supply": "cut",
        "low_balance": "on",
    }
    assert entities_of(runs) == [entity_of(room, "activity")]
    await tenancy.async_pay(
        amount_paise=2_000_00, reference="UPI-1", method="upi", paid_at=room.machine.now
    )
    await room.settle()
    assert shown(room, "balance", "supply", "low_balance") == {
        "balance": "2085.5",
        "supply": "on",
        "low_balance": "off",
    }


async def test_a_prepaid_tenant_owes_what_the_balance_is_below_zero(room: RentedRoom) -> None:
    """And nothing while there is a credit."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=10_00)
    assert shown(room, "balance", "amount_due") == {"balance": "10.0", "amount_due": "0.0"}
    await tenancy.async_adjust(amount_paise=-35_50, reason="Key lost", reference="K")
    await room.settle()
    assert shown(room, "balance", "amount_due") == {"balance": "-25.5", "amount_due": "25.5"}


async def test_a_balance_below_the_cut_off_is_low_without_any_warning_level(
    room: RentedRoom,
) -> None:
    """Whoever chose no levels is told all the same."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=50_00, warning_levels_paise=[], cuts=False)
    assert shown(room, "low_balance") == {"low_balance": "on"}
    await tenancy.async_adjust(amount_paise=50_00, reason="Gift", reference="G")
    await room.settle()
    assert shown(room, "low_balance") == {"low_balance": "off"}


async def test_the_fixed_charge_counts_for_the_days_left(room: RentedRoom) -> None:
    """Of an empty flat it is all that is used: ₹354 a month with tax are ₹11.80 a day."""
    await room.load()
    rates = {"eb_millipaise_per_kwh": EB, "dg_millipaise_per_kwh": DG}
    fixed = {"monthly_charge_paise": 300_00, "tax_basis_points": 1_800}
    tenancy = await room.rent(rates=rates | fixed)
    await room.machine.run(2 * DAY, 6 * HOUR)
    assert tenancy.view.days_left == pytest.approx(2_900 / 11.8)


async def test_what_was_used_last_in_a_period_is_shown_before_the_next_one_begins(
    room: RentedRoom,
) -> None:
    """Or Home Assistant's statistics would lose it; here both are charged in one go."""
    await room.load()
    await room.rent(plan="postpaid", opening_credit_paise=0, check_interval="week")
    opened_at = room.machine.now
    room.meter.energy_wh += 10_000
    await room.machine.pass_by(HOUR)
    await room.charge()
    changes = async_capture_events(room.hass, EVENT_STATE_CHANGED)
    room.meter.energy_wh += 5_000
    await room.machine.pass_by(18 * DAY + 6 * HOUR)
    await room.charge()
    may, june = opened_at, datetime(2026, 6, 1, tzinfo=INDIA)
    # 15 kWh at ₹6.50.
    for key, last in (("grid_use", "15.0"), ("grid_cost", "97.5")):
        states = states_of(changes, entity_of(room, key))
        begun = [datetime.fromisoformat(state.attributes["last_reset"]) for state in states]
        assert [state.state for state in states] == [last, "0.0"]
        assert begun == [may, june]


async def test_a_meter_that_is_offline_begins_no_new_period(room: RentedRoom) -> None:
    """What it used in the old one is charged when it is back, and shown as of that."""
    await room.load()
    await room.rent(plan="postpaid", opening_credit_paise=0)
    opened_at = room.machine.now
    room.meter.is_online = False
    await room.machine.pass_by(20 * DAY)
    await room.poll()
    state = room.hass.states.get(entity_of(room, "grid_use"))
    assert state is not None
    assert datetime.fromisoformat(state.attributes["last_reset"]) == opened_at


async def test_a_person_holds_a_tenancy_and_the_ledger_remembers(room: RentedRoom) -> None:
    """Also after Home Assistant was started again."""
    await room.load()
    await room.rent()
    hold = {"entity_id": entity_of(room, "hold")}
    await room.hass.services.async_call("switch", "turn_on", hold, blocking=True)
    assert shown(room, "hold") == {"hold": "on"}
    await room.unload()
    await room.load()
    assert shown(room, "hold", "balance") == {"hold": "on", "balance": "3000.0"}


async def test_another_name_is_shown_at_once(room: RentedRoom) -> None:
    """On the device; the ids of the entities stay."""
    await room.load()
    await room.rent()
    before = entity_of(room, "balance")
    room.hass.config_entries.async_update_subentry(
        room.entry, room.subentry, title="Meena Iyer · Room 302"
    )
    await room.settle()
    assert device_of(room).name == "Meena Iyer · Room 302"
    assert entity_of(room, "balance") == before


async def test_a_deleted_tenancy_is_shown_no_more(room: RentedRoom) -> None:
    """Its journal stays; see the tests of the ledger."""
    await room.load()
    await room.rent()
    before = room.hass.states.async_entity_ids()
    assert [each for each in before if "_tenancy_" in each]
    room.hass.config_entries.async_remove_subentry(room.entry, room.subentry.subentry_id)
    await room.settle()
    assert not [each for each in room.hass.states.async_entity_ids() if "_tenancy_" in each]
