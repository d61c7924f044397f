"""The system information tells whether Qube can be reached, and how many meters there are."""

from asyncio import iscoroutine
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_aiohttp.plugin import AiohttpServer
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.conftest import API_KEY
from tests.simulator import Endpoint, FaultKind, create_app
from tests.texts import ENGLISH


async def information(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is told, each server asked."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    told = await get_system_health_info(hass, DOMAIN)
    return {key: await value if iscoroutine(value) else value for key, value in told.items()}


async def test_an_account_that_works(account: Account) -> None:
    """The server is asked without the key, and for nothing of the account."""
    meters = len(account.cloud.meters)
    assert await information(account.hass) == {
        "can_reach_server": "ok",
        "accounts": 1,
        "meters": meters,
        "meters_online": meters - 1,
    }
    assert account.cloud.requests.total() == 0


async def test_everything_has_its_text(account: Account) -> None:
    """And there is no text for what is not told."""
    assert set(await information(account.hass)) == set(ENGLISH["system_health"]["info"])


async def test_a_server_that_cannot_be_reached(account: Account) -> None:
    """The account is there, but its meters are not loaded."""
    hass, entry = account.hass, account.entry
    account.break_down(FaultKind.DROP, Endpoint.SPACES)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_URL: "http://127.0.0.1:9"}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await information(hass) == {
        "can_reach_server": {"type": "failed", "error": "unreachable"},
        "accounts": 1,
        "meters": 0,
        "meters_online": 0,
    }


async def test_each_server_is_asked_once(account: Account, aiohttp_server: AiohttpServer) -> None:
    """Two accounts of one server are one line; several servers are called by their names."""
    hass = account.hass
    here = account.entry.data[CONF_URL]
    MockConfigEntry(domain=DOMAIN, data={CONF_API_KEY: "b", CONF_URL: here}).add_to_hass(hass)
    told = await information(hass)
    assert (told["can_reach_server"], told["accounts"]) == ("ok", 2)
    server = await aiohttp_server(create_app(account.cloud))
    there = str(server.make_url("")).rstrip("/")
    MockConfigEntry(domain=DOMAIN, data={CONF_API_KEY: "c", CONF_URL: there}).add_to_hass(hass)
    told = await information(hass)
    assert "can_reach_server" not in told
    names = [url.removeprefix("http://") for url in (here, there)]
    assert [told[name] for name in names] == ["ok", "ok"]
    assert told["accounts"] == 3
    assert API_KEY not in repr(told)


async def test_without_an_account_nothing_is_asked(account: Account) -> None:
    """The integration stays loaded until the next restart."""
    await account.hass.config_entries.async_remove(account.entry.entry_id)
    assert await information(account.hass) == {"accounts": 0, "meters": 0, "meters_online": 0}
