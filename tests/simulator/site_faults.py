"""Faults of the simulated FlatPeak on demand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
import orjson

from .faults import FaultKind
from .protocol import Json


@dataclass(kw_only=True, slots=True)
class SiteFault:
    """One fault: at which endpoint (all of them where none is named), how often, and how."""

    kind: FaultKind
    endpoint: str | None = None
    times: int | None = None
    seconds: float = 1.0
    status: int | None = None
    content: Json = None
    message: str = "Something is wrong with limit."
    is_json: bool = True


def site_answer(fault: SiteFault) -> web.Response:
    """Return what a fault answers in FlatPeak's place."""
    return _ANSWERS[fault.kind](fault)


def site_json(status: int, content: Json) -> web.Response:
    """Return an answer with a JSON body."""
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")


def _refusal(status: int, fault: SiteFault, kind: str) -> web.Response:
    error: Json = {
        "object": "error",
        "type": kind,
        "code": "invalid_parameter",
        "message": fault.message,
    }
    return site_json(status, error)


def _page(status: int) -> web.Response:
    text = "<!doctype html><title>Please wait</title>"
    return web.Response(status=status, text=text, content_type="text/html")


_ANSWERS: Final[Mapping[FaultKind, Callable[[SiteFault], web.Response]]] = {
    FaultKind.HTML_200: lambda _: _page(200),
    FaultKind.PROXY_403: lambda _: _page(403),
    FaultKind.WRONG_TYPES: lambda fault: site_json(fault.status or 200, fault.content),
    FaultKind.UNAUTHORIZED: lambda fault: _refusal(401, fault, "invalid_request"),
    FaultKind.FAILURE_200: lambda fault: _refusal(200, fault, "invalid_request"),
    FaultKind.ERROR: lambda fault: _refusal(fault.status or 400, fault, "invalid_request"),
    FaultKind.SERVER_ERROR: lambda fault: (
        _refusal(500, fault, "api_error") if fault.is_json else _page(500)
    ),
    FaultKind.RATE_LIMITED: lambda _: web.Response(status=429, headers={"Retry-After": "0"}),
    FaultKind.REDIRECT: lambda _: web.Response(
        status=302, headers={"Location": "http://127.0.0.1:9/"}
    ),
    FaultKind.OVERSIZED: lambda _: web.Response(body=b'{"x": "' + b"x" * 9 * 1024 * 1024 + b'"}'),
}
