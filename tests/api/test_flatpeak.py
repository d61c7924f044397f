"""FlatPeak's API over real HTTP: each endpoint, each fault at each, and paging that ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
import traceback

from aiohttp import ClientSession, ClientTimeout
import pytest
from pytest_aiohttp.plugin import AiohttpServer

from custom_components.qube.api import (
    Direction,
    FlatPeakClient,
    FlatPeakLogin,
    FlatPeakQueryError,
    Grouping,
    Order,
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
    RecordQuery,
    flatpeak as flatpeak_module,
    transport,
)
from custom_components.qube.api.parsing import Json
from tests.simulator import FaultKind, ManualClock
from tests.simulator.faulty import CLOUD_FAULTS
from tests.simulator.probe import START
from tests.simulator.site import (
    ACCOUNT_ID,
    SimulatedFlatPeak,
    SimulatedSite,
    SiteEndpoint,
    load_flow,
)
from tests.simulator.site_faults import SiteFault
from tests.simulator.site_server import create_site_app

KEY = "canary-site-key-8b1d"
LOGIN = FlatPeakLogin(account_id=ACCOUNT_ID, api_key=KEY)
DEVICE = "dev_63a6087272941ef077a8fd3e"
QUERY = RecordQuery(device_id=DEVICE)
DAY = timedelta(days=1)
TO = START.replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def flatpeak(clock: ManualClock) -> SimulatedFlatPeak:
    """Return a cloud with one main meter."""
    return SimulatedFlatPeak(api_key=KEY, clock=clock)


@pytest.fixture
def site(flatpeak: SimulatedFlatPeak) -> SimulatedSite:
    """Return the main meter, with something flowing out as well."""
    site = flatpeak.add_site(DEVICE, load_flow(3, 200_000))
    site.outbound = load_flow(4, 5_000)
    return site


@pytest.fixture
async def address(
    socket_enabled: None, aiohttp_server: AiohttpServer, flatpeak: SimulatedFlatPeak
) -> str:
    """Return where it is served."""
    return str((await aiohttp_server(create_site_app(flatpeak))).make_url("")).rstrip("/")


@pytest.fixture
def site_client(address: str, session: ClientSession, site: SimulatedSite) -> FlatPeakClient:
    """Return a client of it."""
    return FlatPeakClient(session, LOGIN, address)


CALLS: dict[SiteEndpoint, Callable[[FlatPeakClient], Awaitable[object]]] = {
    SiteEndpoint.LOGIN: lambda client: client.devices(),
    SiteEndpoint.DEVICES: lambda client: client.devices(),
    SiteEndpoint.RECORDS: lambda client: client.records(QUERY, TO - DAY, TO),
}
ERRORS: dict[FaultKind, type[QubeError]] = {
    FaultKind.LATENCY: QubeConnectionError,
    FaultKind.DROP: QubeConnectionError,
    FaultKind.ANSWER_LOST: QubeConnectionError,
    FaultKind.UNAUTHORIZED: QubeAuthenticationError,
    FaultKind.RATE_LIMITED: QubeRateLimitError,
    FaultKind.ERROR: QubeApiError,
    FaultKind.FAILURE_200: QubeApiError,
}


async def outcome(client: FlatPeakClient, endpoint: SiteEndpoint) -> QubeError | None:
    """Return the error of a call, or None; any other error is a fault of the client."""
    try:
        await CALLS[endpoint](client)
    except QubeError as error:
        return error
    return None


@pytest.mark.parametrize("endpoint", SiteEndpoint)
@pytest.mark.parametrize("kind", CLOUD_FAULTS)
async def test_each_fault_at_each_endpoint(
    site_client: FlatPeakClient,
    flatpeak: SimulatedFlatPeak,
    endpoint: SiteEndpoint,
    kind: FaultKind,
) -> None:
    """The error is of its type and gives no key away, and the next request is answered."""
    echo = f"you sent {KEY} and canary-site-token-1"
    flatpeak.faults.append(
        SiteFault(kind=kind, endpoint=endpoint, seconds=0.12, content={"data": 5}, message=echo)
    )
    # No secret yet while the login fails.
    secrets = [KEY, *([] if endpoint is SiteEndpoint.LOGIN else ["canary-site-token"])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "RETRY_AFTER_S", (0.0, 0.0))
        if kind is FaultKind.LATENCY:
            patch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.04))
        error = await outcome(site_client, endpoint)
    assert type(error) is ERRORS.get(kind, QubeResponseError)
    told = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert not [secret for secret in secrets if secret in told]
    flatpeak.faults.clear()
    assert await outcome(site_client, endpoint) is None


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("is_json", [True, False])
async def test_its_own_errors_are_no_refusals(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, status: int, *, is_json: bool
) -> None:
    """With its error object or without."""
    flatpeak.faults.append(SiteFault(kind=FaultKind.SERVER_ERROR, status=status, is_json=is_json))
    with pytest.raises(QubeResponseError):
        await site_client.devices()


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, []),
        (200, {"bearer_token": 5}),
        (200, {"expires_in": 3600}),
        (400, {"message": "no"}),
        (302, {"bearer_token": "x"}),
    ],
)
async def test_a_login_without_a_token_is_no_login(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, status: int, content: Json
) -> None:
    """Nor is it a wrong key."""
    flatpeak.faults.append(
        SiteFault(
            kind=FaultKind.WRONG_TYPES,
            endpoint=SiteEndpoint.LOGIN,
            status=status,
            content=content,
        )
    )
    with pytest.raises(QubeResponseError):
        await site_client.devices()


async def test_a_refusal_tells_its_code_and_its_words(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """Without the secrets that a server may echo."""
    fault = SiteFault(
        kind=FaultKind.ERROR, endpoint=SiteEndpoint.DEVICES, message=f"not {KEY}, " + "x" * 300
    )
    flatpeak.faults.append(fault)
    with pytest.raises(QubeApiError) as caught:
        await site_client.devices()
    assert caught.value.code == "invalid_parameter"
    assert caught.value.detail.startswith("not ***, xxx")
    assert len(caught.value.detail) == 200


async def test_one_login_serves_many_requests(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """And the records of both directions at once."""
    await asyncio.gather(*(site_client.devices() for _ in range(5)))
    assert flatpeak.log.count(SiteEndpoint.LOGIN) == 1


async def test_a_token_that_is_refused_is_renewed_once(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """The request is sent again with the new one."""
    await site_client.devices()
    flatpeak.revoke_tokens()
    assert await site_client.devices()
    once = [SiteEndpoint.LOGIN, SiteEndpoint.DEVICES]
    assert flatpeak.log == [*once, SiteEndpoint.DEVICES, *once]


async def test_a_typed_token_is_used_as_it_is(
    address: str, session: ClientSession, flatpeak: SimulatedFlatPeak, site: SimulatedSite
) -> None:
    """Nobody logs in, and one that is refused stays so."""
    client = FlatPeakClient(session, flatpeak.issue_token(), address)
    assert [device.device_id for device in await client.devices()] == [DEVICE]
    flatpeak.revoke_tokens()
    with pytest.raises(QubeAuthenticationError):
        await client.devices()
    assert SiteEndpoint.LOGIN not in flatpeak.log


@pytest.mark.parametrize("account_id", ["other", "with:colon", "half\ud800"])
async def test_a_wrong_account_is_refused(
    address: str, session: ClientSession, account_id: str
) -> None:
    """One that could not be sent as it is, too."""
    client = FlatPeakClient(session, FlatPeakLogin(account_id=account_id, api_key=KEY), address)
    with pytest.raises(QubeAuthenticationError):
        await client.devices()


def test_a_key_is_in_no_repr() -> None:
    """A log writes reprs."""
    assert KEY not in repr(LOGIN)


async def test_all_devices_are_listed_page_after_page(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """Also where there are more than a page has."""
    for number in range(230):
        flatpeak.add_site(f"dev_{number}", load_flow(1, 1)).reference_id = f"Site {number}"
    devices = await site_client.devices()
    assert [device.device_id for device in devices] == list(flatpeak.sites)
    assert devices[1].reference_id == "Site 0"
    assert flatpeak.log.count(SiteEndpoint.DEVICES) == 3


async def test_a_list_of_devices_that_repeats_itself_ends(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """A cloud that overlooks the cursor says for ever that there are more."""
    content: Json = {"has_more": True, "data": [{"id": "dev_1"}, {"id": 5}, None]}
    flatpeak.faults.append(
        SiteFault(kind=FaultKind.WRONG_TYPES, endpoint=SiteEndpoint.DEVICES, content=content)
    )
    assert [device.device_id for device in await site_client.devices()] == ["dev_1"]
    assert flatpeak.log.count(SiteEndpoint.DEVICES) == 2


async def test_a_list_of_devices_without_end_is_given_up(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page may bring something new, but not for ever."""
    monkeypatch.setattr(flatpeak_module, "MAX_REQUESTS", 2)
    for number in range(230):
        flatpeak.add_site(f"dev_{number}", load_flow(1, 1))
    with pytest.raises(QubeResponseError, match="no end"):
        await site_client.devices()


