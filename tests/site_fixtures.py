"""Fixtures of a building with a main meter.

A test module takes them with `pytest_plugins = ("tests.site_fixtures",)`, and has a fixture `cloud`
of its own that returns `house_cloud`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest
from pytest_aiohttp.plugin import AiohttpServer
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import CONF_HISTORY_DAYS
from tests.main_meter import DAYS, DEVICE, KEY, LOST_WH_PER_HOUR, Building, subentry_data
from tests.simulator import ManualClock, SimulatedCloud
from tests.simulator.site import SimulatedFlatPeak
from tests.simulator.site_server import create_site_app
from tests.time_machine import TimeMachine

# In the first days of a month, so that little history makes a whole one.
NOW = datetime(2026, 5, 4, 6, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands until it is moved."""
    return ManualClock(NOW)


@pytest.fixture
def house_cloud(clock: ManualClock) -> SimulatedCloud:
    """Return a cloud with one meter in one space."""
    cloud = SimulatedCloud(seed=7, api_key="qube-key-5f2d", clock=clock)
    return cloud.populate(spaces=1, meters=1)


@pytest.fixture
def machine(hass: HomeAssistant, clock: ManualClock) -> Iterator[TimeMachine]:
    """Let Home Assistant have the time of the clouds."""
    machine = TimeMachine(hass, clock)
    with machine.running():
        yield machine


@pytest.fixture
def flatpeak(cloud: SimulatedCloud) -> SimulatedFlatPeak:
    """Return a FlatPeak with the main meter of the space."""
    flatpeak = SimulatedFlatPeak(api_key=KEY, clock=cloud.clock)
    space = next(iter(cloud.spaces.values()))
    flatpeak.add_building(DEVICE, space, lost_wh_per_hour=LOST_WH_PER_HOUR)
    return flatpeak


@pytest.fixture
async def address(
    socket_enabled: None,
    machine: TimeMachine,
    aiohttp_server: AiohttpServer,
    flatpeak: SimulatedFlatPeak,
) -> str:
    """Return where FlatPeak is served; from now on its time is Home Assistant's."""
    return str((await aiohttp_server(create_site_app(flatpeak))).make_url("")).rstrip("/")


@pytest.fixture
async def empty(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    cloud: SimulatedCloud,
    flatpeak: SimulatedFlatPeak,
    address: str,
) -> Building:
    """Return an account that is set up, and has no main meter yet."""
    return Building(hass, loaded, cloud, flatpeak, address)


@pytest.fixture
def prepared(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    flatpeak: SimulatedFlatPeak,
    address: str,
) -> Building:
    """Return an account with a main meter, not set up yet; all of its history is wanted."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: DAYS})
    space_id = next(iter(cloud.spaces))
    data = subentry_data(address, space_id)
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType(data["data"]),
            subentry_type=data["subentry_type"],
            title=data["title"],
            unique_id=DEVICE,
        ),
    )
    return Building(hass, entry, cloud, flatpeak, address)


@pytest.fixture
async def house(prepared: Building) -> Building:
    """Return it set up, everything imported."""
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    return prepared
