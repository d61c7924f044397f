"""Conditions hold for the meters that are meant, and ask nobody else."""

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.helpers.condition import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest

from custom_components.qube.condition import CONDITIONS
from tests.account import Account
from tests.automations import add_stranger, area_of, asked, device_of, watch_condition
from tests.simulator import SimulatedCloud, SimulatedMeter, Source
from tests.test_tenancy_condition import CASES as OF_TENANCIES

PREPAID, POSTPAID = 0, 1
OF_METERS = ("is_on_generator", "is_relay_on")


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let nothing change by itself: all are on the grid, and all relays are off."""
    for meter in standing_cloud.meters.values():
        meter.active_tariff = Source.EB
        meter.relay_closed = False
    return standing_cloud


async def set_so(account: Account, key: str, meter: SimulatedMeter, *, so: bool = True) -> None:
    """Let a condition hold of a meter, or not."""
    if key == "is_relay_on":
        meter.relay_closed = so
    else:
        meter.active_tariff = Source.DG if so else Source.EB
    await account.poll(meter)


def test_each_condition_is_tested() -> None:
    """Below, or in `test_tenancy_condition.py`."""
    assert set(CONDITIONS) == {*OF_METERS, *OF_TENANCIES}


async def test_the_editor_can_show_them(account: Account) -> None:
    """Home Assistant takes the description of each: whom it is for, and what to fill in."""
    assert await async_setup_component(account.hass, "automation", {})
    described = await async_get_all_descriptions(account.hass)
    for key in CONDITIONS:
        description = described[f"qube.{key}"]
        assert description is not None
        assert description["target"]["entity"][0]["integration"] == "qube"
        assert {"behavior", "for"} == set(description["fields"])


@pytest.mark.parametrize("key", OF_METERS)
async def test_it_holds_while_it_is_so(account: Account, key: str) -> None:
    """Before and after it does not."""
    hass, meter = account.hass, account.meter()
    runs = await watch_condition(hass, key, device_of(account, meter))
    assert not await asked(hass, runs)
    await set_so(account, key, meter)
    assert await asked(hass, runs)
    await set_so(account, key, meter, so=False)
    assert not await asked(hass, runs)


@pytest.mark.parametrize("key", OF_METERS)
async def test_it_does_not_hold_of_a_meter_of_which_nothing_is_known(
    account: Account, key: str
) -> None:
    """What an offline meter was doing before is no answer."""
    hass, meter = account.hass, account.meter()
    await set_so(account, key, meter)
    runs = await watch_condition(hass, key, device_of(account, meter))
    assert await asked(hass, runs)
    meter.is_online = False
    await account.poll(meter)
    assert not await asked(hass, runs)


@pytest.mark.parametrize("key", OF_METERS)
async def test_it_asks_any_or_all_meters_of_an_area(account: Account, key: str) -> None:
    """Any where nothing else is said."""
    hass = account.hass
    area = area_of(account, account.meter(PREPAID))
    assert area == area_of(account, account.meter(POSTPAID))
    any_of = await watch_condition(hass, key, area)
    await set_so(account, key, account.meter(PREPAID))
    assert await asked(hass, any_of)


@pytest.mark.parametrize("key", OF_METERS)
async def test_it_can_ask_all_meters_of_an_area(account: Account, key: str) -> None:
    """Those that are known; one without a relay has none that could be off."""
    hass, first = account.hass, account.meter(PREPAID)
    area = area_of(account, first)
    meters = [meter for meter in account.cloud.meters.values() if area_of(account, meter) == area]
    all_of = await watch_condition(hass, key, area, behavior="all")
    for meter in meters[:-1]:
        await set_so(account, key, meter)
    await set_so(account, key, first, so=False)
    assert not await asked(hass, all_of)
    for meter in meters:
        await set_so(account, key, meter)
    assert await asked(hass, all_of)


@pytest.mark.parametrize(
    ("key", "platform", "entity", "wanted"),
    [
        ("is_on_generator", "select", "active_tariff", "dg"),
        ("is_relay_on", "switch", "relay", STATE_ON),
    ],
)
async def test_others_in_an_area_are_not_asked(
    account: Account, key: str, platform: str, entity: str, wanted: str
) -> None:
    """Neither another integration's entity of the same name, nor other entities of the meter."""
    hass, meter = account.hass, account.meter()
    hass.states.async_set(add_stranger(account, meter, platform, entity), wanted)
    assert account.state(meter, "payment_gateway") == STATE_ON
    runs = await watch_condition(hass, key, area_of(account, meter))
    assert not await asked(hass, runs)


async def test_an_entity_of_another_kind_is_not_asked_where_it_is_named(account: Account) -> None:
    """The payment gateway is a switch that is on, but no relay."""
    hass, meter = account.hass, account.meter()
    gateway = {"entity_id": account.entity_id(meter, "payment_gateway")}
    runs = await watch_condition(hass, "is_relay_on", gateway)
    assert account.state(meter, "payment_gateway") == STATE_ON
    assert account.state(meter, "relay") == STATE_OFF
    assert not await asked(hass, runs)
