"""Run the simulated registry: `python -m tests.simulator.registry_main --qube URL`."""

from argparse import ArgumentParser
import asyncio
import signal
import sys

from aiohttp import ClientSession, web

from .registry import ACCOUNT_ID, TOKEN, SimulatedRegistry
from .registry_server import create_registry_app


async def _serial_numbers(qube: str | None) -> list[str]:
    """Return the devices of a simulated Qube cloud, of all but every third meter."""
    if qube is None:
        return []
    async with ClientSession() as session, session.get(f"{qube}/_simulator/meters") as response:
        meters = await response.json()
    return [meter["device_id"] for place, meter in enumerate(meters) if place % 3]


async def _serve(port: int, qube: str | None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    registry = SimulatedRegistry().populate(await _serial_numbers(qube))
    runner = web.AppRunner(create_registry_app(registry), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        bound = runner.addresses[0][1]
        sys.stdout.write(
            f"Simulated meter registry: http://127.0.0.1:{bound} "
            f"token {TOKEN} organisation {ACCOUNT_ID}\n"
        )
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.simulator.registry_main", description=__doc__)
    parser.add_argument("--port", type=int, default=8898, help="port; 0 takes a free one")
    parser.add_argument("--qube", help="a simulated Qube cloud whose meters are registered, too")
    options = parser.parse_args()
    asyncio.run(_serve(options.port, options.qube))