async def test_a_question_is_sent_with_all_its_parameters(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """In the words of the vendor, both times with one offset."""
    india = timezone(timedelta(hours=5, minutes=30))
    await site_client.page(
        RecordQuery(
            device_id=DEVICE,
            starting_after="mre_1",
            ending_before="mre_2",
            limit=25_000,
            group_by=Grouping.HALF_HOUR,
            order_by=Order.OLDEST,
            direction=Direction.OUTBOUND,
            start=datetime(2026, 5, 1, tzinfo=india),
            end=datetime(2026, 5, 2, tzinfo=UTC),
        )
    )
    assert flatpeak.bodies == [
        {
            "id": DEVICE,
            "starting_after": "mre_1",
            "ending_before": "mre_2",
            "limit": 25_000,
            "group_by": "HALF_HOUR",
            "order_by": "OLDEST",
            "energy_flow_direction": "OUTBOUND",
            "start_time": "2026-05-01T00:00:00+05:30",
            "end_time": "2026-05-02T05:30:00+05:30",
        }
    ]


async def test_a_question_without_times_has_the_defaults_of_the_api(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """The newest hundred."""
    page = await site_client.page(QUERY)
    assert flatpeak.bodies[0].keys() == {
        "id",
        "limit",
        "group_by",
        "order_by",
        "energy_flow_direction",
    }
    assert (len(page.records), page.rows, page.has_more) == (100, 100, True)
    assert page.log_id == "mre_69a696dbbd198e0ed4d57fcf"
    assert page.records[0].started_at > page.records[-1].started_at


@pytest.mark.parametrize(
    ("query", "key"),
    [
        (replace(QUERY, device_id=""), "record_device_missing"),
        (replace(QUERY, limit=0), "record_limit"),
        (replace(QUERY, limit=25_001), "record_limit"),
        (replace(QUERY, start=datetime(2026, 5, 1)), "record_time_without_zone"),  # noqa: DTZ001
        (replace(QUERY, end=datetime(2026, 5, 1)), "record_time_without_zone"),  # noqa: DTZ001
        (QUERY.within(TO, TO), "record_times_reversed"),
        (QUERY.within(TO, TO - DAY), "record_times_reversed"),
        (QUERY.within(TO - timedelta(days=90, seconds=1), TO), "record_window"),
    ],
)
async def test_what_the_api_would_refuse_is_not_sent(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, query: RecordQuery, key: str
) -> None:
    """The error says which rule it breaks."""
    with pytest.raises(FlatPeakQueryError) as caught:
        await site_client.page(query)
    assert caught.value.key == str(caught.value) == key
    assert flatpeak.log == []


async def test_the_limits_themselves_are_allowed(
    site_client: FlatPeakClient, site: SimulatedSite
) -> None:
    """Ninety days, and one record."""
    (record,) = (
        await site_client.page(replace(QUERY, limit=1).within(TO - timedelta(days=90), TO))
    ).records
    assert record.ended_at == TO
    assert record.value * 1000 == site.true_wh(record.started_at, TO)
    assert record.confidence == 1


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 7, 48, 100, 25_000])
@pytest.mark.parametrize("direction", Direction)
async def test_all_pages_are_the_truth(
    site_client: FlatPeakClient,
    site: SimulatedSite,
    order: Order,
    limit: int,
    direction: Direction,
) -> None:
    """From whichever end, in pages of whichever size, each record once and in order of time."""
    query = replace(QUERY, limit=limit, order_by=order, direction=direction)
    records = await site_client.records(query, TO - DAY, TO)
    starts = [record.started_at for record in records]
    assert starts == [TO - DAY + number * timedelta(minutes=30) for number in range(48)]
    assert sum(record.value for record in records) * 1000 == site.true_wh(TO - DAY, TO, direction)
    assert {record.direction for record in records} == {direction}


