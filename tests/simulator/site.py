"""FlatPeak, simulated: main meters, and the records of what flowed through them."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby, islice
from typing import Final

from .clock import Clock, from_ms, real_clock, to_ms
from .cloud import SimulatedSpace
from .load import UNITS_PER_WH, Character, LoadCurve
from .protocol import Json
from .site_faults import SiteFault

# Wh that had flowed in one direction by a time, in milliseconds since 1970.
type Flow = Callable[[int], int]

HALF_HOUR_MS: Final = 1_800_000
TOKEN_LIFE: Final = timedelta(seconds=3600)
ACCOUNT_ID: Final = "acc_demo"
SITE_API_KEY: Final = "demo-site-key"


class SiteEndpoint(StrEnum):
    """What can be asked."""

    LOGIN = "login"
    DEVICES = "devices"
    RECORDS = "records"


class SiteError(Exception):
    """An answer that says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the HTTP status and the words."""
        super().__init__(code)
        self.status = status
        self.body: dict[str, Json] = {
            "object": "error",
            "type": "invalid_request",
            "code": code,
            "message": message,
        }


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """What flowed between two times, in milliseconds and Wh."""

    start_ms: int
    end_ms: int
    energy_wh: int


def load_flow(seed: int, daily_wh: int) -> Flow:
    """Return what an office of this size has drawn by each time."""
    load = LoadCurve(seed=seed, character=Character.OFFICE, daily_wh=daily_wh)
    return lambda time_ms: load.at(time_ms)[0] // UNITS_PER_WH


@dataclass(kw_only=True)
class SimulatedSite:
    """One main meter. `wh_per_unit` is 1000 where its values are kWh."""

    device_id: str
    installed_ms: int
    inbound: Flow
    outbound: Flow = lambda _time_ms: 0
    reference_id: str | None = None
    step_ms: int = HALF_HOUR_MS
    wh_per_unit: int = 1000
    # Records that begin in one of these spans are missing; newer ones than this are not there yet.
    gaps: list[range] = field(default_factory=list)
    delay_ms: int = 0
    # The confidence of records by their start, in milliseconds; of the others it is 1.
    confidences: dict[int, float] = field(default_factory=dict)

    def flow(self, direction: str) -> Flow:
        """Return what flows in a direction."""
        return self.inbound if direction == "INBOUND" else self.outbound

    def true_wh(self, start: datetime, end: datetime, direction: str = "INBOUND") -> int:
        """Return what flowed between two aware times."""
        flow = self.flow(direction)
        return flow(to_ms(end)) - flow(to_ms(start))

    def records(
        self, start_ms: int, end_ms: int, direction: str, *, is_newest_first: bool
    ) -> Iterator[SiteRecord]:
        """Yield the records that begin in a span."""
        flow = self.flow(direction)
        first = -(-max(start_ms, self.installed_ms) // self.step_ms)
        last = -(-end_ms // self.step_ms)
        steps = range(first, last)
        for step in reversed(steps) if is_newest_first else steps:
            begin = step * self.step_ms
            if not any(begin in gap for gap in self.gaps):
                end = begin + self.step_ms
                yield SiteRecord(begin, end, flow(end) - flow(begin))


class SimulatedFlatPeak:
    """One account of FlatPeak, with its main meters."""

    def __init__(
        self,
        *,
        account_id: str = ACCOUNT_ID,
        api_key: str = SITE_API_KEY,
        clock: Clock = real_clock,
    ) -> None:
        """Begin without meters; `clock` returns aware times."""
        self.account_id = account_id
        self.api_key = api_key
        self.clock = clock
        self.sites: dict[str, SimulatedSite] = {}
        self.faults: list[SiteFault] = []
        self.log: list[SiteEndpoint] = []
        self.bodies: list[dict[str, Json]] = []
        self.has_device_list = True
        # What the service itself sends at most, whatever is asked for.
        self.largest_page = 25_000
        self.ignores_order = False
        self._tokens: dict[str, datetime] = {}
        self._logins = 0

    def add_site(
        self, device_id: str, inbound: Flow, *, installed_at: datetime | None = None
    ) -> SimulatedSite:
        """Add a main meter, installed two years ago if not said."""
        installed_at = installed_at or self.clock() - timedelta(days=730)
        installed_ms = to_ms(installed_at) // HALF_HOUR_MS * HALF_HOUR_MS
        site = SimulatedSite(device_id=device_id, installed_ms=installed_ms, inbound=inbound)
        self.sites[device_id] = site
        return site

    def add_building(
        self, device_id: str, space: SimulatedSpace, *, lost_wh_per_hour: int
    ) -> SimulatedSite:
        """Add the main meter of a space: what its meters measure, and what is lost before them."""

        def inbound(time_ms: int) -> int:
            used_wh = sum(meter.register.wh_at(time_ms) for meter in space.meters.values())
            return used_wh + time_ms // 1000 * lost_wh_per_hour // 3600

        return self.add_site(device_id, inbound)

    def log_in(self, authorization: str | None) -> dict[str, Json]:
        """Issue a token to who brings the account and its key."""
        pair = b64encode(f"{self.account_id}:{self.api_key}".encode()).decode()
        if authorization != f"Basic {pair}":
            raise SiteError(401, "authentication_failed", "The account or its key is not valid.")
        return {
            "object": "access_token",
            "bearer_token": self.issue_token(),
            "live_mode": False,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def issue_token(self) -> str:
        """Return a token that is good for an hour."""
        self._logins += 1
        token = f"canary-site-token-{self._logins}"
        self._tokens[token] = self.clock() + TOKEN_LIFE
        return token

    def revoke_tokens(self) -> None:
        """Let no token be good any more."""
        self._tokens.clear()

    def check_token(self, authorization: str | None) -> None:
        """Refuse who has no good token."""
        token = (authorization or "").removeprefix("Bearer ")
        if self._tokens.get(token, datetime.min.replace(tzinfo=UTC)) <= self.clock():
            raise SiteError(401, "invalid_token", "The token is not valid, or no longer.")

    def devices(self, starting_after: str | None, limit: int) -> dict[str, Json]:
        """Return a page of the list of devices."""
        if not self.has_device_list:
            raise SiteError(404, "not_found", "There is no such list.")
        ids = list(self.sites)
        left = ids[ids.index(starting_after) + 1 :] if starting_after in ids else ids
        shown: list[Json] = [
            {"object": "device", "id": each, "reference_id": self.sites[each].reference_id}
            for each in left[:limit]
        ]
        return {"object": "list", "has_more": len(left) > limit, "data": shown}

    def page(
        self,
        site: SimulatedSite,
        direction: str,
        group_by: str,
        span: tuple[int, int],
        *,
        is_newest_first: bool,
        limit: int,
    ) -> dict[str, Json]:
        """Return a page of records that begin in a span of milliseconds."""
        # A record is there once its time is over, or later.
        known_ms = to_ms(self.clock()) - site.delay_ms
        end_ms = min(span[1], known_ms - site.step_ms + 1)
        is_newest_first = is_newest_first != self.ignores_order
        records = site.records(span[0], end_ms, direction, is_newest_first=is_newest_first)
        grouped = _grouped(records, group_by)
        limit = min(limit, self.largest_page)
        found = list(islice(grouped, limit + 1))
        shown: list[Json] = [_json(site, record) for record in found[:limit]]
        return {
            "object": "list",
            "url": "/site-meters",
            "has_more": len(found) > limit,
            "data": {
                "id": "mre_69a696dbbd198e0ed4d57fcf",
                "object": "meter_log",
                "device_id": site.device_id,
                "count": len(shown),
                "energy_flow_direction": direction,
                "records": shown,
            },
        }


def _json(site: SimulatedSite, record: SiteRecord) -> dict[str, Json]:
    return {
        "start_time": _time(record.start_ms),
        "end_time": _time(record.end_ms),
        "value": record.energy_wh if site.wh_per_unit == 1 else record.energy_wh / site.wh_per_unit,
        "confidence": site.confidences.get(record.start_ms, 1),
    }


def _grouped(records: Iterator[SiteRecord], group_by: str) -> Iterator[SiteRecord]:
    """Yield the records summed up over the spans that are asked for, those of UTC."""
    if group_by == "NON_FIXED":
        yield from records
        return
    for _, group in groupby(records, key=lambda record: _span_of(record.start_ms, group_by)):
        members = sorted(group, key=lambda record: record.start_ms)
        yield SiteRecord(
            members[0].start_ms,
            members[-1].end_ms,
            sum(member.energy_wh for member in members),
        )


def _span_of(start_ms: int, group_by: str) -> tuple[int, ...]:
    at = from_ms(start_ms)
    match group_by:
        case "HALF_HOUR":
            return at.toordinal(), at.hour, at.minute // 30
        case "HOUR":
            return at.toordinal(), at.hour
        case "DAY":
            return (at.toordinal(),)
        case "WEEK":
            return at.isocalendar()[:2]
        case _:
            return at.year, at.month


def _time(time_ms: int) -> str:
    return from_ms(time_ms).isoformat().replace("+00:00", "Z")
