"""A space shows what its meters come to together, and its energy never falls or jumps."""

import asyncio
from datetime import timedelta
import math

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.qube import spaces
from custom_components.qube.devices import meter_identifier, space_identifier
from tests.account import Account
from tests.simulator import (
    Endpoint,
    FaultKind,
    ManualClock,
    SimulatedCloud,
    SimulatedMeter,
    SimulatedSpace,
    Source,
)

KEYS = ("power", "energy", "meters_offline", "meters_on_generator")


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


def pass_time(account: Account, minutes: int = 10) -> None:
    """Let the cloud's time pass, but not more than a register may run on in an instant."""
    clock = account.cloud.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(minutes=minutes))


def used_wh(account: Account, space: SimulatedSpace) -> int:
    """Return the energy that a space shows, in Wh."""
    return round(float(account.space_state(space, "energy")) * 1000)


def online(space: SimulatedSpace) -> list[SimulatedMeter]:
    """Return the meters of a space that the cloud reaches."""
    return [meter for meter in space.meters.values() if meter.is_online]


def registers_wh(space: SimulatedSpace) -> int:
    """Return what the registers of a space come to."""
    return sum(meter.energy_wh for meter in online(space))


async def test_each_space_has_its_sensors(account: Account) -> None:
    """On its own device, in the order of the descriptions."""
    registry, devices = er.async_get(account.hass), dr.async_get(account.hass)
    for space in account.cloud.spaces.values():
        device = devices.async_get_device_by_identifier(
            space_identifier(space.space_id), account.entry.entry_id
        )
        assert device is not None
        names = {
            each.original_name
            for each in er.async_entries_for_device(registry, device.id)
            if each.unique_id.startswith(f"space_{space.space_id}_")
        }
        assert names == {"Power now", "Energy", "Meters offline", "Meters on generator"}
    state = account.hass.states.get("sensor.lakshmi_residency_energy")
    assert state is not None
    assert state.state == "0.0"
    assert state.attributes["state_class"] == "total_increasing"


async def test_sums_are_the_truth_and_stay_so(account: Account) -> None:
    """Power of what is online, and how many are not, before and after ten minutes."""
    for _ in range(2):
        for space in account.cloud.spaces.values():
            power_w = math.fsum(meter.power_w for meter in online(space))
            assert float(account.space_state(space, "power")) == pytest.approx(power_w)
            offline = len(space.meters) - len(online(space))
            assert account.space_state(space, "meters_offline") == str(offline)
        pass_time(account)
        await account.poll()


async def test_meters_on_the_generator_are_counted(account: Account) -> None:
    """One by one."""
    space = account.space()
    for meter in space.meters.values():
        meter.active_tariff = Source.EB
    await account.poll()
    assert account.space_state(space, "meters_on_generator") == "0"
    for number, meter in enumerate(online(space)[:2], 1):
        meter.active_tariff = Source.DG
        await account.poll()
        assert account.space_state(space, "meters_on_generator") == str(number)


async def test_energy_is_what_was_used(account: Account) -> None:
    """It begins at nothing, and is exact to the watt-hour from then on."""
    before = {key: registers_wh(space) for key, space in account.cloud.spaces.items()}
    for _ in range(3):
        pass_time(account)
        await account.poll()
    used = {key: used_wh(account, space) for key, space in account.cloud.spaces.items()}
    assert used == {
        key: registers_wh(space) - before[key] for key, space in account.cloud.spaces.items()
    }
    assert sum(used.values()) > 0


async def test_a_new_meter_brings_no_energy(account: Account) -> None:
    """Not even one whose register says 5000 kWh; what it uses from then on counts."""
    space = account.space()
    meter = account.cloud.add_meter(space.space_id, energy_wh=5_000_000, balance=100_000)
    await account.poll_spaces()
    await account.poll()
    assert used_wh(account, space) == 0
    before = meter.energy_wh
    pass_time(account)
    await account.poll(meter)
    assert used_wh(account, space) == meter.energy_wh - before > 0


async def test_a_meter_that_goes_offline_takes_no_energy_away(account: Account) -> None:
    """What it used meanwhile comes when it is back."""
    space = account.space()
    meter = online(space)[0]
    before = registers_wh(space)
    meter.is_online = False
    await account.poll()
    assert used_wh(account, space) == 0
    assert account.space_state(space, "meters_offline") == "1"
    pass_time(account, 15)
    meter.is_online = True
    await account.poll()
    assert used_wh(account, space) == registers_wh(space) - before > 0


