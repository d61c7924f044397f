"""One demonstration from start to end."""

import asyncio
from collections.abc import Sequence
from itertools import chain, islice
from time import monotonic
from typing import Final

from .dashboards import dashboards
from .errors import DemoError
from .instance import USER
from .meters import ShownMeter, problems, read_meters
from .processes import while_running
from .progress import progress, tell
from .stage import Options, Stage, build_stage
from .tenancies import ShownTenancy, read_tenancies, tenancy_problems

_SECONDS_TO_START: Final = 120
_SECONDS_TO_SHOW_ALL: Final = 120
_SECONDS_BETWEEN_LOOKS: Final = 0.1
_PROBLEMS_TOLD: Final = 10


async def demonstrate(options: Options) -> None:
    """Start everything, check it or show it, and end everything."""
    async with build_stage(options) as stage:
        await while_running((_check if options.check else _show)(stage), stage.programs)


async def _check(stage: Stage) -> None:
    """Say in one line that every meter and every tenancy is shown as it is."""
    meters, tenancies = await _open(stage)
    if faults := await stage.home.faults():
        raise DemoError("\n".join(("the integration logged:", *faults)))
    print(f"demo: {_summary(meters, tenancies)}, ready in {stage.seconds}")


async def _show(stage: Stage) -> None:
    """Say how to get in, and go on until a person ends it."""
    meters, tenancies = await _open(stage)
    await stage.home.ask(*dashboards(meters, tenancies))
    tell(f"{_summary(meters, tenancies)}, ready in {stage.seconds}")
    what = (
        "The meters are simulated, and this computer is let in without the password."
        if stage.is_simulated
        else "The meters are REAL: what you switch is switched."
    )
    print(
        f"\n  Address   {stage.url}\n  User      {USER}\n  Password  {stage.password}\n\n"
        f"  For a demonstration only: all of it is gone afterwards.\n  {what}\n  Ctrl-C ends it.\n",
        flush=True,
    )
    await asyncio.Event().wait()


async def _open(stage: Stage) -> tuple[list[ShownMeter], list[ShownTenancy]]:
    """Return the account's meters and tenancies, once they are shown as they are."""
    async with progress("starting Home Assistant", seconds_at_most=_SECONDS_TO_START):
        await stage.home.wait_until_running()
    before = await stage.truth()
    if not stage.is_simulated:
        async with progress("adding the account", seconds_at_most=_SECONDS_TO_START):
            await stage.home.add_account(stage.account.api_key, stage.account.url)
    wrong: list[str] = []
    try:
        async with progress("reading the meters", seconds_at_most=_SECONDS_TO_SHOW_ALL):
            while True:
                begin = monotonic()
                meters = await read_meters(stage.home)
                tenancies = await read_tenancies(stage.home, stage.rented)
                found = chain(
                    problems(meters, before, await stage.truth()), tenancy_problems(tenancies)
                )
                wrong = list(islice(found, _PROBLEMS_TOLD))
                if not wrong:
                    return meters, tenancies
                # Looking must not keep Home Assistant from getting there.
                await asyncio.sleep(max(_SECONDS_BETWEEN_LOOKS, monotonic() - begin))
    except DemoError as error:
        raise DemoError("\n".join((str(error), *wrong))) from error


def _summary(meters: Sequence[ShownMeter], tenancies: Sequence[ShownTenancy]) -> str:
    spaces = len({meter.space for meter in meters})
    states = [*(each.states for each in meters), *(each.states for each in tenancies)]
    entities = sum(map(len, states))
    return (
        f"{_count(len(meters), 'meter')} in {_count(spaces, 'space')}, "
        f"{_count(len(tenancies), 'tenancy', 'tenancies')}, "
        f"{entities} entities with a state"
    )


def _count(number: int, noun: str, nouns: str | None = None) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {nouns or f'{noun}s'}"
