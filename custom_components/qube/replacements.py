"""What becomes of devices that no meter has: they take a place, are asked about, or are new."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback

from .api import DeviceSummary, Space
from .const import (
    ATTR_NEW_QUBE_DEVICE,
    ATTR_OLD_QUBE_DEVICE,
    EVENT_METER_REPLACED,
    EVENT_REPLACEMENT_UNDONE,
)
from .epochs import without_last_device
from .identity import IdentityStore
from .inventory import InventoryCoordinator
from .meter_identity import MeterIdentity
from .replacement_repairs import (
    async_ask_origin,
    async_tell_replacement,
    async_withdraw_origin,
    async_withdraw_replacement,
)
from .replacement_rules import KnownMeter, ListedDevice, Origin, find_origins
from .runtime import QubeConfigEntry

if TYPE_CHECKING:
    from .devices import Devices

# Each device that the cloud lists, by its id, with the first space that lists it.
type Listed = Mapping[str, tuple[DeviceSummary, Space]]


class Replacements:
    """Find out which new device took which meter's place, and do what the owner says of it."""

    def __init__(
        self,
        hass: HomeAssistant,
        inventory: InventoryCoordinator,
        identities: IdentityStore,
        devices: Devices,
    ) -> None:
        """Decide for the devices of one account."""
        self._hass = hass
        self._entry: QubeConfigEntry = inventory.config_entry
        self._inventory = inventory
        self._identities = identities
        self._devices = devices
        self._candidates: dict[str, tuple[str, ...]] = {}

    @callback
    def async_decide(self, listed: Listed) -> list[str]:
        """Give meters the devices that certainly took their place; return these meters' keys.

        Where that is uncertain, the device becomes a meter that is in question.
        """
        replaced: list[str] = []
        candidates: dict[str, tuple[str, ...]] = {}
        for device_id, origin in self._origins(listed).items():
            device, space = listed[device_id]
            meter = self._identities.find(device_id)
            if meter is None and origin.replaces is not None:
                self._identities.replace_device(origin.replaces, device_id)
                replaced.append(origin.replaces)
            elif meter is not None or origin.likely:
                # A meter that is there already stays one until its owner says otherwise.
                key = self._identities.identify(device, space.space_id).key
                self._identities.set_in_question(key, is_in_question=bool(origin.likely))
                if origin.likely:
                    candidates[key] = origin.likely
        for key in self._candidates.keys() - candidates.keys():
            async_withdraw_origin(self._hass, key)
        self._candidates = candidates
        return replaced

    def _origins(self, listed: Listed) -> dict[str, Origin]:
        undecided = [
            device_id
            for device_id in listed
            if (meter := self._identities.find(device_id)) is None or meter.is_in_question
        ]
        if not undecided:
            return {}
        devices = [
            ListedDevice(device_id=device_id, udf1=device.udfs[0], space_id=space.space_id)
            for device_id, (device, space) in listed.items()
        ]
        meters = [
            KnownMeter(
                key=meter.key,
                device_ids=meter.device_ids,
                udf1=meter.udfs[0],
                space_id=meter.space_id,
            )
            for meter in self._identities
        ]
        spaces = self._inventory.data.values()
        incomplete = {space.space_id for space in spaces if not space.is_complete}
        return find_origins(undecided, devices, meters, incomplete)

    @callback
    def async_tell(self, replaced: Collection[str]) -> None:
        """Ask what is open, tell what can be undone, and note what has just been replaced."""
        for key in self._candidates:
            meter = self._identities[key]
            async_ask_origin(self._hass, self._entry, meter, self._place_of(meter))
        for meter in self._identities:
            if (replacement := meter.replacement) is None:
                continue
            async_tell_replacement(
                self._hass, self._entry, meter, replacement, self._place_of(meter)
            )
            if meter.key in replaced:
                self._fire(EVENT_METER_REPLACED, meter, replacement.device_id)

    @callback
    def async_withdraw(self, key: str) -> None:
        """Ask and tell nothing more about a meter."""
        self._candidates.pop(key, None)
        async_withdraw_origin(self._hass, key)
        async_withdraw_replacement(self._hass, key)

    @callback
    def async_withdraw_all(self) -> None:
        """Ask and tell nothing more about the account."""
        for meter in self._identities:
            self.async_withdraw(meter.key)

    def candidates_of(self, key: str) -> dict[str, str]:
        """Return the meters whose new device a meter may be: their names by their keys."""
        return {
            candidate: f"{self._place_of(meter)}, {meter.device_id}"
            for candidate in self._candidates.get(key, ())
            if (meter := self._identities.get(candidate)) is not None
        }

    @callback
    def async_keep(self, key: str) -> None:
        """Let a meter that was in question be one of its own."""
        self._identities.set_in_question(key, is_in_question=False)
        self._candidates.pop(key, None)
        async_withdraw_origin(self._hass, key)

    @callback
    def async_merge(self, key: str, candidate: str) -> None:
        """Let a meter that was in question be the new device of another one."""
        old, new = self._identities[candidate].device_id, self._identities[key].device_id
        self._devices.async_remove_meter(key, in_favor_of=candidate)
        self._entry.runtime_data.back_fill.async_merge(key, candidate)
        self._identities.replace_device(candidate, new)
        if (still_listed := self._devices.listed().get(old)) is not None:
            # Known from now on, so that nobody asks what the owner has just said.
            device, space = still_listed
            self._identities.identify(device, space.space_id)
        self._devices.async_put([candidate])

    @callback
    def async_agree(self, key: str) -> None:
        """Take a meter's replacement for final."""
        self._identities.agree_to_replacement(key)
        async_withdraw_replacement(self._hass, key)

    @callback
    def async_undo(self, key: str) -> bool:
        """Give a meter its old device back; the new one becomes a meter of its own.

        Return False where the old one is another meter's by now, or nothing is there to undo.
        """
        meter = self._identities.get(key)
        if meter is None or meter.replacement is None:
            return False
        old, new = meter.replacement.device_id, meter.device_id
        holder = self._identities.find(old)
        if holder is not None:
            if set(holder.device_ids) != {old}:
                return False
            # It came back meanwhile and is a meter only since then.
            self._devices.async_remove_meter(holder.key, in_favor_of=key)
        undone = meter.epochs[len(without_last_device(meter.epochs))]
        self._identities.undo_replacement(key)
        if (shown := self._devices.meters.get(key)) is not None and undone.since is not None:
            self._entry.runtime_data.back_fill.async_take_back(shown, undone.since, undone.total_wh)
        async_withdraw_replacement(self._hass, key)
        self._devices.async_put([key])
        self._fire(EVENT_REPLACEMENT_UNDONE, self._identities[key], new)
        return True

    def _place_of(self, meter: MeterIdentity) -> str:
        """Return what people call a meter, and its space."""
        space = self._inventory.data.get(meter.space_id)
        return f"{meter.name} ({space.name})" if space else meter.name

    def _fire(self, event: str, meter: MeterIdentity, old: str) -> None:
        device = self._devices.device_of(meter.key)
        self._hass.bus.async_fire(
            event,
            {
                ATTR_CONFIG_ENTRY_ID: self._entry.entry_id,
                ATTR_DEVICE_ID: device.id if device else None,
                ATTR_OLD_QUBE_DEVICE: old,
                ATTR_NEW_QUBE_DEVICE: meter.device_id,
            },
        )
