"""How many requests are under way at once over real HTTP, and which of them goes first."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from custom_components.qube.api import QubeClient, QubeResponseError, Space, transport
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedCloud, SimulatedMeter

from .calls import CALLS, Target
from .servers import Scripted, envelope

SPACES = "/api/v2/spaces/"
TARGET = Target(space_id=5, device_id="Q-1")

type Run = Callable[[QubeClient, Target], Awaitable[object]]

READS_THAT_PASS: tuple[Run, ...] = (
    lambda client, target: client.wifi(target.device_id),
    lambda client, target: client.metrics(target.device_id, command=True),
    lambda client, target: client.device(target.device_id, command=True),
)
COMMANDS = tuple(call.run for call in CALLS if call.is_command)
POLLS = tuple(
    call.run
    for call in CALLS
    if call.endpoint in (Endpoint.SPACE, Endpoint.DEVICE, Endpoint.METRICS, Endpoint.HISTORY)
)


async def twenty_polls(scripted: Scripted, client: QubeClient) -> list[asyncio.Task[list[Space]]]:
    """Begin twenty requests, of which eight have reached the server and none is answered."""
    scripted.body = envelope({"space_id": 5})
    scripted.may_answer.clear()
    polls = [asyncio.create_task(client.spaces()) for _ in range(20)]
    async with asyncio.timeout(5):
        while len(scripted.seen) < transport.REQUESTS_AT_ONCE:
            await breathe()
    return polls


async def breathe() -> None:
    """Let client and server, which share a loop, do what they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def answer(scripted: Scripted, *tasks: asyncio.Task[object]) -> list[object]:
    """Let the server answer all, and return what came of the tasks."""
    scripted.may_answer.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_eight_requests_are_under_way_at_once(
    client: QubeClient, cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """As many as allowed, and never one more."""
    cloud.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.1))
    await asyncio.gather(*(client.metrics(meter.device_id) for _ in range(20)))
    assert cloud.requests.total() == 20
    assert cloud.requests.max_at_once == transport.REQUESTS_AT_ONCE == 8


@pytest.mark.parametrize("run", [*COMMANDS, *READS_THAT_PASS])
async def test_a_command_passes_waiting_polls(
    scripted: Scripted, scripted_client: QubeClient, run: Run
) -> None:
    """Only those already under way go before it, and so when it is read back."""
    polls = await twenty_polls(scripted, scripted_client)
    command = asyncio.ensure_future(run(scripted_client, TARGET))
    await breathe()
    assert len(scripted.seen) == 8
    await answer(scripted, command, *polls)
    order = [seen.method + seen.path for seen in scripted.seen]
    assert len(order) == 21
    (position,) = [place for place, asked in enumerate(order) if asked != f"GET{SPACES}"]
    # The connections freed at once are taken up in any order.
    assert 8 <= position < 16


@pytest.mark.parametrize("run", POLLS)
async def test_a_poll_passes_nobody(
    scripted: Scripted, scripted_client: QubeClient, run: Run
) -> None:
    """It waits until all that came before it are under way."""
    polls = await twenty_polls(scripted, scripted_client)
    poll = asyncio.ensure_future(run(scripted_client, TARGET))
    await answer(scripted, poll, *polls)
    assert len(scripted.seen) == 21
    places = [place for place, seen in enumerate(scripted.seen) if seen.path != SPACES]
    assert len(places) == 1
    assert places[0] >= 16


async def test_requests_that_fail_or_are_cancelled_give_their_slots_back(
    scripted: Scripted, scripted_client: QubeClient
) -> None:
    """Four are cancelled on the way, eight while they wait, and the others fail."""
    polls = await twenty_polls(scripted, scripted_client)
    for poll in polls[4:16]:
        poll.cancel()
    outcomes = [type(outcome) for outcome in await answer(scripted, *polls)]
    assert outcomes[4:16] == [asyncio.CancelledError] * 12
    assert outcomes[:4] + outcomes[16:] == [QubeResponseError] * 8
    assert scripted_client._transport._limit._free == 8
    scripted.body = envelope([])
    assert await scripted_client.spaces() == []
