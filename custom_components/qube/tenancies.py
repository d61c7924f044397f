"""The tenancies of an account, kept as its subentries are, and charged in turn."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.util.signal_type import SignalType

from .books import Books
from .const import DOMAIN
from .coordinator import meters_signal
from .devices import Devices
from .runtime import QubeConfigEntry
from .tenancy import Tenancy
from .tenancy_terms import SUBENTRY_TENANCY, terms_of

# Hundreds are due at the same second; one whose history is slow holds up no other.
WORKERS: Final = 4

# Midnight in India is this hour and minute in UTC.
MIDNIGHT_UTC: Final = (18, 30)


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
        self._hass = hass
        self._entry = entry
        self._books = books
        self._devices = devices
        self._tenancies: dict[str, Tenancy] = {}
        self._due: dict[str, Tenancy] = {}
        self._workers = 0
        self._was_sound = False

    def __iter__(self) -> Iterator[Tenancy]:
        """Iterate over the tenancies that are there now."""
        return iter(tuple(self._tenancies.values()))

    def get(self, tenancy_id: str) -> Tenancy | None:
        """Return the tenancy of a subentry, None where it is not there (yet)."""
        return self._tenancies.get(tenancy_id)

    def running_of(self, meter_key: str) -> Tenancy | None:
        """Return the tenancy that is not closed of a meter."""
        on_meter = (each for each in self if each.meter_key == meter_key and not each.is_closed)
        return next(on_meter, None)

    @callback
    def async_follow(self) -> None:
        """Keep up with subentries, meters and books from now on, until the account is unloaded."""
        hass, entry = self._hass, self._entry
        for stop in (
            async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_changed),
            async_dispatcher_connect(hass, meters_signal(entry), self._async_attach),
            self._books.async_add_listener(self._async_books_changed),
            async_track_utc_time_change(
                hass, self._async_midnight, hour=MIDNIGHT_UTC[0], minute=MIDNIGHT_UTC[1], second=0
            ),
            self._async_stop,
        ):
            entry.async_on_unload(stop)
        self._async_reconcile()

    @callback
    def async_due(self, tenancy: Tenancy) -> None:
        """Let a tenancy do what is due, in its turn."""
        if self._tenancies.get(tenancy.tenancy_id) is not tenancy:
            return
        self._due.setdefault(tenancy.tenancy_id, tenancy)
        if self._workers < WORKERS:
            self._workers += 1
            self._entry.async_create_background_task(
                self._hass, self._async_work(), f"tenancies of {self._entry.title}"
            )

    async def _async_work(self) -> None:
        try:
            if not self._books.is_sound:
                await self._books.async_open()
            while self._due:
                tenancy = self._due.pop(next(iter(self._due)))
                await tenancy.async_do_due()
        finally:
            self._workers -= 1

    @callback
    def _async_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._entry and change is ConfigEntryChange.UPDATED:
            self._async_reconcile()

    @callback
    def _async_reconcile(self) -> None:
        """Begin tenancies that are new, tell those that were changed, stop those that are gone."""
        subentries = {
            each.subentry_id: each
            for each in self._entry.subentries.values()
            if each.subentry_type == SUBENTRY_TENANCY
        }
        for tenancy_id in self._tenancies.keys() - subentries.keys():
            self._tenancies.pop(tenancy_id).async_stop()
            self._due.pop(tenancy_id, None)
        new = [self._put(each) for each in subentries.values() if not self._is_running(each)]
        if new:
            async_dispatcher_send(self._hass, tenancies_signal(self._entry), new)

    def _is_running(self, subentry: ConfigSubentry) -> bool:
        tenancy = self._tenancies.get(subentry.subentry_id)
        if tenancy is None:
            return False
        tenancy.async_take_terms(terms_of(subentry.data))
        self._devices.async_show_tenant(subentry.subentry_id, subentry.title)
        return True

    def _put(self, subentry: ConfigSubentry) -> Tenancy:
        tenancy = Tenancy(
            self._hass,
            self._entry,
            self._books,
            self._devices,
            tenancy_id=subentry.subentry_id,
            terms=terms_of(subentry.data),
            async_due=self.async_due,
        )
        self._tenancies[tenancy.tenancy_id] = tenancy
        tenancy.async_start()
        return tenancy

    @callback
    def _async_attach(self, _meters: object) -> None:
        for tenancy in self:
            tenancy.async_attach()

    @callback
    def _async_books_changed(self) -> None:
        is_sound, was_sound = self._books.is_sound, self._was_sound
        self._was_sound = is_sound
        for tenancy in self:
            if is_sound and not was_sound:
                tenancy.async_set_due(is_midnight=False)
            tenancy.async_show()

    @callback
    def _async_midnight(self, _now: datetime) -> None:
        for tenancy in self:
            tenancy.async_set_due(is_midnight=True)

    @callback
    def _async_stop(self) -> None:
        for tenancy in self:
            tenancy.async_stop()
        self._due.clear()
