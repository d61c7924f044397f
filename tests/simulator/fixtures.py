"""Fixtures for the simulator's own tests: a small world with one meter of each sort.

A test module takes them with `pytest_plugins = ("tests.simulator.fixtures",)`.
"""

from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest
from pytest_aiohttp.plugin import AiohttpServer

from .clock import ManualClock
from .cloud import SimulatedCloud
from .probe import API_KEY, START, Probe
from .server import create_app


@pytest.fixture
def sim_clock() -> ManualClock:
    """Return a clock that stands until it is moved."""
    return ManualClock(START)


@pytest.fixture
def sim_cloud(sim_clock: ManualClock) -> SimulatedCloud:
    """Return a cloud with one meter of each sort."""
    return SimulatedCloud(seed=7, api_key=API_KEY, clock=sim_clock).populate(spaces=3, meters=12)


@pytest.fixture
async def probe(
    socket_enabled: None, aiohttp_server: AiohttpServer, sim_cloud: SimulatedCloud
) -> AsyncIterator[Probe]:
    """Return a client of the cloud, served on 127.0.0.1."""
    server = await aiohttp_server(create_app(sim_cloud))
    async with ClientSession() as session:
        yield Probe(session=session, base=server.make_url("/"))
