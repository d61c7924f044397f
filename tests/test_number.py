"""Numbers show the tariffs of grid and generator."""

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.account import Account
from tests.conftest import LoadPlatform
from tests.simulator import MeterKind, SimulatedCloud


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def test_numbers(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    load_platform: LoadPlatform,
) -> None:
    """Every number of every sort of meter is as it was looked at."""
    entry = await load_platform(Platform.NUMBER)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_the_tariffs_are_the_truth(account: Account) -> None:
    """In rupees, from whole paise; also when they change."""
    meter = account.meter()
    for eb_paise, dg_paise in ((meter.eb_tariff_paise, meter.dg_tariff_paise), (1, 100_000)):
        meter.eb_tariff_paise, meter.dg_tariff_paise = eb_paise, dg_paise
        await account.poll(meter)
        assert float(account.state(meter, "eb_tariff")) == eb_paise / 100
        assert float(account.state(meter, "dg_tariff")) == dg_paise / 100


async def test_a_tariff_that_is_null_is_unknown(account: Account) -> None:
    """Not every house has a generator."""
    meter = next(m for m in account.cloud.meters.values() if m.kind is MeterKind.NULLS)
    assert account.state(meter, "dg_tariff") == STATE_UNKNOWN
    assert float(account.state(meter, "eb_tariff")) == meter.eb_tariff_paise / 100


async def test_an_offline_meter_has_no_tariffs_to_set(account: Account) -> None:
    """They are known live only."""
    meter = next(m for m in account.cloud.meters.values() if m.kind is MeterKind.OFFLINE)
    assert account.state(meter, "eb_tariff") == STATE_UNAVAILABLE
    assert account.state(meter, "dg_tariff") == STATE_UNAVAILABLE
