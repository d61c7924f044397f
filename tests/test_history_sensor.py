"""How far the import of history is can be seen on each space."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import CONF_HISTORY_DAYS, DOMAIN
from tests.account import Account
from tests.simulator import Endpoint, FaultKind, SimulatedCloud


def states(hass: HomeAssistant, cloud: SimulatedCloud) -> list[str | None]:
    """Return what the sensors of all spaces show, None where there is no sensor."""
    registry = er.async_get(hass)
    found = []
    for space_id in cloud.spaces:
        unique_id = f"space_{space_id}_history_imported"
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
        state = hass.states.get(entity_id) if entity_id else None
        found.append(state.state if state else None)
    return found


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Return a cloud with four meters in two spaces."""
    return SimulatedCloud(seed=7, api_key="qube-key-5f2d").populate(spaces=2, meters=4)


@pytest.mark.usefixtures("recorder")
async def test_each_space_shows_its_own_progress(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """A meter whose history cannot be read holds up its own space only."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: 3})
    account = Account(hass=hass, entry=entry, cloud=cloud)
    first_space = next(iter(cloud.spaces.values()))
    failing = list(first_space.meters.values())[1]
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY, failing)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await account.settle()
    assert states(hass, cloud) == ["50", "100"]
    cloud.faults.clear()
    await account.poll_spaces()
    await account.settle()
    assert states(hass, cloud) == ["100", "100"]


@pytest.mark.usefixtures("recorder")
async def test_a_space_without_meters_has_nothing_to_import(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """It shows no number rather than a wrong one."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: 1})
    cloud.add_space("Empty")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert states(hass, cloud) == ["100", "100", "unknown"]


@pytest.mark.usefixtures("recorder")
async def test_without_history_there_is_no_sensor(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """The owner wants none."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: 0})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert states(hass, cloud) == [None, None]


async def test_without_a_recorder_there_is_no_sensor(account: Account) -> None:
    """There is nothing to import into."""
    assert states(account.hass, account.cloud) == [None, None]
