"""The client of PHY's registry, over real HTTP: its calls, pages, login and errors."""

from aiohttp import ClientSession, ClientTimeout, web
import orjson
import pytest
from pytest_aiohttp.plugin import AiohttpServer

from custom_components.qube.api import (
    PhyBadRequestError,
    PhyClient,
    PhyFieldError,
    PhyForbiddenError,
    PhyLogin,
    PhyUnauthorizedError,
    QubeApiError,
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
    SortOrder,
    phy,
    transport,
)
from custom_components.qube.api.parsing import Json
from tests.simulator import FaultKind
from tests.simulator.faulty import CLOUD_FAULTS
from tests.simulator.registry import (
    ACCOUNT_ID,
    EMAIL,
    OTHER_ACCOUNT_ID,
    PASSWORD,
    TOKEN,
    RegistryEndpoint,
    SimulatedRegistry,
)
from tests.simulator.registry_faults import RegistryFault
from tests.simulator.registry_server import create_registry_app

from .phy_calls import NEW, PHY_CALLS, PhyCall
from .servers import Scripted
from .test_secrets import shown_by

LOGIN = PhyLogin(email=EMAIL, password=PASSWORD)
CANARY = "canary"


@pytest.fixture
def registry() -> SimulatedRegistry:
    """Return a registry with one meter of each type."""
    return SimulatedRegistry().populate()


@pytest.fixture
async def registry_url(
    socket_enabled: None, aiohttp_server: AiohttpServer, registry: SimulatedRegistry
) -> str:
    """Return where the registry is served."""
    server = await aiohttp_server(create_registry_app(registry))
    return str(server.make_url("")).rstrip("/")


@pytest.fixture
def client(session: ClientSession, registry_url: str) -> PhyClient:
    """Return a client with a login."""
    return PhyClient(session, LOGIN, registry_url)


async def outcome_of(client: PhyClient, call: PhyCall, meter_id: int) -> QubeError | None:
    """Return the error of a call, or None; any other error is a fault of the client."""
    try:
        await call.run(client, meter_id)
    except QubeError as error:
        return error
    return None


def test_the_table_of_calls_holds_every_endpoint() -> None:
    """The login comes before all of them."""
    assert {call.endpoint for call in PHY_CALLS} == set(RegistryEndpoint) - {RegistryEndpoint.LOGIN}


@pytest.mark.parametrize("call", PHY_CALLS, ids=lambda call: call.endpoint)
async def test_each_call_is_exactly_so_on_the_wire(
    scripted: Scripted, session: ClientSession, call: PhyCall
) -> None:
    """Method, path, query and body are the vendor's; integers are integers."""
    rows = call.endpoint in (RegistryEndpoint.LIST, RegistryEndpoint.ORGANIZATIONS)
    data: Json = [] if rows else {"id": 7}
    scripted.body = orjson.dumps({"success": True, "data": data})
    await call.run(PhyClient(session, TOKEN, f"{scripted.url}/"), 7)
    (seen,) = scripted.seen
    assert (seen.method, seen.path) == (call.method, "/api/v1/" + call.path.format(meter_id=7))
    assert (orjson.loads(seen.body) if seen.body else None) == call.body
    assert b".0" not in seen.body
    assert seen.key is None


@pytest.mark.parametrize("call", PHY_CALLS, ids=lambda call: call.endpoint)
@pytest.mark.parametrize("credentials", [LOGIN, TOKEN], ids=["login", "token"])
async def test_each_call_is_one_request_that_the_registry_understands(
    session: ClientSession,
    registry: SimulatedRegistry,
    registry_url: str,
    credentials: PhyLogin | str,
    call: PhyCall,
) -> None:
    """After one login, where there is one."""
    client = PhyClient(session, credentials, registry_url)
    await call.run(client, next(iter(registry.meters)))
    before = [RegistryEndpoint.LOGIN] if credentials is LOGIN else []
    assert registry.log == [*before, call.endpoint]


async def test_a_meter_is_created_read_changed_and_deleted(
    client: PhyClient, registry: SimulatedRegistry
) -> None:
    """What the registry holds is what the client says."""
    created = await client.create(ACCOUNT_ID, NEW)
    assert registry.meters[created.meter_id].fields["name"] == "Room 101"
    changed = await client.update(ACCOUNT_ID, created.meter_id, {"location": "1st floor"})
    assert changed.location == "1st floor"
    assert await client.meter(ACCOUNT_ID, created.meter_id) == changed
    await client.delete(ACCOUNT_ID, created.meter_id)
    assert created.meter_id not in registry.meters


