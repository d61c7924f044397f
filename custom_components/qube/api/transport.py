"""One HTTP exchange with a cloud, by the rules that keep secrets safe and the cloud calm."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
from typing import Final, Literal

from aiohttp import ClientError, ClientPayloadError, ClientResponse, ClientSession, ClientTimeout
import orjson
from yarl import URL

from .errors import (
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
)
from .parsing import Json

type Method = Literal["GET", "PUT", "POST", "DELETE"]

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
REQUESTS_AT_ONCE: Final = 8
TIMEOUT: Final = ClientTimeout(total=20, sock_connect=10)
RETRY_AFTER_S: Final = (1.0, 3600.0)
DEFAULT_RETRY_AFTER_S: Final = 60.0


class RequestLimit:
    """Let a few requests run at once, commands before all others."""

    def __init__(self, at_once: int) -> None:
        """Allow `at_once` requests."""
        self._free = at_once
        self._commands: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    def slot(self, *, command: bool) -> Slot:
        """Return a context that holds one slot, waiting for it where none is free."""
        return Slot(self, command=command)

    async def take(self, *, command: bool) -> None:
        """Take a slot, waiting for it where none is free."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(self._commands if command else self._others)

    def hand_on(self) -> None:
        """Give a slot to the next in line, commands first, or back."""
        for queue in (self._commands, self._others):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The slot was already handed to the one who gives up.
                self.hand_on()
            raise


class Slot:
    """One request's place; a class, because a generator would cost as much as half a reading."""

    __slots__ = ("_command", "_limit")

    def __init__(self, limit: RequestLimit, *, command: bool) -> None:
        """Prepare to take a slot."""
        self._limit = limit
        self._command = command

    async def __aenter__(self) -> None:
        """Take it."""
        await self._limit.take(command=self._command)

    async def __aexit__(self, *_: object) -> None:
        """Hand it on."""
        self._limit.hand_on()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a cloud answered; `content` is None where the body is no JSON, or none at all."""

    status: int
    content: Json


class Transport:
    """Send requests for one account, and return their answers whatever they say."""

    def __init__(
        self, session: ClientSession, url: str, *, max_body_bytes: int = MAX_BODY_BYTES
    ) -> None:
        """Use the given session; `url` is the base address, without a path."""
        self._session = session
        self._url = url.rstrip("/")
        self._max_body_bytes = max_body_bytes
        self._urls: dict[str, URL] = {}
        self._limit = RequestLimit(REQUESTS_AT_ONCE)
        self._not_before = 0.0
        # The cloud's time at its last answer, None where it never told one.
        self.answered_at: datetime | None = None

    async def exchange(
        self,
        method: Method,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
        command: bool = False,
    ) -> Answer:
        """Send one request and return its answer, at any status but 429.

        `command` lets it pass all waiting requests that are none. Raises a QubeError.
        """
        failure: QubeError | None = None
        async with self._limit.slot(command=command):
            self._check_rate_limit()
            try:
                url = self._url_of(path)
                if query is not None:
                    url = url.with_query(query)
                status, content = await self._exchange(method, url, headers, body)
            except ClientPayloadError:
                failure = QubeResponseError("the answer was cut off")
            except TimeoutError:
                failure = QubeConnectionError("no answer in time")
            except (ClientError, OSError, ValueError) as err:
                # A ValueError is a URL or a key that HTTP cannot carry.
                failure = QubeConnectionError(f"no connection ({type(err).__name__})")
        # Raised here, where it has no context: aiohttp's errors hold the request, and so the key.
        if failure is not None:
            raise failure
        return Answer(status, _parsed(content))

    def _url_of(self, path: str) -> URL:
        """Return the address of a path; the same few are needed at every poll."""
        if (url := self._urls.get(path)) is None:
            url = self._urls[path] = URL(f"{self._url}{path}", encoded=True)
        return url

    async def _exchange(
        self,
        method: Method,
        url: URL,
        headers: Mapping[str, str],
        body: Mapping[str, Json] | None,
    ) -> tuple[int, bytes]:
        async with self._session.request(
            method,
            url,
            headers=headers,
            json=body,
            timeout=TIMEOUT,
            # aiohttp would carry the key to wherever a redirect points.
            allow_redirects=False,
        ) as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise self._rate_limited(response.headers.get("Retry-After"))
            self.answered_at = parse_date(response.headers.get("Date"))
            return response.status, await _read(response, self._max_body_bytes)

    def _check_rate_limit(self) -> None:
        if (wait_s := self._not_before - asyncio.get_running_loop().time()) > 0:
            raise QubeRateLimitError(wait_s)

    def _rate_limited(self, retry_after: str | None) -> QubeRateLimitError:
        """Hold back the whole account, not only this request."""
        wait_s = parse_retry_after(retry_after)
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + wait_s)
        return QubeRateLimitError(wait_s)


def parse_retry_after(value: str | None, now: datetime | None = None) -> float:
    """Return the seconds of a Retry-After header, a number or a date, clamped to 1-3600."""
    wait_s = DEFAULT_RETRY_AFTER_S
    if value is not None:
        try:
            wait_s = float(value)
        except ValueError:
            try:
                wait_s = (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds()
            except ValueError, TypeError:
                wait_s = DEFAULT_RETRY_AFTER_S
    low, high = RETRY_AFTER_S
    # `not >=` also catches NaN.
    return low if not wait_s >= low else min(wait_s, high)


def parse_date(value: str | None) -> datetime | None:
    """Return the aware time of a Date header; None where there is none that can be read."""
    try:
        date = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return date.astimezone(UTC) if date.tzinfo else None


def _parsed(content: bytes) -> Json:
    try:
        return _parse(content)
    except ValueError, RecursionError:
        # Not raised from here: the parser's error may hold the body.
        return None


def _parse(content: bytes) -> Json:
    try:
        parsed: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        # Some servers write NaN and Infinity, which JSON does not know.
        parsed = json.loads(content, parse_constant=lambda _: None)
    return parsed


async def _read(response: ClientResponse, max_bytes: int) -> bytes:
    """Read the decoded body, stopping at the cap: a small gzip can hold a huge page."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > max_bytes:
            raise QubeResponseError(f"the answer is larger than {max_bytes // 2**20} MiB")
    return bytes(content)
