"""A main meter is added and changed: each form, each refusal, and no secret sent back."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.account import until
from tests.main_meter import DEVICE, KEY, PRICE_MILLIPAISE, Building
from tests.simulator import FaultKind, SimulatedCloud
from tests.simulator.site import ACCOUNT_ID, SiteEndpoint, load_flow
from tests.simulator.site_faults import SiteFault

pytest_plugins = ("tests.site_fixtures",)

LOGIN = {"account_id": f" {ACCOUNT_ID} ", "api_key": f" {KEY} "}
VALUES: dict[str, Any] = {"unit": "kwh", "flows": ["import"], "space": "123", "price": "₹8"}


@pytest.fixture
def cloud(house_cloud: SimulatedCloud) -> SimulatedCloud:
    """Return the building's cloud."""
    return house_cloud


async def to_values(empty: Building) -> None:
    """Go on to the last form."""
    await empty.open()
    await empty.submit({**LOGIN, **empty.advanced})
    await empty.submit({"device_id": DEVICE})
    assert empty.result["step_id"] == "values"


async def test_a_main_meter_is_added(empty: Building) -> None:
    """Log in, choose the meter, say what its values mean; it runs at once."""
    assert (await empty.open())["step_id"] == "user"
    await empty.submit({**LOGIN, **empty.advanced})
    assert (empty.result["step_id"], empty.result["errors"]) == ("device", {})
    options = empty.result["data_schema"].schema["device_id"].config["options"]  # type: ignore[union-attr]
    assert options == [{"value": DEVICE, "label": DEVICE}]
    await empty.submit({"device_id": DEVICE})
    placeholders = empty.result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["device_id"] == DEVICE
    assert placeholders["latest"].count("2026-05-04") == 3
    await empty.submit(VALUES)
    assert empty.result["type"] is FlowResultType.CREATE_ENTRY
    assert empty.subentry.data == {
        "url": empty.address,
        "account_id": ACCOUNT_ID,
        "api_key": KEY,
        "token": None,
        "device_id": DEVICE,
        "space_id": 123,
        "unit": "kwh",
        "flows": ["import"],
        "price_millipaise_per_kwh": PRICE_MILLIPAISE,
    }
    assert empty.subentry.unique_id == DEVICE
    assert empty.subentry.title == f"{empty.space.label.name} main meter"
    await until(lambda: empty.site.data)
    assert empty.state("latest_record") == "2026-05-04T06:30:00+00:00"


async def test_a_token_is_enough(empty: Building) -> None:
    """The price may be left out, and both directions chosen."""
    token = empty.flatpeak.issue_token()
    await empty.open()
    await empty.submit({"token": token, **empty.advanced})
    await empty.submit({"device_id": DEVICE})
    await empty.submit({"unit": "wh", "flows": ["export", "import"], "space": "123"})
    data = empty.subentry.data
    assert (data["token"], data["account_id"], data["api_key"]) == (token, None, None)
    assert (data["unit"], data["flows"]) == ("wh", ["import", "export"])
    assert data["price_millipaise_per_kwh"] is None
    assert SiteEndpoint.LOGIN not in empty.flatpeak.log


async def test_where_there_is_no_list_the_meter_is_typed(empty: Building) -> None:
    """Not every account has one; a meter can be named as its owner knows it, too."""
    empty.flatpeak.has_device_list = False
    await empty.open()
    await empty.submit({**LOGIN, **empty.advanced})
    assert not hasattr(
        empty.result["data_schema"].schema["device_id"],  # type: ignore[union-attr]
        "options",
    )
    await empty.submit({"device_id": "dev_unknown"})
    assert empty.result["errors"] == {"device_id": "site_device_unknown"}
    await empty.submit({"device_id": f" {DEVICE} "})
    assert empty.result["step_id"] == "values"


async def test_a_meter_is_shown_with_its_own_name(empty: Building) -> None:
    """Beside its id."""
    empty.simulated.reference_id = "Lakeside"
    await empty.open()
    await empty.submit({**LOGIN, **empty.advanced})
    options = empty.result["data_schema"].schema["device_id"].config["options"]  # type: ignore[union-attr]
    assert options[0]["label"] == f"Lakeside ({DEVICE})"


