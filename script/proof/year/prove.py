"""Live through the year in as many processes as there are cores, each with a ledger of its own."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import resource
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

from custom_components.qube.billing import charge_booking
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Account
from custom_components.qube.billing.money import MICROPAISE_PER_PAISA
from custom_components.qube.billing.transactions import book

from .judge import Judge
from .run import Room, Tenant
from .world import Meter, meters

# The charge that the control books wrong.
_WRONG_CHARGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Year:
    """What the year came to, in all ledgers; memory is that of the largest process."""

    tenancies: int
    charges: int
    bills: int
    cuts: int
    charged_wh: int
    wrong: int
    differences: list[str]
    elapsed_s: float
    cpu_s: float
    memory_kib: int
    file_bytes: int


def prove_year(
    *, tenancies: int, days: int, seed: int, processes: int | None = None, is_wrong: bool = False
) -> Year:
    """Live through it, and say what differs from the oracle; the control has to differ."""
    count = min(processes or os.cpu_count() or 1, tenancies)
    started_at = perf_counter()
    if count == 1:
        parts = [_prove_part(tenancies, days, seed, 0, 1, is_wrong=is_wrong)]
    else:
        with ProcessPoolExecutor(count) as pool:
            futures = [
                pool.submit(_prove_part, tenancies, days, seed, part, count, is_wrong=is_wrong)
                for part in range(count)
            ]
            parts = [future.result() for future in futures]
    return Year(
        tenancies=sum(part.tenancies for part in parts),
        charges=sum(part.charges for part in parts),
        bills=sum(part.bills for part in parts),
        cuts=sum(part.cuts for part in parts),
        charged_wh=sum(part.charged_wh for part in parts),
        wrong=sum(part.wrong for part in parts),
        differences=[difference for part in parts for difference in part.differences],
        elapsed_s=perf_counter() - started_at,
        cpu_s=sum(part.cpu_s for part in parts),
        memory_kib=max(part.memory_kib for part in parts),
        file_bytes=sum(part.file_bytes for part in parts),
    )


def _prove_part(
    tenancies: int, days: int, seed: int, part: int, parts: int, *, is_wrong: bool
) -> Year:
    """Live through the year of every so many meters."""
    cpu_before_s, started_at = process_time(), perf_counter()
    judge = Judge()
    mine = meters(tenancies, days, seed)[part::parts]
    with TemporaryDirectory(prefix="qube-year-") as folder:
        path = Path(folder) / "ledger"
        ledger = Ledger.open(path, expected_id=None)
        with _one_paisa_wrong() if is_wrong else _as_it_is():
            # All of them live through a day before the next one comes.
            lives = [_life(ledger, meter, judge) for meter in mine]
            for day in range(days):
                for life in lives:
                    while next(life, days) < day:
                        pass
            for life in lives:
                for _ in life:
                    pass
        if not is_wrong:
            ledger.check()
        ledger.close()
        file_bytes = path.stat().st_size
    return Year(
        tenancies=sum(len(meter.stays) for meter in mine),
        charges=judge.charges,
        bills=judge.bills,
        cuts=judge.cuts,
        charged_wh=judge.charged_wh,
        wrong=judge.wrong,
        differences=judge.differences,
        elapsed_s=perf_counter() - started_at,
        cpu_s=process_time() - cpu_before_s,
        memory_kib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        file_bytes=file_bytes,
    )


def _life(ledger: Ledger, meter: Meter, judge: Judge) -> Iterator[int]:
    room = Room(meter)
    for stay in meter.stays:
        yield from Tenant(ledger, room, stay, judge).days()


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def _one_paisa_wrong() -> Iterator[None]:
    """Book one charge a paisa too high, as sound as any other one in the ledger's own eyes."""
    count = 0

    def wrong(*args: Any, **kwargs: Any) -> int:  # noqa: ANN401
        nonlocal count
        count += 1
        if count == _WRONG_CHARGE:
            connection, number, kind, against = args
            name = next(each for each in against if each is not Account.TAX)
            against = {**against, name: against[name] + MICROPAISE_PER_PAISA}
            args = (connection, number, kind, against)
        return book(*args, **kwargs)

    with patch(f"{charge_booking.__name__}.book", wrong):
        yield


def report(year: Year, days: int) -> Iterator[str]:
    """Yield what is told of a year."""
    yield (
        f"{year.tenancies} tenancies x {days} days: {year.charges:,} checks charged "
        f"{year.charged_wh / 1000:,.3f} kWh, {year.bills:,} bills, {year.cuts:,} cuts due"
    )
    yield (
        f"{year.elapsed_s:.0f} s ({year.cpu_s:.0f} s of CPU, {year.cpu_s / year.charges * 1000:.2f}"
        f" ms a check), {year.memory_kib / 1024:.0f} MiB at most in a process, "
        f"{year.file_bytes / 2**20:.1f} MiB of ledger"
    )
    yield from year.differences
    yield f"{year.wrong} differ from the oracle"
