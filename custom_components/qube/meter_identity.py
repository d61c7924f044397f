"""A place that is metered, with the Qube devices that are and were there, and how it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from .epochs import Epoch, Epochs
from .register import Register


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """A change of device that can be undone: the old one, its register, and when it was seen."""

    device_id: str
    seen_at: datetime
    register: Register | None


@dataclass(frozen=True, kw_only=True)
class MeterIdentity:
    """A place that is metered, and the hardware that is and was there.

    `register` and `held` are the raw register of the present device. `is_in_question` is whether
    the owner is asked if it is a meter of its own, `replacement` what the owner may still undo.
    """

    key: str
    epochs: Epochs
    name: str
    space_id: int
    udfs: tuple[str | None, ...]
    register: Register | None = None
    held: Register | None = None
    is_in_question: bool = False
    replacement: Replacement | None = None

    @property
    def device_id(self) -> str:
        """Return the device that is there now."""
        return self.epochs[-1].device_id

    @property
    def device_ids(self) -> tuple[str, ...]:
        """Return the devices of the meter's epochs, the present one last."""
        return tuple(epoch.device_id for epoch in self.epochs)

    @property
    def model(self) -> str:
        """Return the model as the id tells it: QUBE-ONE-1a2b is a Qube One."""
        family, _, _ = self.device_id.rpartition("-")
        return family.replace("-", " ").title() or "Qube"


class StoredRegister(TypedDict):
    """A register as the store holds it."""

    energy_wh: int
    read_at: str


class StoredEpoch(TypedDict):
    """An epoch as the store holds it."""

    device_id: str
    since: str | None
    register_wh: int | None
    total_wh: int


class StoredReplacement(TypedDict):
    """A replacement as the store holds it."""

    device_id: str
    seen_at: str
    register: StoredRegister | None


class StoredMeter(TypedDict):
    """A meter as the store holds it."""

    epochs: list[StoredEpoch]
    name: str
    space_id: int
    udfs: list[str | None]
    register: StoredRegister | None
    held: StoredRegister | None
    is_in_question: bool
    replacement: StoredReplacement | None


def as_stored(meter: MeterIdentity) -> StoredMeter:
    """Return a meter as JSON can hold it."""
    return {
        "epochs": [
            {
                "device_id": epoch.device_id,
                "since": epoch.since.isoformat() if epoch.since else None,
                "register_wh": epoch.register_wh,
                "total_wh": epoch.total_wh,
            }
            for epoch in meter.epochs
        ],
        "name": meter.name,
        "space_id": meter.space_id,
        "udfs": list(meter.udfs),
        "register": _register_as_stored(meter.register),
        "held": _register_as_stored(meter.held),
        "is_in_question": meter.is_in_question,
        "replacement": _replacement_as_stored(meter.replacement),
    }


def from_stored(key: str, stored: StoredMeter) -> MeterIdentity:
    """Return the meter that was stored under a key."""
    return MeterIdentity(
        key=key,
        epochs=tuple(
            Epoch(
                device_id=epoch["device_id"],
                since=datetime.fromisoformat(epoch["since"]) if epoch["since"] else None,
                register_wh=epoch["register_wh"],
                total_wh=epoch["total_wh"],
            )
            for epoch in stored["epochs"]
        ),
        name=stored["name"],
        space_id=stored["space_id"],
        udfs=tuple(stored["udfs"]),
        register=_register_from_stored(stored["register"]),
        held=_register_from_stored(stored["held"]),
        is_in_question=stored["is_in_question"],
        replacement=_replacement_from_stored(stored["replacement"]),
    )


def _replacement_as_stored(replacement: Replacement | None) -> StoredReplacement | None:
    if replacement is None:
        return None
    return {
        "device_id": replacement.device_id,
        "seen_at": replacement.seen_at.isoformat(),
        "register": _register_as_stored(replacement.register),
    }


def _replacement_from_stored(stored: StoredReplacement | None) -> Replacement | None:
    if stored is None:
        return None
    return Replacement(
        device_id=stored["device_id"],
        seen_at=datetime.fromisoformat(stored["seen_at"]),
        register=_register_from_stored(stored["register"]),
    )


def _register_as_stored(register: Register | None) -> StoredRegister | None:
    if register is None:
        return None
    return {"energy_wh": register.energy_wh, "read_at": register.read_at.isoformat()}


def _register_from_stored(stored: StoredRegister | None) -> Register | None:
    if stored is None:
        return None
    return Register(
        energy_wh=stored["energy_wh"], read_at=datetime.fromisoformat(stored["read_at"])
    )
