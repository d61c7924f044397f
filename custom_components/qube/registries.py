"""The meter registries of an account, kept as its subentries are, with their devices."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import cast

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .devices import Devices
from .registry import Registry
from .registry_devices import async_remove_meter, async_show_meters, async_show_registry
from .registry_publish import Publisher
from .registry_settings import SUBENTRY_METER_REGISTRY, RegistryData, RegistrySettings
from .runtime import QubeConfigEntry


@dataclass(frozen=True, kw_only=True)
class RunningRegistry:
    """A registry, and what publishes to it."""

    registry: Registry
    publisher: Publisher
    # How each meter that has a device looks.
    shown: dict[int, object]


@dataclass(frozen=True, kw_only=True)
class NewMeters:
    """What the platforms are told: a registry that is new, or meters of it that are."""

    running: RunningRegistry
    is_new: bool
    meter_ids: Collection[int]


def registries_signal(entry: QubeConfigEntry) -> SignalType[NewMeters]:
    """Return the signal for registries and their meters that are new."""
    return SignalType(f"{DOMAIN}_{entry.entry_id}_registries")


class Registries:
    """Run a registry for each subentry of that type; one that is deleted stops."""

    def __init__(self, hass: HomeAssistant, entry: QubeConfigEntry, devices: Devices) -> None:
        """Match their meters with these."""
        self._hass = hass
        self._entry = entry
        self._devices = devices
        self._running: dict[str, RunningRegistry] = {}

    def __iter__(self) -> Iterator[RunningRegistry]:
        """Iterate over the registries that are there now."""
        return iter(tuple(self._running.values()))

    def get(self, registry_id: str) -> RunningRegistry | None:
        """Return the registry of a subentry, None where it is not there."""
        return self._running.get(registry_id)

    @callback
    def async_follow(self) -> None:
        """Keep up with the subentries from now on, until the account is unloaded."""
        self._entry.async_on_unload(
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_changed)
        )
        self._entry.async_on_unload(self._async_stop)
        self._async_reconcile()

    @callback
    def _async_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._entry and change is ConfigEntryChange.UPDATED:
            self._async_reconcile()

    @callback
    def _async_reconcile(self) -> None:
        subentries = {
            each.subentry_id: each
            for each in self._entry.subentries.values()
            if each.subentry_type == SUBENTRY_METER_REGISTRY
        }
        for registry_id in self._running.keys() - subentries.keys():
            self._stop(self._running.pop(registry_id))
        for registry_id, subentry in subentries.items():
            settings = RegistrySettings.from_data(cast("RegistryData", subentry.data))
            if (running := self._running.get(registry_id)) is None:
                self._start(subentry, settings)
            elif running.registry.async_take_settings(subentry.title, settings):
                running.publisher.async_schedule()
                async_show_registry(self._hass, running.registry)
                self._read(running.registry)

    def _start(self, subentry: ConfigSubentry, settings: RegistrySettings) -> None:
        registry = Registry(
            self._hass,
            self._entry,
            self._devices,
            registry_id=subentry.subentry_id,
            title=subentry.title,
            settings=settings,
        )
        publisher = Publisher(registry, self._devices)
        running = RunningRegistry(registry=registry, publisher=publisher, shown={})
        self._running[registry.registry_id] = running
        async_show_registry(self._hass, registry)
        # It also keeps a registry polled that has no meter, and so no entity of one, yet.
        registry.async_add_listener(lambda: self._async_show(running))
        async_dispatcher_send(
            self._hass,
            registries_signal(self._entry),
            NewMeters(running=running, is_new=True, meter_ids=()),
        )
        publisher.async_schedule()
        self._read(registry)

    def _read(self, registry: Registry) -> None:
        """Read it in the background: a registry that is slow holds up no account."""
        self._entry.async_create_background_task(
            self._hass, registry.async_refresh(), "reading of a meter registry"
        )

    @callback
    def _async_show(self, running: RunningRegistry) -> None:
        """Show meters that are new, and remove those that are gone."""
        registry = running.registry
        if registry.last_update_success and (
            new := async_show_meters(self._hass, registry, self._devices, running.shown)
        ):
            async_dispatcher_send(
                self._hass,
                registries_signal(self._entry),
                NewMeters(running=running, is_new=False, meter_ids=new),
            )
        for meter_id in registry.gone:
            running.shown.pop(meter_id, None)
            async_remove_meter(self._hass, registry, meter_id)

    @callback
    def _async_stop(self) -> None:
        for running in self:
            self._stop(running)
        self._running.clear()

    def _stop(self, running: RunningRegistry) -> None:
        running.publisher.async_stop()
        running.registry.async_withdraw()
        self._hass.async_create_task(running.registry.async_shutdown(), eager_start=True)
