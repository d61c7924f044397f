"""A key that the cloud no longer accepts is renewed, and only by one of the same account."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.conftest import API_KEY
from tests.simulator import Fault, FaultKind, SimulatedCloud

NEW_KEY = "renewed-key"


async def submit(hass: HomeAssistant, flow_id: str, api_key: str = NEW_KEY) -> ConfigFlowResult:
    """Enter a key."""
    result = await hass.config_entries.flow.async_configure(flow_id, {CONF_API_KEY: api_key})
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


def reauth_flows(hass: HomeAssistant) -> list[str]:
    """Return the ids of the flows that ask for a new key."""
    return [
        flow["flow_id"]
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_REAUTH
    ]


def unavailable(hass: HomeAssistant) -> set[str]:
    """Return the entities that are unavailable."""
    return {state.entity_id for state in hass.states.async_all() if state.state == "unavailable"}


async def test_a_good_key_is_taken(account: Account, url: str) -> None:
    """The form names the account; the entry gets the key and is loaded with it."""
    entry = account.entry
    form = await entry.start_reauth_flow(account.hass)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "reauth_confirm")
    assert form["description_placeholders"] is not None
    assert form["description_placeholders"]["account"] == "3 spaces"
    account.cloud.api_key = NEW_KEY
    result = await submit(account.hass, form["flow_id"], f" {NEW_KEY} ")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data == {CONF_API_KEY: NEW_KEY, CONF_URL: url}
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        (FaultKind.UNAUTHORIZED, {CONF_API_KEY: "invalid_auth"}),
        (FaultKind.DROP, {"base": "cannot_connect"}),
        (FaultKind.HTML_200, {"base": "not_qube_api"}),
        (FaultKind.RATE_LIMITED, {"base": "rate_limited"}),
        (FaultKind.ERROR, {"base": "refused"}),
    ],
)
async def test_a_fault_is_named_and_can_be_got_over(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    fault: FaultKind,
    errors: dict[str, str],
) -> None:
    """The form stays and the entry keeps its key until one works."""
    form = await entry.start_reauth_flow(hass)
    cloud.api_key = NEW_KEY
    cloud.faults.add(Fault(kind=fault))
    form = await submit(hass, form["flow_id"])
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, errors)
    assert entry.data[CONF_API_KEY] == API_KEY
    cloud.faults.clear()
    result = await submit(hass, form["flow_id"])
    assert result["reason"] == "reauth_successful"


async def test_a_key_of_another_account_is_refused(account: Account) -> None:
    """A key that sees none of the known spaces would make all meters vanish."""
    hass, cloud = account.hass, account.cloud
    form = await account.entry.start_reauth_flow(hass)
    own_spaces, cloud.spaces = cloud.spaces, {}
    cloud.add_space("Elsewhere")
    cloud.api_key = NEW_KEY
    form = await submit(hass, form["flow_id"])
    assert form["errors"] == {"base": "another_account"}
    assert account.entry.data[CONF_API_KEY] == API_KEY
    # One known space is enough: others may have come and gone.
    cloud.spaces = dict(list(own_spaces.items())[:1])
    result = await submit(hass, form["flow_id"])
    assert result["reason"] == "reauth_successful"


async def test_a_key_of_another_entry_is_refused(account: Account) -> None:
    """One key is one entry."""
    hass, entry = account.hass, account.entry
    MockConfigEntry(domain=DOMAIN, data={**entry.data, CONF_API_KEY: NEW_KEY}).add_to_hass(hass)
    form = await entry.start_reauth_flow(hass)
    result = await submit(hass, form["flow_id"])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data[CONF_API_KEY] == API_KEY


async def test_a_key_refused_while_running_asks_once_and_stops_the_polls(account: Account) -> None:
    """Twelve meters are refused at once, and one flow is started; nothing more is sent."""
    account.cloud.api_key = NEW_KEY
    await account.poll()
    assert len(reauth_flows(account.hass)) == 1
    assert len(unavailable(account.hass)) == len(account.hass.states.async_all())
    assert account.inventory._unsub_refresh is None
    account.forget_requests()
    await account.poll()
    assert account.asked == []
    assert len(reauth_flows(account.hass)) == 1


async def test_the_spaces_being_refused_stops_the_meters_too(account: Account) -> None:
    """They need not be refused one by one."""
    account.cloud.api_key = NEW_KEY
    await account.poll_spaces()
    assert len(reauth_flows(account.hass)) == 1
    account.forget_requests()
    await account.poll()
    assert account.asked == []
    assert account.available() == []


async def test_a_proxy_in_between_asks_for_no_key(account: Account) -> None:
    """Its 403 is not the API's word; all is back once it is gone."""
    before = account.available()
    account.break_down(FaultKind.PROXY_403)
    await account.poll_spaces()
    await account.poll()
    assert reauth_flows(account.hass) == []
    assert account.available() == []
    account.cloud.faults.clear()
    await account.poll_spaces()
    await account.poll()
    assert account.available() == before


async def test_after_the_renewal_all_is_available_again(account: Account) -> None:
    """The entities are the same, and as many of them show something as before."""
    hass = account.hass
    entities, offline = set(hass.states.async_entity_ids()), unavailable(hass)
    account.cloud.api_key = NEW_KEY
    await account.poll()
    assert unavailable(hass) == entities
    (flow_id,) = reauth_flows(hass)
    result = await submit(hass, flow_id)
    assert result["reason"] == "reauth_successful"
    assert reauth_flows(hass) == []
    assert set(hass.states.async_entity_ids()) == entities
    assert unavailable(hass) == offline
