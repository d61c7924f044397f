"""Home Assistant's devices, kept as the cloud's spaces and meters are."""

from collections import Counter
from collections.abc import Collection
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .api import DeviceSummary, Space
from .const import DOMAIN
from .coordinator import MeterCoordinator
from .entity_budget import async_review_budget, async_withdraw_budget, enabled_per_device
from .hand_over import HandOver
from .identity import IdentityStore
from .inventory import InventoryCoordinator
from .meter_identity import MeterIdentity
from .repairs import async_withdraw_register
from .replacements import Listed, Replacements
from .runtime import QubeConfigEntry
from .space_energy import SpaceEnergy
from .spaces import SpaceCoordinator, spaces_signal

MANUFACTURER: Final = "Qube"

# One list without a meter proves nothing: the cloud may have answered in part.
ABSENCES_BEFORE_REMOVAL: Final = 3


def space_identifier(space_id: int) -> tuple[str, str]:
    """Return the device identifier of a space."""
    return DOMAIN, f"space_{space_id}"


def meter_identifier(key: str) -> tuple[str, str]:
    """Return the device identifier of a meter."""
    return DOMAIN, key


def tenancy_identifier(tenancy_id: str) -> tuple[str, str]:
    """Return the device identifier of a tenancy."""
    return DOMAIN, f"tenancy_{tenancy_id}"


