"""A meter whose device is replaced stays the meter that it was."""

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.qube import commands
from custom_components.qube.const import EVENT_METER_REPLACED
from tests.account import Account, trouble_in, until
from tests.odd_register import poll_odd, question
from tests.replaced_meter import (
    asked,
    device_of,
    energies_of,
    entities_of,
    find_device,
    hang,
    identities,
    last_read,
    list_again,
    told,
    unlist,
)
from tests.simulator import Endpoint, FaultKind


async def test_the_new_device_takes_the_place_of_the_old_one(account: Account) -> None:
    """Same device, entities and area, with a name that a person gave; another serial number."""
    old = account.meter()
    areas, entities = ar.async_get(account.hass), er.async_get(account.hass)
    kitchen = areas.async_create("Kitchen")
    before = device_of(account, old.device_id)
    dr.async_get(account.hass).async_update_device(
        before.id, area_id=kitchen.id, name_by_user="My room"
    )
    energy = account.entity_id(old, "energy")
    entities.async_update_entity(energy, new_entity_id="sensor.my_energy", name="All of it")
    ids = entities_of(account, old.device_id)
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    after = device_of(account, old.device_id)
    assert (after.id, after.area_id, after.name_by_user) == (before.id, kitchen.id, "My room")
    assert after.via_device_id == before.via_device_id
    assert after.serial_number == new.device_id
    assert entities_of(account, old.device_id) == ids
    assert ids[f"{old.device_id}_energy"] == "sensor.my_energy"
    assert find_device(account, new.device_id) is None
    assert len(account.coordinators) == 12


async def test_the_new_device_is_read_at_once_and_nothing_else_is(account: Account) -> None:
    """It shows its own state, and the old one is asked no more."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    new.balance, new.relay_closed = 4_200, False
    account.forget_requests()
    await account.poll_spaces()
    assert account.state(old, "balance") == "42.0"
    assert account.state(old, "relay") == "off"
    await account.poll(old)
    requests = list(account.cloud.requests.log)
    assert (Endpoint.DEVICE, new.device_id) in requests
    assert requests.count((Endpoint.METRICS, new.device_id)) == 2
    assert not [each for each in requests if old.device_id in each]
    assert account.coordinator(old).name == f"meter {new.device_id}"


async def test_a_command_goes_to_the_new_device(account: Account) -> None:
    """It is the meter that is switched."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    await account.order(old, "relay", value=False)
    assert not new.relay_closed
    assert account.state(old, "relay") == "off"


async def test_energy_goes_on_where_the_old_device_ended(account: Account) -> None:
    """And never shows the small register of the new one."""
    old = account.meter()
    await account.poll(old)
    with energies_of(account, old) as shown:
        new = account.cloud.replace_meter(old.device_id)
        await account.poll_spaces()
        assert shown[-1] == shown[0]
        new.energy_wh += 700
        await account.poll(old)
        assert shown[-1] == pytest.approx(shown[0] + 0.7)
        # And again: the third device goes on where the second ended.
        account.cloud.replace_meter(new.device_id)
        await account.poll_spaces()
        await account.poll(old)
        assert shown[-1] == pytest.approx(shown[0] + 0.7, abs=0.002)
    meter = identities(account)[old.device_id]
    assert [epoch.device_id for epoch in meter.epochs][:2] == [old.device_id, new.device_id]
    assert len(meter.epochs) == 3


async def test_what_was_used_before_the_first_poll_is_counted(account: Account) -> None:
    """The new device's history since the last good reading says how much."""
    old = account.meter()
    await account.poll(old)
    before = float(account.state(old, "energy"))
    last_read(account, old, hours_ago=3)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], hours_ago=2, energy_wh=5_000_000)
    await account.poll_spaces()
    used = float(account.state(old, "energy")) - before
    # Up to the end of the first quarter of an hour nothing tells what it was.
    assert 0 < used <= (new.energy_wh - 5_000_000) / 1000
    assert identities(account)[old.device_id].epochs[-1].total_wh == pytest.approx(before * 1000)


async def test_what_a_used_device_measured_elsewhere_is_not_counted(account: Account) -> None:
    """Its register and its history began long before it was hung here."""
    old = account.meter()
    await account.poll(old)
    before = float(account.state(old, "energy"))
    account.cloud.remove_meter(old.device_id)
    hang(account, old, udf1=old.udfs["udf1"], hours_ago=500, energy_wh=5_000_000)
    await account.poll_spaces()
    assert float(account.state(old, "energy")) == pytest.approx(before, abs=0.002)


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.DROP, FaultKind.WRONG_TYPES])
async def test_without_a_history_counting_begins_with_the_first_poll(
    account: Account, kind: FaultKind
) -> None:
    """Nothing is invented, and the other entities are not held up."""
    old = account.meter()
    await account.poll(old)
    before = account.state(old, "energy")
    last_read(account, old, hours_ago=3)
    account.cloud.remove_meter(old.device_id)
    account.break_down(kind, Endpoint.HISTORY)
    hang(account, old, udf1=old.udfs["udf1"], hours_ago=2, energy_wh=5_000_000)
    await account.poll_spaces()
    assert account.state(old, "energy") == before
    assert account.state(old, "balance") == "1000.0"
    account.forget_requests()
    await account.poll(old)
    assert Endpoint.HISTORY not in account.asked


