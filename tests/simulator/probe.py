"""A plain HTTP client for the simulator's own tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import ClientSession
import orjson
from yarl import URL

from .protocol import Json

API_KEY = "probe-key"
# 18:00 in India, on a day in the hot season.
START = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One HTTP answer, its body read."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def envelope(self) -> dict[str, Json]:
        """Return the body, a JSON object."""
        return as_object(orjson.loads(self.raw))

    @property
    def data(self) -> dict[str, Json]:
        """Return the data of an answer that says yes, an object."""
        assert self.status == 200, self.raw
        assert self.envelope["success"] is True
        return as_object(self.envelope["data"])

    @property
    def readings(self) -> list[dict[str, Json]]:
        """Return the readings within the data."""
        return as_rows(self.data["readings"])

    @property
    def error(self) -> tuple[int, Json]:
        """Return the status and the error code of an answer that says no."""
        assert self.envelope["success"] is False
        return self.status, as_object(self.envelope["error"])["code"]


def as_object(value: Json) -> dict[str, Json]:
    """Return a value that must be an object."""
    assert isinstance(value, dict)
    return value


def as_rows(value: Json) -> list[dict[str, Json]]:
    """Return a value that must be a list of objects."""
    assert isinstance(value, list)
    return [as_object(row) for row in value]


def as_number(value: Json) -> float:
    """Return a value that must be a number."""
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)
    return value


@dataclass(kw_only=True, slots=True)
class Probe:
    """A client that knows nothing but HTTP."""

    session: ClientSession
    base: URL
    key: str | None = API_KEY

    async def send(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        raw: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request, follow nothing, and read the whole answer."""
        headers = {"X-Qube-API-Key": self.key} if self.key is not None else {}
        if raw is None and body is not None:
            raw = orjson.dumps(body)
        async with self.session.request(
            method,
            self.base.join(URL(path)).with_query(query),
            data=raw,
            headers=headers,
            allow_redirects=False,
        ) as response:
            return Reply(
                status=response.status, headers=response.headers, raw=await response.read()
            )

    async def get(self, path: str, **query: str) -> Reply:
        """Read."""
        return await self.send("GET", path, query=query)

    async def put(self, path: str, body: Json) -> Reply:
        """Write."""
        return await self.send("PUT", path, body)

    async def device(self, device_id: str, rest: str = "", **query: str) -> Reply:
        """Read something of a meter."""
        return await self.get(f"/api/v2/devices/{device_id}/{rest}", **query)

    async def command(self, device_id: str, rest: str, body: Json) -> Reply:
        """Tell a meter something."""
        return await self.put(f"/api/v2/devices/{device_id}/{rest}", body)

    async def history(
        self, device_id: str, property_id: str, first: str, last: str, interval: str
    ) -> list[dict[str, Json]]:
        """Read the rows of a property's history."""
        reply = await self.device(
            device_id,
            "metrics/history",
            property_id=property_id,
            from_date=first,
            to_date=last,
            interval=interval,
        )
        return reply.readings