async def test_a_meter_without_records_can_be_added(empty: Building) -> None:
    """It may be new."""
    empty.flatpeak.add_site("dev_new", load_flow(1, 1), installed_at=empty.flatpeak.clock())
    await empty.open()
    await empty.submit({**LOGIN, **empty.advanced})
    await empty.submit({"device_id": "dev_new"})
    placeholders = empty.result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["latest"] == "-"
    await empty.submit(VALUES)
    assert empty.state("import_yesterday") == "unknown"
    assert empty.state("import_this_month") == "unknown"
    assert empty.state("latest_record") == "unknown"
    assert empty.state("lowest_confidence") == "unknown"


@pytest.mark.parametrize(
    ("entered", "errors"),
    [
        ({}, {"base": "no_credentials"}),
        ({"account_id": ACCOUNT_ID}, {"base": "no_credentials"}),
        ({"api_key": KEY}, {"base": "no_credentials"}),
        ({**LOGIN, "token": "x"}, {"base": "key_and_token"}),
        ({"account_id": ACCOUNT_ID, "api_key": "ключ"}, {"api_key": "invalid_auth"}),
        ({"account_id": "a\tb", "api_key": KEY}, {"account_id": "invalid_auth"}),
        ({"token": "a\nb"}, {"token": "invalid_auth"}),
        ({"account_id": ACCOUNT_ID, "api_key": "wrong"}, {"base": "invalid_auth"}),
        ({"token": "wrong"}, {"base": "invalid_auth"}),
        ({**LOGIN, "advanced": {"url": "http://example.com"}}, {"base": "unsafe_url"}),
        ({**LOGIN, "advanced": {"url": "http://127.0.0.1:9"}}, {"base": "cannot_connect"}),
    ],
)
async def test_what_cannot_work_is_told(
    empty: Building, entered: dict[str, Any], errors: dict[str, str]
) -> None:
    """By field where it is one; and the form can be sent again."""
    await empty.open()
    await empty.submit({**empty.advanced, **entered})
    assert (empty.result["step_id"], empty.result["errors"]) == ("user", errors)
    await empty.submit({**LOGIN, **empty.advanced})
    assert empty.result["step_id"] == "device"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.DROP, "cannot_connect"),
        (FaultKind.HTML_200, "not_flatpeak"),
        (FaultKind.RATE_LIMITED, "rate_limited"),
        (FaultKind.UNAUTHORIZED, "invalid_auth"),
    ],
)
@pytest.mark.parametrize("endpoint", [SiteEndpoint.DEVICES, SiteEndpoint.RECORDS])
async def test_each_fault_is_told(
    empty: Building, kind: FaultKind, error: str, endpoint: SiteEndpoint
) -> None:
    """While logging in, and while looking at the meter."""
    await empty.open()
    empty.flatpeak.faults.append(SiteFault(kind=kind, endpoint=endpoint))
    await empty.submit({**LOGIN, **empty.advanced})
    if endpoint is SiteEndpoint.RECORDS:
        await empty.submit({"device_id": DEVICE})
    assert empty.result["errors"] == {"base": error}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"price": "cheap"}, {"price": "price_unusable"}),
        ({"price": "-1"}, {"price": "price_unusable"}),
        ({"flows": ["export"]}, {"flows": "import_missing"}),
        ({"flows": []}, {"flows": "import_missing"}),
    ],
)
async def test_values_that_mean_nothing_are_refused(
    empty: Building, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    """And can be corrected."""
    await to_values(empty)
    await empty.submit(VALUES | changes)
    assert empty.result["errors"] == errors
    await empty.submit(VALUES)
    assert empty.result["type"] is FlowResultType.CREATE_ENTRY


async def test_the_unit_is_asked_and_never_guessed(empty: Building) -> None:
    """The form has no default for it."""
    await to_values(empty)
    schema = empty.result["data_schema"]
    assert schema is not None
    (unit,) = (key for key in schema.schema if key == "unit")
    assert not callable(unit.default)
    assert empty.suggested("unit") is None


async def test_a_meter_is_added_once(empty: Building) -> None:
    """Two would write the same statistics."""
    await to_values(empty)
    await empty.submit(VALUES)
    await empty.open()
    await empty.submit({**LOGIN, **empty.advanced})
    await empty.submit({"device_id": DEVICE})
    assert empty.result["errors"] == {"device_id": "site_meter_taken"}


async def test_an_account_that_does_not_run_has_no_spaces(empty: Building) -> None:
    """Nothing can be chosen then."""
    await empty.hass.config_entries.async_unload(empty.entry.entry_id)
    assert empty.entry.state is ConfigEntryState.NOT_LOADED
    assert (await empty.open())["reason"] == "not_loaded"


async def test_an_account_without_spaces_has_no_main_meter(empty: Building) -> None:
    """There is nothing that it could belong to."""
    empty.entry.runtime_data.inventory.data.clear()
    assert (await empty.open())["reason"] == "no_spaces"


@pytest.fixture
async def added(empty: Building) -> Building:
    """Return an account with a main meter."""
    await to_values(empty)
    await empty.submit(VALUES)
    return empty


async def test_what_may_change_is_shown_without_secrets(added: Building) -> None:
    """A secret is never sent to a browser."""
    await added.reconfigure()
    assert added.suggested("account_id") == ACCOUNT_ID
    assert added.suggested("api_key") is added.suggested("token") is None
    assert (added.suggested("unit"), added.suggested("price")) == ("kwh", "8")
    assert added.suggested("space") == "123"
    assert KEY not in repr(added.result)


async def test_values_are_changed_with_the_key_as_it_is(added: Building) -> None:
    """And the account is loaded again with them."""
    await added.reconfigure()
    changed = {"unit": "wh", "flows": ["import", "export"], "space": "123"}
    await added.submit({**changed, **added.advanced})
    assert added.result["reason"] == "reconfigure_successful"
    data = added.subentry.data
    assert (data["api_key"], data["device_id"]) == (KEY, DEVICE)
    assert (data["unit"], data["flows"]) == ("wh", ["import", "export"])
    assert data["price_millipaise_per_kwh"] is None
    await added.settle()
    assert added.site.terms.unit == "wh"
    await added.reconfigure()
    assert added.suggested("price") is None


async def test_a_token_takes_the_place_of_a_key(added: Building) -> None:
    """And a key that of a token, with the account id as it was or a new one."""
    token = added.flatpeak.issue_token()
    await added.reconfigure()
    await added.submit({**VALUES, "token": token, **added.advanced})
    data = added.subentry.data
    assert (data["token"], data["api_key"], data["account_id"]) == (token, None, None)
    await added.reconfigure()
    assert added.suggested("account_id") is None
    await added.submit({**VALUES, **LOGIN, **added.advanced})
    data = added.subentry.data
    assert (data["token"], data["api_key"], data["account_id"]) == (None, KEY, ACCOUNT_ID)
    await added.reconfigure()
    await added.submit({**VALUES, "api_key": KEY, **added.advanced})
    assert added.subentry.data["account_id"] == ACCOUNT_ID


async def test_a_key_is_not_sent_to_another_host(added: Building) -> None:
    """It has to be entered again for that."""
    await added.reconfigure()
    await added.submit({**VALUES, "advanced": {"url": "http://127.0.0.1:9"}})
    assert added.result["errors"] == {"base": "key_for_new_host"}
    await added.submit({**VALUES, "price": "x", "advanced": {"url": "http://127.0.0.1:9"}})
    assert added.result["errors"] == {"base": "key_for_new_host", "price": "price_unusable"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (SiteFault(kind=FaultKind.UNAUTHORIZED), "invalid_auth"),
        (SiteFault(kind=FaultKind.ERROR), "site_device_unknown"),
    ],
)
async def test_what_cannot_work_later_is_told(
    added: Building, fault: SiteFault, error: str
) -> None:
    """The meter is looked at again."""
    await added.reconfigure()
    added.flatpeak.faults.append(fault)
    await added.submit({**VALUES, **added.advanced})
    assert added.result["errors"] == {"base": error}


def test_the_account_offers_it(entry: MockConfigEntry) -> None:
    """Beside tenancies."""
    assert "site_meter" in entry.supported_subentry_types
