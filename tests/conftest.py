"""A simulated cloud over real HTTP, and an account of it in Home Assistant."""

from collections.abc import Awaitable, Callable

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
import pytest
from pytest_aiohttp.plugin import AiohttpServer
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Before the plugin of Home Assistant puts its own test components in the way.
import custom_components.qube  # noqa: F401
from custom_components.qube import commands, devices
from custom_components.qube.const import DOMAIN
from tests.simulator import SimulatedCloud, create_app

API_KEY = "qube-key-5f2d"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find this integration."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits that are there for the real cloud's sake."""
    monkeypatch.setattr(commands, "CONFIRM_DELAYS_S", (0.0, 0.01, 0.02))
    monkeypatch.setattr(devices, "HAND_OVER_DELAY_S", 0.01)


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Return a cloud with one meter of each sort, in three spaces."""
    return SimulatedCloud(seed=7, api_key=API_KEY).populate(spaces=3, meters=12)


@pytest.fixture
async def url(socket_enabled: None, aiohttp_server: AiohttpServer, cloud: SimulatedCloud) -> str:
    """Return the address at which the cloud is served."""
    server = await aiohttp_server(create_app(cloud))
    return str(server.make_url("")).rstrip("/")


@pytest.fixture
def entry(hass: HomeAssistant, url: str) -> MockConfigEntry:
    """Return the account, added but not set up."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="3 spaces", data={CONF_API_KEY: API_KEY, CONF_URL: url}
    )
    entry.add_to_hass(hass)
    return entry


type SetUp = Callable[[], Awaitable[MockConfigEntry]]


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the account, set up, each meter read once."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry
