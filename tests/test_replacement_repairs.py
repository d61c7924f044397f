"""Where a replacement is unclear its owner is asked, and where it was clear it can be undone."""

from typing import Any

from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.qube.const import EVENT_METER_REPLACED, EVENT_REPLACEMENT_UNDONE
from tests.account import Account
from tests.person import Person
from tests.replaced_meter import (
    asked,
    candidates_for,
    device_of,
    energies_of,
    entities_of,
    find_device,
    hang,
    identities,
    list_again,
    told,
    unlist,
)
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedMeter
from tests.simulator.protocol import Json


def options_of(form: dict[str, Any]) -> dict[str, str]:
    """Return what a form offers: labels by values."""
    (field,) = form["data_schema"]
    return {option["value"]: option["label"] for option in field["selector"]["select"]["options"]}


async def hang_beside(account: Account, old: SimulatedMeter) -> SimulatedMeter:
    """Hang a device with the udf1 of one that is still listed, and read the spaces."""
    new = hang(account, old, udf1=old.udfs["udf1"])
    await account.poll_spaces()
    return new


async def restart(account: Account) -> None:
    """Set the account up again."""
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()


async def test_a_repair_tells_of_a_replacement_and_survives_a_restart(
    account: Account, person: Person
) -> None:
    """Which meter, which devices, and when; until its owner says that it is right."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    for _ in range(2):
        issue = told(account, old.device_id)
        assert issue is not None
        assert issue.is_fixable
        placeholders = issue.translation_placeholders or {}
        assert placeholders.pop("time")[:2] == "20"
        assert placeholders == {
            "meter": f"{old.name} (Lakshmi Residency)",
            "old": old.device_id,
            "new": new.device_id,
        }
        await restart(account)
    menu = await person.open(f"meter_replaced_{old.device_id}")
    assert (menu["type"], menu["menu_options"]) == ("menu", ["agree", "undo"])
    assert menu["description_placeholders"]["new"] == new.device_id
    assert (await person.choose("agree"))["type"] == "create_entry"
    await account.poll_spaces()
    await restart(account)
    assert told(account, old.device_id) is None
    assert identities(account)[old.device_id].device_id == new.device_id


async def test_an_undone_replacement_leaves_two_meters(account: Account, person: Person) -> None:
    """The old one is missing, the new one is its own; and neither is asked about again."""
    old = account.meter()
    await account.poll(old)
    register = identities(account)[old.device_id].register
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    events = async_capture_events(account.hass, EVENT_REPLACEMENT_UNDONE)
    await person.open(f"meter_replaced_{old.device_id}")
    assert (await person.choose("undo"))["type"] == "create_entry"
    device = device_of(account, old.device_id)
    assert device.serial_number == old.device_id
    assert [event.data for event in events] == [
        {
            "config_entry_id": account.entry.entry_id,
            "device_id": device.id,
            "old_qube_device": new.device_id,
            "new_qube_device": old.device_id,
        }
    ]
    meter = identities(account)[old.device_id]
    assert (meter.device_ids, meter.register) == ((old.device_id,), register)
    assert account.state(old, "energy") == "unavailable"
    assert account.state(new, "balance") != "unavailable"
    assert device_of(account, new.device_id).serial_number == new.device_id
    for _ in range(3):
        await account.poll_spaces()
    await restart(account)
    assert find_device(account, old.device_id) is None
    assert identities(account)[new.device_id].device_id == new.device_id
    assert told(account, old.device_id) is asked(account, new.device_id) is None


async def test_an_undone_replacement_is_remembered_while_the_device_is_not_listed(
    account: Account, person: Person
) -> None:
    """It would otherwise take the same place again as soon as it is back."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    unlist(account, new)
    await account.poll_spaces()
    await person.open(f"meter_replaced_{old.device_id}")
    await person.choose("undo")
    list_again(account, new)
    await account.poll_spaces()
    assert identities(account)[old.device_id].device_id == old.device_id
    assert identities(account)[new.device_id].device_id == new.device_id
    assert asked(account, new.device_id) is told(account, old.device_id) is None