@pytest.mark.parametrize("is_empty", [True, False])
async def test_a_deletion_may_answer_with_nothing_or_with_an_empty_envelope(
    client: PhyClient, registry: SimulatedRegistry, is_empty: bool
) -> None:
    """The page says both."""
    registry.delete_is_empty = is_empty
    meter_id = next(iter(registry.meters))
    await client.delete(ACCOUNT_ID, meter_id)
    assert meter_id not in registry.meters


async def test_what_breaks_a_rule_is_not_sent(
    client: PhyClient, registry: SimulatedRegistry
) -> None:
    """Neither a new meter nor a change."""
    with pytest.raises(PhyFieldError):
        await client.create(ACCOUNT_ID, {**NEW, "meter_type": "STEAM"})
    with pytest.raises(PhyFieldError):
        await client.update(ACCOUNT_ID, 41, {"serial_number": "X"})
    assert registry.log == []


@pytest.mark.parametrize("count_is_total", [True, False])
@pytest.mark.parametrize("meters", [0, 1, 99, 100, 101, 200, 250])
async def test_all_pages_are_read(
    session: ClientSession,
    registry: SimulatedRegistry,
    registry_url: str,
    meters: int,
    count_is_total: bool,
) -> None:
    """Whatever `count` counts, every meter comes once, the oldest first."""
    registry.meters.clear()
    registry.count_is_total = count_is_total
    for number in range(meters):
        registry.add(f"Meter {number}", f"S-{number}")
    registry.add("Not ours", "S-X", account_id=OTHER_ACCOUNT_ID)
    found = await PhyClient(session, TOKEN, registry_url).meters(ACCOUNT_ID)
    assert [meter.serial_number for meter in found] == [f"S-{n}" for n in range(meters)]
    assert len(registry.log) <= meters // 100 + 1


async def test_a_registry_that_gives_less_than_was_asked_is_read_to_its_end(
    session: ClientSession, registry: SimulatedRegistry, registry_url: str
) -> None:
    """Where `count` tells that there is more."""
    registry.max_limit = 3
    assert len(await PhyClient(session, TOKEN, registry_url).meters(ACCOUNT_ID)) == 8


async def test_a_registry_that_gives_the_same_page_for_ever_is_left(
    session: ClientSession, registry: SimulatedRegistry, registry_url: str
) -> None:
    """A page that brings nothing new ends the list."""
    registry.ignores_page = True
    registry.meters.clear()
    for number in range(150):
        registry.add(f"Meter {number}", f"S-{number}")
    assert len(await PhyClient(session, TOKEN, registry_url).meters(ACCOUNT_ID)) == 100
    assert len(registry.log) == 2


