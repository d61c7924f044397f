"""The tenancies of an account, kept as its subentries are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN

if TYPE_CHECKING:
    from .books import Books
    from .devices import Devices
    from .runtime import QubeConfigEntry
    from .tenancy import Tenancy


def tenancies_signal(entry: QubeConfigEntry) -> SignalType[list[Tenancy]]:
    """Return the signal for tenancies that are new."""
    return SignalType(f"{DOMAIN}_{entry.entry_id}_tenancies")


class Tenancies:
    """Run a tenancy for each subentry of that type; one that is deleted stops, its journal stays.

    `tenancy.tenancy_id` is the id of the subentry. Closed tenancies are among them, as long as
    their subentry is there.
    """

    def __init__(
        self, hass: HomeAssistant, entry: QubeConfigEntry, books: Books, devices: Devices
    ) -> None:
        """Run tenancies of these meters in these books."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Tenancy]:
        """Iterate over the tenancies that are there now."""
        raise NotImplementedError

    def get(self, tenancy_id: str) -> Tenancy | None:
        """Return the tenancy of a subentry, None where it is not there (yet)."""
        raise NotImplementedError

    def running_of(self, meter_key: str) -> Tenancy | None:
        """Return the tenancy that is not closed of a meter."""
        raise NotImplementedError