async def test_undo_gives_back_a_device_that_came_back_meanwhile(
    account: Account, person: Person
) -> None:
    """It was a meter of its own for want of a better, with a key of its own, which goes."""
    old = account.meter()
    await account.poll(old)
    before = float(account.state(old, "energy"))
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    list_again(account, old)
    await account.poll_spaces()
    stray = f"{old.device_id}-2"
    assert asked(account, stray) is not None
    await person.open(f"meter_replaced_{old.device_id}")
    await person.choose("undo")
    assert asked(account, stray) is None
    assert find_device(account, stray) is None
    assert identities(account)[old.device_id].device_id == old.device_id
    assert float(account.state(old, "energy")) >= before
    assert len(account.coordinators) == 13
    device_of(account, new.device_id)


async def test_undo_gives_back_a_device_that_came_and_went(
    account: Account, person: Person
) -> None:
    """The meter that it was meanwhile is only remembered, without a device in Home Assistant."""
    old = account.meter()
    account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    list_again(account, old)
    await account.poll_spaces()
    unlist(account, old)
    for _ in range(3):
        await account.poll_spaces()
    await person.open(f"meter_replaced_{old.device_id}")
    await person.choose("undo")
    assert identities(account)[old.device_id].device_id == old.device_id
    assert identities(account).get(f"{old.device_id}-2") is None


async def test_undo_is_refused_where_the_old_device_is_another_meters(
    account: Account, person: Person
) -> None:
    """One device is never two meters."""
    old, other = account.meter(0), account.meter(1)
    account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    account.cloud.remove_meter(other.device_id)
    old.udfs["udf1"] = other.udfs["udf1"]
    list_again(account, old)
    await account.poll_spaces()
    assert identities(account)[other.device_id].device_id == old.device_id
    await person.open(f"meter_replaced_{old.device_id}")
    ended = await person.choose("undo")
    assert (ended["type"], ended["reason"]) == ("abort", "undo_impossible")
    assert told(account, old.device_id) is not None


async def test_of_several_replacements_the_last_is_undone(account: Account, person: Person) -> None:
    """The devices before it are as they were."""
    old = account.meter()
    second = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    third = account.cloud.replace_meter(second.device_id)
    await account.poll_spaces()
    await person.open(f"meter_replaced_{old.device_id}")
    await person.choose("undo")
    meter = identities(account)[old.device_id]
    assert meter.device_ids == (old.device_id, second.device_id)
    assert told(account, old.device_id) is None
    device_of(account, third.device_id)


async def test_a_device_beside_the_old_one_is_asked_about(account: Account, person: Person) -> None:
    """Meanwhile it is a meter like any other; the form names what it may be."""
    old = account.meter()
    new = await hang_beside(account, old)
    assert account.state(new, "balance") == "1000.0"
    issue = asked(account, new.device_id)
    assert issue is not None
    place = f"{old.name} (Lakshmi Residency)"
    assert issue.translation_placeholders == {"meter": place, "device": new.device_id}
    form = await person.open(f"meter_origin_{new.device_id}")
    assert (form["type"], form["step_id"]) == ("form", "origin")
    assert form["description_placeholders"]["device"] == new.device_id
    assert options_of(form) == {
        old.device_id: f"{place}, {old.device_id}",
        "new_meter": "new_meter",
    }


async def test_a_new_meter_is_not_asked_about_again(account: Account, person: Person) -> None:
    """Nor after a restart, though nothing else has changed."""
    old = account.meter()
    new = await hang_beside(account, old)
    await person.open(f"meter_origin_{new.device_id}")
    assert (await person.submit(origin="new_meter"))["type"] == "create_entry"
    await account.poll_spaces()
    await restart(account)
    assert asked(account, new.device_id) is None
    assert {old.device_id, new.device_id} <= set(identities(account).keys)


async def test_a_replacement_that_the_owner_names_merges_two_meters(
    account: Account, person: Person
) -> None:
    """The new one goes with its entities; the old one goes on, and Energy with it."""
    old = account.meter()
    await account.poll(old)
    ids = entities_of(account, old.device_id)
    with energies_of(account, old) as shown:
        new = await hang_beside(account, old)
        unlist(account, old)
        await account.poll_spaces()
        # By now it would be certain of a new device; of a meter its owner still decides.
        assert asked(account, new.device_id) is not None
        events = async_capture_events(account.hass, EVENT_METER_REPLACED)
        await person.open(f"meter_origin_{new.device_id}")
        assert (await person.submit(origin=old.device_id))["type"] == "create_entry"
        new.energy_wh += 900
        await account.poll(old)
        assert shown[-1] == pytest.approx(shown[0] + 0.9, abs=0.002)
    assert find_device(account, new.device_id) is None
    assert identities(account).get(new.device_id) is None
    assert asked(account, new.device_id) is None
    device = device_of(account, old.device_id)
    assert device.serial_number == new.device_id
    assert entities_of(account, old.device_id) == ids
    assert len(account.coordinators) == 12
    assert told(account, old.device_id) is not None
    assert [event.data for event in events] == [
        {
            "config_entry_id": account.entry.entry_id,
            "device_id": device.id,
            "old_qube_device": old.device_id,
            "new_qube_device": new.device_id,
        }
    ]


