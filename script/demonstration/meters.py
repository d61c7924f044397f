"""What Home Assistant shows of each meter, and whether that is the truth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, override

from custom_components.qube.registry_devices import MODEL_METER

from .home import Home

_NOTHING: Final = frozenset({"unavailable", "unknown"})
# Where Home Assistant shows what the truth knows under another name.
_ALWAYS_KNOWN: Final = {"energy": "energy", "power": "active_power"}

type Truth = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownMeter:
    """A meter's device: its enabled entities and their states, by the entity's key."""

    name: str
    space: str
    device_id: str
    entities: Mapping[str, str]
    states: Mapping[str, str]

    @override
    def __str__(self) -> str:
        """Return a name that no other meter has."""
        return f"{self.name} in {self.space}"


async def read_meters(home: Home) -> list[ShownMeter]:
    """Return all meters that Home Assistant shows."""
    devices, entries = await home.ask(
        {"type": "config/device_registry/list"}, {"type": "config/entity_registry/list"}
    )
    return list(_meters(devices, entries, await home.states()))


def problems(
    shown: Sequence[ShownMeter], before: Sequence[Truth] | None, after: Sequence[Truth] | None
) -> Iterator[str]:
    """Yield what is missing or wrong, by the truth from before and from after the meters were read.

    Without a truth, only what is missing can be told.
    """
    if not shown:
        yield "there is no meter"
    for meter in shown:
        if not meter.entities:
            yield f"{meter} has no entities"
        for entity_id in sorted(set(meter.entities.values()) - meter.states.keys()):
            yield f"{entity_id} has no state"
    if before is None or after is None:
        return
    by_id = {meter.device_id: meter for meter in shown}
    for earlier, later in zip(before, after, strict=True):
        if later["device_id"] in by_id:
            meter = by_id.pop(later["device_id"])
            yield from (f"{meter}: {what}" for what in _lies(meter, earlier, later))
        else:
            yield f"{later['name']} ({later['device_id']}) is not there"
    yield from (f"{meter} is not one of the cloud's meters" for meter in by_id.values())


def _lies(meter: ShownMeter, before: Truth, after: Truth) -> Iterator[str]:
    # On a large account it is off by default.
    if "online" in meter.entities:
        online = _state(meter, "online")
        if online != ("on" if after["is_online"] else "off"):
            yield f"Online is {online}"
    if not after["is_online"]:
        return
    for key, field in _ALWAYS_KNOWN.items():
        if field not in after["null_fields"] and _state(meter, key) in _NOTHING:
            yield f"{key} is {_state(meter, key)}"
    energy = _state(meter, "energy")
    if energy not in _NOTHING:
        lowest_wh, highest_wh = before["energy_wh"], after["energy_wh"]
        if not lowest_wh <= round(float(energy) * 1000) <= highest_wh:
            yield f"energy is {energy} kWh, in truth {lowest_wh} to {highest_wh} Wh"
    if after["has_relay"]:
        relay = _state(meter, "relay")
        if relay not in {"on" if truth["relay_closed"] else "off" for truth in (before, after)}:
            yield f"relay is {relay}"


def _state(meter: ShownMeter, key: str) -> str:
    return meter.states.get(meter.entities.get(key, ""), "unknown")


def _meters(
    devices: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    states: Mapping[str, Mapping[str, Any]],
) -> Iterator[ShownMeter]:
    """Yield Qube's meters among the devices: a registry's have a serial number, too."""
    enabled: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        if entry["platform"] == "qube" and entry["disabled_by"] is None:
            enabled.setdefault(entry["device_id"], []).append(entry)
    names = {device["id"]: device["name"] for device in devices}
    for device in devices:
        ((domain, meter_key), *_) = device["identifiers"] or [("", "")]
        is_qubes = domain == "qube" and device["model"] != MODEL_METER
        if not is_qubes or not device["serial_number"]:
            continue
        entities = {
            entry["unique_id"].removeprefix(f"{meter_key}_"): entry["entity_id"]
            for entry in enabled.get(device["id"], ())
        }
        yield ShownMeter(
            name=device["name"],
            space=names.get(device["via_device_id"], ""),
            device_id=device["serial_number"],
            entities=entities,
            states={
                entity_id: states[entity_id]["state"]
                for entity_id in entities.values()
                if entity_id in states
            },
        )