async def test_a_list_without_end_is_an_error(
    session: ClientSession,
    registry: SimulatedRegistry,
    registry_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be read for ever."""
    monkeypatch.setattr(phy, "MAX_PAGES", 2)
    registry.max_limit = 3
    with pytest.raises(QubeResponseError, match="no end"):
        await PhyClient(session, TOKEN, registry_url).meters(ACCOUNT_ID)


async def test_meters_are_searched_and_sorted_by_the_registry(
    client: PhyClient, registry: SimulatedRegistry
) -> None:
    """As it was asked to."""
    page = await client.page(ACCOUNT_ID, limit=3, sort_by="name", sort_order=SortOrder.ASCENDING)
    assert [meter.name for meter in page.meters] == ["Carbon main", "Electricity main", "Ev main"]
    assert (page.rows, page.count) == (3, 8)
    assert [meter.name for meter in await client.meters(ACCOUNT_ID, query="phy-0003")] == [
        "Water main"
    ]


async def test_a_page_may_lack_its_count(scripted: Scripted, session: ClientSession) -> None:
    """A row that is no meter counts as a row."""
    scripted.body = orjson.dumps({"success": True, "data": [{"id": 1}, "x"]})
    page = await PhyClient(session, TOKEN, scripted.url).page(ACCOUNT_ID)
    assert (len(page.meters), page.rows, page.count) == (1, 2, None)


async def test_the_organisations_of_a_login_are_listed(client: PhyClient) -> None:
    """With their names."""
    found = await client.organizations()
    assert {each.account_id: each.name for each in found} == {
        ACCOUNT_ID: "Lakeside Trust",
        OTHER_ACCOUNT_ID: "Hilltop Trust",
    }


async def test_a_token_that_is_refused_is_renewed_by_one_login(
    client: PhyClient, registry: SimulatedRegistry
) -> None:
    """And the request is sent once more."""
    await client.organizations()
    registry.expire_tokens()
    await client.organizations()
    assert registry.log == [
        RegistryEndpoint.LOGIN,
        RegistryEndpoint.ORGANIZATIONS,
        RegistryEndpoint.ORGANIZATIONS,
        RegistryEndpoint.LOGIN,
        RegistryEndpoint.ORGANIZATIONS,
    ]


@pytest.mark.parametrize(
    "credentials", [PhyLogin(email=EMAIL, password="old-canary"), "old-canary"]
)
async def test_what_the_registry_does_not_know_is_unauthorized(
    session: ClientSession, registry_url: str, credentials: PhyLogin | str
) -> None:
    """A password or a token; the error shows neither."""
    with pytest.raises(PhyUnauthorizedError) as caught:
        await PhyClient(session, credentials, registry_url).organizations()
    assert CANARY not in shown_by(caught.value)


@pytest.mark.parametrize("data", [{}, {"access_token": 5}, [], None, "token"])
async def test_a_login_without_a_token_is_no_answer(
    scripted: Scripted, session: ClientSession, data: Json
) -> None:
    """Nothing can be sent then."""
    scripted.body = orjson.dumps({"success": True, "data": data})
    with pytest.raises(QubeResponseError, match="no token"):
        await PhyClient(session, LOGIN, scripted.url).organizations()


async def test_a_login_may_not_say_how_long_it_holds(
    aiohttp_server: AiohttpServer, socket_enabled: None, session: ClientSession
) -> None:
    """It is used until it is refused, or an hour is over."""

    async def login(_: web.Request) -> web.Response:
        return web.json_response({"success": True, "data": {"access_token": "t"}})

    async def organizations(request: web.Request) -> web.Response:
        is_known = request.headers["Authorization"] == "Bearer t"
        return web.json_response({"success": is_known, "data": []})

    app = web.Application()
    app.router.add_post("/api/v1/auth/login", login)
    app.router.add_get("/api/v1/auth/organizations", organizations)
    server = await aiohttp_server(app)
    client = PhyClient(session, LOGIN, str(server.make_url("")))
    assert await client.organizations() == []


async def test_another_organisations_meter_is_forbidden(
    client: PhyClient, registry: SimulatedRegistry
) -> None:
    """With the registry's words."""
    meter_id = next(iter(registry.meters))
    with pytest.raises(PhyForbiddenError) as caught:
        await client.meter(OTHER_ACCOUNT_ID, meter_id)
    assert caught.value.detail == "Meter does not belong to the requested organization"
    assert caught.value.code == "http_403"


async def test_a_meter_that_is_not_there_is_a_refusal_of_no_special_kind(
    client: PhyClient,
) -> None:
    """The page does not name it."""
    with pytest.raises(QubeApiError) as caught:
        await client.meter(ACCOUNT_ID, 999)
    assert type(caught.value) is QubeApiError
    assert caught.value.code == "http_404"


ERRORS: dict[FaultKind, type[QubeError]] = {
    FaultKind.LATENCY: QubeConnectionError,
    FaultKind.DROP: QubeConnectionError,
    FaultKind.ANSWER_LOST: QubeConnectionError,
    FaultKind.TRUNCATION: QubeResponseError,
    FaultKind.HTML_200: QubeResponseError,
    FaultKind.WRONG_TYPES: QubeResponseError,
    FaultKind.UNAUTHORIZED: PhyUnauthorizedError,
    FaultKind.PROXY_403: QubeResponseError,
    FaultKind.RATE_LIMITED: QubeRateLimitError,
    FaultKind.SERVER_ERROR: QubeResponseError,
    FaultKind.FAILURE_200: QubeApiError,
    FaultKind.ERROR: PhyBadRequestError,
    FaultKind.REDIRECT: QubeResponseError,
    FaultKind.OVERSIZED: QubeResponseError,
}


def test_every_fault_of_the_registry_is_in_the_table() -> None:
    """A new one must be given its error here."""
    assert set(ERRORS) == set(CLOUD_FAULTS)


@pytest.mark.parametrize("call", PHY_CALLS, ids=lambda call: call.endpoint)
@pytest.mark.parametrize("kind", CLOUD_FAULTS)
async def test_each_fault_on_each_endpoint(
    session: ClientSession,
    registry: SimulatedRegistry,
    registry_url: str,
    kind: FaultKind,
    call: PhyCall,
) -> None:
    """The error is of exactly its type, shows nothing secret, and the next request goes well."""
    client = PhyClient(session, LOGIN, registry_url)
    await client.organizations()
    meter_id, other_id = list(registry.meters)[:2]
    fault = RegistryFault(
        kind=kind, endpoint=call.endpoint, seconds=0.12, error=f"no {PASSWORD}, {EMAIL}"
    )
    registry.faults.append(fault)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "RETRY_AFTER_S", (0.0, 3600.0))
        if kind is FaultKind.LATENCY:
            patch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.04))
        error = await outcome_of(client, call, meter_id)
    is_kept = kind is FaultKind.WRONG_TYPES and call.endpoint is RegistryEndpoint.DELETE
    assert (None if error is None else type(error)) is (None if is_kept else ERRORS[kind])
    assert error is None or CANARY not in shown_by(error)
    registry.faults.clear()
    registry.expire_tokens()
    assert await outcome_of(client, call, other_id) is None