async def test_an_old_device_that_stays_listed_is_a_meter_of_its_own(
    account: Account, person: Person
) -> None:
    """Nothing stays invisible, and nobody is asked what was said just now."""
    old = account.meter()
    new = await hang_beside(account, old)
    await person.open(f"meter_origin_{new.device_id}")
    await person.submit(origin=old.device_id)
    stray = f"{old.device_id}-2"
    for _ in range(2):
        assert identities(account)[old.device_id].device_id == new.device_id
        assert identities(account)[stray].device_id == old.device_id
        assert device_of(account, stray).serial_number == old.device_id
        assert asked(account, stray) is None
        await restart(account)


async def test_a_merge_can_be_undone(account: Account, person: Person) -> None:
    """Then both are as they were, the new one with its old entity ids."""
    old = account.meter()
    new = await hang_beside(account, old)
    ids = entities_of(account, new.device_id)
    await person.open(f"meter_origin_{new.device_id}")
    await person.submit(origin=old.device_id)
    await person.open(f"meter_replaced_{old.device_id}")
    await person.choose("undo")
    assert identities(account)[old.device_id].device_ids == (old.device_id,)
    assert entities_of(account, new.device_id) == ids
    assert len(account.coordinators) == 13
    assert asked(account, new.device_id) is None


async def test_without_a_udf1_those_that_are_missing_in_the_space_are_offered(
    account: Account, person: Person
) -> None:
    """Also one that was removed long ago; its name is still known."""
    old = account.meter()
    account.cloud.remove_meter(old.device_id)
    for _ in range(3):
        await account.poll_spaces()
    new = hang(account, old, udf1=None)
    await account.poll_spaces()
    form = await person.open(f"meter_origin_{new.device_id}")
    assert set(options_of(form)) == {old.device_id, "new_meter"}
    await person.submit(origin=old.device_id)
    assert device_of(account, old.device_id).serial_number == new.device_id


async def test_a_new_device_where_nobody_is_missing_is_new(account: Account) -> None:
    """With a udf1 of its own, and without one."""
    old = account.meter()
    without, with_udf1 = hang(account, old, udf1=None), hang(account, old, udf1="Roof")
    await account.poll_spaces()
    assert asked(account, without.device_id) is asked(account, with_udf1.device_id) is None
    assert len(account.coordinators) == 14


async def test_a_first_list_asks_nothing(account: Account) -> None:
    """Two of its meters share a udf1, and one has none."""
    for meter in account.cloud.meters.values():
        assert asked(account, meter.device_id) is told(account, meter.device_id) is None


async def test_two_new_devices_with_one_udf1_are_both_asked_about(
    account: Account, person: Person
) -> None:
    """When one has taken the place, the other may still be the one: it is as listed as before."""
    old = account.meter()
    account.cloud.remove_meter(old.device_id)
    new = [hang(account, old, udf1=old.udfs["udf1"]) for _ in range(2)]
    await account.poll_spaces()
    assert [candidates_for(account, meter) for meter in new] == [{old.device_id}] * 2
    await person.open(f"meter_origin_{new[0].device_id}")
    await person.submit(origin=old.device_id)
    assert identities(account)[old.device_id].device_id == new[0].device_id
    assert asked(account, new[1].device_id) is not None


async def test_a_question_goes_when_the_missing_meter_is_back(account: Account) -> None:
    """Both are there, so neither replaced the other; this is not asked again."""
    old = account.meter()
    unlist(account, old)
    new = hang(account, old, udf1=None)
    await account.poll_spaces()
    assert asked(account, new.device_id) is not None
    list_again(account, old)
    await account.poll_spaces()
    assert asked(account, new.device_id) is None
    unlist(account, old)
    await account.poll_spaces()
    assert asked(account, new.device_id) is None