class Devices:
    """Make, update and remove the devices of one account, and run a coordinator for each meter."""

    def __init__(
        self,
        hass: HomeAssistant,
        inventory: InventoryCoordinator,
        identities: IdentityStore,
        space_energy: SpaceEnergy,
    ) -> None:
        """Follow the given inventory."""
        self.meters: dict[str, MeterCoordinator] = {}
        self.spaces: dict[tuple[str, str], SpaceCoordinator] = {}
        self._hass = hass
        self._entry: QubeConfigEntry = inventory.config_entry
        self._inventory = inventory
        self._identities = identities
        self._space_energy = space_energy
        self._space_of: dict[str, SpaceCoordinator] = {}
        self._new_spaces: list[SpaceCoordinator] = []
        self.replacements = Replacements(hass, inventory, identities, self)
        self._registry = dr.async_get(hass)
        self._known: dict[tuple[str, str], object] = {}
        self._absences: Counter[tuple[str, str]] = Counter()
        self._hand_over = HandOver(hass, self._entry)

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
        self.replacements.async_withdraw_all()
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
    def async_show_tenant(self, tenancy_id: str, name: str) -> None:
        """Show the name of a tenancy, which its owner may have changed."""
        device = self._registry.async_get_device_by_identifier(
            tenancy_identifier(tenancy_id), self._entry.entry_id
        )
        if device is not None:
            self._registry.async_update_device(device.id, name=name)

    @callback
    def async_remove(self, device: dr.DeviceEntry) -> bool:
        """Forget a device that its owner removes; refuse where the cloud still lists it.

        A tenancy's goes with its subentry only.
        """
        if device.config_subentry_id is not None:
            return False
        (identifier,) = device.identifiers
        if identifier in self._known and not self._absences[identifier]:
            return False
        self._forget(identifier)
        return True

    @callback
    def async_remove_meter(self, key: str, *, in_favor_of: str) -> None:
        """Remove a meter that turned out to be another one's device, with its entities.

        What it used was counted in its space already, and is not counted again for the other one.
        """
        self._space_energy.forget(in_favor_of)
        if (device := self.device_of(key)) is not None:
            self._registry.async_remove_device(device.id)
        self._forget(meter_identifier(key))

    def _forget(self, identifier: tuple[str, str]) -> None:
        self._drop(identifier)
        self.replacements.async_withdraw(identifier[1])
        self._identities.forget(identifier[1])
        self._space_energy.forget(identifier[1])
        self._entry.runtime_data.history.forget(identifier[1])

    def device_of(self, key: str) -> dr.DeviceEntry | None:
        """Return Home Assistant's device of a meter, if it is there."""
        return self._registry.async_get_device_by_identifier(
            meter_identifier(key), self._entry.entry_id
        )

    def listed(self) -> Listed:
        """Return the devices that the cloud lists; a shared one belongs to the first space."""
        listed: dict[str, tuple[DeviceSummary, Space]] = {}
        for space in self._inventory.data.values():
            for device in space.devices:
                listed.setdefault(device.device_id, (device, space))
        return listed

    @callback
    def _async_reconcile(self) -> None:
        if self._inventory.last_update_success:
            self.async_put()
            if all(space.is_complete for space in self._inventory.data.values()):
                self._remove_absent()

    @callback
    def async_put(self, changed: Collection[str] = ()) -> None:
        """Show all that is listed; these meters have another device since the last time."""
        listed = self.listed()
        changed = [*changed, *self.replacements.async_decide(listed)]
        for key in changed:
            self._take_over(key)
        for space in self._inventory.data.values():
            self._put_space(space)
        new_meters: list[MeterCoordinator] = []
        for device, space in listed.values():
            meter = self._identities.identify(device, space.space_id)
            if meter.key not in self.meters:
                self.meters[meter.key] = MeterCoordinator(self._inventory, self._identities, meter)
                new_meters.append(self.meters[meter.key])
            self._put_meter(meter, device, space)
        self.replacements.async_tell(changed)
        if new_meters or self._new_spaces:
            self._entry.async_create_background_task(
                self._hass, self._async_start(new_meters), f"first reading of {self._entry.title}"
            )

    def _take_over(self, key: str) -> None:
        """Read the device that a meter has now, and show which one it is, listed or not."""
        identity = self._identities[key]
        if (device := self.device_of(key)) is not None:
            self._registry.async_update_device(
                device.id, serial_number=identity.device_id, model=identity.model
            )
        if (meter := self.meters.get(key)) is not None:
            meter.async_take_device()
            self._entry.async_create_background_task(
                self._hass, meter.async_refresh(), f"first reading of {meter.name}"
            )

    def _put_space(self, space: Space) -> None:
        identifier = space_identifier(space.space_id)
        if identifier not in self.spaces:
            self.spaces[identifier] = SpaceCoordinator(
                self._hass, self._entry, space.space_id, self._space_energy
            )
            self._new_spaces.append(self.spaces[identifier])
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
        self._put_in_space(self.meters[meter.key], self.spaces[space_identifier(space.space_id)])
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

    def _put_in_space(self, meter: MeterCoordinator, space: SpaceCoordinator) -> None:
        before = self._space_of.get(meter.key)
        if before is not space:
            if before is not None:
                before.async_leave(meter)
            self._space_of[meter.key] = space
            space.async_join(meter)

    def _remove_absent(self) -> None:
        present = {space_identifier(space_id) for space_id in self._inventory.data}
        meters = (self._identities.find(device_id) for device_id in self.listed())
        present |= {meter_identifier(meter.key) for meter in meters if meter is not None}
        for device in dr.async_entries_for_config_entry(self._registry, self._entry.entry_id):
            (identifier,) = device.identifiers
            if identifier in present or device.config_subentry_id is not None:
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
            self._space_of.pop(meter.key).async_leave(meter)
            async_withdraw_register(meter)
            self._hass.async_create_task(meter.async_shutdown(), eager_start=True)
        if (space := self.spaces.pop(identifier, None)) is not None:
            self._hass.async_create_task(space.async_shutdown(), eager_start=True)

    async def _async_start(self, meters: list[MeterCoordinator]) -> None:
        """Show new spaces, and read meters for the first time; a slow one holds up no other."""
        spaces, self._new_spaces = self._new_spaces, []
        enabled = enabled_per_device(
            meters=len(self.meters),
            spaces=len(self.spaces),
            new_meters=sum(not self._has_entities(meter_identifier(each.key)) for each in meters),
            new_spaces=sum(
                not self._has_entities(space_identifier(each.space_id)) for each in spaces
            ),
            enabled=er.async_get(self._hass).entities.get_enabled_count_for_config_entry_id(
                self._entry.entry_id
            ),
        )
        for space in spaces:
            space.enabled_entities = enabled
        async_dispatcher_send(self._hass, spaces_signal(self._entry), spaces)
        await async_review_budget(self._hass, self._entry, enabled, len(self.meters))
        for meter in meters:
            meter.enabled_entities = enabled
        await self._hand_over.async_read(meters)

    def _has_entities(self, identifier: tuple[str, str]) -> bool:
        device = self._registry.async_get_device_by_identifier(identifier, self._entry.entry_id)
        return device is not None and bool(
            er.async_entries_for_device(
                er.async_get(self._hass), device.id, include_disabled_entities=True
            )
        )
