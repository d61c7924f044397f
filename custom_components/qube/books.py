"""The ledger of an account in Home Assistant: one file, one thread, and what is done when sick."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from homeassistant.core import CALLBACK_TYPE, HomeAssistant

from .billing.errors import LedgerError

if TYPE_CHECKING:
    from .billing.ledger import Ledger
    from .runtime import QubeConfigEntry


class Books:
    """Keep the ledger of one account open, and let one thread use it."""

    def __init__(self, hass: HomeAssistant, entry: QubeConfigEntry) -> None:
        """Prepare the books of a config entry; nothing is opened or created yet."""
        raise NotImplementedError

    @property
    def error(self) -> LedgerError | None:
        """Return why the ledger cannot be used; None while it is sound, or not needed yet."""
        raise NotImplementedError

    @property
    def is_sound(self) -> bool:
        """Return whether the ledger can be written: charging goes on."""
        raise NotImplementedError

    @property
    def is_restored(self) -> bool:
        """Return whether the file is of an older backup, not yet confirmed: nothing is cut."""
        raise NotImplementedError

    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call when the ledger becomes sick, sound, or confirmed; return what ends that."""
        raise NotImplementedError

    async def async_run[T](self, job: Callable[[Ledger], T]) -> T:
        """Run a job with the ledger in its thread, one after the other, and return its result.

        Raises LedgerError where the ledger is sick, RefusedError as the job does, or where the
        account has never had a tenancy (`no_ledger`).
        """
        raise NotImplementedError

    async def async_confirm_restored(self) -> None:
        """Go on with the older file, as the owner says."""
        raise NotImplementedError


@asynccontextmanager
async def async_books_of(hass: HomeAssistant, entry: QubeConfigEntry) -> AsyncIterator[Books]:
    """Yield the books of an account, also while it is not loaded: the cloud is down at start.

    So what is in the ledger can always be read, and a payment always be recorded.
    """
    raise NotImplementedError
    yield