@pytest.mark.parametrize("kind", CLOUD_FAULTS)
async def test_each_fault_at_the_login(
    session: ClientSession, registry: SimulatedRegistry, registry_url: str, kind: FaultKind
) -> None:
    """The request that needed it fails alike, and the next one logs in again."""
    client = PhyClient(session, LOGIN, registry_url)
    registry.faults.append(
        RegistryFault(kind=kind, endpoint=RegistryEndpoint.LOGIN, seconds=0.12, error=PASSWORD)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "RETRY_AFTER_S", (0.0, 3600.0))
        if kind is FaultKind.LATENCY:
            patch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.04))
        with pytest.raises(QubeError) as caught:
            await client.organizations()
    assert type(caught.value) is ERRORS[kind]
    assert CANARY not in shown_by(caught.value)
    registry.faults.clear()
    assert await client.organizations()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, PhyBadRequestError),
        (401, PhyUnauthorizedError),
        (403, PhyForbiddenError),
        (404, QubeApiError),
        (409, QubeApiError),
        (500, QubeResponseError),
    ],
)
@pytest.mark.parametrize("said", ["a text", None, {"code": "x"}, ["x"]])
async def test_each_status_is_an_error_of_its_own(
    scripted: Scripted, session: ClientSession, status: int, error: type[QubeError], said: Json
) -> None:
    """`error` is a text; where it is none, the status says enough."""
    scripted.status = status
    scripted.body = orjson.dumps({"success": False, "error": said})
    with pytest.raises(QubeError) as caught:
        await PhyClient(session, TOKEN, scripted.url).organizations()
    assert type(caught.value) is error
    if isinstance(caught.value, QubeApiError):
        assert caught.value.detail == (said if isinstance(said, str) else "")


async def test_a_refusal_may_explain_itself_in_its_message(
    scripted: Scripted, session: ClientSession
) -> None:
    """Where it has no `error`."""
    scripted.body = orjson.dumps({"success": False, "message": "not now"})
    with pytest.raises(QubeApiError, match="not now"):
        await PhyClient(session, TOKEN, scripted.url).organizations()


async def test_success_under_an_error_status_is_none(
    scripted: Scripted, session: ClientSession
) -> None:
    """Something in between rewrote one of them."""
    scripted.status, scripted.body = 404, orjson.dumps({"success": True, "data": []})
    with pytest.raises(QubeResponseError, match="claims success"):
        await PhyClient(session, TOKEN, scripted.url).organizations()


def test_no_secret_is_in_a_repr() -> None:
    """A login may stand in a traceback."""
    assert PASSWORD not in repr(LOGIN)
