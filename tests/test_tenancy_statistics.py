"""Home Assistant's statistics of a tenancy lose nothing at the end of a period."""

from datetime import datetime, timedelta

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.qube.billing.models import INDIA
from tests.account import Account
from tests.shown_tenancy import begin
from tests.simulator import SimulatedCloud

JUNE = datetime(2026, 6, 1, tzinfo=INDIA)

pytestmark = pytest.mark.usefixtures("recorder")


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def test_a_period_ends_without_loss(account: Account) -> None:
    """Its last use counts, and the use of the new one, though that is higher than the old was."""
    hass = account.hass
    (tenancy,) = await begin(account, account.meter())
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    start += timedelta(minutes=dt_util.utcnow().minute // 5 * 5)
    await tenancy.show(eb_wh=12_000, eb_micropaise=7_800 * 10**6)
    await tenancy.show(eb_wh=0, eb_micropaise=0, period_start=JUNE)
    await tenancy.show(eb_wh=15_000, eb_micropaise=9_750 * 10**6)
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=start)
    await async_wait_recording_done(hass)
    ids = {key: tenancy.entity_id(key) for key in ("grid_use", "grid_cost")}
    found = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass, start, None, set(ids.values()), "5minute", None, {"sum", "state"}
        )
    )
    # 11.8 → 12.0 of May, 15.0 of June; at ₹6.50.
    assert found[ids["grid_use"]][-1]["sum"] == pytest.approx(15.2)
    assert found[ids["grid_cost"]][-1]["sum"] == pytest.approx(98.8)
