"""A simulated meter registry beside the simulated house, connected as a person would do it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
import re
import sys
from typing import Final

from .home import Home
from .instance import REPOSITORY
from .processes import Program

_READY: Final = re.compile(r"(http://\S+) token (\S+) organisation (\S+)")
_SECONDS_BETWEEN_LOOKS: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryAccess:
    """What the forms ask for."""

    url: str
    token: str = field(repr=False)
    account_id: str


def registry_program(folder: Path, qube_url: str) -> Program:
    """Return the simulated registry, on a free port; it has most of the simulated meters."""
    return Program(
        "The simulated meter registry",
        [
            *(sys.executable, "-m", "tests.simulator.registry_main"),
            *("--port", "0", "--qube", qube_url),
        ],
        folder / "registry.log",
        {"PYTHONPATH": str(REPOSITORY)},
    )


async def connect_registry(home: Home, program: Program) -> None:
    """Connect the registry, and wait until its meters are shown."""
    access = await _access_of(program)
    await home.add_subentry(
        "meter_registry",
        {"url": access.url, "token": access.token},
        {"organization": access.account_id},
        {
            "units": {"electricity": "kWh", "gas": "m³", "water": "m³"},
            "publishes": True,
            "publish_interval": 15,
        },
    )
    while True:
        if any(name.endswith("_main_last_reading") for name in await home.states()):
            return
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


async def _access_of(program: Program) -> RegistryAccess:
    while True:
        if ready := _READY.search(program.log.read_text()):
            return RegistryAccess(url=ready[1], token=ready[2], account_id=ready[3])
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
