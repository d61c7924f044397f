"""Rounds of charges, in a process of their own: `python -m script.benchmark.tenancies TASK FOLDER`.

All tenancies are checked at the same second, as they are each midnight and each full hour.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
import sys
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.runner import create_event_loop
from homeassistant.util import dt as dt_util
import orjson

from custom_components.qube.billing.models import INDIA
from custom_components.qube.billing.terms import CheckEvery, CheckInterval
from custom_components.qube.const import CONF_READING_INTERVAL
from custom_components.qube.tenancy import Tenancy
from custom_components.qube.tenancy_terms import SUBENTRY_TENANCY

from .cloud import back_door
from .home_assistant import add_qube, home_assistant, runtime_of, until, write_config
from .measurement import Round, RoundsTask
from .probe import stall_probe
from .statement import statement_ms

_READY_WITHIN_S: Final = 900
_ROUND_WITHIN_S: Final = 200
# Until all of them have taken note of the time of the round.
_LEAD_S: Final = 90
# Home Assistant writes its registries ten seconds after the last new entity.
_WARM_UP_S: Final = 20
# So long before a round and from its beginning on, the cost is measured.
_WINDOW_S: Final = 20


async def _measure(task: RoundsTask, config_dir: Path) -> list[Round]:
    async with back_door(task.url) as cloud, home_assistant(config_dir) as hass:
        device_ids = await cloud.even_out()
        options = {CONF_READING_INTERVAL: task.interval_s}
        await add_qube(hass, task, options, [_subentry(each) for each in device_ids])
        await until(lambda: _are_open(hass, len(device_ids)), _READY_WITHIN_S)
        await asyncio.sleep(_WARM_UP_S)
        return [await _async_round(hass) for _ in range(task.rounds)]


def _subentry(device_id: str) -> ConfigSubentryData:
    now = dt_util.utcnow().isoformat()
    # What a new meter has counted so far is use of the first round before all others.
    opened = {"total_wh": 0, "read_at": now, "device_id": device_id, "register_wh": 0}
    return ConfigSubentryData(
        subentry_type=SUBENTRY_TENANCY,
        title=f"Tenant · {device_id}",
        unique_id=None,
        data={
            "tenant": "Tenant",
            "meter_key": device_id,
            "plan": "prepaid",
            "started_at": now,
            "opened": {**opened, "source": None},
            "rates": {
                "eb_millipaise_per_kwh": 650_000,
                "dg_millipaise_per_kwh": 1_800_000,
                "monthly_charge_paise": 15_000,
                "tax_basis_points": 1_800,
            },
            "opening_credit_paise": 100_000_000,
            "cut_off_paise": 10_000,
            "warning_levels_paise": [50_000],
            "check_interval": CheckEvery.WEEK,
            "check_time": "00:00",
            "check_weekday": (dt_util.now(INDIA).weekday() + 3) % 7,
            "emergency_credit_paise": 0,
            "cuts": True,
            "restores": True,
            "reconnects_always": False,
            "protected_from": "22:00",
            "protected_to": "07:00",
            "protected_weekdays": [],
            "holidays": None,
            "billing_day": 1,
            "due_days": 7,
        },
    )


def _tenancies(hass: HomeAssistant) -> Sequence[Tenancy]:
    return [*runtime_of(hass).tenancies]


def _are_open(hass: HomeAssistant, count: int) -> bool:
    """Return whether all accounts are open, and have been charged up to a first reading."""
    tenancies = _tenancies(hass)
    for tenancy in tenancies:
        if not tenancy.view.eb_wh and tenancy.meter is not None and tenancy.record is not None:
            tenancy.async_set_due(is_midnight=False)
    return len(tenancies) == count and all(each.view.eb_wh or each.view.dg_wh for each in tenancies)


async def _async_round(hass: HomeAssistant) -> Round:
    """Let all be checked at the next minute that can be awaited, and measure it."""
    tenancies = _tenancies(hass)
    now = dt_util.now(INDIA)
    at = (now + timedelta(seconds=_LEAD_S + 60)).replace(second=0, microsecond=0)
    daily = CheckInterval(every=CheckEvery.DAY, at=at.time())
    for tenancy in tenancies:
        tenancy.async_take_terms(replace(tenancy.terms, checks=daily))
    charged: dict[str, float] = {}
    stops = [each.async_add_listener(_note(each, at, charged)) for each in tenancies]
    await _async_sleep_until(at - timedelta(seconds=_WINDOW_S + 1))
    async with stall_probe() as quiet:
        before_s = time.process_time()
        await _async_sleep_until(at - timedelta(seconds=1))
        quiet_s = time.process_time() - before_s
    async with stall_probe() as probe:
        before_s = time.process_time()
        await until(lambda: len(charged) == len(tenancies), _ROUND_WITHIN_S)
        await _async_sleep_until(at + timedelta(seconds=_WINDOW_S - 1))
        elapsed_s = dt_util.utcnow().timestamp() - at.timestamp() + 1
        round_s = time.process_time() - before_s
    for stop in stops:
        stop()
    return Round(
        tenancies=len(tenancies),
        took_s=max(charged.values()) - at.timestamp(),
        cpu_s=round_s - quiet_s * elapsed_s / _WINDOW_S,
        stalls=probe.stalls,
        quiet=quiet.stalls,
    )


def _note(tenancy: Tenancy, at: datetime, charged: dict[str, float]) -> Callable[[], None]:
    def note() -> None:
        until_at = tenancy.view.charged_until
        if until_at is not None and dt_util.utcnow() >= at:
            charged.setdefault(tenancy.tenancy_id, dt_util.utcnow().timestamp())

    return note


async def _async_sleep_until(at: datetime) -> None:
    await asyncio.sleep(max(0.0, (at - dt_util.utcnow()).total_seconds()))


def measure(task: RoundsTask, folder: Path) -> dict[str, Any]:
    """Measure rounds and a statement; `folder` is an empty one."""
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        config_dir = folder / "config"
        config_dir.mkdir()
        write_config(config_dir)
        rounds = runner.run(_measure(task, config_dir))
    return {"rounds": rounds, "statement_ms": statement_ms(folder / "ledger", task.years)}


if __name__ == "__main__":
    found = measure(RoundsTask(**orjson.loads(sys.argv[1])), Path(sys.argv[2]))
    sys.stdout.write(orjson.dumps(found).decode())
