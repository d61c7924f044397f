"""What Home Assistant calls before and after a backup: the ledgers stand still meanwhile.

Nothing here may raise: the user's whole backup would be given up. A ledger that could not be
prepared is copied as it is; opened from that backup, it is checked like any other.
"""

from homeassistant.core import HomeAssistant

from .billing.errors import LedgerError, RefusedError
from .const import DOMAIN, LOGGER
from .runtime import QubeConfigEntry


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Let the files of all ledgers stand still; what is booked goes into the logs beside them."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await _async_with_ledger(entry, begins=True)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the ledgers go on as before."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await _async_with_ledger(entry, begins=False)


async def _async_with_ledger(entry: QubeConfigEntry, *, begins: bool) -> None:
    books = entry.runtime_data.books
    try:
        await (books.async_begin_backup() if begins else books.async_end_backup())
    except RefusedError:
        # The account has never had a tenancy.
        return
    except LedgerError as err:
        LOGGER.warning("The ledger of %s could not be prepared: %s", entry.title, err.key)
