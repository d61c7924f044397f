"""A meter is for ever the first device that was seen in its place, and this survives restarts."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.api import DeviceSummary, Mode
from custom_components.qube.const import DOMAIN
from custom_components.qube.epochs import Epoch
from custom_components.qube.identity import SAVE_DELAY_S, SAVE_SOON_S, IdentityStore
from custom_components.qube.meter_identity import MeterIdentity, as_stored
from custom_components.qube.register import Register
from tests.account import Account
from tests.loop_clock import LoopClock
from tests.simulator import SimulatedCloud

STORE = "qube.an-entry.meters"
UDFS = ("Building-A.Floor-1.Room-101", "cluster-1", None, None, None)
DEVICE = DeviceSummary(
    device_id="QUBE-ONE-0001", name="Room 101", active_mode=Mode.PREPAID, udfs=UDFS
)
SPACE = 123
READ_AT = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)


def register(energy_wh: int) -> Register:
    """Return a register."""
    return Register(energy_wh=energy_wh, read_at=READ_AT)


@pytest.fixture
async def store(hass: HomeAssistant, hass_storage: dict[str, Any]) -> IdentityStore:
    """Return an empty store."""
    store = IdentityStore(hass, "an-entry")
    await store.async_load()
    return store


def replaced_meter(device_id: str) -> MeterIdentity:
    """Return a meter that was seen first as OLD-1 and has another device now."""
    opened = Epoch(device_id=device_id, since=READ_AT, register_wh=0, total_wh=5)
    return MeterIdentity(
        key="OLD-1",
        epochs=(Epoch(device_id="OLD-1"), opened),
        name="Room 101",
        space_id=SPACE,
        udfs=UDFS,
    )


async def reloaded(hass: HomeAssistant, store: IdentityStore) -> IdentityStore:
    """Return what the next run of Home Assistant knows."""
    await store.async_save()
    store = IdentityStore(hass, "an-entry")
    await store.async_load()
    return store


async def test_the_key_is_the_first_device_id(store: IdentityStore) -> None:
    """The same device is the same meter each time."""
    meter = store.identify(DEVICE, SPACE)
    assert (meter.key, meter.device_id, meter.udfs) == (DEVICE.device_id, DEVICE.device_id, UDFS)
    assert meter.register is None
    assert store.identify(DEVICE, SPACE) == store[meter.key] == meter
    assert store.keys == (meter.key,)


async def test_all_that_is_known_survives_a_restart(
    hass: HomeAssistant, store: IdentityStore
) -> None:
    """Key, device, UDFs and the last good register, to the watt-hour and the second."""
    store.identify(DEVICE, SPACE)
    store.identify(replace(DEVICE, device_id="QUBE-ONE-0002"), SPACE)
    store.set_register(DEVICE.device_id, register(1_461_801))
    again = await reloaded(hass, store)
    assert again.keys == store.keys
    assert [again[key] for key in again.keys] == [store[key] for key in store.keys]
    assert again[DEVICE.device_id].register == register(1_461_801)


async def test_new_hardware_in_the_place_of_old_keeps_the_key(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """The store says which device hangs where now."""
    stored = as_stored(replaced_meter("NEW-2"))
    hass_storage[STORE] = {"version": 1, "key": STORE, "data": {"meters": {"OLD-1": stored}}}
    store = IdentityStore(hass, "an-entry")
    await store.async_load()
    meter = store.identify(replace(DEVICE, device_id="NEW-2"), SPACE)
    assert (meter.key, meter.device_id) == ("OLD-1", "NEW-2")
    assert store.keys == ("OLD-1",)


async def test_a_replacement_survives_a_restart(hass: HomeAssistant, store: IdentityStore) -> None:
    """With what it takes to undo it."""
    store.identify(DEVICE, SPACE)
    store.set_register(DEVICE.device_id, register(1_461_801))
    store.set_in_question(DEVICE.device_id, is_in_question=True)
    store.replace_device(DEVICE.device_id, "NEW-2")
    store.set_opening(DEVICE.device_id, "NEW-2", 7)
    store.set_register(DEVICE.device_id, register(9))
    again = await reloaded(hass, store)
    meter = again[DEVICE.device_id]
    assert meter == store[DEVICE.device_id]
    assert not meter.is_in_question
    assert again.total_wh(DEVICE.device_id, 9) == 1_461_803
    assert again.find("NEW-2") == meter
    assert again.find(DEVICE.device_id) is None
    again.undo_replacement(DEVICE.device_id)
    assert again[DEVICE.device_id].register == register(1_461_801)
    assert again.find(DEVICE.device_id) == again[DEVICE.device_id]
    assert again.find("NEW-2") == again["NEW-2"]


async def test_what_was_never_replaced_cannot_be_undone(store: IdentityStore) -> None:
    """Nor what its owner has agreed to."""
    meter = store.identify(DEVICE, SPACE)
    store.undo_replacement(meter.key)
    assert store[meter.key] == meter
    store.replace_device(meter.key, "NEW-2")
    store.agree_to_replacement(meter.key)
    store.agree_to_replacement("never-seen")
    store.undo_replacement(meter.key)
    assert store[meter.key].device_id == "NEW-2"


async def test_a_device_of_before_gets_a_key_of_its_own(
    hass: HomeAssistant, store: IdentityStore
) -> None:
    """Its old key is another meter's for ever; so is the key of any device that was ever there."""
    store.identify(DEVICE, SPACE)
    store.replace_device(DEVICE.device_id, "NEW-2")
    store.replace_device(DEVICE.device_id, "NEW-3")
    store = await reloaded(hass, store)
    assert store.identify(DEVICE, SPACE).key == f"{DEVICE.device_id}-2"
    assert store.identify(replace(DEVICE, device_id="NEW-2"), SPACE).key == "NEW-2-2"
    store.replace_device(f"{DEVICE.device_id}-2", "NEW-4")
    assert store.identify(DEVICE, SPACE).key == f"{DEVICE.device_id}-3"
    assert len(set(store.keys)) == len(store.keys) == 4


