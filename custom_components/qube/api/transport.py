"""One HTTP exchange with Qube's cloud, by the rules that keep the key safe and the cloud calm."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
from typing import Final, Literal

from aiohttp import ClientError, ClientPayloadError, ClientResponse, ClientSession, ClientTimeout
from multidict import CIMultiDict
import orjson
from yarl import URL

from .errors import (
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
)
from .parsing import Json

type Method = Literal["GET", "PUT", "POST"]

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


class Transport:
    """Send requests for one account and return the `data` of their answers."""

    def __init__(self, session: ClientSession, url: str, api_key: str) -> None:
        """Use the given session; `url` is the base address, without a path."""
        self._session = session
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._headers = CIMultiDict({"X-Qube-API-Key": api_key, "Accept": "application/json"})
        self._urls: dict[str, URL] = {}
        self._limit = RequestLimit(REQUESTS_AT_ONCE)
        self._not_before = 0.0
        # The cloud's time at its last answer, None where it never told one.
        self.answered_at: datetime | None = None

    async def request(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
        secret: str | None = None,
        command: bool = False,
    ) -> Json:
        """Send one request and return the `data` of its answer.

        `secret` is a text in the body that no error may show. `command` lets it pass all waiting
        requests that are none. Raises a QubeError.
        """
        failure: QubeError | None = None
        async with self._limit.slot(command=command):
            self._check_rate_limit()
            try:
                url = self._url_of(path)
                if query is not None:
                    url = url.with_query(query)
                status, content = await self._exchange(method, url, body)
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
        return self._data(status, content, secret)

    def _url_of(self, path: str) -> URL:
        """Return the address of a path; the same few are needed at every poll."""
        if (url := self._urls.get(path)) is None:
            url = self._urls[path] = URL(f"{self._url}{path}", encoded=True)
        return url

    async def _exchange(
        self, method: Method, url: URL, body: Mapping[str, Json] | None
    ) -> tuple[int, bytes]:
        async with self._session.request(
            method,
            url,
            headers=self._headers,
            json=body,
            timeout=TIMEOUT,
            # aiohttp would carry the key to wherever a redirect points.
            allow_redirects=False,
        ) as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise self._rate_limited(response.headers.get("Retry-After"))
            self.answered_at = parse_date(response.headers.get("Date"))
            return response.status, await _read(response)

    def _check_rate_limit(self) -> None:
        if (wait_s := self._not_before - asyncio.get_running_loop().time()) > 0:
            raise QubeRateLimitError(wait_s)

    def _rate_limited(self, retry_after: str | None) -> QubeRateLimitError:
        """Hold back the whole account, not only this request."""
        wait_s = parse_retry_after(retry_after)
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + wait_s)
        return QubeRateLimitError(wait_s)

    def _data(self, status: int, content: bytes, secret: str | None) -> Json:
        """Unwrap the envelope; only `success` is relied on, at any status."""
        try:
            envelope = _parse(content)
        except ValueError, RecursionError:
            # Not raised from here: the parser's error may hold the body.
            envelope = None
        if not isinstance(envelope, dict) or not isinstance(envelope.get("success"), bool):
            raise QubeResponseError(f"HTTP {status} without Qube's envelope")
        if not envelope["success"]:
            raise self._api_error(status, envelope.get("error"), secret)
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise QubeResponseError(f"HTTP {status} that claims success")
        return envelope.get("data")

    def _api_error(
        self, status: int, error: Json, secret: str | None
    ) -> QubeApiError | QubeResponseError:
        fields = error if isinstance(error, dict) else {}
        code, detail = fields.get("code"), fields.get("detail")
        if status == HTTPStatus.UNAUTHORIZED or code == "authentication_error":
            return QubeAuthenticationError("authentication_error", "the API key was refused")
        if not isinstance(code, str) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return QubeResponseError(f"HTTP {status} without a usable error code")
        kind = QubeDeviceOfflineError if code == "device_offline" else QubeApiError
        detail = detail if isinstance(detail, str) else ""
        # A server may echo the request.
        for hidden in filter(None, (self._api_key, secret)):
            code, detail = code.replace(hidden, "***"), detail.replace(hidden, "***")
        return kind(code[:50], detail[:200])


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


def _parse(content: bytes) -> Json:
    try:
        parsed: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        # Some servers write NaN and Infinity, which JSON does not know.
        parsed = json.loads(content, parse_constant=lambda _: None)
    return parsed


async def _read(response: ClientResponse) -> bytes:
    """Read the decoded body, stopping at the cap: a small gzip can hold a huge page."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise QubeResponseError("the answer is larger than 2 MiB")
    return bytes(content)
