"""What a person is told while it takes its time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import sys
from time import monotonic
from typing import Final

from .errors import DemoError

_SECONDS_OF_SILENCE: Final = 3


def tell(text: str) -> None:
    """Tell a person; the standard output is for results."""
    print(f"[demo] {text}", file=sys.stderr, flush=True)


@asynccontextmanager
async def progress(what: str, *, seconds_at_most: int) -> AsyncIterator[None]:
    """Show that something is still going on; fail when it takes too long."""
    teller = asyncio.create_task(_tell_of(what))
    try:
        async with asyncio.timeout(seconds_at_most):
            yield
    except TimeoutError as error:
        raise DemoError(f"{what} took more than {seconds_at_most} s.") from error
    finally:
        teller.cancel()


async def _tell_of(what: str) -> None:
    begin = monotonic()
    while True:
        await asyncio.sleep(_SECONDS_OF_SILENCE)
        tell(f"{what} … {monotonic() - begin:.0f} s")
