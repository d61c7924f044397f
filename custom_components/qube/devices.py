"""Home Assistant's devices, kept as the cloud's spaces and meters are."""

import asyncio
from collections import Counter
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .api import DeviceSummary, Space
from .const import DOMAIN
from .coordinator import (
    InventoryCoordinator,
    MeterCoordinator,
    QubeConfigEntry,
    meters_signal,
)
from .entity_budget import async_review_budget, async_withdraw_budget, enabled_per_meter
from .identity import IdentityStore, MeterIdentity
from .repairs import async_withdraw_register

MANUFACTURER: Final = "Qube"

# One list without a meter proves nothing: the cloud may have answered in part.
ABSENCES_BEFORE_REMOVAL: Final = 3

# Meters that are read within this time go to the platforms together.
HAND_OVER_DELAY_S: Final = 0.1


def space_identifier(space_id: int) -> tuple[str, str]:
    """Return the device identifier of a space."""
    return DOMAIN, f"space_{space_id}"


def meter_identifier(key: str) -> tuple[str, str]:
    """Return the device identifier of a meter."""
    return DOMAIN, key


class Devices:
    """Make, update and remove the devices of one account, and run a coordinator for each meter."""

    def __init__(
        self, hass: HomeAssistant, inventory: InventoryCoordinator, identities: IdentityStore
    ) -> None:
        """Follow the given inventory."""
        self.meters: dict[str, MeterCoordinator] = {}
        self._hass = hass
        self._entry: QubeConfigEntry = inventory.config_entry
        self._inventory = inventory
        self._identities = identities
        self._registry = dr.async_get(hass)
        self._known: dict[tuple[str, str], object] = {}
        self._absences: Counter[tuple[str, str]] = Counter()
        self._read: list[MeterCoordinator] = []

    @callback
    def async_follow(self) -> None:
        """Keep up with the inventory from now on."""
        self._entry.async_on_unload(self._inventory.async_add_listener(self._async_reconcile))
        self._entry.async_on_unload(self._async_withdraw_repairs)
        self._async_reconcile()

    @callback
    def _async_withdraw_repairs(self) -> None:
        """Ask nothing more about an account that is not loaded."""
        async_withdraw_budget(self._hass, self._entry)
        for meter in self.meters.values():
            async_withdraw_register(meter)

    @callback
    def async_show_name(self, identifier: tuple[str, str], name: str) -> None:
        """Show a name that was written just now; the next list of spaces has the last word."""
        device = self._registry.async_get_device_by_identifier(identifier, self._entry.entry_id)
        if device is not None:
            self._registry.async_update_device(device.id, name=name)
            self._known[identifier] = None

    @callback
    def async_remove(self, device: dr.DeviceEntry) -> bool:
        """Forget a device that its owner removes; refuse where the cloud still lists it."""
        (identifier,) = device.identifiers
        if identifier in self._known and not self._absences[identifier]:
            return False
        self._drop(identifier)
        self._identities.forget(identifier[1])
        return True

    @callback
    def _async_reconcile(self) -> None:
        if not self._inventory.last_update_success:
            return
        new_meters: list[MeterCoordinator] = []
        present: set[tuple[str, str]] = set()
        for space in self._inventory.data.values():
            self._put_space(space)
            present.add(space_identifier(space.space_id))
            for device in space.devices:
                meter = self._identities.identify(device)
                # A shared device is listed in several spaces; the first keeps it.
                if (identifier := meter_identifier(meter.key)) in present:
                    continue
                present.add(identifier)
                if meter.key not in self.meters:
                    self.meters[meter.key] = MeterCoordinator(
                        self._inventory, self._identities, meter
                    )
                    new_meters.append(self.meters[meter.key])
                self._put_meter(meter, device, space)
        if all(space.is_complete for space in self._inventory.data.values()):
            self._remove_absent(present)
        if new_meters:
            self._entry.async_create_background_task(
                self._hass, self._async_start(new_meters), f"first reading of {self._entry.title}"
            )

    def _put_space(self, space: Space) -> None:
        identifier = space_identifier(space.space_id)
        if self._known.get(identifier) == space.name:
            return
        self._known[identifier] = space.name
        self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={identifier},
            entry_type=dr.DeviceEntryType.SERVICE,
            manufacturer=MANUFACTURER,
            model="Space",
            name=space.name,
        )

    def _put_meter(self, meter: MeterIdentity, device: DeviceSummary, space: Space) -> None:
        identifier = meter_identifier(meter.key)
        shown = (device.name, device.device_id, space.space_id)
        if self._known.get(identifier) == shown:
            return
        self._known[identifier] = shown
        self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={identifier},
            manufacturer=MANUFACTURER,
            model=meter.model,
            name=device.name,
            serial_number=device.device_id,
            suggested_area=space.name,
            via_device_id=dr.async_get_device_id_by_identifier(
                self._hass, space_identifier(space.space_id), config_entry_id=self._entry.entry_id
            ),
        )

    def _remove_absent(self, present: set[tuple[str, str]]) -> None:
        for device in dr.async_entries_for_config_entry(self._registry, self._entry.entry_id):
            (identifier,) = device.identifiers
            if identifier in present:
                self._absences.pop(identifier, None)
                continue
            self._absences[identifier] += 1
            if self._absences[identifier] >= ABSENCES_BEFORE_REMOVAL:
                self._registry.async_remove_device(device.id)
                self._drop(identifier)

    def _drop(self, identifier: tuple[str, str]) -> None:
        self._known.pop(identifier, None)
        self._absences.pop(identifier, None)
        if (meter := self.meters.pop(identifier[1], None)) is not None:
            async_withdraw_register(meter)
            self._hass.async_create_task(meter.async_shutdown(), eager_start=True)

    async def _async_start(self, meters: list[MeterCoordinator]) -> None:
        """Read meters for the first time; a slow one holds up no other."""
        enabled = enabled_per_meter(
            meters=len(self.meters),
            new_meters=sum(not self._has_entities(meter) for meter in meters),
            enabled=er.async_get(self._hass).entities.get_enabled_count_for_config_entry_id(
                self._entry.entry_id
            ),
        )
        await async_review_budget(self._hass, self._entry, enabled, len(self.meters))
        async with asyncio.TaskGroup() as group:
            for meter in meters:
                meter.enabled_entities = enabled
                group.create_task(self._async_start_one(meter))

    async def _async_start_one(self, meter: MeterCoordinator) -> None:
        await meter.async_refresh()
        self._read.append(meter)
        if len(self._read) == 1:
            await asyncio.sleep(HAND_OVER_DELAY_S)
            read, self._read = self._read, []
            for each in read:
                each.async_announced()
            async_dispatcher_send(self._hass, meters_signal(self._entry), read)

    def _has_entities(self, meter: MeterCoordinator) -> bool:
        device = self._registry.async_get_device_by_identifier(
            meter_identifier(meter.key), self._entry.entry_id
        )
        return device is not None and bool(
            er.async_entries_for_device(
                er.async_get(self._hass), device.id, include_disabled_entities=True
            )
        )