async def test_a_new_device_that_is_offline_shows_what_the_cloud_knows(account: Account) -> None:
    """Energy is unavailable until it is online; then it goes on."""
    old = account.meter()
    await account.poll(old)
    before = float(account.state(old, "energy"))
    new = account.cloud.replace_meter(old.device_id)
    new.is_online, new.balance = False, 4_200
    await account.poll_spaces()
    assert account.state(old, "energy") == "unavailable"
    assert account.state(old, "online") == "off"
    assert account.state(old, "balance") == "42.0"
    assert identities(account)[old.device_id].epochs[-1].register_wh is None
    new.is_online = True
    await account.poll(old)
    assert float(account.state(old, "energy")) == pytest.approx(before, abs=0.002)


async def test_a_new_device_without_a_register_shows_the_rest(account: Account) -> None:
    """Energy is unknown, and begins with the first register that comes."""
    old = account.meter()
    await account.poll(old)
    before = float(account.state(old, "energy"))
    new = account.cloud.replace_meter(old.device_id)
    new.null_fields.add("energy")
    await account.poll_spaces()
    assert account.state(old, "energy") == "unknown"
    assert account.state(old, "relay") == "on"
    new.null_fields.clear()
    await account.poll(old)
    assert float(account.state(old, "energy")) == pytest.approx(before, abs=0.002)


async def test_an_open_question_about_the_old_register_goes(account: Account) -> None:
    """The new device has a register of its own, which may be as low as it likes."""
    old = account.meter()
    await account.poll(old)
    before = account.state(old, "energy")
    account.cloud.reset_counter(old.device_id)
    await poll_odd(account, old)
    account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    assert question(account, old) is None
    assert float(account.state(old, "energy")) == pytest.approx(float(before), abs=0.002)


async def test_a_meter_that_was_removed_long_ago_comes_back_as_it_was(account: Account) -> None:
    """With its device and its entity ids, though nothing of it was there any more."""
    old = account.meter()
    before, ids = device_of(account, old.device_id), entities_of(account, old.device_id)
    energy = float(account.state(old, "energy"))
    account.cloud.remove_meter(old.device_id)
    for _ in range(3):
        await account.poll_spaces()
    assert find_device(account, old.device_id) is None
    new = hang(account, old, udf1=old.udfs["udf1"])
    await account.poll_spaces()
    after = device_of(account, old.device_id)
    assert (after.id, after.serial_number) == (before.id, new.device_id)
    assert entities_of(account, old.device_id) == ids
    assert float(account.state(old, "energy")) == pytest.approx(energy, abs=0.002)


async def test_a_meter_that_was_forgotten_is_replaced_by_nobody(account: Account) -> None:
    """Its owner removed it by hand; what comes with its udf1 is new."""
    old = account.meter()
    account.cloud.remove_meter(old.device_id)
    await account.poll_spaces()
    registry = dr.async_get(account.hass)
    device = device_of(account, old.device_id)
    assert account.entry.runtime_data.devices.async_remove(device)
    registry.async_remove_device(device.id)
    new = hang(account, old, udf1=old.udfs["udf1"])
    await account.poll_spaces()
    assert identities(account)[new.device_id].epochs[0].device_id == new.device_id
    assert told(account, old.device_id) is None
    assert asked(account, new.device_id) is None


async def test_several_are_replaced_at_once(account: Account) -> None:
    """Each keeps its own life."""
    old = [account.meter(index) for index in (0, 1, 3)]
    new = [account.cloud.replace_meter(meter.device_id) for meter in old]
    events = async_capture_events(account.hass, EVENT_METER_REPLACED)
    await account.poll_spaces()
    for before, after in zip(old, new, strict=True):
        assert identities(account)[before.device_id].device_id == after.device_id
    assert len(events) == 3
    assert len(account.coordinators) == 12


async def test_a_meter_that_moves_is_replaced_by_nobody(account: Account) -> None:
    """Its device is the same, in another space."""
    meter = account.meter()
    target = list(account.cloud.spaces)[1]
    account.cloud.move_meter(meter.device_id, target)
    await account.poll_spaces()
    identity = identities(account)[meter.device_id]
    assert (len(identity.epochs), identity.space_id) == (1, target)
    assert told(account, meter.device_id) is None


