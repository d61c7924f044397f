"""FlatPeak's API: the interval records of a site's main meter."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from itertools import pairwise
from typing import Final

from aiohttp import ClientSession

from .bearer import Bearer, Token, typed
from .envelope import shown
from .errors import (
    FlatPeakQueryError,
    QubeApiError,
    QubeAuthenticationError,
    QubeResponseError,
)
from .flatpeak_models import (
    MAX_WINDOW,
    MeterRecord,
    Order,
    RecordPage,
    RecordQuery,
    SiteDevice,
)
from .parsing import Json, items, number, text
from .transport import Answer, Method, Transport

DEFAULT_FLATPEAK_URL: Final = "https://api.flatpeak.com"
# A list that is longer than this never ends: that is a fault of the service.
MAX_REQUESTS: Final = 1_000

# The largest page is about 3 MiB.
_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_DEVICES_AT_ONCE: Final = 100
_MAX_VALID_S: Final = 30 * 86_400.0
_JSON: Final = {"Accept": "application/json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FlatPeakLogin:
    """What an account logs in with; the key is in no repr."""

    account_id: str
    api_key: str = field(repr=False)


class FlatPeakClient:
    """Speak for one account, or one token. Every method raises a QubeError where it fails."""

    def __init__(
        self,
        session: ClientSession,
        credentials: FlatPeakLogin | str,
        url: str = DEFAULT_FLATPEAK_URL,
    ) -> None:
        """Use the given session, which the caller closes; a text is a bearer token."""
        self._transport = Transport(session, url, max_body_bytes=_MAX_BODY_BYTES)
        if isinstance(credentials, FlatPeakLogin):
            self._bearer = Bearer(partial(self._log_in, credentials))
            self._secrets: tuple[str, ...] = (credentials.api_key,)
        else:
            self._bearer = Bearer(typed(credentials))
            self._secrets = (credentials,)

    async def devices(self) -> list[SiteDevice]:
        """Return all devices of the account (GET /devices, page after page)."""
        found: dict[str, SiteDevice] = {}
        query = {"limit": str(_DEVICES_AT_ONCE)}
        for _ in range(MAX_REQUESTS):
            content = await self._request("GET", "/devices", query=query)
            if not isinstance(content.get("data"), list):
                raise QubeResponseError("the answer is not a list of devices")
            page = [SiteDevice.from_json(item) for item in items(content, "data")]
            new = {each.device_id: each for each in page if each and each.device_id not in found}
            found |= new
            # A page that brings nothing new ends the list, whatever the service says.
            if content.get("has_more") is not True or not new:
                return list(found.values())
            query["starting_after"] = [*new][-1]
        raise QubeResponseError("the list of devices has no end")

    async def page(self, query: RecordQuery) -> RecordPage:
        """Return one page of records (POST /meters/records).

        Raises FlatPeakQueryError before anything is sent, where the API would refuse it.
        """
        query.check()
        content = await self._request("POST", "/meters/records", body=query.as_json())
        return RecordPage.from_json(content, query)

    async def records(
        self, query: RecordQuery, start: datetime, end: datetime
    ) -> list[MeterRecord]:
        """Return all records of a span of time, by time, each once (POST /meters/records).

        Both times are aware; the span may be longer than the API's window, and the records come
        in any number of pages.
        """
        if start >= end:
            raise FlatPeakQueryError("record_times_reversed")
        found: dict[object, MeterRecord] = {}
        requests = 0
        for window in _windows(start, end):
            left: tuple[datetime, datetime] | None = window
            while left is not None:
                requests += 1
                if requests > MAX_REQUESTS:
                    raise QubeResponseError("the list of records has no end")
                asked = query.within(*left)
                page = await self.page(asked)
                found |= {record.key: record for record in page.records}
                left = _left_of(asked, page)
        return sorted(found.values(), key=lambda record: record.key)

    async def _log_in(self, login: FlatPeakLogin) -> Token:
        """Fetch a token (GET /login, with the account and its key)."""
        # Half a character, which no header can carry, is no part of a key either.
        pair = f"{login.account_id}:{login.api_key}".encode(errors="replace")
        basic = f"Basic {b64encode(pair).decode()}"
        answer = await self._transport.exchange(
            "GET", "/login", headers={**_JSON, "Authorization": basic}
        )
        content = _content_of(answer, self._secrets)
        if (token := text(content, "bearer_token")) is None:
            raise QubeResponseError("the login brought no token")
        return Token(value=token, valid_s=number(content, "expires_in", 1, _MAX_VALID_S))

    async def _request(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
    ) -> dict[str, Json]:
        async def send(token: str) -> dict[str, Json]:
            answer = await self._transport.exchange(
                method,
                path,
                headers={**_JSON, "Authorization": f"Bearer {token}"},
                query=query,
                body=body,
            )
            return _content_of(answer, (*self._secrets, token))

        return await self._bearer.call(send)


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the windows that the API allows, oldest first."""
    while start < end:
        window_end = min(end, start + MAX_WINDOW)
        yield start, window_end
        start = window_end


def _left_of(asked: RecordQuery, page: RecordPage) -> tuple[datetime, datetime] | None:
    """Return the span in which the rest of a window's records is, None where there is none.

    Records have no ids to go on from; so the window shrinks from the side that the page covers.
    Raises QubeResponseError where it does not shrink: the list would have no end.
    """
    start, end = asked.start, asked.end
    if not page.has_more or start is None or end is None:
        return None
    if not page.records:
        raise QubeResponseError("a page without records that is not the last one")
    starts = [record.started_at for record in page.records]
    # A service need not keep to the order that was asked for.
    is_forward = all(first <= second for first, second in pairwise(starts))
    is_backward = all(first >= second for first, second in pairwise(starts))
    if not is_forward and not is_backward:
        raise QubeResponseError("records in no order")
    if is_forward and is_backward:
        is_forward = asked.order_by is Order.OLDEST
    left = (
        (max(record.ended_at for record in page.records), end)
        if is_forward
        else (start, min(starts))
    )
    if left[0] >= left[1]:
        return None
    if left[1] - left[0] >= end - start:
        raise QubeResponseError("the list of records has no end")
    return left


def _content_of(answer: Answer, secrets: tuple[str, ...]) -> dict[str, Json]:
    """Return the content of an answer that is no error.

    Raises QubeAuthenticationError for a 401 of the API itself, QubeApiError for what it refuses,
    and QubeResponseError for the rest.
    """
    status, content = answer.status, answer.content
    if not isinstance(content, dict):
        raise QubeResponseError(f"HTTP {status} without FlatPeak's JSON")
    if content.get("object") == "error":
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or content.get("type") == "api_error":
            raise QubeResponseError(f"HTTP {status}: FlatPeak has an error of its own")
        if status == HTTPStatus.UNAUTHORIZED:
            raise QubeAuthenticationError("authentication_error", "FlatPeak refused the key")
        code = text(content, "code") or text(content, "type") or f"HTTP {status}"
        message = text(content, "message") or ""
        raise QubeApiError(shown(code, secrets, 50), shown(message, secrets, 200))
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise QubeResponseError(f"HTTP {status} without FlatPeak's error")
    return content
