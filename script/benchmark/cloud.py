"""The simulated cloud, as a process of its own, and its back door."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
import re
import subprocess
import sys
from typing import IO, Final

from aiohttp import ClientSession

REPOSITORY: Final = Path(__file__).parents[2]
API_KEY: Final = "benchmark-key"
SPACES: Final = 10
SEED: Final = 1

_ADDRESS: Final = re.compile(r"http://\S+")


@contextmanager
def simulator(meters: int) -> Iterator[str]:
    """Run a simulated cloud of so many meters, and return its address."""
    command = [sys.executable, "-m", "tests.simulator", "--port", "0", "--api-key", API_KEY]
    command += ["--spaces", str(SPACES), "--meters", str(meters), "--seed", str(SEED)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _address(process.stdout)
        finally:
            process.terminate()


def _address(output: IO[str] | None) -> str:
    line = output.readline() if output else ""
    if (address := _ADDRESS.search(line)) is None:
        raise RuntimeError(f"the simulated cloud did not start: {line!r}")
    return address.group()


class BackDoor:
    """What the benchmark asks of the simulated cloud."""

    def __init__(self, session: ClientSession) -> None:
        """Ask through a session that has the address."""
        self._session = session

    async def even_out(self) -> list[str]:
        """Make every meter answer every poll in full, and return their ids.

        Otherwise `rest` would spend its time on logging errors: of offline meters, and of nulls
        where it expects numbers.
        """
        async with self._session.get("/_simulator/meters") as response:
            device_ids = [str(meter["device_id"]) for meter in await response.json()]
        change = {"is_online": True, "has_relay": True, "null_fields": []}
        for device_id in device_ids:
            async with self._session.patch(
                f"/_simulator/meters/{device_id}", json=change, raise_for_status=True
            ):
                pass
        return device_ids

    async def counts(self) -> dict[str, int]:
        """Return how often each endpoint was asked so far."""
        async with self._session.get("/_simulator/requests") as response:
            counts: dict[str, int] = (await response.json())["counts"]
        return counts


@asynccontextmanager
async def back_door(url: str) -> AsyncIterator[BackDoor]:
    """Open the back door of a simulated cloud."""
    async with ClientSession(url) as session:
        yield BackDoor(session)
