"""Who may call an action, and on which device."""

from collections.abc import Iterable
from typing import Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import validate_selector
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.qube.api import Interval
from custom_components.qube.api.phy_rules import IMMUTABLE
from custom_components.qube.bill_words import WORDS
from custom_components.qube.const import DOMAIN
from custom_components.qube.money_services import (
    ADJUSTMENT_SCHEMA,
    PAYMENT_SCHEMA,
    REVERSAL_SCHEMA,
    PaymentMethod,
)
from custom_components.qube.registry_services import (
    CREATE_SCHEMA,
    DELETE_SCHEMA,
    LIST_SCHEMA,
    METER_SCHEMA,
    UPDATE_SCHEMA,
)
from custom_components.qube.services import HISTORY_SCHEMA, IMPORT_SCHEMA, METADATA_SCHEMA
from custom_components.qube.site_services import RECONCILIATION_SCHEMA, RECORDS_SCHEMA
from custom_components.qube.tenancy_entity import MODELS
from custom_components.qube.tenancy_reports import BILLS_SCHEMA, EXPORT_SCHEMA, STATEMENT_SCHEMA
from custom_components.qube.tenancy_services import DEVICE_SCHEMA, RATES_SCHEMA
from tests.account import Account
from tests.texts import ENGLISH, INTEGRATION

DAY: Final = {"from": "2026-05-01", "to": "2026-05-01"}
ACTIONS: Final = {
    "update_meter": {},
    "update_space": {},
    "get_history": DAY,
    "import_history": DAY,
}
SCHEMAS: Final = {
    "update_meter": METADATA_SCHEMA,
    "update_space": METADATA_SCHEMA,
    "get_history": HISTORY_SCHEMA,
    "import_history": IMPORT_SCHEMA,
    "record_payment": PAYMENT_SCHEMA,
    "record_adjustment": ADJUSTMENT_SCHEMA,
    "reverse_transaction": REVERSAL_SCHEMA,
    "set_rates": RATES_SCHEMA,
    "issue_bill": DEVICE_SCHEMA,
    "close_tenancy": DEVICE_SCHEMA,
    "get_statement": STATEMENT_SCHEMA,
    "get_bills": BILLS_SCHEMA,
    "export_ledger": EXPORT_SCHEMA,
    "list_registry_meters": LIST_SCHEMA,
    "get_registry_meter": METER_SCHEMA,
    "create_registry_meter": CREATE_SCHEMA,
    # What is immutable is taken only to say so.
    "update_registry_meter": probatio.Schema(
        {key: rule for key, rule in UPDATE_SCHEMA.schema.items() if str(key) not in IMMUTABLE}
    ),
    "delete_registry_meter": DELETE_SCHEMA,
    "get_meter_records": RECORDS_SCHEMA,
    "get_reconciliation": RECONCILIATION_SCHEMA,
}
FORMS: Final = load_yaml_dict(str(INTEGRATION / "services.yaml"))


async def call(
    hass: HomeAssistant, action: str, device_id: str, context: Context | None = None
) -> object:
    """Call an action that changes nothing."""
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"device_id": device_id, **ACTIONS[action]},
        blocking=True,
        return_response=True,
        context=context,
    )


async def refusal(hass: HomeAssistant, action: str, device_id: str) -> str | None:
    """Call an action and return the key of the error."""
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, action, device_id)
    return raised.value.translation_key


