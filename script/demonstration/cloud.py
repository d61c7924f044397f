"""The Qube cloud of a demonstration: simulated, or a real account."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
import re
import sys
from typing import Final

from aiohttp import ClientResponse, ClientSession

from .errors import DemoError
from .instance import REPOSITORY
from .leases import Past
from .meters import Truth
from .processes import Program

_READY: Final = re.compile(r"(http://\S+) key (\S+)")
_SECONDS_BETWEEN_LOOKS: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What the config flow asks for."""

    url: str
    api_key: str = field(repr=False)


def simulator(folder: Path, *, spaces: int, meters: int, seed: int) -> Program:
    """Return the simulated cloud, on a free port of this machine."""
    options = {"port": 0, "spaces": spaces, "meters": meters, "seed": seed}
    return Program(
        "The simulated Qube cloud",
        [
            *(sys.executable, "-m", "tests.simulator"),
            *(text for name, value in options.items() for text in (f"--{name}", str(value))),
        ],
        folder / "simulator.log",
        {"PYTHONPATH": str(REPOSITORY)},
    )


async def account_of(program: Program) -> Account:
    """Return the account of a simulated cloud, once it says that it is ready."""
    while True:
        if ready := _READY.search(program.log.read_text()):
            return Account(url=ready[1], api_key=ready[2])
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


async def let_measure(session: ClientSession, url: str, device_id: str) -> None:
    """Put a meter into the mode in which a tenancy needs it."""
    body = {"mode": "measurement"}
    async with session.patch(f"{url}/_simulator/meters/{device_id}", json=body) as response:
        _check(response)


async def read_past(session: ClientSession, url: str, device_id: str, since: datetime) -> Past:
    """Return what a meter of a simulated cloud showed since a time."""
    path = f"meters/{device_id}/past/{int(since.timestamp()) * 1000}"
    async with session.get(f"{url}/_simulator/{path}") as response:
        _check(response)
        past: Past = await response.json()
        return past


async def read_spaces(session: ClientSession, url: str) -> dict[int, str]:
    """Return the names of a simulated cloud's spaces, by number."""
    async with session.get(f"{url}/_simulator/spaces") as response:
        _check(response)
        return {space["space_id"]: space["name"] for space in await response.json()}


async def read_truth(session: ClientSession, url: str) -> list[Truth]:
    """Return what a simulated cloud knows about each of its meters."""
    async with session.get(f"{url}/_simulator/meters") as response:
        _check(response)
        truth: list[Truth] = await response.json()
        return truth


def _check(response: ClientResponse) -> None:
    if not response.ok:
        raise DemoError(f"The simulated Qube cloud answered {response.status}.")
