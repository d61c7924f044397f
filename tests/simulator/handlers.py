"""What each endpoint does, free of HTTP: a call goes in, an answer or an `ApiError` comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .cloud import SimulatedCloud, SimulatedSpace
from .grid import Source
from .meter import SimulatedMeter
from .model import Label, Wifi
from .payloads import INTERVALS_MS, device_json, history_json, metrics_json, space_json
from .protocol import ApiError, ErrorCode, Json
from .traffic import Endpoint
from .validation import (
    MAX_SSID,
    MAX_TARIFF_PAISE,
    MAX_WIFI_PASSWORD,
    boolean,
    day,
    integer,
    invalid,
    metadata,
    mode,
    parse_object,
    text,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request, past the key."""

    cloud: SimulatedCloud
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        return parse_object(self.raw)

    @property
    def space(self) -> SimulatedSpace:
        """Return the space of the path; one that does not exist is nobody's business either."""
        space = self.cloud.spaces.get(int(self.path["space_id"]))
        if space is None:
            raise ApiError(ErrorCode.NOT_YOUR_SPACE)
        return space

    @property
    def meter(self) -> SimulatedMeter:
        """Return the meter of the path."""
        meter = self.cloud.meters.get(self.path["device_id"])
        if meter is None:
            raise ApiError(ErrorCode.DEVICE_NOT_FOUND)
        return meter


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A yes: what to change first, unless the command is to be ignored, and what to send then."""

    message: str | None = None
    apply: Callable[[], None] | None = None
    data: Callable[[], Json]


type Handler = Callable[[Call], Answer]


def _accepted(message: str, apply: Callable[[], None]) -> Answer:
    return Answer(message=message, apply=apply, data=lambda: True)


def _online(meter: SimulatedMeter) -> SimulatedMeter:
    if not meter.is_online:
        raise ApiError(ErrorCode.DEVICE_OFFLINE)
    return meter


def _spaces(call: Call) -> Answer:
    return Answer(data=lambda: [space_json(space) for space in call.cloud.spaces.values()])


def _space(call: Call) -> Answer:
    space = call.space
    return Answer(data=lambda: space_json(space))


def _space_update(call: Call) -> Answer:
    space, apply = call.space, _relabel(call, call.space.label)
    return Answer(message="Space updated", apply=apply, data=lambda: space_json(space))


def _device(call: Call) -> Answer:
    meter = call.meter
    return Answer(data=lambda: device_json(call.cloud, meter))


def _device_update(call: Call) -> Answer:
    return _accepted("Device updated", _relabel(call, call.meter.label))


def _relabel(call: Call, label: Label) -> Callable[[], None]:
    changes = metadata(call.body)
    if call.cloud.put_clears_missing:
        changes = {"description": None, **dict.fromkeys(label.udfs), **changes}

    def apply() -> None:
        label.name = changes.pop("name", None) or label.name
        if "description" in changes:
            label.description = changes.pop("description")
        label.udfs.update(changes)

    return apply


def _metrics(call: Call) -> Answer:
    meter = _online(call.meter)
    return Answer(data=lambda: metrics_json(meter))


def _relay(call: Call) -> Answer:
    meter, is_closed = call.meter, boolean(call.body, "state")
    if not meter.has_relay:
        raise invalid("The device has no relay.")
    _online(meter)

    def apply() -> None:
        meter.relay_closed = is_closed

    return _accepted("Relay state updated", apply)


def _mode(call: Call) -> Answer:
    meter, wanted = call.meter, mode(call.body)
    _online(meter)

    def apply() -> None:
        meter.mode = wanted

    return _accepted("Mode updated", apply)


def _tariff_eb(call: Call) -> Answer:
    meter = call.meter
    tariff_paise = integer(call.body, "tariff", lowest=0, highest=MAX_TARIFF_PAISE)
    _online(meter)

    def apply() -> None:
        meter.eb_tariff_paise = tariff_paise

    return _accepted("EB tariff updated", apply)


def _tariff_dg(call: Call) -> Answer:
    meter = call.meter
    tariff_paise = integer(call.body, "tariff", lowest=0, highest=MAX_TARIFF_PAISE)
    _online(meter)

    def apply() -> None:
        meter.dg_tariff_paise = tariff_paise

    return _accepted("DG tariff updated", apply)


def _tariff_active(call: Call) -> Answer:
    meter, source = call.meter, Source(integer(call.body, "active_tariff", lowest=1, highest=2))
    _online(meter)

    def apply() -> None:
        meter.active_tariff = source

    return _accepted("Active tariff updated", apply)


def _history(call: Call) -> Answer:
    meter, query = call.meter, call.query
    property_id, interval = query.get("property_id", ""), query.get("interval", "")
    if not property_id:
        raise invalid("property_id is missing.")
    if interval not in INTERVALS_MS:
        raise invalid(f"interval must be one of {', '.join(INTERVALS_MS)}.")
    first = day(query.get("from_date", ""), "from_date")
    last = day(query.get("to_date", ""), "to_date")
    if first > last:
        raise invalid("from_date is after to_date.")
    return Answer(data=lambda: history_json(meter, property_id, first, last, interval))


def _wifi(call: Call) -> Answer:
    wifi = _online(call.meter).wifi
    return Answer(
        data=lambda: {
            "ssid": wifi.ssid,
            "password": wifi.password,
            "rssi": wifi.rssi,
            "type": wifi.type,
        }
    )


def _wifi_update(call: Call) -> Answer:
    meter, body = call.meter, call.body
    ssid = text(body, "ssid", longest=MAX_SSID)
    password = text(body, "password", longest=MAX_WIFI_PASSWORD)
    _online(meter)

    def apply() -> None:
        meter.wifi = Wifi(ssid=ssid, password=password, rssi=meter.wifi.rssi)

    return _accepted("WiFi settings updated", apply)


def _gateway(call: Call) -> Answer:
    meter, is_enabled = call.meter, boolean(call.body, "state")
    _online(meter)

    def apply() -> None:
        meter.gateway_enabled = is_enabled

    return _accepted("Payment gateway state updated", apply)


HANDLERS: Final[Mapping[Endpoint, Handler]] = {
    Endpoint.SPACES: _spaces,
    Endpoint.SPACE: _space,
    Endpoint.SPACE_UPDATE: _space_update,
    Endpoint.DEVICE: _device,
    Endpoint.DEVICE_UPDATE: _device_update,
    Endpoint.METRICS: _metrics,
    Endpoint.RELAY: _relay,
    Endpoint.MODE: _mode,
    Endpoint.TARIFF_EB: _tariff_eb,
    Endpoint.TARIFF_DG: _tariff_dg,
    Endpoint.TARIFF_ACTIVE: _tariff_active,
    Endpoint.HISTORY: _history,
    Endpoint.WIFI: _wifi,
    Endpoint.WIFI_UPDATE: _wifi_update,
    Endpoint.GATEWAY: _gateway,
}
