"""What Home Assistant calls before and after a backup: the ledgers stand still meanwhile.

So do those of accounts that are not loaded, as their copies have to be known again, too. Nothing
here may raise: the user's whole backup would be given up. A ledger that could not be prepared is
copied as it is; opened from that backup, it is checked like any other.
"""

from collections.abc import Callable

from homeassistant.core import HomeAssistant

from .billing.errors import LedgerError, RefusedError
from .billing.ledger import Ledger
from .books import async_books_of
from .const import DOMAIN, LOGGER


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Let the files of all ledgers stand still; what is booked goes into the logs beside them."""
    await _async_with_each_ledger(hass, Ledger.begin_backup)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the ledgers go on as before."""
    await _async_with_each_ledger(hass, Ledger.end_backup)


async def _async_with_each_ledger(hass: HomeAssistant, job: Callable[[Ledger], None]) -> None:
    for entry in hass.config_entries.async_entries(DOMAIN):
        try:
            async with async_books_of(hass, entry) as books:
                await books.async_run(job)
        except RefusedError:
            # The account has never had a tenancy.
            continue
        except LedgerError as err:
            LOGGER.warning("The ledger of %s could not be prepared: %s", entry.title, err.key)
