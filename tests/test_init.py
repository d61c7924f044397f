"""An account is set up, unloaded, loaded again and removed; nothing of it is left behind."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.qube.const import CONF_READING_INTERVAL, DOMAIN
from custom_components.qube.coordinator import meters_signal
from custom_components.qube.spaces import spaces_signal
from tests.account import Account, until
from tests.simulator import Endpoint, Fault, FaultKind, ManualClock, SimulatedCloud


def store_key(entry: MockConfigEntry, content: str = "meters") -> str:
    """Return under which name something of the account is stored."""
    return f"qube.{entry.entry_id}.{content}"


def pending_timers(hass: HomeAssistant) -> list[object]:
    """Return whose timers will still fire: the account's coordinators and its store."""
    handles = get_scheduled_timer_handles(hass.loop)
    callbacks = [getattr(handle, "_callback", None) for handle in handles if not handle.cancelled()]
    owners = [getattr(callback, "__self__", None) for callback in callbacks]
    return [
        owner
        for owner in owners
        if isinstance(owner, DataUpdateCoordinator)
        or (isinstance(owner, Store) and owner.key.startswith(DOMAIN))
    ]


async def test_every_meter_has_its_entities(account: Account) -> None:
    """Set-up ends with the spaces; the meters follow at once, in the background."""
    assert account.entry.state is ConfigEntryState.LOADED
    for meter in account.cloud.meters.values():
        expected = "on" if meter.is_online else "off"
        assert account.state(meter, "online") == expected
        assert account.state(meter, "balance") != STATE_UNAVAILABLE


async def test_unloading_ends_everything(account: Account) -> None:
    """No state, no listener, no timer of the account is left."""
    hass, entry = account.hass, account.entry
    signal, inventory = meters_signal(entry), account.inventory
    assert hass.data[DATA_DISPATCHER][signal]
    # Inventory, meters, and the two stores.
    assert len(pending_timers(hass)) == 1 + 12 + 2
    assert await hass.config_entries.async_unload(entry.entry_id)
    await account.settle()
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert {state.state for state in hass.states.async_all()} == {STATE_UNAVAILABLE}
    assert not hass.data[DATA_DISPATCHER].get(signal)
    assert not hass.data[DATA_DISPATCHER].get(spaces_signal(entry))
    assert not inventory._listeners
    assert DOMAIN not in hass.data
    assert not hasattr(entry, "runtime_data")
    assert pending_timers(hass) == []
    assert account.asked == []


async def test_nothing_is_asked_after_unloading(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """Meters that are read without a pause are not read any more."""
    hass.config_entries.async_update_entry(entry, options={CONF_READING_INTERVAL: 0.02})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: cloud.requests[Endpoint.METRICS] > 100)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: cloud.requests.at_once == 0)
    cloud.requests.reset()
    await asyncio.sleep(0.3)
    assert cloud.requests.total() == 0


async def test_loading_again_and_again_piles_nothing_up(account: Account) -> None:
    """After ten reloads there are as many listeners, timers and tasks as after the first."""
    hass, entry = account.hass, account.entry
    # No use, so nothing that has to be saved in one run and not in the other.
    account.cloud.clock = ManualClock(account.cloud.clock())

    async def reload() -> tuple[object, ...]:
        assert await hass.config_entries.async_reload(entry.entry_id)
        await account.settle()
        tasks = asyncio.all_tasks()
        return (
            dict(hass.bus.async_listeners()),
            len(hass.data[DATA_DISPATCHER][meters_signal(entry)]),
            len(hass.data[DATA_DISPATCHER][spaces_signal(entry)]),
            len(pending_timers(hass)),
            len([task for task in tasks if "qube" in repr(task) or entry.title in repr(task)]),
            len(hass.states.async_all()),
            len(er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)),
        )

    # What was used before time stood still is read now, and all saved that waits for its time.
    await reload()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    await reload()
    first = await reload()
    for _ in range(9):
        assert await reload() == first
    assert account.available() != []


async def test_removing_leaves_nothing(account: Account, hass_storage: dict[str, Any]) -> None:
    """What is stored stays while the account is unloaded, and goes with the account."""
    hass, entry = account.hass, account.entry
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[store_key(entry)]["data"]["meters"].keys() == account.cloud.meters.keys()
    assert store_key(entry, "spaces") in hass_storage
    assert await hass.config_entries.async_setup(entry.entry_id)
    await account.settle()
    assert await hass.config_entries.async_remove(entry.entry_id)
    await account.settle()
    assert store_key(entry) not in hass_storage
    assert store_key(entry, "spaces") not in hass_storage
    assert hass.states.async_all() == []
    assert er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id) == []
    assert dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id) == []
    assert pending_timers(hass) == []


