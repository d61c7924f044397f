"""What an owner enters for a meter registry, form after form, and what may change later."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_schema_suggested_value
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.qube.const import DOMAIN
from custom_components.qube.registry_settings import SUBENTRY_METER_REGISTRY
from tests.account import Account
from tests.conftest import ConnectRegistry
from tests.person import Person
from tests.registered import LOGIN, REGISTRY_ID, TITLE, Registered
from tests.simulator import FaultKind
from tests.simulator.registry import (
    ACCOUNT_ID,
    EMAIL,
    OTHER_ACCOUNT_ID,
    PASSWORD,
    TOKEN,
    RegistryEndpoint,
    SimulatedRegistry,
)
from tests.simulator.registry_faults import RegistryFault

UNKNOWN: Final = {"electricity": "unknown", "gas": "unknown", "water": "unknown"}
SETTINGS: Final[Mapping[str, Any]] = {
    "units": {**UNKNOWN, "electricity": "kWh"},
    "publishes": True,
    "publish_interval": 30.0,
}


class Owner:
    """Somebody who fills in the forms."""

    def __init__(self, account: Account) -> None:
        """Begin with nothing open."""
        self._account = account
        self._flows = account.hass.config_entries.subentries
        self.result: SubentryFlowResult = {}  # type: ignore[typeddict-item]

    async def open(self) -> None:
        """Open the first form."""
        handler = (self._account.entry.entry_id, SUBENTRY_METER_REGISTRY)
        self.result = await self._flows.async_init(handler, context={"source": SOURCE_USER})

    async def reconfigure(self) -> None:
        """Open the form of what may change."""
        handler = (self._account.entry.entry_id, SUBENTRY_METER_REGISTRY)
        self.result = await self._flows.async_init(
            handler, context={"source": SOURCE_RECONFIGURE, "subentry_id": REGISTRY_ID}
        )

    async def submit(self, answer: Mapping[str, Any]) -> None:
        """Submit the form that is open."""
        self.result = await self._flows.async_configure(self.result["flow_id"], dict(answer))
        await self._account.settle()

    async def connect(self, url: str, **login: str) -> None:
        """Open the first form and submit it."""
        await self.open()
        await self.submit({"url": url, **login})

    @property
    def at(self) -> tuple[object, object]:
        """Return the form that is open, and what is wrong."""
        assert self.result["type"] is FlowResultType.FORM, self.result
        return self.result["step_id"], self.result["errors"]

    @property
    def reason(self) -> object:
        """Return why the flow ended."""
        assert self.result["type"] is FlowResultType.ABORT, self.result
        return self.result["reason"]

    def shown(self, field: str) -> object:
        """Return what a field of the form shows."""
        schema = self.result["data_schema"]
        assert schema is not None
        return get_schema_suggested_value(schema.schema, field)


@pytest.fixture
def owner(account: Account) -> Owner:
    """Return the owner of an account without a registry."""
    return Owner(account)


async def test_a_registry_is_connected(
    owner: Owner, account: Account, registry: SimulatedRegistry, registry_url: str
) -> None:
    """With a login, an organisation from the list, and units; it runs at once."""
    await owner.connect(f" {registry_url}/ ", **LOGIN)
    assert owner.at == ("organization", {})
    schema = owner.result["data_schema"]
    assert schema is not None
    options = schema.schema["organization"].config["options"]
    assert [each["label"] for each in options] == ["Lakeside Trust", "Hilltop Trust"]
    await owner.submit({"organization": ACCOUNT_ID})
    assert owner.at == ("settings", {})
    await owner.submit(SETTINGS)
    assert owner.result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = account.entry.subentries.values()
    assert (subentry.title, subentry.unique_id) == (TITLE, ACCOUNT_ID)
    assert subentry.data == {
        "url": registry_url,
        "credentials": {"email": EMAIL, "password": PASSWORD},
        "account_id": ACCOUNT_ID,
        "publishes": True,
        "publish_interval_min": 30,
        "units": {"ELECTRICITY": "kWh"},
    }
    running = account.entry.runtime_data.registries.get(subentry.subentry_id)
    assert len(running.registry.data) == len(registry.meters)


async def test_publishing_is_off_where_nothing_is_chosen(
    owner: Owner, account: Account, registry_url: str
) -> None:
    """And no unit is guessed."""
    await owner.connect(registry_url, token=TOKEN)
    await owner.submit({"organization": ACCOUNT_ID})
    await owner.submit({"units": {}})
    (subentry,) = account.entry.subentries.values()
    assert subentry.data["credentials"] == {"token": TOKEN}
    assert subentry.data["publishes"] is False
    assert subentry.data["units"] == {}


async def test_an_organisation_can_be_typed(
    owner: Owner, account: Account, registry: SimulatedRegistry, registry_url: str
) -> None:
    """Where the registry does not list any, or not that one."""
    registry.faults.append(
        RegistryFault(kind=FaultKind.ERROR, endpoint=RegistryEndpoint.ORGANIZATIONS, status=404)
    )
    await owner.connect(registry_url, token=TOKEN)
    assert owner.at == ("organization", {})
    await owner.submit({"organization": "lakeside"})
    assert owner.at == ("organization", {"organization": "registry_not_a_uuid"})
    await owner.submit({"organization": f" {ACCOUNT_ID.upper()} "})
    await owner.submit({"units": UNKNOWN})
    (subentry,) = account.entry.subentries.values()
    assert (subentry.title, subentry.data["account_id"]) == ("Meter registry", ACCOUNT_ID)


async def test_an_organisation_that_the_login_may_not_see_is_refused(
    owner: Owner, registry: SimulatedRegistry, registry_url: str
) -> None:
    """Its meters are looked at before it is taken."""
    await owner.connect(registry_url, token=TOKEN)
    await owner.submit({"organization": "11111111-2222-3333-4444-555555555555"})
    assert owner.at == ("organization", {"base": "registry_forbidden"})
    await owner.submit({"organization": OTHER_ACCOUNT_ID})
    assert owner.at == ("settings", {})


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"email": EMAIL},
        {"password": PASSWORD},
        {"email": EMAIL, "token": TOKEN},
        {"email": EMAIL, "password": PASSWORD, "token": TOKEN},
        {"email": " ", "password": PASSWORD},
    ],
)
async def test_either_a_login_or_a_token_is_wanted(
    owner: Owner, registry: SimulatedRegistry, registry_url: str, login: dict[str, str]
) -> None:
    """Nothing is sent otherwise, and what is secret is not shown again."""
    await owner.connect(registry_url, **login)
    assert owner.at == ("user", {"base": "registry_login_or_token"})
    assert registry.log == []
    assert owner.shown("url") == registry_url
    assert owner.shown("password") is None
    assert owner.shown("token") is None


@pytest.mark.parametrize("token", ["töken", "a\nb"])
async def test_a_token_that_cannot_be_sent_is_refused(
    owner: Owner, registry: SimulatedRegistry, registry_url: str, token: str
) -> None:
    """It could not stand in a header."""
    await owner.connect(registry_url, token=token)
    assert owner.at == ("user", {"token": "registry_login_rejected"})
    assert registry.log == []


@pytest.mark.parametrize(
    "address", ["http://phy.example", "https://phy.example/api", "phy.example"]
)
async def test_a_login_is_sent_to_a_safe_address_only(
    owner: Owner, registry: SimulatedRegistry, address: str
) -> None:
    """By https, or within this machine."""
    await owner.connect(address, **LOGIN)
    assert owner.at == ("user", {"url": "registry_unsafe_url"})


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.UNAUTHORIZED, "registry_login_rejected"),
        (FaultKind.DROP, "registry_cannot_connect"),
        (FaultKind.HTML_200, "registry_no_answer"),
        (FaultKind.RATE_LIMITED, "registry_rate_limited"),
    ],
)
async def test_trouble_is_told_and_can_be_overcome(
    owner: Owner, registry: SimulatedRegistry, registry_url: str, kind: FaultKind, error: str
) -> None:
    """At the first form; the text gets what it is filled with."""
    registry.faults.append(RegistryFault(kind=kind))
    await owner.connect(registry_url, **LOGIN)
    assert owner.at == ("user", {"base": error})
    placeholders = owner.result["description_placeholders"]
    assert placeholders is not None
    assert {"reason", "seconds"} <= set(placeholders)
    registry.faults.clear()
    await owner.submit({"url": registry_url, **LOGIN})
    assert owner.at == ("organization", {})


async def test_publishing_needs_the_unit_of_electricity(owner: Owner, registry_url: str) -> None:
    """What is written must be what the registry expects; the form keeps what was chosen."""
    await owner.connect(registry_url, token=TOKEN)
    await owner.submit({"organization": ACCOUNT_ID})
    await owner.submit({**SETTINGS, "units": UNKNOWN})
    assert owner.at == ("settings", {"base": "registry_publish_needs_unit"})
    assert owner.shown("publish_interval") == 30
    await owner.submit(SETTINGS)
    assert owner.result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_organisation_is_connected_once(registered: Registered) -> None:
    """Its meters would be there twice."""
    owner = Owner(registered.account)
    await owner.connect(registered.url, token=TOKEN)
    await owner.submit({"organization": ACCOUNT_ID})
    assert owner.reason == "already_configured"


async def test_two_flows_at_once_connect_one(
    owner: Owner, account: Account, registry_url: str
) -> None:
    """The second one ends when the first one is through."""
    other = Owner(account)
    for each in (owner, other):
        await each.connect(registry_url, token=TOKEN)
        await each.submit({"organization": ACCOUNT_ID})
    await owner.submit(SETTINGS)
    await other.submit(SETTINGS)
    assert owner.result["type"] is FlowResultType.CREATE_ENTRY
    assert other.reason == "already_configured"


async def test_settings_are_changed_and_the_login_stays(registered: Registered) -> None:
    """Password and token are left empty, and never shown."""
    owner = Owner(registered.account)
    await owner.reconfigure()
    assert owner.at == ("reconfigure", {})
    assert (owner.shown("url"), owner.shown("email")) == (registered.url, EMAIL)
    assert owner.shown("password") is None
    await owner.submit({"url": registered.url, "email": EMAIL, **SETTINGS})
    assert owner.reason == "reconfigure_successful"
    data = registered.account.entry.subentries[REGISTRY_ID].data
    assert data["credentials"] == LOGIN
    assert (data["publishes"], data["publish_interval_min"]) == (True, 30)
    assert registered.running.publisher.is_publishing


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ({"token": TOKEN}, {"token": TOKEN}),
        ({"email": EMAIL, "password": PASSWORD}, LOGIN),
    ],
)
async def test_another_login_is_taken_when_it_works(
    connect_registry: ConnectRegistry, entered: dict[str, str], kept: dict[str, str]
) -> None:
    """From a token to a login, and back."""
    registered = await connect_registry(credentials={"token": "old"})
    owner = Owner(registered.account)
    await owner.reconfigure()
    await owner.submit({"url": registered.url, **entered, **SETTINGS})
    assert owner.reason == "reconfigure_successful"
    assert registered.account.entry.subentries[REGISTRY_ID].data["credentials"] == kept
    assert registered.state("meters") == "9"


@pytest.mark.parametrize(
    ("entered", "errors"),
    [
        ({"token": "wrong"}, {"base": "registry_login_rejected"}),
        ({"email": "another@example.com"}, {"base": "registry_login_or_token"}),
        ({"url": "http://phy.example"}, {"url": "registry_unsafe_url"}),
        ({"url": "https://phy.example", "email": EMAIL}, {"base": "registry_login_for_new_host"}),
        ({"units": UNKNOWN, "email": EMAIL}, {"base": "registry_publish_needs_unit"}),
    ],
)
async def test_a_change_that_does_not_work_is_not_made(
    registered: Registered, entered: dict[str, Any], errors: dict[str, str]
) -> None:
    """A login is never sent to a host that it was not given for."""
    owner = Owner(registered.account)
    before = registered.account.entry.subentries[REGISTRY_ID].data
    await owner.reconfigure()
    await owner.submit({"url": registered.url, **SETTINGS, **entered})
    assert owner.at == ("reconfigure", errors)
    assert registered.account.entry.subentries[REGISTRY_ID].data == before
    assert owner.shown("token") is None


@pytest.fixture
async def refused(connect_registry: ConnectRegistry, hass: HomeAssistant) -> Registered:
    """Return an account whose registry refuses the token."""
    assert await async_setup_component(hass, "repairs", {})
    return await connect_registry(credentials={"token": "old"})


@pytest.fixture
async def repairer(refused: Registered, hass_client: ClientSessionGenerator) -> Person:
    """Return somebody who can repair."""
    return Person(refused.account, await hass_client())


ISSUE: Final = f"registry_login_{REGISTRY_ID}"


async def test_a_refused_login_is_repaired_in_a_form(refused: Registered, repairer: Person) -> None:
    """One that does not work either is told; then the registry goes on."""
    form = await repairer.open(ISSUE)
    assert (form["step_id"], form["errors"]) == ("login", {})
    assert form["description_placeholders"]["registry"] == TITLE
    result = await repairer.submit(email=EMAIL)
    assert result["errors"] == {"base": "registry_login_or_token"}
    result = await repairer.submit(email=EMAIL, password="wrong")
    assert result["errors"] == {"base": "registry_login_rejected"}
    result = await repairer.submit(email=EMAIL, password=PASSWORD)
    assert result["type"] == "create_entry"
    assert refused.account.entry.subentries[REGISTRY_ID].data["credentials"] == LOGIN
    assert ir.async_get(refused.account.hass).async_get_issue(DOMAIN, ISSUE) is None
    assert refused.state("meters") == "9"


async def test_a_registry_that_went_away_meanwhile_has_nothing_to_repair(
    refused: Registered, repairer: Person
) -> None:
    """The form that was open says so."""
    await repairer.open(ISSUE)
    entry = refused.account.entry
    refused.account.hass.config_entries.async_remove_subentry(entry, REGISTRY_ID)
    result = await repairer.submit(token=TOKEN)
    assert (result["type"], result["reason"]) == ("abort", "registry_gone")
