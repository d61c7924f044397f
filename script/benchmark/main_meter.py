"""Years of a main meter's records into the statistics: `python -m script.benchmark.main_meter`.

FlatPeak is simulated in a process of its own, so the stalls are those of Home Assistant. Exits 1
where a day is not the simulator's truth, or a stall is longer than the target.
"""

from argparse import ArgumentParser
import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.recorder import get_instance
from homeassistant.runner import create_event_loop

from custom_components.qube.api import FlatPeakClient, FlatPeakLogin
from custom_components.qube.days import DAY, Days, today
from custom_components.qube.site_history import WINDOW_DAYS, SiteHistory
from custom_components.qube.site_terms import Flow, SiteTerms, Unit
from tests.history_account import midnight, rows_of
from tests.simulator.site import ACCOUNT_ID, SITE_API_KEY, SimulatedFlatPeak, load_flow
from tests.simulator.site_server import create_site_app

from .cloud import REPOSITORY
from .home_assistant import home_assistant, write_config
from .measurement import Stalls
from .probe import stall_probe

DEVICE: Final = "dev_benchmark"
LONGEST_STALL_MS: Final = 100.0
_SEED: Final = 11
_DAILY_WH: Final = 400_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was measured."""

    days: int
    rows: int
    elapsed_s: float
    stalls: Stalls
    wrong_days: int
    difference_wh: int


def _flatpeak(days: int) -> SimulatedFlatPeak:
    """Return the same world in both processes."""
    flatpeak = SimulatedFlatPeak()
    installed_at = midnight(today() - (days + 30) * DAY)
    flatpeak.add_site(DEVICE, load_flow(_SEED, _DAILY_WH), installed_at=installed_at)
    return flatpeak


async def _serve(days: int) -> None:
    runner = web.AppRunner(create_site_app(_flatpeak(days)), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def _measure(url: str, days: int, config_dir: Path) -> Found:
    async with home_assistant(config_dir) as hass:
        history = _history(hass, url)
        whole = Days(first=today() - days * DAY, last=today() - DAY)
        rows = 0
        async with stall_probe() as probe:
            started_at = time.perf_counter()
            for part in reversed([*whole.parts(WINDOW_DAYS)]):
                rows += await history.async_import(Flow.IMPORT, part)
            elapsed_s = time.perf_counter() - started_at
        wrong, difference_wh = await _compare(hass, days, whole)
        return Found(
            days=days,
            rows=rows,
            elapsed_s=elapsed_s,
            stalls=probe.stalls,
            wrong_days=wrong,
            difference_wh=difference_wh,
        )


def _history(hass: HomeAssistant, url: str) -> SiteHistory:
    login = FlatPeakLogin(account_id=ACCOUNT_ID, api_key=SITE_API_KEY)
    terms = SiteTerms(
        device_id=DEVICE,
        space_id=1,
        unit=Unit.KWH,
        flows=(Flow.IMPORT,),
        price_millipaise_per_kwh=None,
    )
    client = FlatPeakClient(async_get_clientsession(hass), login, url)
    return SiteHistory(hass=hass, client=client, terms=terms, name="Benchmark")


async def _compare(hass: HomeAssistant, days: int, whole: Days) -> tuple[int, int]:
    """Return how many days are not the truth, and by how much the sum of all is not."""
    await get_instance(hass).async_block_till_done()
    site = _flatpeak(days).sites[DEVICE]
    rows = await rows_of(hass, f"qube:{DEVICE}_import")
    used_wh: dict[int, int] = {}
    for row in rows:
        number = int((row["start"] - whole.start.timestamp()) // DAY.total_seconds())
        used_wh[number] = used_wh.get(number, 0) + round((row["change"] or 0) * 1000)
    wrong = 0
    for number in range(len(whole)):
        start = whole.start + number * timedelta(days=1)
        wrong += used_wh.get(number) != site.true_wh(start, start + timedelta(days=1))
    return wrong, sum(used_wh.values()) - site.true_wh(whole.start, whole.end)


def _run(days: int) -> Found:
    command = [sys.executable, "-m", "script.benchmark.main_meter", "--serve", str(days)]
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            url = (process.stdout.readline() if process.stdout else "").strip()
            write_config(Path(folder), recorder=True)
            with asyncio.Runner(loop_factory=create_event_loop) as runner:
                return runner.run(_measure(url, days, Path(folder)))
        finally:
            process.terminate()


def _main() -> int:
    parser = ArgumentParser(prog="python -m script.benchmark.main_meter", description=__doc__)
    parser.add_argument("--days", type=int, default=1096, help="of half-hour records (1096)")
    parser.add_argument("--serve", type=int, metavar="DAYS", help="only serve the simulated cloud")
    options: Any = parser.parse_args()
    if options.serve is not None:
        asyncio.run(_serve(options.serve))
        return 0
    found = _run(options.days)
    sys.stdout.write(
        f"main meter: {found.days} days, {found.days * 48} records, {found.rows} rows in "
        f"{found.elapsed_s:.1f} s; longest stall {found.stalls.longest_ms:.0f} ms "
        f"(garbage collection {found.stalls.longest_gc_ms:.0f} ms); "
        f"{found.wrong_days} days wrong, sum off by {found.difference_wh} Wh\n"
    )
    is_exact = not found.wrong_days and not found.difference_wh
    return 0 if is_exact and found.stalls.longest_ms <= LONGEST_STALL_MS else 1


if __name__ == "__main__":
    sys.exit(_main())
