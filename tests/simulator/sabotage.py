"""How each fault answers in the cloud's place."""

from collections.abc import Callable, Mapping
import gzip
from itertools import cycle
from typing import Final

from aiohttp import web
import orjson

from .cloud import SimulatedCloud
from .faults import Fault, FaultKind, Unset
from .protocol import DETAIL, STATUS, ErrorCode, Json, failure, success

_WRONG: Final[list[Json]] = [
    None,
    -1,
    "NaN",
    True,
    2**63 - 1,
    1e308,
    [],
    {},
    "",
    "Infinity",
    -0.5,
    [1, 2],
    {"value": 1},
]
_HTML: Final = "<!doctype html><title>Please wait</title><p>Checking your connection.</p>"
_PROXY: Final = "<!doctype html><title>403 Forbidden</title><h1>Forbidden</h1><p>proxy</p>"
_BROKEN: Final = "<!doctype html><title>Error</title><h1>Something went wrong</h1>"


def sabotage(cloud: SimulatedCloud, fault: Fault) -> web.Response:
    """Return the answer of a fault that needs nothing of what the cloud would have said."""
    return _ANSWERS[fault.kind](cloud, fault)


def lose(request: web.Request) -> web.StreamResponse:
    """Close the connection, so that no answer arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def truncate(request: web.Request, good: bytes) -> web.StreamResponse:
    """Send half of a body whose whole length was declared."""
    headers = {"Content-Type": "application/json", "Content-Length": str(len(good))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(good[: len(good) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def spoil(cloud: SimulatedCloud, fault: Fault, good: bytes) -> web.Response:
    """Send a good envelope around the fault's data, or around values of wrong types."""
    if not isinstance(fault.data, Unset):
        return _json(200, success(cloud.clock(), fault.data))
    envelope: dict[str, Json] = orjson.loads(good)
    return _json(200, success(cloud.clock(), _spoilt(envelope.get("data"))))


def _spoilt(data: Json) -> Json:
    """Keep shape and ids and spoil every other value, so that the right meter gets the nonsense."""
    wrong = cycle(_WRONG)
    match data:
        case dict():
            return {
                key: value if key in ("device_id", "space_id") else next(wrong)
                for key, value in data.items()
            }
        case list():
            return [_spoilt(item) for item in data]
        case _:
            return next(wrong)


def _html_200(_cloud: SimulatedCloud, fault: Fault) -> web.Response:
    return _html(200, fault.body or _HTML)


def _unauthorized(cloud: SimulatedCloud, _fault: Fault) -> web.Response:
    return _refused(cloud, 401, ErrorCode.AUTHENTICATION_ERROR)


def _auth_error_200(cloud: SimulatedCloud, _fault: Fault) -> web.Response:
    return _refused(cloud, 200, ErrorCode.AUTHENTICATION_ERROR)


def _proxy_403(_cloud: SimulatedCloud, _fault: Fault) -> web.Response:
    return _html(403, _PROXY)


def _rate_limited(cloud: SimulatedCloud, fault: Fault) -> web.Response:
    response = _json(429, failure(cloud.clock(), "rate_limited", "Too many requests."))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _server_error(cloud: SimulatedCloud, fault: Fault) -> web.Response:
    if not fault.is_json:
        return _html(fault.status, _BROKEN)
    body = failure(cloud.clock(), "server_error", "Something went wrong.")
    return _json(fault.status, body)


def _failure_200(cloud: SimulatedCloud, fault: Fault) -> web.Response:
    return _refused(cloud, 200, fault.code)


def _error(cloud: SimulatedCloud, fault: Fault) -> web.Response:
    return _refused(cloud, STATUS[fault.code], fault.code)


def _redirect(_cloud: SimulatedCloud, fault: Fault) -> web.Response:
    return web.Response(status=302, headers={"Location": fault.url})


def _oversized(cloud: SimulatedCloud, fault: Fault) -> web.Response:
    body = gzip.compress(success(cloud.clock(), "0" * fault.size_bytes), compresslevel=1)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return web.Response(body=body, headers=headers)


def _refused(cloud: SimulatedCloud, status: int, code: ErrorCode) -> web.Response:
    return _json(status, failure(cloud.clock(), code, DETAIL[code]))


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _html(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")


_ANSWERS: Final[Mapping[FaultKind, Callable[[SimulatedCloud, Fault], web.Response]]] = {
    FaultKind.HTML_200: _html_200,
    FaultKind.UNAUTHORIZED: _unauthorized,
    FaultKind.AUTH_ERROR_200: _auth_error_200,
    FaultKind.PROXY_403: _proxy_403,
    FaultKind.RATE_LIMITED: _rate_limited,
    FaultKind.SERVER_ERROR: _server_error,
    FaultKind.FAILURE_200: _failure_200,
    FaultKind.ERROR: _error,
    FaultKind.REDIRECT: _redirect,
    FaultKind.OVERSIZED: _oversized,
}
