"""The HTTP side: routes, key, envelope and faults."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime
from hmac import compare_digest
from typing import Final

from aiohttp import web

from .admin import add_admin_routes
from .cloud import SimulatedCloud
from .faults import FaultKind
from .handlers import HANDLERS, Call
from .protocol import ApiError, ErrorCode, failure, success
from .sabotage import lose, sabotage, spoil, truncate
from .traffic import READS, Endpoint

CLOUD: Final = web.AppKey("cloud", SimulatedCloud)

_DEVICE: Final = "/api/v2/devices/{device_id}"
_SPACE: Final = r"/api/v2/spaces/{space_id:\d+}/"
# The order is the order of matching: the busiest first.
_ROUTES: Final = (
    (Endpoint.METRICS, "GET", f"{_DEVICE}/metrics"),
    (Endpoint.DEVICE, "GET", f"{_DEVICE}/"),
    (Endpoint.DEVICE_UPDATE, "PUT", f"{_DEVICE}/"),
    (Endpoint.SPACES, "GET", "/api/v2/spaces/"),
    (Endpoint.SPACE, "GET", _SPACE),
    (Endpoint.SPACE_UPDATE, "PUT", _SPACE),
    (Endpoint.RELAY, "PUT", f"{_DEVICE}/relay"),
    (Endpoint.MODE, "PUT", f"{_DEVICE}/mode"),
    (Endpoint.TARIFF_EB, "PUT", f"{_DEVICE}/tariffs/eb"),
    (Endpoint.TARIFF_DG, "PUT", f"{_DEVICE}/tariffs/dg"),
    (Endpoint.TARIFF_ACTIVE, "PUT", f"{_DEVICE}/tariffs/active"),
    (Endpoint.HISTORY, "GET", f"{_DEVICE}/metrics/history"),
    (Endpoint.WIFI, "GET", f"{_DEVICE}/wifi"),
    (Endpoint.WIFI_UPDATE, "POST", f"{_DEVICE}/wifi"),
    (Endpoint.GATEWAY, "PUT", f"{_DEVICE}/payments/gateway"),
)
_NOT_FOUND: Final = "<!doctype html><title>Not Found</title><h1>Not Found</h1>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """An HTTP answer before it is one."""

    status: int
    body: bytes


def create_app(cloud: SimulatedCloud) -> web.Application:
    """Return the application that serves a cloud."""
    app = web.Application()
    app[CLOUD] = cloud
    for endpoint, method, path in _ROUTES:
        app.router.add_route(method, path, _serve(cloud, endpoint))
    add_admin_routes(app, cloud)
    app.router.add_route("*", "/{tail:.*}", _not_found)
    return app


def tell_time(app: web.Application) -> None:
    """Let the answers be dated by the cloud's own clock instead of the computer's."""
    clock = app[CLOUD].clock

    async def date(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(clock(), usegmt=True)

    app.on_response_prepare.append(date)


async def _not_found(_request: web.Request) -> web.Response:
    return web.Response(status=404, text=_NOT_FOUND, content_type="text/html")


def _serve(
    cloud: SimulatedCloud, endpoint: Endpoint
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return what serves one endpoint."""

    async def serve(request: web.Request) -> web.StreamResponse:
        device_id = request.match_info.get("device_id")
        cloud.requests.begin(endpoint, device_id)
        try:
            raw = b"" if endpoint in READS else await request.read()
            if cloud.faults.active:
                return await _serve_faulty(cloud, endpoint, request, raw)
            return _respond(_answer(cloud, endpoint, request, raw))
        finally:
            cloud.requests.end()

    return serve


async def _serve_faulty(
    cloud: SimulatedCloud, endpoint: Endpoint, request: web.Request, raw: bytes
) -> web.StreamResponse:
    """Serve a request that may meet faults."""
    sabotaged: web.StreamResponse | None = None
    for fault in cloud.faults.take(endpoint, request.match_info.get("device_id")):
        match fault.kind:
            case FaultKind.LATENCY:
                await asyncio.sleep(fault.seconds)
            case FaultKind.IGNORED:
                ignored = _answer(cloud, endpoint, request, raw, is_ignored=True)
                sabotaged = _respond(ignored)
            case FaultKind.ANSWER_LOST:
                _answer(cloud, endpoint, request, raw)
                sabotaged = lose(request)
            case FaultKind.DROP:
                sabotaged = lose(request)
            case FaultKind.TRUNCATION:
                good = _answer(cloud, endpoint, request, raw)
                sabotaged = await truncate(request, good.body)
            case FaultKind.WRONG_TYPES:
                good = _answer(cloud, endpoint, request, raw)
                sabotaged = spoil(cloud, fault, good.body)
            case _:
                sabotaged = sabotage(cloud, fault)
    return sabotaged or _respond(_answer(cloud, endpoint, request, raw))


def _respond(result: Result) -> web.Response:
    return web.Response(
        status=result.status, body=result.body, headers={"Content-Type": "application/json"}
    )


def _check_key(cloud: SimulatedCloud, request: web.Request) -> None:
    key = request.headers.get("X-Qube-API-Key", "")
    if not compare_digest(key.encode(), cloud.api_key.encode()):
        raise ApiError(ErrorCode.AUTHENTICATION_ERROR)


def _answer(
    cloud: SimulatedCloud,
    endpoint: Endpoint,
    request: web.Request,
    raw: bytes,
    *,
    is_ignored: bool = False,
) -> Result:
    """Return what the cloud says to a request, and do it unless it is to be ignored."""
    now = cloud.clock()
    try:
        _check_key(cloud, request)
        query = request.query if endpoint is Endpoint.HISTORY else {}
        call = Call(cloud=cloud, path=request.match_info, query=query, raw=raw)
        answer = HANDLERS[endpoint](call)
    except ApiError as error:
        return Result(status=error.status, body=failure(now, error.code, error.detail))
    if answer.apply is not None and not is_ignored:
        answer.apply()
    return Result(status=200, body=success(now, answer.data(), answer.message))
