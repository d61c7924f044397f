"""A binary sensor says whether a meter is online."""

from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.account import Account
from tests.conftest import LoadPlatform
from tests.simulator import FaultKind, SimulatedCloud


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def test_binary_sensors(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    load_platform: LoadPlatform,
) -> None:
    """Every sort of meter has one, as it was looked at."""
    entry = await load_platform(Platform.BINARY_SENSOR)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_online_follows_the_meter(account: Account) -> None:
    """Off and on again, each with the next reading."""
    meter = account.meter()
    assert account.state(meter, "online") == "on"
    meter.is_online = False
    await account.poll(meter)
    assert account.state(meter, "online") == "off"
    meter.is_online = True
    await account.poll(meter)
    assert account.state(meter, "online") == "on"


async def test_an_outage_of_the_cloud_says_nothing_of_the_meter(account: Account) -> None:
    """It is not known then whether the meter is online."""
    meter = account.meter()
    account.break_down(FaultKind.SERVER_ERROR)
    await account.poll(meter)
    assert account.state(meter, "online") == STATE_UNAVAILABLE
    account.cloud.faults.clear()
    await account.poll_spaces()
    await account.poll(meter)
    assert account.state(meter, "online") == "on"
