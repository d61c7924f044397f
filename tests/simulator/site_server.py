"""The HTTP side of the simulated FlatPeak: its login, its devices, and their records."""

from datetime import datetime
from functools import partial
from typing import Final

from aiohttp import web
import orjson

from .clock import DAY_MS, to_ms
from .cloud import SimulatedCloud
from .faulty import faulty_app
from .protocol import Json
from .site import SimulatedFlatPeak, SiteEndpoint, SiteError
from .site_faults import site_answer, site_json

DEMO_DEVICE: Final = "dev_demo_main_meter"
_DEMO_LOST_WH: Final = 90
_ROUTES: Final = (
    (SiteEndpoint.LOGIN, "GET", "/login"),
    (SiteEndpoint.DEVICES, "GET", "/devices"),
    (SiteEndpoint.RECORDS, "POST", "/meters/records"),
)
_GROUPS: Final = ("NON_FIXED", "HALF_HOUR", "HOUR", "DAY", "WEEK", "MONTH")
_ORDERS: Final = ("NEWEST", "OLDEST")
_DIRECTIONS: Final = ("INBOUND", "OUTBOUND")
_LARGEST_PAGE: Final = 25_000
_LONGEST_WINDOW_MS: Final = 90 * DAY_MS


def create_site_app(flatpeak: SimulatedFlatPeak) -> web.Application:
    """Return the application that serves an account."""
    return faulty_app(
        _ROUTES,
        log=flatpeak.log,
        faults=flatpeak.faults,
        answer=partial(_answer, flatpeak),
        instead=site_answer,
    )


async def serve_site(cloud: SimulatedCloud, host: str, port: int) -> web.AppRunner:
    """Serve a FlatPeak with the main meter of a cloud's first space, if any; the caller ends it."""
    flatpeak = SimulatedFlatPeak(clock=cloud.clock)
    for space in [*cloud.spaces.values()][:1]:
        flatpeak.add_building(DEMO_DEVICE, space, lost_wh_per_hour=_DEMO_LOST_WH)
    runner = web.AppRunner(create_site_app(flatpeak), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


def _answer(
    flatpeak: SimulatedFlatPeak, endpoint: SiteEndpoint, request: web.Request, raw: bytes
) -> web.Response:
    authorization = request.headers.get("Authorization")
    try:
        if endpoint is SiteEndpoint.LOGIN:
            return site_json(200, flatpeak.log_in(authorization))
        flatpeak.check_token(authorization)
        if endpoint is SiteEndpoint.DEVICES:
            limit = int(request.query.get("limit", "30"))
            return site_json(200, flatpeak.devices(request.query.get("starting_after"), limit))
        return site_json(200, _records(flatpeak, raw))
    except SiteError as error:
        return site_json(error.status, error.body)


def _records(flatpeak: SimulatedFlatPeak, raw: bytes) -> dict[str, Json]:
    try:
        body: Json = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _invalid("body") from error
    if not isinstance(body, dict):
        raise _invalid("body")
    flatpeak.bodies.append(body)
    site = flatpeak.sites.get(str(body.get("id")))
    if site is None:
        raise SiteError(404, "resource_missing", "There is no such device.")
    limit = body.get("limit", 100)
    if not isinstance(limit, int) or not 1 <= limit <= _LARGEST_PAGE:
        raise _invalid("limit")
    for cursor in ("starting_after", "ending_before"):
        if not str(body.get(cursor, "mre_")).startswith("mre_"):
            raise _invalid(cursor)
    start_ms, end_ms = _instant(body, "start_time"), _instant(body, "end_time")
    if start_ms is not None and end_ms is not None and not _is_window(start_ms, end_ms):
        raise _invalid("end_time")
    return flatpeak.page(
        site,
        _one_of(body, "energy_flow_direction", _DIRECTIONS),
        _one_of(body, "group_by", _GROUPS),
        (
            site.installed_ms if start_ms is None else start_ms,
            to_ms(flatpeak.clock()) if end_ms is None else end_ms,
        ),
        is_newest_first=_one_of(body, "order_by", _ORDERS) == "NEWEST",
        limit=limit,
    )


def _is_window(start_ms: int, end_ms: int) -> bool:
    return start_ms < end_ms <= start_ms + _LONGEST_WINDOW_MS


def _one_of(body: dict[str, Json], key: str, allowed: tuple[str, ...]) -> str:
    """Return one of the words, the first of which is the default."""
    value = body.get(key, allowed[0])
    if value not in allowed:
        raise _invalid(key)
    return str(value)


def _instant(body: dict[str, Json], key: str) -> int | None:
    value = body.get(key)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _invalid(key) from error
    if at.tzinfo is None:
        raise _invalid(key)
    return to_ms(at)


def _invalid(field: str) -> SiteError:
    return SiteError(400, "invalid_parameter", f"Something is wrong with {field}.")
