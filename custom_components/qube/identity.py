"""Which Qube device is which meter.

A meter's key is the first `device_id` it was seen with, for ever. The store maps it to the device
that is on the wall now and to those before it, with the meter's last UDFs and last good register.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .api import DeviceSummary
from .const import DOMAIN
from .epochs import Epoch, with_new_register, with_opening, without_last_device
from .meter_identity import MeterIdentity, Replacement, StoredMeter, as_stored, from_stored
from .register import Register

STORAGE_VERSION: Final = 1
# Registers change with every poll; losing the last minutes of them in a crash does no harm as long
# as nothing was charged by them.
SAVE_DELAY_S: Final = 600
# What the owner decided must not be asked again, nor may the ledger know more than this store.
SAVE_SOON_S: Final = 1


class StoredMeters(TypedDict):
    """The content of the store, by meter key."""

    meters: dict[str, StoredMeter]


class IdentityStore:
    """Keep the identities of an account's meters across restarts."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the store of one config entry."""
        self._store = Store[StoredMeters](hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.meters")
        self._meters: dict[str, MeterIdentity] = {}
        self._keys_by_device_id: dict[str, str] = {}
        self._former_ids: set[str] = set()
        self._save_is_due = False
        self._is_closed = False

    async def async_load(self) -> None:
        """Load what was known before."""
        stored = await self._store.async_load()
        for key, meter in (stored["meters"] if stored else {}).items():
            self._put(from_stored(key, meter))
        self._review_former_ids()

    async def async_save(self) -> None:
        """Save now, and no more: the entry is being unloaded."""
        self._is_closed = True
        await self._store.async_save(self._as_stored())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of all meters ever seen and not forgotten."""
        return tuple(self._meters)

    def __iter__(self) -> Iterator[MeterIdentity]:
        """Iterate over all meters ever seen and not forgotten."""
        return iter(tuple(self._meters.values()))

    def __getitem__(self, key: str) -> MeterIdentity:
        """Return the meter with a key."""
        return self._meters[key]

    def get(self, key: str) -> MeterIdentity | None:
        """Return the meter with a key, None where it is unknown or forgotten."""
        return self._meters.get(key)

    def find(self, device_id: str) -> MeterIdentity | None:
        """Return the meter that has a device now; one that had it before has it no more."""
        key = self._keys_by_device_id.get(device_id)
        return None if key is None else self._meters[key]

    @callback
    def identify(self, device: DeviceSummary, space_id: int) -> MeterIdentity:
        """Return the meter that a listed device is, a new one where no meter has it."""
        known = self.find(device.device_id)
        if known is None:
            meter = MeterIdentity(
                key=self._new_key(device.device_id),
                epochs=(Epoch(device_id=device.device_id),),
                name=device.name,
                space_id=space_id,
                udfs=device.udfs,
            )
        else:
            meter = replace(known, name=device.name, space_id=space_id, udfs=device.udfs)
        if meter != known:
            self._put(meter)
            self._save_later(SAVE_DELAY_S)
        return meter

    @callback
    def replace_device(self, key: str, device_id: str) -> None:
        """Let a meter have another device from now on, which no other meter may have."""
        meter, now = self._meters[key], dt_util.utcnow()
        self._change(
            replace(
                meter,
                epochs=with_new_register(meter.epochs, device_id, meter.register, now),
                register=None,
                held=None,
                is_in_question=False,
                replacement=Replacement(
                    device_id=meter.device_id, seen_at=now, register=meter.register
                ),
            )
        )

    @callback
    def undo_replacement(self, key: str) -> None:
        """Give a meter back the device before its last replacement, and the register it had then.

        The other device becomes a meter of its own, so that it is not taken for this one's again.
        """
        meter = self._meters[key]
        if meter.replacement is None:
            return
        epochs = without_last_device(meter.epochs)
        register = meter.replacement.register
        self._change(replace(meter, epochs=epochs, register=register, held=None, replacement=None))
        self._put(
            MeterIdentity(
                key=self._new_key(meter.device_id),
                epochs=(Epoch(device_id=meter.device_id),),
                name=meter.name,
                space_id=meter.space_id,
                udfs=meter.udfs,
            )
        )

    @callback
    def agree_to_replacement(self, key: str) -> None:
        """Take a meter's last replacement for final; a meter that was forgotten has none."""
        if (meter := self._meters.get(key)) is not None:
            self._change(replace(meter, replacement=None))

    @callback
    def set_in_question(self, key: str, *, is_in_question: bool) -> None:
        """Remember whether the owner is asked if this is a meter of its own."""
        self._change(replace(self._meters[key], is_in_question=is_in_question))

    @callback
    def begin_register(self, key: str) -> None:
        """Let a meter's device count from anew: its register was reset."""
        meter = self._meters[key]
        epochs = with_new_register(meter.epochs, meter.device_id, meter.register, dt_util.utcnow())
        self._change(replace(meter, epochs=epochs, register=None, held=None))

    @callback
    def set_opening(self, key: str, device_id: str, register_wh: int) -> None:
        """Say from where a meter's newest register counts, if it is still that of this device."""
        if (meter := self._meters.get(key)) is not None and meter.device_id == device_id:
            self._change(replace(meter, epochs=with_opening(meter.epochs, register_wh)))

    @callback
    def set_register(self, key: str, register: Register, held: Register | None = None) -> None:
        """Remember a meter's last good register, and one that is held back.

        A meter that was forgotten meanwhile has none.
        """
        if (meter := self._meters.get(key)) is not None:
            self._meters[key] = replace(meter, register=register, held=held)
            self._save_later(SAVE_DELAY_S)

    def total_wh(self, key: str, register_wh: int) -> int | None:
        """Return what a meter has measured in all when its register shows this.

        None where it is not known from where the register counts, or whose it is.
        """
        meter = self._meters.get(key)
        return None if meter is None else meter.epochs[-1].total_of(register_wh)

    @callback
    def save_soon(self) -> None:
        """Save what was charged by: a new device counts on from the register remembered here."""
        self._save_later(SAVE_SOON_S)

    @callback
    def forget(self, key: str) -> None:
        """Forget a meter that its owner removed."""
        if (meter := self._meters.pop(key, None)) is not None:
            del self._keys_by_device_id[meter.device_id]
            self._review_former_ids()
            self._save_later(SAVE_SOON_S)

    def _new_key(self, device_id: str) -> str:
        """Return a key that is free for ever, though another meter had the device before."""
        keys = chain([device_id], (f"{device_id}-{number}" for number in count(2)))
        return next(k for k in keys if k not in self._meters and k not in self._former_ids)

    def _review_former_ids(self) -> None:
        self._former_ids = {id_ for meter in self for id_ in meter.device_ids[:-1]}

    def _change(self, meter: MeterIdentity) -> None:
        known = self._meters[meter.key]
        if meter != known:
            del self._keys_by_device_id[known.device_id]
            self._put(meter)
            self._review_former_ids()
            self._save_later(SAVE_SOON_S)

    def _put(self, meter: MeterIdentity) -> None:
        self._meters[meter.key] = meter
        self._keys_by_device_id[meter.device_id] = meter.key

    def _save_later(self, delay_s: float) -> None:
        # Asking again would push the moment back, with every poll, for ever.
        if self._is_closed or (self._save_is_due and delay_s == SAVE_DELAY_S):
            return
        self._save_is_due = True
        self._store.async_delay_save(self._as_stored, delay_s)

    def _as_stored(self) -> StoredMeters:
        self._save_is_due = False
        return {"meters": {key: as_stored(meter) for key, meter in self._meters.items()}}
