"""A simulated cloud over real HTTP, and an account of it in Home Assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
import logging
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
import pytest
from pytest_aiohttp.plugin import AiohttpServer
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

# Before the plugin of Home Assistant puts its own test components in the way.
import custom_components.qube
from custom_components.qube import back_fill, commands, hand_over, metadata, spaces
from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.downloads import Downloads
from tests.move_in import MoveIn
from tests.person import Person
from tests.rented_room import RentedRoom, SteadyGrid, let_draw
from tests.simulator import ManualClock, Mode, SimulatedCloud, create_app, tell_time
from tests.supplied_tenancy import SuppliedTenancy, open_tenancy
from tests.tenants import Tenants, tenants_of
from tests.time_machine import TimeMachine

# Home Assistant's plugin logs each of the thousands of queries.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

API_KEY = "qube-key-5f2d"
# 18:00 in India, on a day in the hot season.
STANDING_TIME = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)
# The population's meters by their places; a sort that is there already has no name.
SORTS = (
    *("Prepaid", None, None, "Postpaid", "Measurement", "Three phase", "No relay", "Offline"),
    *("Nulls", None, "Relay off", "Below zero"),
)


@pytest.fixture
def recorder(recorder_mock: object) -> None:
    """Let Home Assistant keep statistics."""


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find this integration; a recorder has to be there before it."""
    if "recorder" in request.fixturenames:
        request.getfixturevalue("recorder")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits that are there for the real cloud's sake."""
    monkeypatch.setattr(commands, "CONFIRM_DELAYS_S", (0.0, 0.01, 0.02))
    monkeypatch.setattr(metadata, "READ_BACK_DELAYS_S", (0.0, 0.01, 0.02))
    monkeypatch.setattr(hand_over, "HAND_OVER_DELAY_S", 0.01)
    # Where there is a recorder: a year of history is for those who ask for it.
    monkeypatch.setattr(back_fill, "DEFAULT_HISTORY_DAYS", 0)
    monkeypatch.setattr(spaces, "SETTLE_S", 0)
    monkeypatch.setattr(spaces, "FIRST_SETTLE_S", 0)


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
def entry(hass: HomeAssistant, hass_storage: dict[str, Any], url: str) -> MockConfigEntry:
    """Return the account, added but not set up; what is stored goes to `hass_storage`."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="3 spaces", data={CONF_API_KEY: API_KEY, CONF_URL: url}
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the account, set up, each meter read once."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


@pytest.fixture
def standing_cloud() -> SimulatedCloud:
    """Return a cloud at a time that stands still: one meter of each sort, named after it."""
    clock = ManualClock(STANDING_TIME)
    cloud = SimulatedCloud(seed=7, api_key=API_KEY, clock=clock).populate(spaces=3, meters=12)
    for meter, sort in zip(list(cloud.meters.values()), SORTS, strict=True):
        if sort is None:
            cloud.remove_meter(meter.device_id)
        else:
            meter.name = sort
    return cloud


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return snapshots as Home Assistant's own tests write them."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


type LoadPlatform = Callable[[Platform], Awaitable[MockConfigEntry]]


@pytest.fixture
def load_platform(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> LoadPlatform:
    """Return what sets the account up with one platform, all of whose entities are on."""

    async def load(platform: Platform) -> MockConfigEntry:
        monkeypatch.setattr(custom_components.qube, "PLATFORMS", [platform])
        monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        return entry

    return load


@pytest.fixture
def account(hass: HomeAssistant, loaded: MockConfigEntry, cloud: SimulatedCloud) -> Account:
    """Return the account, set up, with the cloud behind it; its requests counted from now on."""
    account = Account(hass=hass, entry=loaded, cloud=cloud)
    account.forget_requests()
    return account


@pytest.fixture
def downloads(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Downloads:
    """Return what an administrator downloads."""
    return Downloads(hass, hass_client)


@pytest.fixture
async def person(account: Account, hass_client: ClientSessionGenerator) -> Person:
    """Return somebody who can repair."""
    assert await async_setup_component(account.hass, "repairs", {})
    return Person(account, await hass_client())


@pytest.fixture
async def supplied(account: Account, tmp_path: Path) -> AsyncIterator[SuppliedTenancy]:
    """Return a tenancy in order, with power, on the first meter."""
    tenancy = await open_tenancy(account, tmp_path / "ledger")
    yield tenancy
    tenancy.books.is_full = False
    tenancy.stop()
    await tenancy.books.async_close()


@pytest.fixture
async def room(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    aiohttp_server: AiohttpServer,
    own_storage: None,
) -> AsyncIterator[RentedRoom]:
    """Return an empty room at a time that stands still, its account not set up yet."""
    clock = ManualClock(STANDING_TIME)
    cloud = SimulatedCloud(seed=7, api_key=API_KEY, clock=clock)
    space = cloud.add_space("Lakeside Apartments")
    space.grid = SteadyGrid(0)
    meter = cloud.add_meter(space.space_id, name="Room 302", udf1="lakeside.302")
    meter.mode = Mode.MEASUREMENT
    let_draw(meter, 0)
    meter.energy_wh = 1_450_000
    app = create_app(cloud)
    tell_time(app)
    server = await aiohttp_server(app)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Lakeside",
        data={CONF_API_KEY: API_KEY, CONF_URL: str(server.make_url("")).rstrip("/")},
    )
    entry.add_to_hass(hass)
    machine = TimeMachine(hass, clock)
    with machine.running():
        yield RentedRoom(hass=hass, entry=entry, cloud=cloud, machine=machine, meter=meter)
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def own_storage(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep ledgers in a folder that is gone after the test; is wanted before the account is."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    (tmp_path / ".storage").mkdir()


@pytest.fixture
def move_in(own_storage: None, account: Account) -> MoveIn:
    """Return somebody who enters a tenancy."""
    return MoveIn(account)


@pytest.fixture
async def tenants(hass: HomeAssistant, own_storage: None) -> Tenants:
    """Return an account that is not loaded, with tenants in its ledger."""
    return await tenants_of(hass)
