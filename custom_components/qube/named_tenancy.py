"""The tenancy that an action means: by its device, or by the number of its account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
import probatio

from .billing.models import TenancyRecord
from .books import Books, async_books_of
from .const import DOMAIN
from .errors import billing_errors_for_people
from .tenancy_terms import SUBENTRY_TENANCY

if TYPE_CHECKING:
    from .billing.ledger import Ledger
    from .runtime import QubeConfigEntry
    from .tenancy import Tenancy

ATTR_ACCOUNT_NUMBER: Final = "account_number"


def whole_number(value: object) -> int:
    """Return a number from 0 on, for a schema: 3.7 would be the account of somebody else."""
    number: int = cv.positive_int(value)
    if str(value) not in {str(number), str(float(number))}:
        raise probatio.Invalid("expected a whole number")
    return number


# For what can be done with an account that nothing runs for any more.
WHOSE: Final = {
    probatio.Optional(ATTR_DEVICE_ID): cv.string,
    probatio.Optional(ATTR_ACCOUNT_NUMBER): whole_number,
    probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
}
# For what the tenancy itself has to do.
WHOSE_DEVICE: Final = {probatio.Required(ATTR_DEVICE_ID): cv.string}


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedTenancy:
    """A tenancy with its books; `running` is None while nothing runs for it.

    That is so where its subentry was deleted, and where its account is not loaded.
    """

    entry: QubeConfigEntry
    books: Books
    record: TenancyRecord
    running: Tenancy | None

    async def async_balance_micropaise(self) -> int:
        """Return the tenant's balance."""
        tenancy_id = self.record.tenancy_id
        state = await self.books.async_run(lambda ledger: ledger.state(tenancy_id))
        return state.balance_micropaise


@asynccontextmanager
async def async_named_tenancy(call: ServiceCall) -> AsyncIterator[NamedTenancy]:
    """Yield the tenancy that an action means; billing's errors meanwhile become those for people.

    Raises ServiceValidationError where it means none, or more than one.
    """
    device_id, number = call.data.get(ATTR_DEVICE_ID), call.data.get(ATTR_ACCOUNT_NUMBER)
    if (device_id is None) is (number is None):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="device_or_account_number"
        )
    with billing_errors_for_people():
        if device_id is not None:
            entry, tenancy_id = _by_device(call.hass, device_id)
        else:
            entry, tenancy_id = _the_entry(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID)), None
        async with async_books_of(call.hass, entry) as books:
            record = await books.async_run(lambda ledger: _record(ledger, tenancy_id, number))
            if record is None:
                raise ServiceValidationError(
                    translation_domain=DOMAIN, translation_key="no_such_account"
                )
            running = None
            if entry.state is ConfigEntryState.LOADED:
                running = entry.runtime_data.tenancies.get(record.tenancy_id)
            yield NamedTenancy(entry=entry, books=books, record=record, running=running)


@asynccontextmanager
async def async_running_tenancy(call: ServiceCall) -> AsyncIterator[tuple[NamedTenancy, Tenancy]]:
    """Yield the tenancy that an action means, which has to be there to do something itself.

    Raises ServiceValidationError where nothing runs for it.
    """
    async with async_named_tenancy(call) as named:
        if named.running is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="tenancy_not_running"
            )
        yield named, named.running


def _record(ledger: Ledger, tenancy_id: str | None, number: int | None) -> TenancyRecord | None:
    if tenancy_id is not None:
        return ledger.tenancy(tenancy_id)
    return next((record for record in ledger.tenancies() if record.number == number), None)


def _by_device(hass: HomeAssistant, device_id: str) -> tuple[QubeConfigEntry, str]:
    """Return the account and the tenancy that a device belongs to.

    The error does not name the device: it is called after a tenant, and errors are logged.
    """
    device, entry = dr.async_get_device_and_config_entry_for_domain(
        hass, device_id, domain=DOMAIN, include_child_devices=False
    )
    subentry_id = device.config_subentry_id if device is not None else None
    if entry is not None and subentry_id is not None:
        subentry = entry.subentries.get(subentry_id)
        if subentry is not None and subentry.subentry_type == SUBENTRY_TENANCY:
            return entry, subentry_id
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_tenancy")


def _the_entry(hass: HomeAssistant, entry_id: str | None) -> QubeConfigEntry:
    """Return the account of this id; the only one where none is given."""
    entries = hass.config_entries.async_entries(DOMAIN)
    chosen = [entry for entry in entries if entry_id in (None, entry.entry_id)]
    if len(chosen) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="choose_qube_account"
        )
    return chosen[0]
