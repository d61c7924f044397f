"""Faults of the simulated registry on demand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
import orjson

from .faults import FaultKind
from .protocol import Json


@dataclass(kw_only=True, slots=True)
class RegistryFault:
    """One fault: at which endpoint (all of them where none is named), how often, and how."""

    kind: FaultKind
    endpoint: str | None = None
    times: int | None = None
    seconds: float = 1.0
    status: int = 400
    data: Json = None
    error: Json = "something is wrong with name"


def answer_of(fault: RegistryFault) -> web.Response:
    """Return what a fault answers in the registry's place."""
    return _ANSWERS[fault.kind](fault)


def json_answer(status: int, content: Json) -> web.Response:
    """Return an answer with a JSON body."""
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")


def _page(status: int, title: str) -> web.Response:
    text = f"<!doctype html><title>{title}</title>"
    return web.Response(status=status, text=text, content_type="text/html")


def _refusal(status: int, fault: RegistryFault) -> web.Response:
    return json_answer(status, {"success": False, "error": fault.error})


_ANSWERS: Final[Mapping[FaultKind, Callable[[RegistryFault], web.Response]]] = {
    FaultKind.HTML_200: lambda _: _page(200, "Please wait"),
    FaultKind.PROXY_403: lambda _: _page(403, "Forbidden"),
    FaultKind.SERVER_ERROR: lambda _: _page(500, "Error"),
    FaultKind.WRONG_TYPES: lambda fault: json_answer(200, {"success": True, "data": fault.data}),
    FaultKind.UNAUTHORIZED: lambda fault: _refusal(401, fault),
    FaultKind.FAILURE_200: lambda fault: _refusal(200, fault),
    FaultKind.ERROR: lambda fault: _refusal(fault.status, fault),
    FaultKind.RATE_LIMITED: lambda _: web.Response(status=429, headers={"Retry-After": "0"}),
    FaultKind.REDIRECT: lambda _: web.Response(
        status=302, headers={"Location": "http://127.0.0.1:9/"}
    ),
    FaultKind.OVERSIZED: lambda _: web.Response(body=b'"' + b"x" * 3 * 1024 * 1024 + b'"'),
}