async def test_a_meter_that_moves_leaves_its_use_behind(account: Account) -> None:
    """Its register moves with it, but neither space jumps by it."""
    here, there = account.space(0), account.space(1)
    meter = online(here)[0]
    pass_time(account)
    await account.poll()
    before = used_wh(account, here), used_wh(account, there)
    account.cloud.move_meter(meter.device_id, there.space_id)
    await account.poll_spaces()
    assert (used_wh(account, here), used_wh(account, there)) == before
    register_wh = meter.energy_wh
    power_w = math.fsum(each.power_w for each in online(there))
    assert float(account.space_state(there, "power")) == pytest.approx(power_w)
    pass_time(account)
    await account.poll(meter)
    used = meter.energy_wh - register_wh
    assert (used_wh(account, here), used_wh(account, there)) == (before[0], before[1] + used)


async def test_a_meter_that_is_removed_takes_no_energy_away(account: Account) -> None:
    """And when it is back, what it used meanwhile is counted, not its register."""
    space = account.space()
    meter = online(space)[0]
    pass_time(account)
    await account.poll()
    used = used_wh(account, space)
    del space.meters[meter.device_id]
    for _ in range(3):
        await account.poll_spaces()
    assert used_wh(account, space) == used
    power_w = math.fsum(each.power_w for each in online(space))
    assert float(account.space_state(space, "power")) == pytest.approx(power_w)
    register_wh = meter.energy_wh
    space.meters[meter.device_id] = meter
    pass_time(account)
    await account.poll_spaces()
    assert used_wh(account, space) == used + meter.energy_wh - register_wh


async def test_a_meter_removed_by_hand_is_new_when_it_is_back(account: Account) -> None:
    """It was forgotten with all that was counted from it."""
    space = account.space()
    meter = online(space)[0]
    del space.meters[meter.device_id]
    await account.poll_spaces()
    device = dr.async_get(account.hass).async_get_device_by_identifier(
        meter_identifier(meter.device_id), account.entry.entry_id
    )
    assert device is not None
    assert account.entry.runtime_data.devices.async_remove(device)
    pass_time(account)
    space.meters[meter.device_id] = meter
    before = used_wh(account, space)
    await account.poll_spaces()
    assert used_wh(account, space) == before


async def test_a_restart_goes_on_where_it_was(account: Account) -> None:
    """With what was used while Home Assistant was off."""
    space = account.space()
    before = registers_wh(space)
    pass_time(account)
    await account.poll()
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    pass_time(account, 15)
    assert await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert used_wh(account, space) == registers_wh(space) - before > 0


async def test_nothing_is_shown_before_each_meter_was_read(account: Account) -> None:
    """Sums that climb as one meter after the other is read would be invented use."""
    space = account.space()
    slow = online(space)[0]
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    pass_time(account)
    states = async_capture_events(account.hass, "state_changed")
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, slow, seconds=0.1)
    assert await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    for key in ("energy", "power"):
        entity_id = account.space_entity_id(space, key)
        shown = [event.data["new_state"] for event in states]
        values = [state.state for state in shown if state and state.entity_id == entity_id]
        assert values == [STATE_UNAVAILABLE, account.space_state(space, key)]


async def test_one_meter_that_fails_is_left_out(account: Account) -> None:
    """The others still come to something; it is not offline for all we know."""
    space = account.space()
    meter = online(space)[0]
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.METRICS, meter)
    await account.poll(meter)
    power_w = math.fsum(each.power_w for each in online(space) if each is not meter)
    assert float(account.space_state(space, "power")) == pytest.approx(power_w)
    assert account.space_state(space, "meters_offline") == "0"
    assert used_wh(account, space) == 0


async def test_an_outage_makes_all_unavailable(account: Account) -> None:
    """And they come back by themselves."""
    space = account.space()
    account.break_down(FaultKind.DROP)
    await account.poll()
    assert {account.space_state(space, key) for key in KEYS} == {STATE_UNAVAILABLE}
    account.cloud.faults.clear()
    await account.poll()
    assert STATE_UNAVAILABLE not in {account.space_state(space, key) for key in KEYS}


async def test_a_space_whose_meters_are_all_offline(account: Account) -> None:
    """Its power is unknown, its energy is not."""
    space = account.space()
    for meter in space.meters.values():
        meter.is_online = False
    await account.poll()
    assert account.space_state(space, "power") == STATE_UNKNOWN
    assert account.space_state(space, "energy") == "0.0"
    assert account.space_state(space, "meters_offline") == str(len(space.meters))