async def test_an_opening_of_a_device_that_has_gone_is_not_taken(store: IdentityStore) -> None:
    """Its history came when the meter had another device, or was forgotten."""
    key = store.identify(DEVICE, SPACE).key
    store.replace_device(key, "NEW-2")
    store.set_opening(key, DEVICE.device_id, 7)
    assert store[key].epochs[-1].register_wh is None
    store.forget(key)
    store.set_opening(key, "NEW-2", 7)
    assert store.total_wh(key, 9) is None


async def test_a_decision_is_saved_at_once(
    hass: HomeAssistant, store: IdentityStore, hass_storage: dict[str, Any]
) -> None:
    """Also while a save is due that can wait; a crash would have its owner asked again."""
    store.identify(DEVICE, SPACE)
    store.set_register(DEVICE.device_id, register(5))
    store.set_in_question(DEVICE.device_id, is_in_question=True)
    with LoopClock(hass) as clock:
        await clock.advance(SAVE_SOON_S + 1)
    assert hass_storage[STORE]["data"]["meters"][DEVICE.device_id]["is_in_question"] is True


async def test_what_was_charged_by_is_saved_at_once(
    hass: HomeAssistant, store: IdentityStore, hass_storage: dict[str, Any]
) -> None:
    """After a crash a new device must not count on from less than the ledger has charged."""
    store.identify(DEVICE, SPACE)
    store.set_register(DEVICE.device_id, register(5))
    store.save_soon()
    with LoopClock(hass) as clock:
        await clock.advance(SAVE_SOON_S + 1)
    stored = hass_storage[STORE]["data"]["meters"][DEVICE.device_id]
    assert stored["register"]["energy_wh"] == 5


async def test_changed_udfs_are_taken_over(hass: HomeAssistant, store: IdentityStore) -> None:
    """The newest are what a replacement will be known by; the register stays."""
    store.identify(DEVICE, SPACE)
    store.set_register(DEVICE.device_id, register(5))
    udfs = ("Shop", *UDFS[1:])
    assert store.identify(replace(DEVICE, udfs=udfs), SPACE).udfs == udfs
    again = await reloaded(hass, store)
    assert again[DEVICE.device_id].udfs == udfs
    assert again[DEVICE.device_id].register == register(5)


