"""Run the simulated Qube cloud: `python -m tests.simulator --port 8899 --spaces 3 --meters 12`."""

from argparse import ArgumentParser
import asyncio
from dataclasses import dataclass
import gc
import signal
import sys

from aiohttp import web

from .clock import LeapingClock
from .cloud import SimulatedCloud
from .server import create_app, tell_time


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says."""

    host: str
    port: int
    spaces: int
    meters: int
    seed: int
    api_key: str


def _parse() -> Options:
    parser = ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8899, help="port; 0 takes a free one")
    parser.add_argument("--spaces", type=int, default=3, help="number of spaces")
    parser.add_argument("--meters", type=int, default=12, help="number of meters in all spaces")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another world")
    parser.add_argument("--api-key", default="demo-key", help="the key that is let in")
    options = Options(**vars(parser.parse_args()))
    if options.spaces < 0 or options.meters < 0 or (options.meters and not options.spaces):
        parser.error("meters need at least one space, and neither number may be negative")
    return options


async def _serve(options: Options) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    cloud = SimulatedCloud(seed=options.seed, api_key=options.api_key, clock=LeapingClock())
    cloud.populate(spaces=options.spaces, meters=options.meters)
    app = create_app(cloud)
    tell_time(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        # The population stays: without it the collector has next to nothing to look through.
        gc.collect()
        gc.freeze()
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"Simulated Qube cloud: http://{shown}:{port} key {options.api_key}\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(_parse()))
