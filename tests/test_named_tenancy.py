"""An action is told which tenancy is meant."""

from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import DOMAIN
from tests.tenants import TENANT, Tenants


async def refusal(tenants: Tenants, **whose: object) -> str | None:
    """Ask for the bills of a tenancy and return the key of the error."""
    with pytest.raises(ServiceValidationError) as raised:
        await tenants.hass.services.async_call(
            DOMAIN, "get_bills", whose, blocking=True, return_response=True
        )
    assert TENANT not in str(raised.value)
    return raised.value.translation_key


async def test_a_tenancy_is_its_device_or_the_number_of_its_account(tenants: Tenants) -> None:
    """The number as text or number, as forms and templates send it."""
    assert (await tenants.call("get_bills"))["account_number"] == 1
    for number in (1, 1.0, "1"):
        assert (await tenants.call("get_bills", account_number=number))["account_number"] == 1
    # Whose subentry was deleted.
    assert (await tenants.call("get_bills", account_number=2))["account_number"] == 2


async def test_it_is_named_once(tenants: Tenants) -> None:
    """Neither not at all, nor in two ways that may contradict each other."""
    assert await refusal(tenants) == "device_or_account_number"
    both = {"device_id": tenants.device_id, "account_number": 1}
    assert await refusal(tenants, **both) == "device_or_account_number"


async def test_a_device_must_be_that_of_a_tenancy(hass: HomeAssistant, tenants: Tenants) -> None:
    """Not a meter, not another subentry's, not somebody else's, not one that nobody knows."""
    registry = dr.async_get(hass)
    meter = registry.async_get_or_create(
        config_entry_id=tenants.entry.entry_id, identifiers={(DOMAIN, "a meter")}
    )
    site = ConfigSubentry(
        data=MappingProxyType({}), subentry_type="site_meter", title="Site", unique_id=None
    )
    hass.config_entries.async_add_subentry(tenants.entry, site)
    site_meter = registry.async_get_or_create(
        config_entry_id=tenants.entry.entry_id,
        config_subentry_id=site.subentry_id,
        identifiers={(DOMAIN, "a site")},
    )
    lamps = MockConfigEntry(domain="lamp")
    lamps.add_to_hass(hass)
    lamp = registry.async_get_or_create(
        config_entry_id=lamps.entry_id, identifiers={("lamp", "1")}, name=TENANT
    )
    for device_id in (meter.id, site_meter.id, lamp.id, "no such device"):
        assert await refusal(tenants, device_id=device_id) == "not_a_tenancy"


async def test_a_number_that_nobody_has_is_told(tenants: Tenants) -> None:
    """It is no reason to guess."""
    assert await refusal(tenants, account_number=3) == "no_such_account"


async def test_a_tenancy_that_the_ledger_has_not_opened_yet_has_no_account(
    hass: HomeAssistant, tenants: Tenants
) -> None:
    """Its subentry is there a moment before."""
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=tenants.entry.entry_id,
        config_subentry_id="new",
        identifiers={(DOMAIN, "tenancy_new")},
    )
    assert await refusal(tenants, device_id=device.id) == "no_such_account"


async def test_of_several_qube_accounts_one_has_to_be_chosen(
    hass: HomeAssistant, tenants: Tenants
) -> None:
    """Each has a number 1."""
    other = MockConfigEntry(domain=DOMAIN, title="Another one")
    other.add_to_hass(hass)
    assert await refusal(tenants, account_number=1) == "choose_qube_account"
    chosen = {"account_number": 1, "config_entry_id": tenants.entry.entry_id}
    assert (await tenants.call("get_bills", **chosen))["account_number"] == 1
    chosen["config_entry_id"] = other.entry_id
    assert await refusal(tenants, **chosen) == "no_ledger"
    chosen["config_entry_id"] = "nothing"
    assert await refusal(tenants, **chosen) == "choose_qube_account"
