"""Which Qube device is which meter.

A meter's key is the first `device_id` it was seen with, for ever. The store maps it to the device
that is on the wall now, with the device's last UDFs and the meter's last good register.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .api import DeviceSummary
from .const import DOMAIN
from .epochs import Epoch, Epochs
from .register import Register

STORAGE_VERSION: Final = 1
# Registers change with every poll; losing the last minutes of them in a crash does no harm.
SAVE_DELAY_S: Final = 600


class StoredRegister(TypedDict):
    """A register as the store holds it."""

    energy_wh: int
    read_at: str


class StoredMeter(TypedDict):
    """A meter as the store holds it."""

    device_id: str
    udfs: list[str | None]
    register: StoredRegister | None
    held: StoredRegister | None


class StoredMeters(TypedDict):
    """The content of the store, by meter key."""

    meters: dict[str, StoredMeter]


@dataclass(frozen=True, kw_only=True)
class MeterIdentity:
    """A place that is metered, and the hardware that is there now."""

    key: str
    device_id: str
    udfs: tuple[str | None, ...]
    register: Register | None = None
    held: Register | None = None

    @property
    def epochs(self) -> Epochs:
        """Return the registers that the meter has had."""
        return (Epoch(device_id=self.device_id),)

    @property
    def model(self) -> str:
        """Return the model as the id tells it: QUBE-ONE-1a2b is a Qube One."""
        family, _, _ = self.device_id.rpartition("-")
        return family.replace("-", " ").title() or "Qube"


class IdentityStore:
    """Keep the identities of an account's meters across restarts."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the store of one config entry."""
        self._store = Store[StoredMeters](hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.meters")
        self._meters: dict[str, MeterIdentity] = {}
        self._keys_by_device_id: dict[str, str] = {}
        self._save_is_due = False
        self._is_closed = False

    async def async_load(self) -> None:
        """Load what was known before."""
        stored = await self._store.async_load()
        for key, meter in (stored["meters"] if stored else {}).items():
            self._put(_from_stored(key, meter))

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

    def __getitem__(self, key: str) -> MeterIdentity:
        """Return the meter with a key."""
        return self._meters[key]

    @callback
    def identify(self, device: DeviceSummary) -> MeterIdentity:
        """Return the meter that a device is, a new one where it was never seen."""
        key = self._keys_by_device_id.get(device.device_id, device.device_id)
        known = self._meters.get(key)
        if known is None:
            meter = MeterIdentity(key=key, device_id=device.device_id, udfs=device.udfs)
        else:
            meter = replace(known, udfs=device.udfs)
        if meter != known:
            self._put(meter)
            self._save_later()
        return meter

    @callback
    def set_register(self, key: str, register: Register, held: Register | None = None) -> None:
        """Remember a meter's last good register, and one that is held back.

        A meter that was forgotten meanwhile has none.
        """
        if (meter := self._meters.get(key)) is not None:
            self._meters[key] = replace(meter, register=register, held=held)
            self._save_later()

    @callback
    def forget(self, key: str) -> None:
        """Forget a meter that its owner removed."""
        if (meter := self._meters.pop(key, None)) is not None:
            del self._keys_by_device_id[meter.device_id]
            self._save_later()

    def _put(self, meter: MeterIdentity) -> None:
        self._meters[meter.key] = meter
        self._keys_by_device_id[meter.device_id] = meter.key

    def _save_later(self) -> None:
        # Asking again would push the moment back, with every poll, for ever.
        if not self._save_is_due and not self._is_closed:
            self._save_is_due = True
            self._store.async_delay_save(self._as_stored, SAVE_DELAY_S)

    def _as_stored(self) -> StoredMeters:
        self._save_is_due = False
        return {"meters": {key: _as_stored(meter) for key, meter in self._meters.items()}}


def _as_stored(meter: MeterIdentity) -> StoredMeter:
    return {
        "device_id": meter.device_id,
        "udfs": list(meter.udfs),
        "register": _register_as_stored(meter.register),
        "held": _register_as_stored(meter.held),
    }


def _register_as_stored(register: Register | None) -> StoredRegister | None:
    if register is None:
        return None
    return {"energy_wh": register.energy_wh, "read_at": register.read_at.isoformat()}


def _from_stored(key: str, stored: StoredMeter) -> MeterIdentity:
    return MeterIdentity(
        key=key,
        device_id=stored["device_id"],
        udfs=tuple(stored["udfs"]),
        register=_register_from_stored(stored["register"]),
        held=_register_from_stored(stored["held"]),
    )


def _register_from_stored(stored: StoredRegister | None) -> Register | None:
    if stored is None:
        return None
    return Register(
        energy_wh=stored["energy_wh"], read_at=datetime.fromisoformat(stored["read_at"])
    )