async def test_an_open_question_goes_with_the_account(account: Account) -> None:
    """Its repairs concern nobody any more."""
    hass, meter = account.hass, account.meter()
    account.cloud.reset_counter(meter.device_id)
    for _ in range(3):
        await account.poll(meter)
    issues = ir.async_get(hass)
    assert [issue.domain for issue in issues.issues.values()] == [DOMAIN]
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    await account.settle()
    assert dict(issues.issues) == {}


async def test_an_account_that_never_loaded_can_be_removed(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """There is nothing to delete, and that is no error."""
    cloud.faults.add(Fault(kind=FaultKind.DROP))
    await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert pending_timers(hass) == []


async def test_a_command_under_way_does_not_outlive_the_account(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    """What it reads back later is stored by nobody: the file would come back after removal."""
    hass, entry, meter = account.hass, account.entry, account.meter()
    account.break_down(FaultKind.IGNORED, Endpoint.RELAY, meter)
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, meter, seconds=0.05)
    command = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.METRICS in account.asked)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.wait([command])
    assert command.exception() is not None
    assert pending_timers(hass) == []
    assert store_key(entry) not in hass_storage


DOWN = [
    (Fault(kind=FaultKind.DROP), "cannot_connect"),
    (Fault(kind=FaultKind.SERVER_ERROR, status=503), "not_qube_api"),
    (Fault(kind=FaultKind.HTML_200), "not_qube_api"),
    (Fault(kind=FaultKind.PROXY_403), "not_qube_api"),
    (Fault(kind=FaultKind.RATE_LIMITED, retry_after=1), "rate_limited"),
    (Fault(kind=FaultKind.FAILURE_200), "refused"),
    (Fault(kind=FaultKind.WRONG_TYPES, data=[]), "no_spaces"),
]


@pytest.mark.parametrize(("fault", "reason"), DOWN, ids=[fault.kind for fault, _ in DOWN])
async def test_a_cloud_that_is_down_at_start_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, fault: Fault, reason: str
) -> None:
    """Home Assistant says why, asks for no key, and loads the account once the cloud is back."""
    cloud.faults.add(fault)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == reason
    assert hass.config_entries.flow.async_progress() == []
    cloud.faults.clear()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state.value == ConfigEntryState.LOADED.value
    assert len(entry.runtime_data.devices.meters) == 12


@pytest.mark.parametrize("kind", [FaultKind.UNAUTHORIZED, FaultKind.AUTH_ERROR_200])
async def test_a_key_that_is_refused_at_start_is_asked_for(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, kind: FaultKind
) -> None:
    """Trying again would help nobody."""
    cloud.faults.add(Fault(kind=kind))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert cloud.requests.total() == 1


async def test_a_slow_meter_holds_up_nobody(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """Set-up ends, and the others have their states, before it has answered."""
    slow = next(iter(cloud.meters.values()))
    cloud.faults.add(Fault(kind=FaultKind.LATENCY, device_id=slow.device_id, times=1, seconds=3))
    async with asyncio.timeout(2.5):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await until(lambda: len(hass.states.async_all()) > 100)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("sensor", DOMAIN, f"{slow.device_id}_power") is None
    assert len(account.coordinators) == 12
    await account.settle()
    assert slow in account.available()


@pytest.mark.parametrize(
    "kind", [FaultKind.SERVER_ERROR, FaultKind.DROP, FaultKind.HTML_200, FaultKind.TRUNCATION]
)
async def test_a_failing_meter_hurts_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, kind: FaultKind
) -> None:
    """Only its own entities are unavailable, and they come to life when it answers."""
    failing = next(iter(cloud.meters.values()))
    cloud.faults.add(Fault(kind=kind, device_id=failing.device_id))
    assert await hass.config_entries.async_setup(entry.entry_id)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    await account.settle()
    online = [meter for meter in cloud.meters.values() if meter.is_online]
    assert account.available() == [meter for meter in online if meter is not failing]
    assert account.state(failing, "balance") == STATE_UNAVAILABLE
    cloud.faults.clear()
    await account.poll(failing)
    assert account.available() == online
    assert account.state(failing, "relay") == "on"
