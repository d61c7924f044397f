"""Unusual use at night is told in the morning."""

from datetime import timedelta

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.models.statistics import StatisticMeanType
from homeassistant.const import UnitOfEnergy
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from tests.account import Account
from tests.simulator import SimulatedMeter

from .home import TELL, automate, named


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Recorder, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


async def watch_night(home: Account, *meters: SimulatedMeter) -> None:
    """Tell at five in the morning who has used more than 2 kWh since eleven."""
    await automate(
        home,
        "unusual_night_use",
        energies=[home.entity_id(meter, "energy") for meter in meters],
        **{"from": "23:00:00", "to": "05:00:00"},
        limit=2,
        actions=TELL,
    )


async def use(home: Account, meter: SimulatedMeter, *use_kwh: tuple[float, float]) -> None:
    """Let statistics say what was used: hours after midnight, and kWh by then."""
    midnight = dt_util.start_of_local_day()
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=None,
        source="recorder",
        statistic_id=home.entity_id(meter, "energy"),
        unit_class=EnergyConverter.UNIT_CLASS,
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    )
    rows = [
        StatisticData(start=midnight + timedelta(hours=hours), state=kwh, sum=kwh)
        for hours, kwh in use_kwh
    ]
    get_instance(home.hass).async_import_statistics(metadata, rows, StatisticsShortTerm)
    await async_wait_recording_done(home.hass)


async def five_o_clock(home: Account) -> None:
    """Let it be five in the morning."""
    five = dt_util.start_of_local_day() + timedelta(days=1, hours=5, seconds=1)
    async_fire_time_changed(home.hass, five)
    await home.settle()
    await async_wait_recording_done(home.hass)
    await home.settle()
    # No timer may be left for the next morning.
    await home.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.test"}, blocking=True
    )


async def test_unusual_use_is_told_in_the_morning(home: Account, told: list[str]) -> None:
    """Only what was used in the night counts, and only of who used too much."""
    much, little, early = (named(home, name) for name in ("Prepaid", "Postpaid", "Three phase"))
    await use(home, much, (-2, 100), (1, 101.5), (4.5, 102.5))
    await use(home, little, (-2, 100), (1, 101), (4.5, 102))
    await use(home, early, (-4, 100), (-2, 150), (4, 150.5), (6, 180))
    await watch_night(home, much, little, early)
    assert told == []
    await five_o_clock(home)
    assert told == ["More than 2 kWh between 23:00 and 05:00: Prepaid (Lakshmi Residency) 2.5 kWh."]


async def test_a_quiet_night_tells_nothing(home: Account, told: list[str]) -> None:
    """Nor does a meter without statistics."""
    meter = named(home, "Prepaid")
    await use(home, meter, (-2, 100), (4, 101))
    await watch_night(home, meter, named(home, "Offline"))
    runs = async_capture_events(home.hass, "automation_triggered")
    await five_o_clock(home)
    assert len(runs) == 1
    assert told == []
