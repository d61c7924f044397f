"""After a 429 the whole account waits, as long as it was told to within limits."""

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.qube.api import (
    QubeClient,
    QubeRateLimitError,
    QubeResponseError,
    transport,
)
from custom_components.qube.api.transport import parse_retry_after
from tests.simulator import Fault, FaultKind, SimulatedCloud

from .calls import CALLS, Target
from .servers import Scripted

NOW = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("7.5", 7.5),
        (" 90 ", 90),
        ("0", 1),
        ("-5", 1),
        ("3601", 3600),
        ("1e300", 3600),
        ("inf", 3600),
        ("-inf", 1),
        ("nan", 1),
        ("Wed, 13 May 2026 12:31:00 GMT", 60),
        ("Wed, 13 May 2026 18:01:00 +0530", 60),
        ("Wed, 13 May 2026 12:00:00 GMT", 1),
        ("Thu, 14 May 2026 12:30:00 GMT", 3600),
        # Without a zone it is no instant.
        ("Wed, 13 May 2026 12:31:00 -0000", 60),
        ("Wed, 99 May 2026 12:31:00 GMT", 60),
        ("Wed, 13 May 99999999999999 12:31:00 GMT", 60),
        ("soon", 60),
        ("", 60),
        (None, 60),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_clamped(header: str | None, seconds: float) -> None:
    """From one second to one hour; a minute where it cannot be read."""
    assert parse_retry_after(header, NOW) == seconds


@settings(deadline=None)
@given(st.text(st.characters()) | st.floats().map(str) | st.datetimes().map(format_datetime))
def test_no_retry_after_breaks_the_clamp(header: str) -> None:
    """Whatever a server writes there."""
    assert 1 <= parse_retry_after(header) <= 3600


@pytest.mark.parametrize("retry_after", [30, "Fri, 31 Dec 9999 23:59:59 GMT", "garbage", None])
async def test_the_whole_account_is_held_back_without_a_request(
    client: QubeClient, cloud: SimulatedCloud, target: Target, retry_after: int | str | None
) -> None:
    """One 429 silences every endpoint, commands too, and says how long."""
    cloud.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=retry_after, times=1))
    with pytest.raises(QubeRateLimitError) as first:
        await client.metrics(target.device_id)
    wait_s = {30: 30, "garbage": 60, None: 60}.get(retry_after, 3600)
    assert first.value.retry_after == wait_s
    assert str(wait_s) in str(first.value)
    for call in CALLS:
        with pytest.raises(QubeRateLimitError) as later:
            await call.run(client, target)
        assert wait_s - 5 < later.value.retry_after <= wait_s
    assert cloud.requests.total() == 1


async def test_those_already_waiting_are_held_back_too(
    client: QubeClient, cloud: SimulatedCloud
) -> None:
    """Only the eight under way were sent; and of two waits the longer one holds."""
    cloud.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=600, times=1))
    cloud.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=5))
    outcomes = await asyncio.gather(*(client.spaces() for _ in range(30)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {QubeRateLimitError}
    assert cloud.requests.total() <= 8
    with pytest.raises(QubeRateLimitError) as caught:
        await client.spaces()
    assert caught.value.retry_after > 590


async def test_after_the_wait_the_account_is_served_again(
    client: QubeClient, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to start anything anew."""
    monkeypatch.setattr(transport, "RETRY_AFTER_S", (0.05, 0.05))
    cloud.faults.add(Fault(kind=FaultKind.RATE_LIMITED, times=1))
    with pytest.raises(QubeRateLimitError):
        await client.spaces()
    await asyncio.sleep(0.06)
    assert await client.spaces()
    assert cloud.requests.total() == 2


async def test_only_429_holds_the_account_back(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """A Retry-After on another status is not obeyed; a 429 may be any page."""
    scripted.headers = {"Retry-After": "600"}
    for status, kind in (
        (503, QubeResponseError),
        (200, QubeResponseError),
        (429, QubeRateLimitError),
    ):
        scripted.status = status
        with pytest.raises(kind):
            await scripted_client.spaces()
