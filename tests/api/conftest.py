"""The client over real HTTP: against the simulated cloud, and against servers that misbehave."""

from asyncio import IncompleteReadError, StreamReader, StreamWriter, start_server
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import ClientSession, web
import pytest
from pytest_aiohttp.plugin import AiohttpServer

from custom_components.qube.api import QubeClient
from tests.simulator import ManualClock, SimulatedCloud, SimulatedMeter
from tests.simulator.probe import START

from .calls import Target
from .servers import API_KEY, Scripted, Wire


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant: the client does not know it."""


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands until it is moved."""
    return ManualClock(START)


@pytest.fixture
def cloud(clock: ManualClock) -> SimulatedCloud:
    """Return a cloud with one meter of each sort, in three spaces."""
    return SimulatedCloud(seed=7, api_key=API_KEY, clock=clock).populate(spaces=3, meters=12)


@pytest.fixture
def meter(cloud: SimulatedCloud) -> SimulatedMeter:
    """Return the first meter, an ordinary one."""
    return next(iter(cloud.meters.values()))


@pytest.fixture
def target(meter: SimulatedMeter) -> Target:
    """Return what the calls of the table are about."""
    return Target(space_id=meter.space_id, device_id=meter.device_id)


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """Return a session of the test's own."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
def client(url: str, session: ClientSession) -> QubeClient:
    """Return a client of the simulated cloud."""
    return QubeClient(session, API_KEY, url)


@pytest.fixture
async def scripted(socket_enabled: None, aiohttp_server: AiohttpServer) -> Scripted:
    """Return a server that answers all requests as it is told."""
    scripted = Scripted()
    scripted.may_answer.set()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", scripted.serve)
    server = await aiohttp_server(app)
    scripted.url = str(server.make_url("")).rstrip("/")
    return scripted


@pytest.fixture
def scripted_client(scripted: Scripted, session: ClientSession) -> QubeClient:
    """Return a client of the scripted server."""
    return QubeClient(session, API_KEY, scripted.url)


@pytest.fixture
async def wire(socket_enabled: None) -> AsyncIterator[Wire]:
    """Return a server that sends bare bytes and hangs up."""
    wire = Wire()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(wire.answer)
            await writer.drain()
            if wire.stalls:
                # Until the client hangs up.
                await reader.read()
        writer.close()

    async with await start_server(serve, "127.0.0.1", 0) as server:
        wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield wire
