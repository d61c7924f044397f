"""Show the integration in a real Home Assistant, on a simulated Qube cloud or a real account."""

from argparse import ArgumentParser, ArgumentTypeError
import asyncio
import os
import signal
import sys

from .errors import DemoError
from .run import demonstrate
from .stage import Options


def _port(text: str) -> int:
    if not text.isdecimal() or (port := int(text)) not in range(1, 2**16):
        raise ArgumentTypeError("a port is a number from 1 to 65535")
    return port


def _parse() -> Options:
    parser = ArgumentParser(prog="script/demo", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--port", type=_port, help="of Home Assistant (8123; with --check a free one)"
    )
    parser.add_argument("--meters", type=int, default=12, help="number of simulated meters (12)")
    parser.add_argument("--spaces", type=int, default=3, help="number of simulated spaces (3)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another world (1)")
    parser.add_argument(
        "--api-key",
        # Taken out of the environment, which all children would get.
        default=os.environ.pop("QUBE_DEMO_API_KEY", None),
        help="a real account at developer.qube.eco instead of the simulated cloud",
    )
    parser.add_argument(
        "--check", action="store_true", help="stop once every meter is shown as it is, or fail"
    )
    options = Options(**vars(parser.parse_args()))
    if options.spaces < 1 or options.meters < 1:
        parser.error("a demonstration needs at least one meter and one space")
    return options


async def _main(options: Options) -> int:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is a coroutine
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        # Once only: a second Ctrl-C must not break off the ending of what was started.
        loop.add_signal_handler(number, _cancel_once, task)
    try:
        await demonstrate(options)
    except asyncio.CancelledError:
        return 1 if options.check else 0
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def _cancel_once(task: asyncio.Task[int]) -> None:
    if not task.cancelling():
        task.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_parse())))
