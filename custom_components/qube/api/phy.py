"""PHY's meter registry, version 1 (the vendor's "Meters API"): one method an endpoint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from aiohttp import ClientSession
from multidict import CIMultiDict

from .bearer import Bearer, Token, typed
from .envelope import shown
from .errors import (
    PhyBadRequestError,
    PhyForbiddenError,
    PhyUnauthorizedError,
    QubeApiError,
    QubeResponseError,
)
from .parsing import Json, number, text
from .phy_models import Organization, RegistryMeter, SortOrder
from .phy_rules import Fields, changes, new_meter
from .transport import Answer, Method, Transport

DEFAULT_PHY_URL: Final = "https://phy.engineering"
MAX_PAGE_SIZE: Final = 100
# A registry that never ends is a fault of the service.
MAX_PAGES: Final = 1000

_API: Final = "/api/v1"
_METERS: Final = f"{_API}/meters"
# What a login without `expires_in` is good for, in seconds, by the vendor's example.
_DEFAULT_VALID_S: Final = 3600.0
_MAX_VALID_S: Final = 30 * 86400.0

_REFUSALS: Final[Mapping[int, type[QubeApiError]]] = {
    HTTPStatus.BAD_REQUEST: PhyBadRequestError,
    HTTPStatus.UNAUTHORIZED: PhyUnauthorizedError,
    HTTPStatus.FORBIDDEN: PhyForbiddenError,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PhyLogin:
    """What a person logs in with; the password is in no repr."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterPage:
    """One page of the list: its usable meters, and how many rows the service sent.

    `count` is the service's own; whether it counts the page or the whole list is not documented.
    """

    meters: tuple[RegistryMeter, ...]
    rows: int
    count: int | None


