"""The back door for demos and tests in another process: JSON below `/_simulator/`, without a key.

GET, POST, DELETE `faults` and DELETE `faults/{id}`; GET, DELETE `requests`, GET `requests/log`;
GET, POST `spaces`, DELETE `spaces/{id}`; GET, POST `meters`, GET, PATCH, DELETE `meters/{id}`, GET
`meters/{id}/past/{since_ms}`, and POST `meters/{id}/replace`, `meters/{id}/reset_counter`,
`meters/{id}/move`; and, where the time is the computer's, POST `clock/leap` and `clock/stop`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from aiohttp import web
import orjson

from .admin_input import fault_from, kind_from, optional_int, optional_text, set_attributes, text_of
from .clock import HOUR_MS, LeapingClock
from .cloud import SimulatedCloud, SimulatedSpace
from .faults import Unset
from .meter import SimulatedMeter
from .payloads import space_json
from .protocol import ApiError, Json
from .validation import integer, invalid, parse_object


@dataclass(frozen=True, kw_only=True, slots=True)
class AdminCall:
    """One request at the back door."""

    cloud: SimulatedCloud
    path: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        return parse_object(self.raw)

    @property
    def meter(self) -> SimulatedMeter:
        """Return the meter of the path."""
        return self.cloud.meters[self.path["device_id"]]


type AdminHandler = Callable[[AdminCall], Json]


def add_admin_routes(app: web.Application, cloud: SimulatedCloud) -> None:
    """Add the back door to an application."""
    for (method, path), handler in _ROUTES.items():
        app.router.add_route(method, f"/_simulator/{path}", _serve(cloud, handler))


def _serve(
    cloud: SimulatedCloud, handler: AdminHandler
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        call = AdminCall(cloud=cloud, path=request.match_info, raw=await request.read())
        try:
            status, answer = 200, handler(call)
        except ApiError as error:
            status, answer = 400, {"error": error.detail}
        except KeyError as error:
            status, answer = 404, {"error": f"there is no {error.args[0]}"}
        body = orjson.dumps(answer)
        return web.Response(status=status, body=body, content_type="application/json")

    return serve


def _list_faults(call: AdminCall) -> Json:
    rows: list[Json] = []
    for fault_id, waiting in call.cloud.faults.active.items():
        row: dict[str, Json] = asdict(waiting.fault)
        if isinstance(waiting.fault.data, Unset):
            del row["data"]
        rows.append({"id": fault_id, "left": waiting.left, **row})
    return rows


def _add_fault(call: AdminCall) -> Json:
    return {"id": call.cloud.faults.add(fault_from(call.body))}


def _clear_faults(call: AdminCall) -> Json:
    call.cloud.faults.clear()
    return True


def _remove_fault(call: AdminCall) -> Json:
    call.cloud.faults.remove(int(call.path["fault_id"]))
    return True


def _show_requests(call: AdminCall) -> Json:
    requests = call.cloud.requests
    return {
        "counts": {str(endpoint): count for endpoint, count in requests.items()},
        "total": requests.total(),
        "at_once": requests.at_once,
        "max_at_once": requests.max_at_once,
    }


def _reset_requests(call: AdminCall) -> Json:
    call.cloud.requests.reset()
    return True


def _show_log(call: AdminCall) -> Json:
    return [[endpoint, device_id] for endpoint, device_id in call.cloud.requests.log]


def _list_spaces(call: AdminCall) -> Json:
    return [space_json(space) for space in call.cloud.spaces.values()]


def _add_space(call: AdminCall) -> Json:
    body = call.body
    space = call.cloud.add_space(
        text_of(body, "name"), description=optional_text(body, "description")
    )
    return space_json(space)


def _remove_space(call: AdminCall) -> Json:
    call.cloud.remove_space(int(call.path["space_id"]))
    return True


def _truth(meter: SimulatedMeter) -> dict[str, Json]:
    state = meter.state()
    return {
        "device_id": meter.device_id,
        "space_id": meter.space_id,
        "kind": meter.kind,
        "name": meter.name,
        "description": meter.label.description,
        "udfs": {**meter.udfs},
        "is_online": meter.is_online,
        "has_relay": meter.has_relay,
        "relay_closed": state.relay_closed,
        "mode": meter.mode,
        "balance": state.balance,
        "balance_millipaise": state.balance_millipaise,
        "energy_wh": state.energy_wh,
        "power_w": meter.register.at(state.time_ms)[1] / 10,
        "eb_tariff_paise": meter.eb_tariff_paise,
        "dg_tariff_paise": meter.dg_tariff_paise,
        "active_tariff": int(state.active_tariff),
        "gateway_enabled": meter.gateway_enabled,
        "null_fields": [*sorted(meter.null_fields)],
    }


def _list_meters(call: AdminCall) -> Json:
    return [_truth(meter) for meter in call.cloud.meters.values()]


def _show_meter(call: AdminCall) -> Json:
    return _truth(call.meter)


def _show_past(call: AdminCall) -> Json:
    """Return time, Wh and source, every six hours since a time, at each switch, and now."""
    meter, since_ms = call.meter, int(call.path["since_ms"])
    newest_ms = meter.state().time_ms
    times = {newest_ms, *range(since_ms, newest_ms, 6 * HOUR_MS)}
    while (since_ms := meter.grid.next_switch_ms(since_ms)) < newest_ms:
        times.add(since_ms)
    return [
        [time_ms, meter.register.wh_at(time_ms), int(meter.grid.source_at(time_ms))]
        for time_ms in sorted(times)
    ]


def _add_meter(call: AdminCall) -> Json:
    body = call.body
    meter = call.cloud.add_meter(
        _space(call, body).space_id,
        kind=kind_from(body),
        name=optional_text(body, "name"),
        udf1=optional_text(body, "udf1"),
        balance=optional_int(body, "balance"),
        energy_wh=optional_int(body, "energy_wh"),
        daily_wh=optional_int(body, "daily_wh") or None,
    )
    return _truth(meter)


def _change_meter(call: AdminCall) -> Json:
    set_attributes(call.meter, call.body)
    return _truth(call.meter)


def _remove_meter(call: AdminCall) -> Json:
    call.cloud.remove_meter(call.meter.device_id)
    return True


def _replace_meter(call: AdminCall) -> Json:
    return _truth(call.cloud.replace_meter(call.meter.device_id))


def _reset_counter(call: AdminCall) -> Json:
    call.cloud.reset_counter(call.meter.device_id)
    return _truth(call.meter)


def _move_meter(call: AdminCall) -> Json:
    call.cloud.move_meter(call.meter.device_id, _space(call, call.body).space_id)
    return _truth(call.meter)


def _leap(call: AdminCall) -> Json:
    _clock(call).leap(timedelta(seconds=integer(call.body, "seconds", lowest=0, highest=10**9)))
    return True


def _stop(call: AdminCall) -> Json:
    _clock(call).stop()
    return True


def _clock(call: AdminCall) -> LeapingClock:
    clock = call.cloud.clock
    if not isinstance(clock, LeapingClock):
        raise invalid("The time of this cloud is not its own.")
    return clock


def _space(call: AdminCall, body: dict[str, Json]) -> SimulatedSpace:
    return call.cloud.spaces[integer(body, "space_id", lowest=0, highest=2**31)]


_METER: Final = "meters/{device_id}"
_ROUTES: Final[Mapping[tuple[str, str], AdminHandler]] = {
    ("GET", "faults"): _list_faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("DELETE", r"faults/{fault_id:\d+}"): _remove_fault,
    ("GET", "requests"): _show_requests,
    ("DELETE", "requests"): _reset_requests,
    ("GET", "requests/log"): _show_log,
    ("POST", "clock/leap"): _leap,
    ("POST", "clock/stop"): _stop,
    ("GET", "spaces"): _list_spaces,
    ("POST", "spaces"): _add_space,
    ("DELETE", r"spaces/{space_id:\d+}"): _remove_space,
    ("GET", "meters"): _list_meters,
    ("POST", "meters"): _add_meter,
    ("GET", _METER): _show_meter,
    ("PATCH", _METER): _change_meter,
    ("DELETE", _METER): _remove_meter,
    ("GET", rf"{_METER}/past/{{since_ms:\d+}}"): _show_past,
    ("POST", f"{_METER}/replace"): _replace_meter,
    ("POST", f"{_METER}/reset_counter"): _reset_counter,
    ("POST", f"{_METER}/move"): _move_meter,
}
