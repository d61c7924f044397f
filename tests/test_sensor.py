"""Sensors show what the meter measures, its balance and its price, exactly."""

from datetime import timedelta

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.account import Account
from tests.conftest import LoadPlatform
from tests.simulator import (
    Endpoint,
    ManualClock,
    MeterKind,
    SimulatedCloud,
    SimulatedMeter,
    Source,
)
from tests.simulator.protocol import Json


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


def of_kind(account: Account, kind: MeterKind) -> SimulatedMeter:
    """Return the meter of a kind."""
    return next(meter for meter in account.cloud.meters.values() if meter.kind is kind)


def online(account: Account) -> list[SimulatedMeter]:
    """Return the meters that the cloud reaches."""
    return [meter for meter in account.cloud.meters.values() if meter.is_online]


async def test_sensors(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    load_platform: LoadPlatform,
) -> None:
    """Every sensor of every sort of meter is as it was looked at."""
    entry = await load_platform(Platform.SENSOR)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


def assert_true(account: Account, meter: SimulatedMeter) -> None:
    """Compare a meter's sensors with the cloud's truth."""
    assert float(account.state(meter, "energy")) == meter.energy_wh / 1000
    assert float(account.state(meter, "power")) == meter.power_w
    assert float(account.state(meter, "balance")) == meter.balance / 100
    assert float(account.state(meter, "price")) == meter.tariff_paise / 100


async def test_values_are_the_truth_and_stay_so(account: Account) -> None:
    """To the watt-hour and the paisa; and when ten minutes have passed again."""
    clock = account.cloud.clock
    assert isinstance(clock, ManualClock)
    energy = {meter.device_id: account.state(meter, "energy") for meter in online(account)}
    for meter in online(account):
        assert_true(account, meter)
    clock.advance(timedelta(minutes=10))
    await account.poll()
    for meter in online(account):
        assert_true(account, meter)
    after = {meter.device_id: account.state(meter, "energy") for meter in online(account)}
    assert sum(after[device_id] != energy[device_id] for device_id in energy) >= 4


async def test_a_balance_can_be_below_zero(account: Account) -> None:
    """That is what cuts a tenant off."""
    meter = list(account.cloud.meters.values())[-1]
    assert account.state(meter, "balance") == "-42.5"


async def test_the_price_follows_the_source(account: Account) -> None:
    """The generator costs more than the grid."""
    meter = account.meter()
    for source, paise in ((Source.DG, meter.dg_tariff_paise), (Source.EB, meter.eb_tariff_paise)):
        meter.active_tariff = source
        await account.poll(meter)
        assert float(account.state(meter, "price")) == paise / 100


async def test_an_offline_meter_still_has_its_balance(account: Account) -> None:
    """What only a live meter can tell is unavailable."""
    meter = of_kind(account, MeterKind.OFFLINE)
    assert float(account.state(meter, "balance")) == meter.balance / 100
    for key in ("energy", "power", "voltage", "price"):
        assert account.state(meter, key) == STATE_UNAVAILABLE
    assert Endpoint.METRICS not in account.asked


async def test_a_balance_moves_on_while_the_meter_is_offline(account: Account) -> None:
    """A recharge is booked in the cloud; the details tell."""
    meter = of_kind(account, MeterKind.OFFLINE)
    meter.balance += 50_000
    await account.poll(meter)
    assert float(account.state(meter, "balance")) == meter.balance / 100


async def test_a_meter_goes_offline_and_comes_back(account: Account) -> None:
    """The next reading shows it, each time."""
    meter = account.meter()
    meter.is_online = False
    await account.poll(meter)
    assert account.state(meter, "power") == STATE_UNAVAILABLE
    assert float(account.state(meter, "balance")) == meter.balance / 100
    meter.is_online = True
    await account.poll(meter)
    assert_true(account, meter)


async def test_nulls_are_unknown(account: Account) -> None:
    """The rest of the meter's values is used."""
    meter = of_kind(account, MeterKind.NULLS)
    assert account.state(meter, "voltage") == STATE_UNKNOWN
    assert_true(account, meter)


@pytest.mark.parametrize("wrong", [None, -1, "230", True, [], {}, 1e30])
async def test_nonsense_is_unknown(account: Account, wrong: Json) -> None:
    """A bad field is dropped; it harms no other, and comes back by itself."""
    meter = account.meter()
    answer: dict[str, Json] = {
        "device_id": meter.device_id,
        "energy": meter.energy_wh / 1000,
        "active_power": wrong,
        "voltage": 230.5,
        "balance": meter.balance,
    }
    account.answer_once(Endpoint.METRICS, meter, answer)
    await account.poll(meter)
    assert account.state(meter, "power") == STATE_UNKNOWN
    assert account.state(meter, "voltage") == "230.5"
    assert account.state(meter, "price") == STATE_UNKNOWN
    await account.poll(meter)
    assert_true(account, meter)
