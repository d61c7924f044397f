"""Key and address of an account are changed; a key is sent only where it was entered for."""

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_aiohttp.plugin import AiohttpServer
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)

from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.conftest import API_KEY
from tests.simulator import FaultKind, SimulatedCloud, create_app

NEW_KEY = "second-key"


@pytest.fixture
async def other_url(aiohttp_server: AiohttpServer, cloud: SimulatedCloud) -> str:
    """Return a second address of the same cloud."""
    server = await aiohttp_server(create_app(cloud))
    return str(server.make_url("")).rstrip("/")


async def submit(
    hass: HomeAssistant, form: ConfigFlowResult, url: str, **fields: str
) -> ConfigFlowResult:
    """Fill the form in; the key only where it is among the fields."""
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {CONF_URL: url, **fields}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def test_the_form_shows_the_address_but_not_the_key(
    hass: HomeAssistant, loaded: MockConfigEntry, url: str
) -> None:
    """A key once entered is never shown again."""
    form = await loaded.start_reconfigure_flow(hass)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "reconfigure")
    assert form["description_placeholders"] == {"account": "3 spaces"}
    schema = form["data_schema"]
    assert schema is not None
    assert get_schema_suggested_value(schema.schema, CONF_URL) == url
    assert get_schema_suggested_value(schema.schema, CONF_API_KEY) is None


@pytest.mark.parametrize("fields", [{}, {CONF_API_KEY: ""}])
async def test_an_empty_key_is_kept_on_the_same_host(
    hass: HomeAssistant, loaded: MockConfigEntry, url: str, fields: dict[str, str]
) -> None:
    """Nothing changes, and the account is loaded again."""
    before = loaded.runtime_data
    form = await loaded.start_reconfigure_flow(hass)
    result = await submit(hass, form, f"{url}/", **fields)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert loaded.data == {CONF_API_KEY: API_KEY, CONF_URL: url}
    assert loaded.state is ConfigEntryState.LOADED
    assert loaded.runtime_data is not before


async def test_a_new_key_is_taken(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: SimulatedCloud, url: str
) -> None:
    """It is tried first; the old one is forgotten."""
    form = await loaded.start_reconfigure_flow(hass)
    form = await submit(hass, form, url, api_key=NEW_KEY)
    assert form["errors"] == {CONF_API_KEY: "invalid_auth"}
    assert loaded.data[CONF_API_KEY] == API_KEY
    cloud.api_key = NEW_KEY
    result = await submit(hass, form, url, api_key=f"{NEW_KEY} ")
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data == {CONF_API_KEY: NEW_KEY, CONF_URL: url}


async def test_another_host_asks_for_the_key(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    cloud: SimulatedCloud,
    other_url: str,
) -> None:
    """The known key is not sent there; with the key entered again the address is taken."""
    form = await loaded.start_reconfigure_flow(hass)
    cloud.requests.reset()
    form = await submit(hass, form, other_url)
    assert form["errors"] == {CONF_API_KEY: "key_for_new_host"}
    assert cloud.requests.total() == 0
    result = await submit(hass, form, other_url, api_key=API_KEY)
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data == {CONF_API_KEY: API_KEY, CONF_URL: other_url}


@pytest.mark.parametrize(
    "address",
    ["http://qube.example.com", "nonsense", "https://user:pw@127.0.0.1", "https://h/path"],
)
async def test_an_unsafe_address_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: SimulatedCloud, address: str
) -> None:
    """With or without a key, nothing is sent."""
    form = await loaded.start_reconfigure_flow(hass)
    cloud.requests.reset()
    for fields in ({}, {CONF_API_KEY: API_KEY}):
        form = await submit(hass, form, address, **fields)
        assert form["errors"] == {"base": "unsafe_url"}
    assert cloud.requests.total() == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.DROP, "cannot_connect"),
        (FaultKind.HTML_200, "not_qube_api"),
        (FaultKind.RATE_LIMITED, "rate_limited"),
        (FaultKind.ERROR, "refused"),
    ],
)
async def test_a_fault_is_named_and_can_be_got_over(
    account: Account, other_url: str, fault: FaultKind, error: str
) -> None:
    """The entry stays as it is until the new address answers as it should."""
    form = await account.entry.start_reconfigure_flow(account.hass)
    account.break_down(fault)
    form = await submit(account.hass, form, other_url, api_key=API_KEY)
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, {"base": error})
    assert account.entry.data[CONF_URL] != other_url
    account.cloud.faults.clear()
    result = await submit(account.hass, form, other_url, api_key=API_KEY)
    assert result["reason"] == "reconfigure_successful"


async def test_another_account_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: SimulatedCloud, url: str
) -> None:
    """A key that sees none of the known spaces belongs to a new entry."""
    form = await loaded.start_reconfigure_flow(hass)
    own_spaces, cloud.spaces = cloud.spaces, {}
    cloud.add_space("Elsewhere")
    form = await submit(hass, form, url, api_key=API_KEY)
    assert form["errors"] == {"base": "another_account"}
    cloud.spaces = own_spaces
    result = await submit(hass, form, url, api_key=API_KEY)
    assert result["reason"] == "reconfigure_successful"


async def test_the_key_of_another_entry_aborts(
    hass: HomeAssistant, loaded: MockConfigEntry, url: str
) -> None:
    """One key is one entry."""
    MockConfigEntry(domain=DOMAIN, data={CONF_API_KEY: NEW_KEY, CONF_URL: url}).add_to_hass(hass)
    form = await loaded.start_reconfigure_flow(hass)
    result = await submit(hass, form, url, api_key=NEW_KEY)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert loaded.data[CONF_API_KEY] == API_KEY
