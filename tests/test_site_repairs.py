"""FlatPeak refuses the credentials later: a repair asks for others, tries them and goes on."""

from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.qube.const import DOMAIN
from custom_components.qube.site_repairs import rejected_site_flow
from tests.account import Account
from tests.main_meter import Building
from tests.person import Person
from tests.simulator import FaultKind, SimulatedCloud
from tests.simulator.site import ACCOUNT_ID, SiteEndpoint
from tests.simulator.site_faults import SiteFault

pytest_plugins = ("tests.site_fixtures",)

NEW_KEY = "canary-new-site-key-11f0"


@pytest.fixture
def cloud(house_cloud: SimulatedCloud) -> SimulatedCloud:
    """Return the building's cloud."""
    return house_cloud


@pytest.fixture
async def rejected(house: Building) -> Building:
    """Return a building whose key is no longer accepted."""
    house.flatpeak.api_key = NEW_KEY
    house.flatpeak.revoke_tokens()
    await house.read()
    return house


@pytest.fixture
async def owner(rejected: Building, hass_client: ClientSessionGenerator) -> Person:
    """Return the owner, in front of the repairs."""
    assert await async_setup_component(rejected.hass, "repairs", {})
    account = Account(hass=rejected.hass, entry=rejected.entry, cloud=rejected.cloud)
    return Person(account, await hass_client())


def issue_id(building: Building) -> str:
    """Return the id of the repair."""
    return f"site_key_rejected_{building.subentry.subentry_id}"


async def test_a_new_key_ends_it(rejected: Building, owner: Person) -> None:
    """A wrong one is refused in the form; a good one is saved, and the meter is read again."""
    form = await owner.open(issue_id(rejected))
    assert form["step_id"] == "renew"
    assert form["description_placeholders"] == {"site": "House main meter"}
    wrong = await owner.submit(api_key="wrong", account_id=ACCOUNT_ID)
    assert wrong["errors"] == {"base": "invalid_auth"}
    both = await owner.submit(api_key=NEW_KEY, token="x", account_id=ACCOUNT_ID)
    assert both["errors"] == {"base": "key_and_token"}
    done = await owner.submit(api_key=NEW_KEY, account_id=ACCOUNT_ID)
    assert done["type"] == "create_entry"
    await rejected.settle()
    assert rejected.subentry.data["api_key"] == NEW_KEY
    assert rejected.state("import_yesterday") != "unavailable"
    assert ir.async_get(rejected.hass).async_get_issue(DOMAIN, issue_id(rejected)) is None


async def test_until_then_nothing_is_sent(rejected: Building) -> None:
    """Asking on with a refused key could lock the account."""
    rejected.flatpeak.log.clear()
    assert rejected.site.update_interval is None
    assert rejected.site.is_rejected
    assert rejected.flatpeak.log == []


async def test_a_cloud_that_fails_ends_nothing(rejected: Building, owner: Person) -> None:
    """The form stays open."""
    await owner.open(issue_id(rejected))
    rejected.flatpeak.faults.append(SiteFault(kind=FaultKind.DROP, endpoint=SiteEndpoint.LOGIN))
    shown = await owner.submit(api_key=NEW_KEY, account_id=ACCOUNT_ID)
    assert shown["errors"] == {"base": "cannot_connect"}


async def test_a_repair_of_a_meter_that_is_gone_has_nothing_to_ask(
    rejected: Building, owner: Person
) -> None:
    """It can only be confirmed."""
    gone = issue_id(rejected)
    assert rejected_site_flow(None, gone, rejected.subentry.subentry_id) is None
    assert rejected_site_flow(rejected.entry, gone, "other") is None
    assert rejected_site_flow(rejected.entry, "site_key_rejected_x", "x") is None
