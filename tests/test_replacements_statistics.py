"""What the recorder makes of a meter's Energy when its device is replaced."""

from datetime import datetime, timedelta

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from tests.account import Account
from tests.replaced_meter import hang

PERIOD = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Recorder, enable_custom_integrations: None
) -> None:
    """Let Home Assistant find this integration; the recorder has to be there before it."""


def period_of(time: datetime) -> datetime:
    """Return the beginning of the five minutes in which a time lies."""
    return time.replace(minute=time.minute // 5 * 5, second=0, microsecond=0)


async def sum_of(account: Account, entity_id: str, since: datetime) -> list[float]:
    """Let the recorder compile its statistics, and return the sums of an entity by time."""
    hass = account.hass
    period = period_of(since)
    while period <= dt_util.utcnow():
        await async_wait_recording_done(hass)
        do_adhoc_statistics(hass, start=period)
        await async_wait_recording_done(hass)
        period += PERIOD
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        period_of(since),
        None,
        {entity_id},
        "5minute",
        None,
        {"sum"},
    )
    return [row["sum"] for row in rows[entity_id] if row["sum"] is not None]


async def test_statistics_show_only_what_was_used(account: Account) -> None:
    """Nothing negative, and none of the 5000 kWh that the new device has measured elsewhere."""
    since = dt_util.utcnow()
    old = account.meter()
    old.relay_closed = False
    await account.poll(old)
    assert await async_setup_component(account.hass, "sensor", {})
    entity_id = account.entity_id(old, "energy")
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], energy_wh=5_000_000)
    new.relay_closed = False
    await account.poll_spaces()
    new.energy_wh += 700
    await account.poll(old)
    sums = await sum_of(account, entity_id, since)
    assert sums == sorted(sums)
    assert sums[-1] == pytest.approx(0.7, abs=0.005)