class PhyClient:
    """Speak for one login, or one token. Every method raises a QubeError where it fails."""

    def __init__(
        self, session: ClientSession, credentials: PhyLogin | str, url: str = DEFAULT_PHY_URL
    ) -> None:
        """Use the given session, which the caller closes; a text is a bearer token."""
        self._transport = Transport(session, url)
        if isinstance(credentials, PhyLogin):
            self._login = credentials
            self._secrets: tuple[str, ...] = (credentials.password, credentials.email)
            self._bearer = Bearer(self._log_in)
        else:
            self._secrets = (credentials,)
            self._bearer = Bearer(typed(credentials))

    async def organizations(self) -> list[Organization]:
        """Return the organisations that the login sees (GET /auth/organizations)."""
        data = _list_of(await self._request("GET", f"{_API}/auth/organizations"))
        found = (Organization.from_json(item) for item in data)
        return [each for each in found if each is not None]

    async def page(
        self,
        account_id: str,
        *,
        page: int = 1,
        limit: int = 10,
        query: str | None = None,
        sort_by: str = "created_at",
        sort_order: SortOrder = SortOrder.DESCENDING,
    ) -> MeterPage:
        """Return one page of meters, the first being 1, of at most 100 (GET /meters)."""
        wanted = {
            "account_id": account_id,
            "page": str(page),
            "limit": str(limit),
            "sortBy": sort_by,
            "sortOrder": sort_order.value,
        }
        if query:
            wanted["query"] = query
        envelope = await self._envelope("GET", _METERS, query=wanted)
        rows = _list_of(envelope.get("data"))
        found = (RegistryMeter.from_json(item) for item in rows)
        count = number(envelope, "count", 0, 1e9)
        return MeterPage(
            meters=tuple(each for each in found if each is not None),
            rows=len(rows),
            count=None if count is None else int(count),
        )

    async def meters(
        self,
        account_id: str,
        *,
        query: str | None = None,
        sort_by: str = "created_at",
        # The oldest first: a meter that comes meanwhile then shifts no page.
        sort_order: SortOrder = SortOrder.ASCENDING,
    ) -> list[RegistryMeter]:
        """Return all meters of an organisation, each once (GET /meters, page after page).

        A page that brings nothing new ends it, whatever the service says of its length.
        """
        found: dict[int, RegistryMeter] = {}
        seen = 0
        for number_of_page in range(1, MAX_PAGES + 1):
            page = await self.page(
                account_id,
                page=number_of_page,
                limit=MAX_PAGE_SIZE,
                query=query,
                sort_by=sort_by,
                sort_order=sort_order,
            )
            seen += page.rows
            known = len(found)
            found |= {meter.meter_id: meter for meter in page.meters}
            is_last = page.rows < MAX_PAGE_SIZE and (page.count or 0) <= seen
            if is_last or len(found) == known:
                return list(found.values())
        raise QubeResponseError("the list of meters has no end")

    async def create(self, account_id: str, fields: Fields) -> RegistryMeter:
        """Create a meter (POST /meters); raises PhyFieldError before anything is sent."""
        body = {"account_id": account_id, **new_meter(fields)}
        return _meter(await self._request("POST", _METERS, body=body))

    async def meter(self, account_id: str, meter_id: int) -> RegistryMeter:
        """Return one meter (GET /meters/:id)."""
        query = {"account_id": account_id}
        return _meter(await self._request("GET", _path(meter_id), query=query))

    async def update(self, account_id: str, meter_id: int, fields: Fields) -> RegistryMeter:
        """Change fields of a meter (PUT /meters/:id); raises PhyFieldError before it is sent."""
        body = {"account_id": account_id, **changes(fields)}
        return _meter(await self._request("PUT", _path(meter_id), body=body))

    async def delete(self, account_id: str, meter_id: int) -> None:
        """Delete a meter (DELETE /meters/:id)."""
        await self._envelope("DELETE", _path(meter_id), query={"account_id": account_id})

    async def _log_in(self) -> Token:
        """Log in (POST /auth/login)."""
        login = self._login
        body: dict[str, Json] = {"email": login.email, "password": login.password}
        answer = await self._transport.exchange(
            "POST", f"{_API}/auth/login", headers=_headers(None), body=body
        )
        data = _unwrapped(answer, self._secrets).get("data")
        token = text(data, "access_token") if isinstance(data, dict) else None
        if not isinstance(data, dict) or token is None:
            raise QubeResponseError("the login gave no token")
        valid_s = number(data, "expires_in", 0, _MAX_VALID_S)
        return Token(value=token, valid_s=_DEFAULT_VALID_S if valid_s is None else valid_s)

    async def _request(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
    ) -> Json:
        return (await self._envelope(method, path, query=query, body=body)).get("data")

    async def _envelope(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
    ) -> dict[str, Json]:
        async def send(token: str) -> dict[str, Json]:
            answer = await self._transport.exchange(
                method, path, headers=_headers(token), query=query, body=body
            )
            return _unwrapped(answer, (*self._secrets, token))

        return await self._bearer.call(send)


def _unwrapped(answer: Answer, secrets: Iterable[str]) -> dict[str, Json]:
    """Return the envelope of an answer that says yes; that of 204 is empty."""
    status, envelope = answer.status, answer.content
    if status == HTTPStatus.NO_CONTENT:
        return {}
    if not isinstance(envelope, dict) or not isinstance(envelope.get("success"), bool):
        raise QubeResponseError(f"HTTP {status} without the registry's envelope")
    if envelope["success"]:
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise QubeResponseError(f"HTTP {status} that claims success")
        return envelope
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise QubeResponseError(f"HTTP {status}")
    said = text(envelope, "error") or text(envelope, "message") or ""
    kind = _REFUSALS.get(status, QubeApiError)
    raise kind(f"http_{status}", shown(said, secrets, 200))


def _list_of(data: Json) -> list[Json]:
    if not isinstance(data, list):
        raise QubeResponseError("the answer is not a list")
    return data


def _meter(data: Json) -> RegistryMeter:
    if (meter := RegistryMeter.from_json(data)) is None:
        raise QubeResponseError("the answer is not a meter")
    return meter


def _headers(token: str | None) -> CIMultiDict[str]:
    headers = CIMultiDict({"Accept": "application/json"})
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _path(meter_id: int) -> str:
    return f"{_METERS}/{meter_id}"
