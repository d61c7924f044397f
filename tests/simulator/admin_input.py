"""Read what the back door is given: faults, kinds, and attributes of meters."""

from collections.abc import Callable, Mapping
from typing import Final

from .faults import UNSET, Fault, FaultKind
from .grid import Source
from .meter import SimulatedMeter
from .model import MeterKind
from .protocol import ErrorCode, Json
from .traffic import Endpoint
from .validation import boolean, integer, invalid, mode, text

_LARGEST: Final = 10**15
_LONGEST: Final = 100_000


def text_of(body: dict[str, Json], key: str) -> str:
    """Return a text that must be there."""
    return text(body, key, longest=_LONGEST)


def optional_text(body: dict[str, Json], key: str) -> str | None:
    """Return a text, or nothing where it is null or left out."""
    return None if body.get(key) is None else text_of(body, key)


def optional_int(body: dict[str, Json], key: str, default: int = 0) -> int:
    """Return a whole number, or another where it is left out."""
    return _integer(body, key) if key in body else default


def kind_from(body: dict[str, Json]) -> MeterKind:
    """Return a kind of meter; an ordinary one where it is left out."""
    name = optional_text(body, "kind") or MeterKind.ORDINARY
    if name not in MeterKind:
        raise invalid(f"kind must be one of {', '.join(MeterKind)}.")
    return MeterKind(name)


def fault_from(body: dict[str, Json]) -> Fault:
    """Return the fault a body describes, in the words of `Fault`."""
    if unknown := body.keys() - Fault.__dataclass_fields__.keys():
        raise invalid(f"A fault has no {', '.join(sorted(unknown))}.")
    seconds, retry_after = body.get("seconds", 1.0), body.get("retry_after", 5)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise invalid("seconds must be a number from 0.")
    if not isinstance(retry_after, int | str | None):
        raise invalid("retry_after must be seconds, a header's text, or null.")
    endpoint = body.get("endpoint")
    return Fault(
        kind=FaultKind(_one_of(body, "kind", tuple(FaultKind))),
        endpoint=Endpoint(_one_of(body, "endpoint", tuple(Endpoint))) if endpoint else None,
        device_id=optional_text(body, "device_id"),
        times=None
        if body.get("times") is None
        else integer(body, "times", lowest=1, highest=_LARGEST),
        seconds=seconds,
        status=optional_int(body, "status", 500),
        is_json="is_json" in body and boolean(body, "is_json"),
        code=ErrorCode(_one_of(body, "code", tuple(ErrorCode)))
        if "code" in body
        else ErrorCode.VALIDATION_ERROR,
        retry_after=retry_after,
        url=optional_text(body, "url") or "http://127.0.0.1:9/",
        body=optional_text(body, "body"),
        data=body.get("data", UNSET),
        size_bytes=optional_int(body, "size_bytes", 3 * 1024 * 1024),
    )


def set_attributes(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    """Set attributes of a meter in the order given; an unknown one changes nothing."""
    if unknown := body.keys() - _SETTERS.keys():
        raise invalid(f"A meter has no {', '.join(sorted(unknown))} to set.")
    for key in body:
        _SETTERS[key](meter, body)


def _one_of(body: dict[str, Json], key: str, names: tuple[str, ...]) -> str:
    if (name := text_of(body, key)) not in names:
        raise invalid(f"{key} must be one of {', '.join(names)}.")
    return name


def _integer(body: dict[str, Json], key: str) -> int:
    return integer(body, key, lowest=-_LARGEST, highest=_LARGEST)


def _set_is_online(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.is_online = boolean(body, "is_online")


def _set_relay_closed(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.relay_closed = boolean(body, "relay_closed")


def _set_has_relay(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.has_relay = boolean(body, "has_relay")


def _set_gateway_enabled(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.gateway_enabled = boolean(body, "gateway_enabled")


def _set_balance(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.balance = _integer(body, "balance")


def _set_energy_wh(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.energy_wh = _integer(body, "energy_wh")


def _set_eb_tariff(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.eb_tariff_paise = integer(body, "eb_tariff_paise", lowest=0, highest=_LARGEST)


def _set_dg_tariff(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.dg_tariff_paise = integer(body, "dg_tariff_paise", lowest=0, highest=_LARGEST)


def _set_active_tariff(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.active_tariff = Source(integer(body, "active_tariff", lowest=1, highest=2))


def _set_mode(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.mode = mode(body)


def _set_name(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    meter.name = text_of(body, "name")


def _set_udfs(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    udfs = body["udfs"]
    if not isinstance(udfs, dict) or not udfs.keys() <= meter.udfs.keys():
        raise invalid("udfs must be an object with some of udf1 to udf5.")
    meter.udfs.update({key: optional_text(udfs, key) for key in udfs})


def _set_null_fields(meter: SimulatedMeter, body: dict[str, Json]) -> None:
    names = body["null_fields"]
    if not isinstance(names, list):
        raise invalid("null_fields must be a list of names.")
    meter.null_fields = {str(name) for name in names}


_SETTERS: Final[Mapping[str, Callable[[SimulatedMeter, dict[str, Json]], None]]] = {
    "is_online": _set_is_online,
    "relay_closed": _set_relay_closed,
    "has_relay": _set_has_relay,
    "gateway_enabled": _set_gateway_enabled,
    "balance": _set_balance,
    "energy_wh": _set_energy_wh,
    "eb_tariff_paise": _set_eb_tariff,
    "dg_tariff_paise": _set_dg_tariff,
    "active_tariff": _set_active_tariff,
    "mode": _set_mode,
    "name": _set_name,
    "udfs": _set_udfs,
    "null_fields": _set_null_fields,
}
