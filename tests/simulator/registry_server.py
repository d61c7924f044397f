"""The HTTP side of the simulated registry: `/api/v1/meters` and the login before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from aiohttp import web
import orjson

from .faulty import faulty_app
from .protocol import Json
from .registry import (
    METER_TYPES,
    RegistryEndpoint,
    RegistryError,
    SimulatedRegistry,
    SimulatedRegistryMeter,
)
from .registry_faults import answer_of, json_answer

_METERS: Final = "/api/v1/meters"
_ROUTES: Final = (
    (RegistryEndpoint.LOGIN, "POST", "/api/v1/auth/login"),
    (RegistryEndpoint.ORGANIZATIONS, "GET", "/api/v1/auth/organizations"),
    (RegistryEndpoint.LIST, "GET", _METERS),
    (RegistryEndpoint.CREATE, "POST", _METERS),
    (RegistryEndpoint.GET, "GET", f"{_METERS}/{{id}}"),
    (RegistryEndpoint.UPDATE, "PUT", f"{_METERS}/{{id}}"),
    (RegistryEndpoint.DELETE, "DELETE", f"{_METERS}/{{id}}"),
)
_COMMUNICATION: Final = ("NONE", "LORAWAN", "MODBUS", "MQTT", "HTTP", "DLMS", "VIRTUAL")
_DIRECTIONS: Final = ("ACCREC", "ACCPAY")
_REFERENCES: Final = ("building_block_id", "gateway_id", "tariff_id")
_REQUIRED: Final = ("name", "serial_number", "meter_type", "communication_type")
_OPTIONAL: Final = (
    *_REFERENCES,
    *("last_reading_value", "last_reading_at", "location", "billing_direction"),
)
_MUTABLE: Final = ("name", "description", "reading_interval", *_OPTIONAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request, past the token."""

    registry: SimulatedRegistry
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        try:
            body: Json = orjson.loads(self.raw)
        except orjson.JSONDecodeError as error:
            raise RegistryError(400, "Invalid JSON body") from error
        if not isinstance(body, dict):
            raise RegistryError(400, "Invalid body")
        return body

    def account_id(self, source: Mapping[str, Json]) -> str:
        """Return the organisation, one that the login sees."""
        try:
            account_id = str(UUID(str(source.get("account_id"))))
        except ValueError as error:
            raise RegistryError(400, "account_id must be a UUID") from error
        if account_id not in self.registry.organizations:
            raise RegistryError(403, "You are not a member of this organization")
        return account_id

    def meter(self, source: Mapping[str, Json]) -> SimulatedRegistryMeter:
        """Return the meter of the path, one of the organisation."""
        account_id = self.account_id(source)
        if not self.path["id"].isdecimal():
            raise RegistryError(400, "Invalid meter id")
        meter = self.registry.meters.get(int(self.path["id"]))
        if meter is None:
            raise RegistryError(404, "Meter not found")
        if meter.account_id != account_id:
            raise RegistryError(403, "Meter does not belong to the requested organization")
        return meter


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A yes; without `content` the answer is empty."""

    status: int = 200
    content: dict[str, Json] = field(default_factory=dict)


def create_registry_app(registry: SimulatedRegistry) -> web.Application:
    """Return the application that serves a registry."""
    return faulty_app(
        _ROUTES,
        log=registry.log,
        faults=registry.faults,
        answer=partial(_answer, registry),
        instead=answer_of,
    )


def _answer(
    registry: SimulatedRegistry, endpoint: RegistryEndpoint, request: web.Request, raw: bytes
) -> web.Response:
    try:
        if endpoint is not RegistryEndpoint.LOGIN:
            registry.check_token(request.headers.get("Authorization", ""))
        call = Call(registry=registry, path=request.match_info, query=request.query, raw=raw)
        reply = _HANDLERS[endpoint](call)
    except RegistryError as error:
        return json_answer(error.status, {"success": False, "error": error.error})
    if reply.status == 204:
        return web.Response(status=204)
    return json_answer(reply.status, {"success": True, **reply.content})


def _login(call: Call) -> Reply:
    body = call.body
    return Reply(content={"data": call.registry.login(body.get("email"), body.get("password"))})


def _organizations(call: Call) -> Reply:
    rows: list[Json] = [
        {"account_id": account_id, "name": name}
        for account_id, name in call.registry.organizations.items()
    ]
    return Reply(content={"data": rows})


def _list(call: Call) -> Reply:
    registry, query = call.registry, call.query
    account_id = call.account_id(query)
    page, limit = int(query.get("page", "1")), int(query.get("limit", "10"))
    if page < 1 or not 1 <= limit <= 100:
        raise RegistryError(400, "page or limit is out of range")
    sort_by, order = query.get("sortBy", "created_at"), query.get("sortOrder", "desc")
    if order not in ("asc", "desc"):
        raise RegistryError(400, "sortOrder must be asc or desc")
    wanted = query.get("query", "").lower()
    found = [
        meter.fields
        for meter in registry.meters.values()
        if meter.account_id == account_id
        and wanted in f"{meter.fields['name']} {meter.fields['serial_number']}".lower()
    ]
    found.sort(key=lambda meter: (str(meter.get(sort_by)), meter["id"]), reverse=order == "desc")
    limit = min(limit, registry.max_limit)
    first = 0 if registry.ignores_page else (page - 1) * limit
    rows: list[Json] = [*found[first : first + limit]]
    return Reply(content={"data": rows, "count": len(found if registry.count_is_total else rows)})


def _create(call: Call) -> Reply:
    body = call.body
    account_id = call.account_id(body)
    call.registry.bodies.append(body)
    fields = {key: value for key, value in body.items() if key != "account_id"}
    for key in _REQUIRED:
        if not fields.get(key):
            raise RegistryError(400, f"{key} is required")
    _check(fields, (*_REQUIRED, *_OPTIONAL))
    meter = call.registry.create(account_id, fields)
    return Reply(status=201, content={"message": "Meter created", "data": {**meter.fields}})


def _get(call: Call) -> Reply:
    return Reply(content={"data": {**call.meter(call.query).fields}})


def _update(call: Call) -> Reply:
    body = call.body
    meter = call.meter(body)
    call.registry.bodies.append(body)
    fields = {key: value for key, value in body.items() if key != "account_id"}
    _check(fields, _MUTABLE)
    meter.fields.update(fields)
    return Reply(content={"data": {**meter.fields}})


def _delete(call: Call) -> Reply:
    meter = call.meter(call.query)
    del call.registry.meters[meter.meter_id]
    return Reply(status=204) if call.registry.delete_is_empty else Reply()


def _check(fields: Mapping[str, Json], allowed: tuple[str, ...]) -> None:
    """Raise where a field is not the page's; strictly, so that a client's slip is seen."""
    for key, value in fields.items():
        if key not in allowed:
            raise RegistryError(400, f"{key} cannot be written")
        if not _RULES.get(key, _is_text)(value):
            raise RegistryError(400, f"{key} is not valid")


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_reference(value: Json) -> bool:
    return value is None or type(value) is int


def _is_time(value: Json) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


_RULES: Final[Mapping[str, Callable[[Json], bool]]] = {
    "meter_type": lambda value: value in METER_TYPES,
    "communication_type": lambda value: value in _COMMUNICATION,
    "billing_direction": lambda value: value is None or value in _DIRECTIONS,
    "reading_interval": lambda value: type(value) is int,
    "last_reading_value": lambda value: type(value) in (int, float),
    "last_reading_at": _is_time,
    **dict.fromkeys(_REFERENCES, _is_reference),
}
_HANDLERS: Final[Mapping[RegistryEndpoint, Callable[[Call], Reply]]] = {
    RegistryEndpoint.LOGIN: _login,
    RegistryEndpoint.ORGANIZATIONS: _organizations,
    RegistryEndpoint.LIST: _list,
    RegistryEndpoint.CREATE: _create,
    RegistryEndpoint.GET: _get,
    RegistryEndpoint.UPDATE: _update,
    RegistryEndpoint.DELETE: _delete,
}
