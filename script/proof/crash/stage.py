"""What the proof needs: a house in a simulated cloud, and a configuration for Home Assistant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
import socket
from typing import Final

from aiohttp import ClientSession

from script.demonstration.cloud import account_of, simulator
from script.demonstration.home import Home
from script.demonstration.instance import REPOSITORY, create_owner
from script.demonstration.processes import running, while_running

from .house import House
from .landlord import Landlord
from .run import Proof
from .tenants import tenant_of, write_account

_METERS: Final = 6
# As little as has to be, for a start within seconds.
_CONFIGURATION: Final = """\
homeassistant:
  time_zone: Asia/Kolkata
  currency: INR
  country: IN
api:
config:
"""


@asynccontextmanager
async def proof(folder: Path, *, seed: int, is_broken: bool) -> AsyncIterator[Proof]:
    """Build everything in an empty folder; the cloud runs as long as the context lasts."""
    random = Random(seed)  # noqa: S311
    async with (
        ClientSession() as session,
        running(simulator(folder, spaces=0, meters=0, seed=seed)) as cloud,
    ):
        account = await while_running(account_of(cloud), [cloud])
        house = House(session, account.url)
        meters = await house.build(_METERS)
        now = datetime.now(UTC)
        tenants = [tenant_of(number, meter, now) for number, meter in enumerate(meters)]
        config = folder / "config"
        _write_configuration(config)
        access = await create_owner(config)
        write_account(config, account, tenants)
        port = _free_port()
        yield Proof(
            folder=folder,
            home=Home(session, f"http://127.0.0.1:{port}", access.token),
            port=port,
            house=house,
            landlord=Landlord(house, tenants, random),
            random=random,
            is_broken=is_broken,
        )


def _write_configuration(config: Path) -> None:
    components = config / "custom_components"
    components.mkdir(parents=True)
    (components / "qube").symlink_to(REPOSITORY / "custom_components" / "qube")
    (config / "configuration.yaml").write_text(_CONFIGURATION)


def _free_port() -> int:
    with socket.create_server(("", 0)) as server:
        port: int = server.getsockname()[1]
        return port
