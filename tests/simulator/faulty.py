"""Faults on demand for the clouds beside Qube's: before an endpoint answers, or in its place."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final, Protocol

from aiohttp import web

from .faults import FaultKind
from .sabotage import lose, truncate

# Those that make sense of these clouds; the others are of Qube's own words.
CLOUD_FAULTS: Final = (
    FaultKind.LATENCY,
    FaultKind.DROP,
    FaultKind.TRUNCATION,
    FaultKind.HTML_200,
    FaultKind.WRONG_TYPES,
    FaultKind.UNAUTHORIZED,
    FaultKind.PROXY_403,
    FaultKind.RATE_LIMITED,
    FaultKind.SERVER_ERROR,
    FaultKind.FAILURE_200,
    FaultKind.ERROR,
    FaultKind.REDIRECT,
    FaultKind.OVERSIZED,
    FaultKind.ANSWER_LOST,
)

# What an answer without a body is cut off from.
_SOME_JSON: Final = b'{"success": true, "data": {"id": 1, "name": "x"}}'


class CloudFault(Protocol):
    """One fault: at which endpoint (all of them where none is named), how often, and how."""

    kind: FaultKind
    endpoint: str | None
    times: int | None
    seconds: float


def faulty_app[E: str, F: CloudFault](
    routes: Iterable[tuple[E, str, str]],
    *,
    log: list[E],
    faults: list[F],
    answer: Callable[[E, web.Request, bytes], web.Response],
    instead: Callable[[F], web.Response],
) -> web.Application:
    """Return what serves endpoints, each by method and path; `instead` is what a fault answers."""
    app = web.Application()
    for endpoint, method, path in routes:
        serve = _served(
            endpoint, log=log, faults=faults, answer=partial(answer, endpoint), instead=instead
        )
        app.router.add_route(method, path, serve)
    return app


def _served[E: str, F: CloudFault](
    endpoint: E,
    *,
    log: list[E],
    faults: list[F],
    answer: Callable[[web.Request, bytes], web.Response],
    instead: Callable[[F], web.Response],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        log.append(endpoint)
        raw = await request.read()
        fault = _take(faults, endpoint)
        if fault is not None and fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.seconds)
            fault = None
        if fault is None:
            return answer(request, raw)
        match fault.kind:
            case FaultKind.DROP:
                return lose(request)
            case FaultKind.ANSWER_LOST:
                answer(request, raw)
                return lose(request)
            case FaultKind.TRUNCATION:
                good = answer(request, raw).body
                return await truncate(request, good if isinstance(good, bytes) else _SOME_JSON)
            case _:
                return instead(fault)

    return serve


def _take[F: CloudFault](faults: list[F], endpoint: str) -> F | None:
    """Return the oldest fault that is meant for an endpoint, and count that it struck."""
    for fault in faults:
        if fault.endpoint in {None, endpoint}:
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    faults.remove(fault)
            return fault
    return None
