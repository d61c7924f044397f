"""The proof from start to end: kill, look, start again; then let all come to rest, and judge."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
import sys
from time import monotonic
from typing import Final

from script.demonstration.home import Home
from script.demonstration.instance import REPOSITORY
from script.demonstration.processes import Program, running

from . import hass
from .house import House
from .judge import MeterTruth, faults, faults_at_rest
from .landlord import Landlord
from .look import look
from .tenants import ENTRY_ID
from .written import Written

# A part of the kills comes while Home Assistant starts, the others in the midst of work.
_KILLED_AT_START: Final = 0.25
_WORK_AT_MOST_S: Final = 2.5

# Until it is known how long a start takes.
_START_GUESSED_S: Final = 4.0
_START_WITHIN_S: Final = 120
_REST_WITHIN_S: Final = 60
_SECONDS_BETWEEN_LOOKS: Final = 0.2
# Longer than two polls, and than the supply takes to note what a relay shows.
_NOTED_AFTER_S: Final = 5

# For how long Home Assistant is off: mostly until the next check, at times until bills are due.
_LEAPS: Final = (
    (timedelta(minutes=10), timedelta(minutes=20)),
    (timedelta(hours=1), timedelta(hours=6)),
    (timedelta(days=1), timedelta(days=3)),
    (timedelta(days=32), timedelta(days=40)),
)
_LEAP_WEIGHTS: Final = (60, 20, 15, 5)
_UNTIL_NEXT_CHECK: Final = timedelta(minutes=16)


@dataclass(kw_only=True, slots=True)
class Report:
    """What was done and what was found wrong; `written` is what the ledger held last."""

    cycles: int = 0
    killed_at_start: int = 0
    posted_again: int = 0
    acknowledged: int = 0
    written: Written | None = None
    faults: list[str] = field(default_factory=list)


class Proof:
    """A house whose Home Assistant is killed again and again."""

    def __init__(
        self,
        *,
        folder: Path,
        home: Home,
        port: int,
        house: House,
        landlord: Landlord,
        random: Random,
        is_broken: bool,
    ) -> None:
        """Prepare; nothing is started yet."""
        self.report = Report()
        self._config = folder / "config"
        self._log = folder / "home-assistant.log"
        self._home = home
        self._port = port
        self._house = house
        self._landlord = landlord
        self._random = random
        self._is_broken = is_broken
        self._start_s = _START_GUESSED_S

    async def run(self, cycles: int, tell: Callable[[Report], None]) -> Report:
        """Kill so many times, as long as nothing is wrong; then let all come to rest."""
        for number in range(1, cycles + 1):
            await (self._live_and_die() if number < cycles else self._settle_and_die())
            self.report.cycles = number
            self._look()
            tell(self.report)
            if self.report.faults:
                return self.report
            await self._house.leap(self._leap() if number < cycles else _UNTIL_NEXT_CHECK)
        await self._rest()
        return self.report

    async def _live_and_die(self) -> None:
        """Start, and be killed at any moment."""
        self._landlord.is_busy.clear()
        async with self._started() as process:
            working = asyncio.create_task(self._landlord.work(self._home))
            try:
                await self._moment_of_death()
                await process.kill()
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working

    async def _moment_of_death(self) -> None:
        if self._random.random() < _KILLED_AT_START:
            self.report.killed_at_start += 1
            await asyncio.sleep(self._random.uniform(0.5, 1.05) * self._start_s)
            return
        began_at = monotonic()
        async with asyncio.timeout(_START_WITHIN_S):
            await self._landlord.is_busy.wait()
        self._start_s = monotonic() - began_at
        await asyncio.sleep(self._random.uniform(0, _WORK_AT_MOST_S))

    async def _settle_and_die(self) -> None:
        """Let nothing be unanswered, and be killed once more."""
        async with self._started() as process:
            await self._landlord.settle(self._home)
            await process.kill()

    async def _rest(self) -> None:
        """Let the relays come to rest and the registers stand still, and judge."""
        async with self._started():
            await self._landlord.charge_all(self._home)
            with suppress(TimeoutError):
                async with asyncio.timeout(_REST_WITHIN_S):
                    await self._power_as_due()
            await self._house.stop()
            await asyncio.sleep(_NOTED_AFTER_S)
            await self._landlord.charge_all(self._home)
        written = self._look()
        if written is not None:
            self.report.faults += faults_at_rest(
                written, self._landlord.bookings, await self._truth()
            )

    def _started(self) -> AbstractAsyncContextManager[Program]:
        """Run Home Assistant, in the time of the house; in the end it is stopped in order."""
        command = [sys.executable, "-m", hass.__name__, "--skip-pip", "--config", str(self._config)]
        environment = {
            "PYTHONPATH": str(REPOSITORY),
            "SETUP_PORT": str(self._port),
            hass.AHEAD: str(self._house.ahead.total_seconds()),
            hass.IS_BROKEN: str(int(self._is_broken)),
        }
        return running(Program("Home Assistant", command, self._log, environment))

    def _look(self) -> Written | None:
        """Judge what is written now, and put it into the report."""
        bookings = self._landlord.bookings
        written, wrong = look(self._config / ".storage" / f"qube.{ENTRY_ID}.ledger")
        report = self.report
        report.written = written
        report.posted_again = self._landlord.posted_again
        report.acknowledged = sum(
            each.is_acknowledged for each in bookings if each.kind == "payment"
        )
        if written is not None:
            wrong += faults(written, self._landlord.tenants, bookings)
        elif report.acknowledged:
            wrong.append("there is no ledger")
        report.faults += wrong
        return written

    def _leap(self) -> timedelta:
        ((shortest, longest),) = self._random.choices(_LEAPS, _LEAP_WEIGHTS)
        return shortest + self._random.random() * (longest - shortest)

    async def _power_as_due(self) -> None:
        """Return once each tenant has power who has to, and nobody else."""
        while True:
            meters = (await self._truth()).values()
            if all(each.has_power is each.is_power_due for each in meters):
                return
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def _truth(self) -> dict[str, MeterTruth]:
        """Return what each tenancy's meter shows, and what it has to show in the end."""
        meters = await self._house.truth()
        return {
            tenant.tenancy_id: MeterTruth(
                register_wh=meters[tenant.device_id]["energy_wh"],
                has_power=meters[tenant.device_id]["relay_closed"],
                is_power_due=self._landlord.is_power_due(tenant),
            )
            for tenant in self._landlord.tenants
        }