async def test_registers_that_change_with_every_poll_are_saved(
    hass: HomeAssistant, store: IdentityStore, hass_storage: dict[str, Any]
) -> None:
    """The moment is not pushed back for ever; and after one save comes the next."""
    store.identify(DEVICE, SPACE)
    with LoopClock(hass) as clock:
        for until_wh in (100, 200):
            for energy_wh in range(until_wh - 100, until_wh, 10):
                store.set_register(DEVICE.device_id, register(energy_wh))
                await clock.advance(SAVE_DELAY_S / 10 + 1)
            stored = hass_storage[STORE]["data"]["meters"][DEVICE.device_id]
            assert until_wh - 20 <= stored["register"]["energy_wh"] < until_wh


async def test_a_list_that_says_nothing_new_is_not_saved(
    hass: HomeAssistant, store: IdentityStore, hass_storage: dict[str, Any]
) -> None:
    """Every five minutes the same spaces come."""
    store.identify(DEVICE, SPACE)
    with LoopClock(hass) as clock:
        await clock.advance(SAVE_DELAY_S + 1)
        assert STORE in hass_storage
        hass_storage.clear()
        store.identify(DEVICE, SPACE)
        await clock.advance(SAVE_DELAY_S + 1)
    assert STORE not in hass_storage


async def test_a_forgotten_meter_is_forgotten(hass: HomeAssistant, store: IdentityStore) -> None:
    """Also in the file; a reading of it that is late does no harm."""
    store.identify(DEVICE, SPACE)
    store.set_register(DEVICE.device_id, register(5))
    store.forget(DEVICE.device_id)
    store.forget("never-seen")
    store.set_register(DEVICE.device_id, register(6))
    assert store.keys == ()
    again = await reloaded(hass, store)
    assert again.keys == ()
    assert again.identify(DEVICE, SPACE).register is None


async def test_the_file_goes_when_it_is_removed(
    hass: HomeAssistant, store: IdentityStore, hass_storage: dict[str, Any]
) -> None:
    """Nothing of an account stays."""
    store.identify(DEVICE, SPACE)
    await store.async_save()
    assert STORE in hass_storage
    await store.async_remove()
    assert STORE not in hass_storage


@pytest.mark.parametrize(
    ("device_id", "model"),
    [
        ("QUBE-ONE-1a2b", "Qube One"),
        ("QUBE-PRO-MAX-77", "Qube Pro Max"),
        ("QUBE-77", "Qube"),
        ("1a2b", "Qube"),
        ("-", "Qube"),
    ],
)
def test_the_model_is_told_by_the_id(device_id: str, model: str) -> None:
    """Qube sends no model of its own."""
    epochs = (Epoch(device_id=device_id),)
    meter = MeterIdentity(key="any", epochs=epochs, name="Room", space_id=SPACE, udfs=UDFS)
    assert meter.model == model


async def test_the_last_good_register_guards_the_first_reading_after_a_restart(
    account: Account,
) -> None:
    """A counter that fell while Home Assistant was off does not reach the state."""
    meter = account.meter()
    before = account.state(meter, "energy")
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    account.cloud.reset_counter(meter.device_id)
    assert await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert account.state(meter, "energy") == before


async def test_entities_hang_on_the_key_and_requests_on_the_device(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, hass_storage: dict[str, Any]
) -> None:
    """After a replacement the entities are the old ones, and the new device is asked."""
    meter = next(iter(cloud.meters.values()))
    stored = as_stored(replaced_meter(meter.device_id))
    key = f"qube.{entry.entry_id}.meters"
    hass_storage[key] = {"version": 1, "key": key, "data": {"meters": {"OLD-1": stored}}}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("sensor", DOMAIN, f"{meter.device_id}_energy") is None
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, "OLD-1_energy")
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    assert float(state.state) > 0