async def test_a_question_goes_while_its_device_is_not_listed(account: Account) -> None:
    """And comes back with it."""
    old = account.meter()
    new = await hang_beside(account, old)
    unlist(account, new)
    for _ in range(3):
        await account.poll_spaces()
        assert asked(account, new.device_id) is None
    list_again(account, new)
    await account.poll_spaces()
    assert asked(account, new.device_id) is not None


async def test_an_answer_that_no_longer_fits_changes_nothing(
    account: Account, person: Person
) -> None:
    """The form was open while the cloud's list, or the owner, changed the question."""
    old = account.meter()
    new = await hang_beside(account, old)
    await person.open(f"meter_origin_{new.device_id}")
    new.udfs["udf1"] = "Roof"
    await account.poll_spaces()
    assert asked(account, new.device_id) is None
    ended = await person.submit(origin=old.device_id)
    assert (ended["type"], ended["reason"]) == ("abort", "not_now")
    assert identities(account)[old.device_id].device_id == old.device_id


async def test_a_candidate_that_is_forgotten_is_offered_no_more(
    account: Account, person: Person
) -> None:
    """Its owner removed it while the form was open."""
    old, also = account.meter(0), account.meter(3)
    for meter in (old, also):
        unlist(account, meter)
    new = hang(account, old, udf1=None)
    await account.poll_spaces()
    assert candidates_for(account, new) == {old.device_id, also.device_id}
    await person.open(f"meter_origin_{new.device_id}")
    devices = account.entry.runtime_data.devices
    assert devices.async_remove(device_of(account, old.device_id))
    ended = await person.submit(origin=old.device_id)
    assert (ended["type"], ended["reason"]) == ("abort", "not_now")
    assert candidates_for(account, new) == {also.device_id}


async def test_a_meter_that_is_removed_by_hand_takes_its_repairs_along(
    account: Account, person: Person
) -> None:
    """There is nothing left to undo."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    await person.open(f"meter_replaced_{old.device_id}")
    unlist(account, new)
    await account.poll_spaces()
    device = device_of(account, old.device_id)
    assert account.entry.runtime_data.devices.async_remove(device)
    dr.async_get(account.hass).async_remove_device(device.id)
    assert told(account, old.device_id) is None
    assert (await person.choose("undo"))["reason"] == "undo_impossible"


@pytest.mark.parametrize("option", ["agree", "undo"])
async def test_a_repair_of_an_account_that_is_not_loaded_changes_nothing(
    account: Account, person: Person, option: str
) -> None:
    """It is withdrawn, and comes back with the account."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    await person.open(f"meter_replaced_{old.device_id}")
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert told(account, old.device_id) is None
    assert (await person.choose(option))["reason"] == "not_now"
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert told(account, old.device_id) is not None
    assert identities(account)[old.device_id].device_id == new.device_id


async def test_a_question_goes_with_its_account_and_comes_back(
    account: Account, person: Person
) -> None:
    """An answer in between is not taken."""
    old = account.meter()
    new = await hang_beside(account, old)
    await person.open(f"meter_origin_{new.device_id}")
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert asked(account, new.device_id) is None
    assert (await person.submit(origin=old.device_id))["reason"] == "not_now"
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert asked(account, new.device_id) is not None


async def test_a_list_that_is_not_whole_replaces_nobody(account: Account) -> None:
    """The old device may be in the part that did not come, so its owner is asked."""
    old = account.meter()
    unlist(account, old)
    new = hang(account, old, udf1=old.udfs["udf1"])
    devices: list[Json] = [{"device_id": new.device_id, "name": new.name, "udf1": new.udfs["udf1"]}]
    listed: list[Json] = [
        {"space_id": old.space_id, "name": "Whole", "devices": devices},
        {"space_id": account.meter(1).space_id, "name": "Broken", "devices": None},
    ]
    fault = Fault(kind=FaultKind.WRONG_TYPES, endpoint=Endpoint.SPACES, times=1, data=listed)
    account.cloud.faults.add(fault)
    await account.poll_spaces()
    assert identities(account)[old.device_id].device_id == old.device_id
    assert candidates_for(account, new) == {old.device_id}
