"""The rules of one exchange: nothing sent elsewhere, nothing read or waited for without end."""

import asyncio
import gzip
import tracemalloc

from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import unused_port
import pytest

from custom_components.qube.api import (
    QubeApiError,
    QubeAuthenticationError,
    QubeClient,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeResponseError,
    transport,
)
from custom_components.qube.api.parsing import Json
from tests.simulator import SimulatedCloud

from .servers import API_KEY, Scripted, Wire, envelope, refusal

OK = b"HTTP/1.1 200 OK\r\n"
DEEP = 100_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(
    scripted: Scripted, scripted_client: QubeClient, cloud: SimulatedCloud, url: str, status: int
) -> None:
    """Another host never sees the key, and the same host is not asked twice."""
    scripted.status = status
    for location in (f"{url}/api/v2/spaces/", "/api/v2/spaces/"):
        scripted.seen.clear()
        scripted.headers = {"Location": location}
        with pytest.raises(QubeResponseError, match=f"HTTP {status}"):
            await scripted_client.spaces()
        assert len(scripted.seen) == 1
    assert cloud.requests.total() == 0


async def test_a_redirect_that_claims_success_is_none(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """Only a 2xx can say yes."""
    scripted.body = envelope([])
    for status in (302, 400, 404, 500, 503):
        scripted.status = status
        with pytest.raises(QubeResponseError, match="claims success"):
            await scripted_client.spaces()
    scripted.status = 201
    assert await scripted_client.spaces() == []


async def test_two_mebibytes_are_read_and_not_one_byte_more(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """The cap is exact, and counts what was inflated."""
    scripted.body = envelope([]).ljust(transport.MAX_BODY_BYTES)
    assert await scripted_client.spaces() == []
    scripted.body += b" "
    with pytest.raises(QubeResponseError, match="2 MiB"):
        await scripted_client.spaces()
    scripted.body = gzip.compress(scripted.body)
    scripted.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(QubeResponseError, match="2 MiB"):
        await scripted_client.spaces()


async def test_a_gzip_bomb_does_not_fill_the_memory(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """Half a gigabyte of zeros costs a small part of it."""
    scripted.body = gzip.compress(bytes(512 * 2**20), compresslevel=1)
    scripted.headers = {"Content-Encoding": "gzip"}
    tracemalloc.start()
    try:
        with pytest.raises(QubeResponseError, match="2 MiB"):
            await scripted_client.spaces()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 32 * 2**20


async def test_a_body_without_end_is_left(wire: Wire, session: ClientSession) -> None:
    """The declared length is not waited for."""
    wire.answer = OK + b"Content-Length: 99999999999\r\n\r\n" + bytes(3 * 2**20)
    wire.stalls = True
    with pytest.raises(QubeResponseError, match="2 MiB"):
        await QubeClient(session, API_KEY, wire.url).spaces()


@pytest.mark.parametrize(
    "answer",
    [b"", OK, OK + b"Content-Length: 20\r\n\r\n", OK + b"Content-Length: 20\r\n\r\n{"],
    ids=["silent", "in the head", "after the head", "in the body"],
)
async def test_a_server_that_stalls_is_not_waited_for(
    wire: Wire, session: ClientSession, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """The time runs until the last byte, not the first."""
    monkeypatch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.05))
    wire.answer, wire.stalls = answer, True
    async with asyncio.timeout(5):
        with pytest.raises(QubeConnectionError, match="no answer in time"):
            await QubeClient(session, API_KEY, wire.url).spaces()


def test_the_timeouts_bound_the_whole_and_the_connecting() -> None:
    """Twenty seconds in all, ten of them to connect."""
    assert (transport.TIMEOUT.total, transport.TIMEOUT.sock_connect) == (20, 10)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", QubeConnectionError),
        (b"not HTTP at all\r\n\r\n", QubeConnectionError),
        (OK + b"Content-Length: x\r\n\r\n", QubeConnectionError),
        (OK + b"X: " + b"a" * 100_000 + b"\r\n\r\n", QubeConnectionError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nab", QubeConnectionError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nab", QubeResponseError),
        (OK + b"Content-Length: 9\r\n\r\n{", QubeResponseError),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", QubeResponseError),
        (OK + b"Content-Length: 2\r\n\r\n\xff\xfe", QubeResponseError),
        (b"HTTP/1.1 204 No Content\r\n\r\n", QubeResponseError),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", QubeResponseError),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_broken_http_is_a_typed_error(
    wire: Wire, session: ClientSession, answer: bytes, kind: type[QubeError]
) -> None:
    """Whatever comes over the wire, and however it ends."""
    wire.answer = answer
    with pytest.raises(kind):
        await QubeClient(session, API_KEY, wire.url).spaces()


@pytest.mark.parametrize(
    ("key", "url"),
    [
        (API_KEY, "http://127.0.0.1:{port}"),
        (API_KEY, "http://[bad"),
        (API_KEY, "http://127.0.0.1:99999"),
        (API_KEY, "nonsense"),
        ("two\nlines", "http://127.0.0.1:{port}"),
        ("half\ud800", "http://127.0.0.1:{port}"),
    ],
)
async def test_a_request_that_cannot_be_sent_is_a_connection_error(
    session: ClientSession, key: str, url: str
) -> None:
    """No server, an address that is none, or a key that no header can carry."""
    with pytest.raises(QubeConnectionError, match="no connection"):
        await QubeClient(session, key, url.format(port=unused_port())).spaces()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"true",
        b'"success"',
        b"{}",
        b'{"success": "true", "data": []}',
        b'{"success": 1, "data": []}',
        b'{"success": null}',
        b"<html>",
        b'{"success": true, "data": [',
        b'{"success": true, "data": "\xff"}',
        b'{"success": true, "data": ' + b"9" * 5000 + b"}",
        b'{"success": true, "data": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"success": true, "data": ' + b"[" * DEEP + b"NaN" + b"]" * DEEP + b"}",
        b"[" * 2**20,
        b'{"a":' * 2**18,
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_what_is_not_the_envelope_is_refused_at_any_status(
    scripted: Scripted, scripted_client: QubeClient, body: bytes
) -> None:
    """Also 401 and 403: a proxy's page is no reason to ask for a new key."""
    scripted.body = body
    for status in (200, 401, 403, 404, 500, 502):
        scripted.status = status
        with pytest.raises(QubeResponseError, match=f"HTTP {status} without Qube's envelope"):
            await scripted_client.spaces()


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 400])
async def test_numbers_that_json_does_not_know_cost_only_their_field(
    scripted: Scripted, scripted_client: QubeClient, number: bytes
) -> None:
    """The rest of the answer is used."""
    scripted.body = b'{"success":true,"data":{"energy":' + number + b',"voltage":230.5}}'
    metrics = await scripted_client.metrics("Q-1")
    assert (metrics.energy_wh, metrics.voltage_v) == (None, 230.5)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, refusal("authentication_error"), QubeAuthenticationError),
        (401, refusal("anything"), QubeAuthenticationError),
        (401, b'{"success": false}', QubeAuthenticationError),
        (200, refusal("authentication_error"), QubeAuthenticationError),
        (403, refusal("authentication_error"), QubeAuthenticationError),
        (403, refusal("not_your_space"), QubeApiError),
        (200, refusal("device_offline"), QubeDeviceOfflineError),
        (409, refusal("device_offline"), QubeDeviceOfflineError),
        (200, refusal("a_new_code"), QubeApiError),
        (200, refusal(None), QubeResponseError),
        (200, refusal(5), QubeResponseError),
        (403, b'{"success": false}', QubeResponseError),
        (403, b'{"success": false, "error": "device_offline"}', QubeResponseError),
        (403, b'{"success": false, "error": ["device_offline"]}', QubeResponseError),
        (500, refusal("device_offline"), QubeResponseError),
        (503, refusal("server_error"), QubeResponseError),
    ],
)
async def test_refusals_are_told_apart_by_envelope_and_status(
    scripted: Scripted,
    scripted_client: QubeClient,
    status: int,
    body: bytes,
    kind: type[QubeError],
) -> None:
    """The code decides, a 401 means the key, and a broken server decides nothing."""
    scripted.status, scripted.body = status, body
    with pytest.raises(QubeError) as caught:
        await scripted_client.spaces()
    assert type(caught.value) is kind


async def test_a_refusal_shows_its_detail_within_limits(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """Long ones are cut, and what is no text is left out."""
    details: list[tuple[Json, str]] = [("x" * 500, "x" * 200), (["x"], ""), ({"x": 1}, "")]
    for detail, shown in details:
        scripted.body = refusal("c" * 90, detail)
        with pytest.raises(QubeApiError) as caught:
            await scripted_client.spaces()
        assert (caught.value.code, caught.value.detail) == ("c" * 50, shown)