async def test_a_service_that_sends_fewer_than_asked_for_is_asked_on(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """Only `has_more` tells that there is more."""
    flatpeak.largest_page = 10
    assert len(await site_client.records(replace(QUERY, limit=1000), TO - DAY, TO)) == 48
    assert flatpeak.log.count(SiteEndpoint.RECORDS) == 5


@pytest.mark.parametrize("order", Order)
async def test_a_service_that_overlooks_the_order_loses_nothing(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, order: Order
) -> None:
    """The window shrinks from the side that the page covers."""
    flatpeak.ignores_order = True
    query = replace(QUERY, limit=10, order_by=order)
    assert len(await site_client.records(query, TO - DAY, TO)) == 48


async def test_a_year_is_read_in_windows_of_ninety_days(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, site: SimulatedSite
) -> None:
    """And what was read twice counts once."""
    start = TO - timedelta(days=365)
    records = await site_client.records(replace(QUERY, limit=25_000), start, TO)
    assert len({record.key for record in records}) == len(records) == 365 * 48
    assert sum(record.value for record in records) * 1000 == site.true_wh(start, TO)
    assert flatpeak.log.count(SiteEndpoint.RECORDS) == 5


@pytest.mark.parametrize("grouping", Grouping)
async def test_each_grouping_has_the_same_sum(
    site_client: FlatPeakClient, site: SimulatedSite, grouping: Grouping
) -> None:
    """By day, week or month."""
    start, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    query = replace(QUERY, group_by=grouping, limit=5000)
    records = await site_client.records(query, start, end)
    assert sum(record.value for record in records) * 1000 == site.true_wh(start, end)
    expected = {Grouping.DAY: 28, Grouping.WEEK: 4, Grouping.MONTH: 1, Grouping.HOUR: 28 * 24}
    assert len(records) == expected.get(grouping, 28 * 48)


async def test_values_in_watt_hours_are_whole(
    site_client: FlatPeakClient, site: SimulatedSite
) -> None:
    """The unit is not in the answer; the value is exactly what was sent."""
    site.wh_per_unit = 1
    records = await site_client.records(QUERY, TO - DAY, TO)
    assert sum(record.value for record in records) == site.true_wh(TO - DAY, TO)


async def test_reversed_times_are_not_sent(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """Nor is an empty span."""
    with pytest.raises(FlatPeakQueryError):
        await site_client.records(QUERY, TO, TO)
    assert flatpeak.log == []


def row(start: datetime, minutes: int = 30, **more: Json) -> dict[str, Json]:
    """Return a record as it is sent."""
    end = start + timedelta(minutes=minutes)
    return {"start_time": start.isoformat(), "end_time": end.isoformat(), "value": 1.5, **more}


def page_of(*rows: Json, has_more: Json = True) -> Json:
    """Return an answer with these records."""
    return {"object": "list", "has_more": has_more, "data": {"records": list(rows)}}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((row(TO - DAY * 9),), "no end"),
        ((), "without records"),
        ((row(TO - 3 * DAY), row(TO - DAY), row(TO - 2 * DAY)), "no order"),
    ],
)
async def test_pages_that_lead_nowhere_are_given_up(
    site_client: FlatPeakClient,
    flatpeak: SimulatedFlatPeak,
    rows: tuple[Json, ...],
    message: str,
) -> None:
    """A service that says for ever that there is more is not asked for ever."""
    content = page_of(*rows)
    flatpeak.faults.append(
        SiteFault(kind=FaultKind.WRONG_TYPES, endpoint=SiteEndpoint.RECORDS, content=content)
    )
    query = replace(QUERY, order_by=Order.OLDEST)
    with pytest.raises(QubeResponseError, match=message):
        await site_client.records(query, TO - 4 * DAY, TO)
    assert flatpeak.log.count(SiteEndpoint.RECORDS) <= 2