async def test_the_actions_are_there_without_an_account(hass: HomeAssistant) -> None:
    """An automation can be checked while the cloud is away."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(SCHEMAS)


@pytest.mark.parametrize("action", ["update_meter", "update_space"])
async def test_only_administrators_change_something(
    account: Account, hass_read_only_user: MockUser, hass_admin_user: MockUser, action: str
) -> None:
    """Checked on the server, before anything else is."""
    is_space = action == "update_space"
    device_id = account.space_device_id(123) if is_space else account.device_id(account.meter())
    with pytest.raises(Unauthorized):
        await call(account.hass, action, device_id, Context(user_id=hass_read_only_user.id))
    assert account.asked == []
    assert await call(account.hass, action, device_id, Context(user_id=hass_admin_user.id))


async def test_everybody_may_look_at_history(
    account: Account, hass_read_only_user: MockUser
) -> None:
    """It is no more than what a dashboard shows."""
    context = Context(user_id=hass_read_only_user.id)
    assert await call(account.hass, "get_history", account.device_id(account.meter()), context)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_device_must_be_one_of_this_integration(account: Account, action: str) -> None:
    """Neither one that nobody knows nor one of somebody else."""
    assert await refusal(account.hass, action, "no such device") == "service_device_not_found"
    other = MockConfigEntry(domain="lamp")
    other.add_to_hass(account.hass)
    lamp = dr.async_get(account.hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("lamp", "1")}
    )
    assert await refusal(account.hass, action, lamp.id) == "service_device_wrong_domain"
    assert account.asked == []


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_account_must_be_loaded(account: Account, action: str) -> None:
    """Otherwise there is no cloud to ask."""
    device_id = account.device_id(account.meter())
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert await refusal(account.hass, action, device_id) == "service_config_entry_not_loaded"


async def test_a_space_is_no_meter_and_a_meter_no_space(account: Account) -> None:
    """The error says which device is meant."""
    meter, space = account.device_id(account.meter()), account.space_device_id(123)
    assert await refusal(account.hass, "update_meter", space) == "not_a_meter"
    assert await refusal(account.hass, "get_history", space) == "not_a_meter"
    assert await refusal(account.hass, "import_history", space) == "not_a_meter"
    assert await refusal(account.hass, "update_space", meter) == "not_a_space"
    dr.async_get(account.hass).async_update_device(space, name_by_user="The house")
    with pytest.raises(ServiceValidationError) as raised:
        await call(account.hass, "update_meter", space)
    assert raised.value.translation_placeholders == {"device": "The house"}
    assert account.asked == []


@pytest.mark.parametrize("action", SCHEMAS)
def test_the_form_has_the_fields_that_the_action_takes(action: str) -> None:
    """With the same ones required, and a name and a description for each."""
    described = FORMS[action]["fields"]
    fields = SCHEMAS[action].schema
    assert set(described) == {str(field) for field in fields}
    assert {name for name, field in described.items() if field.get("required")} == {
        str(field) for field in fields if isinstance(field, probatio.Required)
    }
    for field in fields:
        if field.default is not probatio.UNDEFINED:
            assert described[str(field)]["default"] == field.default()
    for field in described.values():
        assert validate_selector(field["selector"])
    texts = ENGLISH["services"][action]
    assert texts["name"]
    assert texts["description"]
    assert set(texts["fields"]) == set(described)
    assert all(text["name"] and text["description"] for text in texts["fields"].values())


@pytest.mark.parametrize(
    ("action", "field", "choices"),
    [
        ("get_history", "interval", Interval),
        ("record_payment", "method", PaymentMethod),
        ("get_bills", "language", WORDS),
    ],
)
def test_the_choices_of_the_form_are_those_that_are_taken(
    action: str, field: str, choices: Iterable[str]
) -> None:
    """Each with its text."""
    select = FORMS[action]["fields"][field]["selector"]["select"]
    assert set(select["options"]) == {str(choice) for choice in choices}
    texts = ENGLISH["selector"][select["translation_key"]]["options"]
    assert set(texts) == set(select["options"])


def test_the_form_offers_the_devices_of_tenancies() -> None:
    """Of both plans, which are models of their own."""
    for action, form in FORMS.items():
        is_of_tenancy = set(form["fields"]) == {"device_id"} and action != "get_registry_meter"
        if "account_number" in form["fields"] or is_of_tenancy:
            filters = form["fields"]["device_id"]["selector"]["device"]["filter"]
            assert {each["model"] for each in filters} == set(MODELS.values())
            assert {each["integration"] for each in filters} == {DOMAIN}
