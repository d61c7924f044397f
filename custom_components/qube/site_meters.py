"""The main meters of an account, kept as its subentries are."""

from collections.abc import Iterator

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.recorder import get_instance
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .hourly_statistics import flow_series
from .runtime import QubeConfigEntry
from .site_meter import SiteMeter
from .site_terms import SUBENTRY_SITE_METER, Flow


def site_meters_signal(entry: QubeConfigEntry) -> SignalType[list[SiteMeter]]:
    """Return the signal for main meters that are new."""
    return SignalType(f"{DOMAIN}_{entry.entry_id}_site_meters")


class SiteMeters:
    """Run a main meter for each subentry of that type; one that is deleted stops.

    A change of a subentry reloads the account, so what runs has the terms that it began with.
    """

    def __init__(self, hass: HomeAssistant, entry: QubeConfigEntry) -> None:
        """Begin without meters."""
        self._hass = hass
        self._entry = entry
        self._sites: dict[str, SiteMeter] = {}

    def __iter__(self) -> Iterator[SiteMeter]:
        """Iterate over the main meters that are there now."""
        return iter(tuple(self._sites.values()))

    @callback
    def async_follow(self) -> None:
        """Keep up with the subentries from now on, until the account is unloaded."""
        self._entry.async_on_unload(
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_changed)
        )
        self._async_reconcile()

    async def async_stop(self) -> None:
        """Run none any more."""
        for site in self:
            await site.async_shutdown()

    @callback
    def async_forget_history(self, site_id: str) -> None:
        """Forget the statistics of a main meter: they were of another unit."""
        if (site := self._sites.get(site_id)) and RECORDER in self._hass.config.components:
            get_instance(self._hass).async_clear_statistics(
                [flow_series(site.terms.device_id, flow.value, "").energy_id for flow in Flow]
            )

    @callback
    def _async_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._entry and change is ConfigEntryChange.UPDATED:
            self._async_reconcile()

    @callback
    def _async_reconcile(self) -> None:
        """Begin main meters that are new, and stop those that are gone."""
        subentries = {
            each.subentry_id: each
            for each in self._entry.get_subentries_of_type(SUBENTRY_SITE_METER)
        }
        for site_id in self._sites.keys() - subentries.keys():
            self._hass.async_create_task(self._sites.pop(site_id).async_shutdown())
        new = [
            SiteMeter(self._hass, self._entry, each)
            for site_id, each in subentries.items()
            if site_id not in self._sites
        ]
        for site in new:
            self._sites[site.site_id] = site
            site.async_start()
        if new:
            async_dispatcher_send(self._hass, site_meters_signal(self._entry), new)
