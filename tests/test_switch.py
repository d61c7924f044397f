"""Switches show relay and payment gateway."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.qube.const import DETAILS_INTERVAL
from tests.account import Account
from tests.conftest import LoadPlatform
from tests.loop_clock import LoopClock
from tests.simulator import FaultKind, MeterKind, SimulatedCloud


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def test_switches(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    load_platform: LoadPlatform,
) -> None:
    """Every switch of every sort of meter is as it was looked at."""
    entry = await load_platform(Platform.SWITCH)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


def switches(account: Account, device_id: str) -> set[str]:
    """Return the keys of a meter's switches."""
    entities = er.async_get(account.hass).entities.values()
    return {
        entity.unique_id.removeprefix(f"{device_id}_")
        for entity in entities
        if entity.domain == "switch" and entity.unique_id.startswith(f"{device_id}_")
    }


async def test_only_a_meter_with_a_relay_has_a_switch_for_it(account: Account) -> None:
    """The payment gateway is everybody's."""
    for meter in account.cloud.meters.values():
        expected = {"payment_gateway"}
        if meter.kind is not MeterKind.NO_RELAY:
            expected.add("relay")
        assert switches(account, meter.device_id) == expected


async def test_the_switches_show_what_the_meter_does(account: Account) -> None:
    """Also what nobody in Home Assistant has asked for."""
    for meter in account.cloud.meters.values():
        if meter.is_online and meter.has_relay:
            assert account.state(meter, "relay") == ("on" if meter.relay_closed else "off")
    meter = account.meter()
    meter.relay_closed = False
    meter.gateway_enabled = not meter.gateway_enabled
    await account.poll(meter)
    assert account.state(meter, "relay") == "off"
    assert account.state(meter, "payment_gateway") == ("on" if meter.gateway_enabled else "off")


async def test_a_relay_that_becomes_known_later_gets_its_switch(account: Account) -> None:
    """A relay module can be added to a meter, and the details tell within five minutes."""
    meter = next(m for m in account.cloud.meters.values() if m.kind is MeterKind.NO_RELAY)
    meter.has_relay = True
    with LoopClock(account.hass) as clock:
        await clock.advance(DETAILS_INTERVAL.total_seconds() + 60)
    assert switches(account, meter.device_id) == {"relay", "payment_gateway"}
    assert account.state(meter, "relay") == "on"


async def test_a_relay_that_was_unknown_at_first_gets_its_switch(account: Account) -> None:
    """The first answer may come late, or hold null."""
    meter = account.cloud.add_meter(next(iter(account.cloud.spaces)))
    account.break_down(FaultKind.SERVER_ERROR, meter=meter)
    await account.poll_spaces()
    assert switches(account, meter.device_id) == {"payment_gateway"}
    account.cloud.faults.clear()
    await account.poll(meter)
    assert account.state(meter, "relay") == "on"