async def test_pages_without_end_are_given_up(
    site_client: FlatPeakClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where each one shrinks the window by a little."""
    monkeypatch.setattr(flatpeak_module, "MAX_REQUESTS", 40)
    with pytest.raises(QubeResponseError, match="no end"):
        await site_client.records(replace(QUERY, limit=1), TO - DAY, TO)


async def test_a_page_that_reaches_the_end_is_the_last(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak
) -> None:
    """Also where it says that there is more."""
    content = page_of(row(TO - DAY), row(TO - timedelta(minutes=30)))
    flatpeak.faults.append(
        SiteFault(kind=FaultKind.WRONG_TYPES, endpoint=SiteEndpoint.RECORDS, content=content)
    )
    query = replace(QUERY, order_by=Order.OLDEST)
    assert len(await site_client.records(query, TO - DAY, TO)) == 2


@pytest.mark.parametrize(
    "odd",
    [
        None,
        5,
        {},
        row(TO, value=None),
        row(TO, value=-1),
        row(TO, value="1"),
        row(TO, value=True),
        row(TO, minutes=0),
        row(TO, minutes=-30),
        row(TO, start_time="2026-05-01T00:00:00"),
        row(TO, end_time="soon"),
    ],
)
async def test_what_is_no_record_is_left_out(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, odd: Json
) -> None:
    """The others are used, zero among them, and one that comes twice counts once."""
    good = row(TO - DAY, value=0, confidence="high")
    flatpeak.faults.append(
        SiteFault(
            kind=FaultKind.WRONG_TYPES,
            endpoint=SiteEndpoint.RECORDS,
            content=page_of(good, odd, good, has_more="yes"),
        )
    )
    page = await site_client.page(QUERY)
    assert (page.rows, len(page.records)) == (3, 2)
    (record,) = await site_client.records(QUERY, TO - DAY, TO)
    assert record.value == 0
    assert record.confidence is None


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"data": []},
        {"data": {"device_id": "dev_other", "records": []}},
        {"data": {"energy_flow_direction": "OUTBOUND", "records": []}},
    ],
)
async def test_an_answer_to_another_question_is_refused(
    site_client: FlatPeakClient, flatpeak: SimulatedFlatPeak, content: Json
) -> None:
    """Another device's energy is worse than none."""
    flatpeak.faults.append(
        SiteFault(kind=FaultKind.WRONG_TYPES, endpoint=SiteEndpoint.RECORDS, content=content)
    )
    with pytest.raises(QubeResponseError):
        await site_client.page(QUERY)


async def test_an_unknown_device_is_told(site_client: FlatPeakClient) -> None:
    """In FlatPeak's own words."""
    with pytest.raises(QubeApiError, match="no such device"):
        await site_client.page(replace(QUERY, device_id="dev_unknown"))