async def test_an_old_device_that_comes_back_is_no_second_meter_of_one_key(
    account: Account,
) -> None:
    """It gets a key of its own, for its old one is taken for ever; and its owner is asked."""
    old = account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    list_again(account, old)
    await account.poll_spaces()
    store = identities(account)
    key = f"{old.device_id}-2"
    assert store[old.device_id].device_id == new.device_id
    assert store[key].device_id == old.device_id
    assert len(account.coordinators) == 13
    assert asked(account, key) is not None
    device_of(account, key)
    # And once more, after a restart.
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    assert identities(account)[key].device_id == old.device_id
    assert asked(account, key) is not None


async def test_the_old_device_put_back_takes_its_place_again(account: Account) -> None:
    """Its successor is gone; the meter goes on with the register that it has now."""
    old = account.meter()
    await account.poll(old)
    before = float(account.state(old, "energy"))
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    account.cloud.remove_meter(new.device_id)
    list_again(account, old)
    await account.poll_spaces()
    meter = identities(account)[old.device_id]
    assert meter.device_ids == (old.device_id, new.device_id, old.device_id)
    assert float(account.state(old, "energy")) == pytest.approx(before, abs=0.01)
    assert len(account.coordinators) == 12


@pytest.mark.parametrize("answers", [True, False])
async def test_a_reading_under_way_of_the_old_device_counts_for_nothing(
    account: Account, caplog: pytest.LogCaptureFixture, *, answers: bool
) -> None:
    """Its answer, or its error, comes when the meter has another device already."""
    old = account.meter()
    await account.poll(old)
    trouble_in(caplog)
    with energies_of(account, old) as shown:
        account.break_down(FaultKind.LATENCY, Endpoint.METRICS, old, seconds=0.3)
        if not answers:
            account.break_down(FaultKind.SERVER_ERROR, Endpoint.METRICS, old)
        account.forget_requests()
        reading = account.hass.async_create_task(account.coordinator(old).async_refresh())
        await until(lambda: account.asked)
        unlist(account, old)
        new = hang(account, old, udf1=old.udfs["udf1"])
        await account.inventory.async_refresh()
        assert account.state(old, "energy") == "unavailable"
        await reading
        await account.settle()
        new.energy_wh += 500
        await account.poll(old)
        assert shown[-1] == pytest.approx(shown[0] + 0.5, abs=0.002)
    register = identities(account)[old.device_id].register
    assert register is not None
    assert register.energy_wh == pytest.approx(new.energy_wh, abs=2)
    assert trouble_in(caplog) == []


@pytest.mark.parametrize("when", ["before it is sent", "before it is read back", "meanwhile"])
async def test_a_command_under_way_ends_in_an_error(
    account: Account, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Nobody knows what the old device made of it, and nothing of it is shown of the new one."""
    delays = (0.0, 0.0) if when == "meanwhile" else (0.3,)
    monkeypatch.setattr(commands, "CONFIRM_DELAYS_S", delays)
    old = account.meter()
    coordinator = account.coordinator(old)
    awaited = Endpoint.METRICS if when == "meanwhile" else Endpoint.RELAY
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, old, seconds=0.3)
    if when == "before it is sent":
        await coordinator.sending.acquire()
    order = account.begin(old, "relay", value=False)
    if when == "before it is sent":
        await until(lambda: account.state(old, "relay") == "off")
    else:
        await until(lambda: awaited in account.asked)
    unlist(account, old)
    hang(account, old, udf1=old.udfs["udf1"])
    await account.inventory.async_refresh()
    if when == "before it is sent":
        coordinator.sending.release()
    with pytest.raises(HomeAssistantError) as raised:
        await order
    await account.settle()
    assert raised.value.translation_key == "command_meter_replaced"
    assert raised.value.translation_placeholders == {"meter": old.name}
    assert old.relay_closed is (when == "before it is sent")
    assert account.state(old, "relay") == "on"


async def test_a_new_device_that_can_more_has_more_entities(account: Account) -> None:
    """Those of its further properties are added to the meter that is there."""
    old, three_phase = account.meter(), account.meter(5)
    new = account.cloud.replace_meter(old.device_id)
    new.kind = three_phase.kind
    await account.poll_spaces()
    added = {
        unique_id.removeprefix(old.device_id) for unique_id in entities_of(account, old.device_id)
    }
    wanted = {
        unique_id.removeprefix(three_phase.device_id)
        for unique_id in entities_of(account, three_phase.device_id)
    }
    assert wanted <= added
