"""Neither the API key nor a Wi-Fi password is in anything an error or a log can show."""

import asyncio
from collections.abc import Iterator
import logging
import traceback

from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import unused_port
import orjson
import pytest

from custom_components.qube.api import QubeApiError, QubeClient, QubeError, transport
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedCloud

from .calls import CALLS, WIFI_PASSWORD, Target
from .fault_cases import CASES, Case, outcome_of
from .servers import API_KEY, Scripted, Wire, refusal

SECRETS = (API_KEY, WIFI_PASSWORD)
BOTH = f"{API_KEY} and {WIFI_PASSWORD}"
TARGET = Target(space_id=5, device_id="Q-1")


def related(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that led to it, also what `from None` hides from a traceback."""
    if error is not None:
        yield error
        yield from related(error.__cause__)
        yield from related(error.__context__)


def shown_by(error: BaseException) -> str:
    """Return everything that logging, printing or keeping an error could show."""
    texts = traceback.format_exception(error)
    for each in related(error):
        texts += [str(each), repr(each), repr(each.args), repr(vars(each))]
    return "\n".join(texts)


def assert_tells_nothing(error: BaseException) -> None:
    """Fail where a secret is in anything an error shows."""
    shown = shown_by(error)
    assert type(error).__name__ in shown
    assert not [secret for secret in SECRETS if secret in shown]


async def run_all_calls(
    client: QubeClient, cloud: SimulatedCloud, target: Target, fault: Fault
) -> list[QubeError]:
    """Run every call once under a fault and return the errors."""
    cloud.faults.add(fault)
    with pytest.MonkeyPatch.context() as patch:
        if fault.kind is FaultKind.LATENCY:
            patch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.02))
        outcomes = [await outcome_of(client, target, call) for call in CALLS]
    cloud.faults.clear()
    return [error for error in outcomes if error is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fault.kind}-{case.code}")
async def test_no_fault_gives_a_secret_away(
    client: QubeClient,
    cloud: SimulatedCloud,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
    case: Case,
) -> None:
    """Whatever goes wrong, at whichever endpoint."""
    monkeypatch.setattr(transport, "RETRY_AFTER_S", (0.0, 0.0))
    errors = await run_all_calls(client, cloud, target, case.fault)
    assert len(errors) == (0 if case.error is None else len(CALLS))
    for error in errors:
        assert_tells_nothing(error)


async def test_no_answer_gives_a_secret_away(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """A server that echoes the request, in code, detail, page or header."""
    pages = [
        refusal("validation_error", f"your headers: {BOTH}"),
        refusal(BOTH, f"{'x' * 190} {BOTH}"),
        refusal("device_offline", [BOTH]),
        refusal("authentication_error", BOTH),
        refusal(BOTH, {API_KEY: WIFI_PASSWORD}),
        f"<html>{BOTH}".encode(),
        f'{{"success": true, "data": "{BOTH}'.encode(),
        f'{{"success": true, "data": "{BOTH}\xff"}}'.encode("latin-1"),
        orjson.dumps({"success": BOTH, "data": BOTH}),
    ]
    scripted.headers = {"Location": f"/{API_KEY}", "Retry-After": API_KEY, "X-Echo": BOTH}
    set_wifi = next(call for call in CALLS if call.endpoint is Endpoint.WIFI_UPDATE)
    for scripted.body in pages:
        for scripted.status in (200, 302, 401, 403, 500):
            error = await outcome_of(scripted_client, TARGET, set_wifi)
            assert error is not None
            assert_tells_nothing(error)


async def test_what_is_hidden_leaves_the_rest_readable(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """Only the secrets are taken out of the API's words."""
    scripted.body = refusal("validation_error", f"not {API_KEY} nor {WIFI_PASSWORD}!")
    with pytest.raises(QubeApiError) as caught:
        await scripted_client.set_wifi("Q-1", ssid="Net", password=WIFI_PASSWORD)
    assert caught.value.detail == "not *** nor ***!"
    assert str(caught.value) == "validation_error: not *** nor ***!"
    # Hidden before the cut, which could leave half of it.
    scripted.body = refusal("validation_error", f"{'x' * 190} {API_KEY}")
    with pytest.raises(QubeApiError) as caught:
        await scripted_client.spaces()
    assert caught.value.detail == f"{'x' * 190} ***"


async def test_an_empty_key_hides_nothing(scripted: Scripted, session: ClientSession) -> None:
    """An empty text is everywhere, and is no secret."""
    scripted.body = refusal("device_offline", "not online")
    with pytest.raises(QubeApiError) as caught:
        await QubeClient(session, "", scripted.url).spaces()
    assert str(caught.value) == "device_offline: not online"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        f"X-Qube-API-Key: {BOTH}\r\n\r\n".encode(),
        f"HTTP/1.1 {BOTH}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nContent-Length: {BOTH}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{BOTH}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{BOTH}\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 50\r\n\r\n{BOTH}".encode(),
    ],
    ids=lambda answer: repr(answer[:40]),
)
async def test_broken_http_gives_no_secret_away(
    wire: Wire, session: ClientSession, answer: bytes
) -> None:
    """Errors of aiohttp hold the request's headers and the server's bytes: none is kept."""
    wire.answer = answer
    for call in CALLS:
        error = await outcome_of(QubeClient(session, API_KEY, wire.url), TARGET, call)
        assert error is not None
        assert error.__context__ is error.__cause__ is None
        assert_tells_nothing(error)


@pytest.mark.parametrize("key", [f"{API_KEY}\n", f"{API_KEY}\ud800"])
async def test_a_key_that_cannot_be_sent_is_not_shown(session: ClientSession, key: str) -> None:
    """Neither is one for a server that is not there."""
    url = f"http://127.0.0.1:{unused_port()}"
    for unusable in (QubeClient(session, key, url), QubeClient(session, API_KEY, url)):
        with pytest.raises(QubeError) as caught:
            await unusable.spaces()
        assert_tells_nothing(caught.value)


async def test_nothing_secret_is_logged(
    client: QubeClient,
    cloud: SimulatedCloud,
    target: Target,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every call under every fault, with all loggers and asyncio at their most talkative."""
    monkeypatch.setattr(transport, "RETRY_AFTER_S", (0.0, 0.0))
    asyncio.get_running_loop().set_debug(True)
    with caplog.at_level(logging.DEBUG):
        for case in CASES:
            await run_all_calls(client, cloud, target, case.fault)
    assert {"aiohttp.access", "asyncio"} <= {record.name for record in caplog.records}
    everything = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert not [secret for secret in SECRETS if secret in everything]
