"""An account is added: the key is tried first, and each mistake has a text of its own."""

from collections.abc import Callable
import json
from pathlib import Path

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)

from custom_components.qube import __file__ as qube_file
from custom_components.qube.addresses import is_safe
from custom_components.qube.api import DEFAULT_URL
from custom_components.qube.config_flow import SECTION_ADVANCED
from custom_components.qube.const import DOMAIN
from tests.conftest import API_KEY
from tests.simulator import Fault, FaultKind, SimulatedCloud

NOBODY_URL = "http://127.0.0.1:9"

INVALID_AUTH = {CONF_API_KEY: "invalid_auth"}


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Open the form."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def submit(
    hass: HomeAssistant, form: ConfigFlowResult, url: str, api_key: str = API_KEY
) -> ConfigFlowResult:
    """Fill the form in."""
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {CONF_API_KEY: api_key, SECTION_ADVANCED: {CONF_URL: url}}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def test_a_good_key_adds_the_account(
    hass: HomeAssistant, cloud: SimulatedCloud, url: str
) -> None:
    """The entry holds key and address, and nothing else."""
    form = await start(hass)
    assert form["type"] is FlowResultType.FORM
    assert (form["step_id"], form["errors"]) == ("user", {})
    result = await submit(hass, form, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "3 spaces"
    assert result["result"].data == {CONF_API_KEY: API_KEY, CONF_URL: url}
    assert result["result"].options == {}


async def test_the_address_has_a_default(hass: HomeAssistant) -> None:
    """Who does not open the advanced section gets the vendor's cloud."""
    form = await start(hass)
    schema = form["data_schema"]
    assert schema is not None
    assert schema({CONF_API_KEY: API_KEY, SECTION_ADVANCED: {}}) == {
        CONF_API_KEY: API_KEY,
        SECTION_ADVANCED: {CONF_URL: DEFAULT_URL},
    }


async def test_a_single_space_gives_the_account_its_name(
    hass: HomeAssistant, cloud: SimulatedCloud, url: str
) -> None:
    """A person with one property sees its name."""
    for space_id in list(cloud.spaces)[1:]:
        cloud.remove_space(space_id)
    result = await submit(hass, await start(hass), url)
    assert result["title"] == "Lakshmi Residency"


async def test_blanks_around_key_and_address_are_cut(hass: HomeAssistant, url: str) -> None:
    """What was copied with a blank or a line end too much still works."""
    result = await submit(hass, await start(hass), f" {url}/ ", f"  {API_KEY}\n")
    assert result["result"].data == {CONF_API_KEY: API_KEY, CONF_URL: url}


FAULTS = [
    (Fault(kind=FaultKind.UNAUTHORIZED), INVALID_AUTH),
    (Fault(kind=FaultKind.AUTH_ERROR_200), INVALID_AUTH),
    (Fault(kind=FaultKind.DROP), {"base": "cannot_connect"}),
    (Fault(kind=FaultKind.HTML_200), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.PROXY_403), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.REDIRECT), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.TRUNCATION), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.OVERSIZED), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.SERVER_ERROR), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.WRONG_TYPES, data={}), {"base": "not_qube_api"}),
    (Fault(kind=FaultKind.WRONG_TYPES, data=[]), {"base": "no_spaces"}),
    (Fault(kind=FaultKind.ERROR), {"base": "refused"}),
    (Fault(kind=FaultKind.FAILURE_200), {"base": "refused"}),
    (Fault(kind=FaultKind.RATE_LIMITED), {"base": "rate_limited"}),
]


