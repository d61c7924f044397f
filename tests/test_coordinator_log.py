"""Trouble is one line in the log, not one a meter and not one a poll."""

import pytest

from tests.account import Account, trouble_in
from tests.simulator import Endpoint, FaultKind

OUTAGES = [
    FaultKind.DROP,
    FaultKind.TRUNCATION,
    FaultKind.HTML_200,
    FaultKind.PROXY_403,
    FaultKind.SERVER_ERROR,
    FaultKind.RATE_LIMITED,
    FaultKind.UNAUTHORIZED,
    FaultKind.FAILURE_200,
    FaultKind.OVERSIZED,
]


@pytest.mark.parametrize("kind", OUTAGES)
async def test_an_outage_of_the_whole_cloud_is_one_line(
    account: Account, caplog: pytest.LogCaptureFixture, kind: FaultKind
) -> None:
    """Twelve meters and the spaces fail, again and again: one line."""
    account.break_down(kind)
    for _ in range(3):
        await account.poll()
        await account.poll_spaces()
    assert account.available() == []
    (line,) = trouble_in(caplog)
    assert "the account's spaces" in line


async def test_meters_that_fail_one_after_another_in_an_outage_are_one_line(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Polls are spread, so each meter finds out for itself; still there is one line."""
    account.break_down(FaultKind.DROP)
    for meter in account.cloud.meters.values():
        await account.poll(meter)
    assert len(trouble_in(caplog)) == 1


async def test_the_end_of_an_outage_is_no_trouble(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is back with the next poll, and another outage is another line."""
    account.break_down(FaultKind.SERVER_ERROR)
    await account.poll()
    assert len(trouble_in(caplog)) == 1
    account.cloud.faults.clear()
    await account.poll()
    await account.poll_spaces()
    assert len(account.available()) == 11
    assert trouble_in(caplog) == []
    account.break_down(FaultKind.SERVER_ERROR)
    await account.poll()
    assert len(trouble_in(caplog)) == 1


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.SERVER_ERROR, FaultKind.UNAUTHORIZED])
@pytest.mark.parametrize("endpoint", [Endpoint.METRICS, None])
async def test_a_single_meter_that_fails_is_one_line_of_its_own(
    account: Account,
    caplog: pytest.LogCaptureFixture,
    kind: FaultKind,
    endpoint: Endpoint | None,
) -> None:
    """It names the device, once, and its recovery is no trouble."""
    meter = account.meter()
    account.break_down(kind, endpoint, meter)
    for _ in range(3):
        await account.poll()
    (line,) = trouble_in(caplog)
    assert meter.device_id in line
    account.cloud.faults.clear()
    await account.poll()
    assert trouble_in(caplog) == []
    account.break_down(kind, endpoint, meter)
    await account.poll()
    assert len(trouble_in(caplog)) == 1


async def test_meters_that_go_offline_are_no_trouble(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """That is what meters do, and what their entities say."""
    for meter in account.cloud.meters.values():
        meter.is_online = False
    for _ in range(2):
        await account.poll()
    assert account.available() == []
    assert account.available("online") == list(account.cloud.meters.values())
    assert trouble_in(caplog) == []