async def test_a_new_space_appears_live(account: Account) -> None:
    """Without meters first, and with one later."""
    space = account.cloud.add_space("Annexe")
    await account.poll_spaces()
    assert account.space_state(space, "power") == STATE_UNKNOWN
    assert account.space_state(space, "meters_offline") == "0"
    meter = account.cloud.add_meter(space.space_id, balance=100_000)
    await account.poll_spaces()
    assert float(account.space_state(space, "power")) == pytest.approx(meter.power_w)


async def test_a_vanished_space_goes_and_comes_back_with_its_energy(account: Account) -> None:
    """Its sensors go with its device; what it has used is kept."""
    space = account.space()
    pass_time(account)
    await account.poll()
    used = used_wh(account, space)
    energy_id = account.space_entity_id(space, "energy")
    del account.cloud.spaces[space.space_id]
    for _ in range(3):
        await account.poll_spaces()
    assert account.hass.states.get(energy_id) is None
    assert len(account.space_coordinators) == 2
    account.cloud.spaces[space.space_id] = space
    await account.poll_spaces()
    assert account.space_entity_id(space, "energy") == energy_id
    assert used_wh(account, space) == used > 0


async def test_meters_outlive_a_space_that_is_taken_apart(account: Account) -> None:
    """They were moved to another one before it vanished."""
    here, there = account.space(0), account.space(1)
    for device_id in list(here.meters):
        account.cloud.move_meter(device_id, there.space_id)
    account.cloud.remove_space(here.space_id)
    for _ in range(3):
        await account.poll_spaces()
    power_w = math.fsum(each.power_w for each in online(there))
    assert float(account.space_state(there, "power")) == pytest.approx(power_w)


async def test_many_changes_are_summed_up_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A house of a thousand meters writes no state for each of their readings."""
    monkeypatch.setattr(spaces, "SETTLE_S", 0.2)
    power_id = account.space_entity_id(account.space(), "power")
    states = async_capture_events(account.hass, "state_changed")
    for _ in range(3):
        pass_time(account)
        await asyncio.gather(*(each.async_refresh() for each in account.coordinators))
    await account.settle()
    assert [event.data["entity_id"] for event in states].count(power_id) == 1


async def test_the_first_sum_comes_at_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the first one after an outage."""
    monkeypatch.setattr(spaces, "SETTLE_S", 60)
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    for space in account.cloud.spaces.values():
        assert account.space_state(space, "energy") != STATE_UNAVAILABLE


async def test_a_person_can_ask_for_the_sum_now(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the action that Home Assistant has for it."""
    await async_setup_component(account.hass, "homeassistant", {})
    monkeypatch.setattr(spaces, "SETTLE_S", 60)
    meter = online(account.space())[0]
    meter.active_tariff = Source.DG if meter.active_tariff is Source.EB else Source.EB
    before = account.space_state(account.space(), "meters_on_generator")
    await account.coordinator(meter).async_refresh()
    entity_id = account.space_entity_id(account.space(), "meters_on_generator")
    await account.hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": entity_id}, blocking=True
    )
    assert account.space_state(account.space(), "meters_on_generator") != before


async def test_unloading_leaves_no_timer(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a reading that ends later start one."""

    def sums() -> list[object]:
        handles = get_scheduled_timer_handles(account.hass.loop)
        jobs = [each._args[-1] for each in handles if not each.cancelled() and each._args]
        return [job for job in jobs if str(getattr(job, "name", "")).startswith("sum of space")]

    monkeypatch.setattr(spaces, "SETTLE_S", 60)
    coordinators, space = account.coordinators, account.space_coordinators[0]
    pass_time(account)
    await asyncio.gather(*(each.async_refresh() for each in coordinators))
    assert len(sums()) == 3
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert sums() == []
    space.async_changed()
    assert sums() == []
    assert not any(each._listeners for each in coordinators)


async def test_a_sensor_writes_only_what_changed(account: Account) -> None:
    """Counts stand still while power does not."""
    pass_time(account)
    ids = {key: account.space_entity_id(account.space(), key) for key in KEYS}
    before = {key: account.hass.states.get(entity_id) for key, entity_id in ids.items()}
    await account.poll()
    written = {
        key
        for key, entity_id in ids.items()
        if (state := account.hass.states.get(entity_id)) is not None
        and (was := before[key]) is not None
        and state.last_reported != was.last_reported
    }
    assert written == {"power", "energy"}