@pytest.mark.parametrize(
    ("fault", "errors"), FAULTS, ids=[f"{f.kind}-{next(iter(e.values()))}" for f, e in FAULTS]
)
async def test_a_fault_is_named_and_can_be_got_over(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    url: str,
    fault: Fault,
    errors: dict[str, str],
) -> None:
    """The form stays, says what is wrong, and leads on once it is right."""
    cloud.faults.add(fault)
    form = await submit(hass, await start(hass), url)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == errors
    cloud.faults.clear()
    result = await submit(hass, form, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_key_can_be_put_right(hass: HomeAssistant, url: str) -> None:
    """The cloud refuses it, and the form asks again."""
    form = await submit(hass, await start(hass), url, "wrong-key")
    assert form["errors"] == INVALID_AUTH
    result = await submit(hass, form, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_address_can_be_put_right(hass: HomeAssistant, url: str) -> None:
    """Where nothing answers, the form says so and keeps what was entered."""
    form = await submit(hass, await start(hass), NOBODY_URL)
    assert form["errors"] == {"base": "cannot_connect"}
    schema = form["data_schema"]
    assert schema is not None
    assert get_schema_suggested_value(schema.schema, CONF_API_KEY) == API_KEY
    advanced = schema.schema[SECTION_ADVANCED].schema
    assert get_schema_suggested_value(advanced.schema, CONF_URL) == NOBODY_URL
    result = await submit(hass, form, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY


UNSAFE: list[Callable[[str], str]] = [
    lambda _: "http://developer.qube.eco",
    lambda _: "http://192.168.1.5",
    lambda _: "http://127.0.0.1.example.com",
    lambda _: "nonsense",
    lambda _: "",
    lambda _: "https://",
    lambda _: "http://[::1",
    lambda _: "https://host:99999",
    lambda url: url.replace("http://", "ftp://"),
    lambda url: url.removeprefix("http://"),
    lambda url: f"{url}/api",
    lambda url: f"{url}/?a=b",
    lambda url: f"{url}/#part",
    lambda url: url.replace("//", "//user:pw@"),
    lambda url: url.replace("//", "//user@"),
    lambda url: url.replace("//", "//:pw@"),
    lambda url: f"{url}?",
    lambda url: f"{url}#",
]


@pytest.mark.parametrize("address", UNSAFE, ids=[each("http://HERE") or "empty" for each in UNSAFE])
async def test_an_unsafe_address_gets_no_key(
    hass: HomeAssistant, cloud: SimulatedCloud, url: str, address: Callable[[str], str]
) -> None:
    """The key goes by https, or stays within this machine; the address is a host only."""
    form = await submit(hass, await start(hass), address(url))
    assert form["errors"] == {"base": "unsafe_url"}
    assert cloud.requests.total() == 0
    result = await submit(hass, form, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "url",
    [
        DEFAULT_URL,
        "https://qube.example.com:8443",
        "http://localhost",
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://127.0.0.2:8080",
        "http://[::1]:8080",
    ],
)
def test_https_and_this_machine_are_safe(url: str) -> None:
    """These may be given the key."""
    assert is_safe(url)


@pytest.mark.parametrize(
    "api_key", ["two\nlines", "cart\rreturn", "schlüssel", "null\0", " ", "\n"]
)
async def test_what_fits_in_no_header_is_no_key(
    hass: HomeAssistant, cloud: SimulatedCloud, url: str, api_key: str
) -> None:
    """It is refused before anything is sent."""
    form = await submit(hass, await start(hass), url, api_key)
    assert form["errors"] == INVALID_AUTH
    assert cloud.requests.total() == 0


@pytest.mark.parametrize("api_key", [API_KEY, f" {API_KEY} "])
async def test_the_same_key_twice_aborts(
    hass: HomeAssistant, loaded: MockConfigEntry, url: str, api_key: str
) -> None:
    """One account is one entry."""
    result = await submit(hass, await start(hass), url, api_key)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_another_key_of_known_spaces_aborts(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: SimulatedCloud, url: str
) -> None:
    """A meter can hang on one account only; the text names the one that has it."""
    cloud.api_key = "another-key"
    for space_id in list(cloud.spaces)[1:]:
        cloud.remove_space(space_id)
    result = await submit(hass, await start(hass), url, "another-key")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "spaces_already_configured"
    assert result["description_placeholders"] == {"account": "3 spaces"}


async def test_a_key_of_other_spaces_adds_a_second_account(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: SimulatedCloud, url: str
) -> None:
    """Two owners can share one Home Assistant."""
    cloud.api_key = "another-key"
    for space_id in list(cloud.spaces):
        cloud.remove_space(space_id)
    cloud.add_space("Elsewhere")
    result = await submit(hass, await start(hass), url, "another-key")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {entry.title for entry in hass.config_entries.async_entries(DOMAIN)} == {
        "3 spaces",
        "Elsewhere",
    }


def test_the_texts_are_those_of_the_flow() -> None:
    """Each error and each reason to abort has its text, and no text stands there for nothing."""
    texts = json.loads((Path(qube_file).parent / "translations" / "en.json").read_text())["config"]
    named = {error for _, errors in FAULTS for error in errors.values()}
    assert texts["error"].keys() == named | {"unsafe_url", "key_for_new_host", "another_account"}
    assert texts["abort"].keys() == {
        *("already_configured", "spaces_already_configured"),
        *("reauth_successful", "reconfigure_successful"),
    }
