"""Selects show mode and active tariff."""

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.account import Account
from tests.conftest import LoadPlatform
from tests.simulator import Endpoint, MeterKind, Mode, SimulatedCloud, Source
from tests.simulator.protocol import Json


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def test_selects(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    load_platform: LoadPlatform,
) -> None:
    """Every select of every sort of meter is as it was looked at."""
    entry = await load_platform(Platform.SELECT)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.parametrize("mode", Mode)
async def test_the_mode_follows_the_meter(account: Account, mode: Mode) -> None:
    """Each mode has its option."""
    meter = account.meter()
    meter.mode = mode
    await account.poll(meter)
    assert account.state(meter, "mode") == mode.value


async def test_an_offline_meter_still_has_its_mode(account: Account) -> None:
    """The details tell it; which tariff is active only a live meter knows."""
    meter = next(m for m in account.cloud.meters.values() if m.kind is MeterKind.OFFLINE)
    meter.mode = Mode.POSTPAID
    await account.poll(meter)
    assert account.state(meter, "mode") == "postpaid"
    assert account.state(meter, "active_tariff") == STATE_UNAVAILABLE


@pytest.mark.parametrize(("source", "option"), [(Source.EB, "eb"), (Source.DG, "dg")])
async def test_the_active_tariff_follows_the_meter(
    account: Account, source: Source, option: str
) -> None:
    """Grid or generator."""
    meter = account.meter()
    meter.active_tariff = source
    await account.poll(meter)
    assert account.state(meter, "active_tariff") == option


async def test_what_nobody_knows_is_unknown(account: Account) -> None:
    """A mode or a source that the vendor invents tomorrow is no crash."""
    meter = account.meter()
    answer: dict[str, Json] = {"device_id": meter.device_id, "mode": "TURBO", "active_tariff": 3}
    account.answer_once(Endpoint.METRICS, meter, answer)
    await account.poll(meter)
    assert account.state(meter, "mode") == STATE_UNKNOWN
    assert account.state(meter, "active_tariff") == STATE_UNKNOWN
