"""Triggers fire for what happens to meters, and for nothing else."""

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest

from custom_components.qube.trigger import TRIGGERS
from tests.account import Account
from tests.automations import add_stranger, area_of, device_of, watch_trigger
from tests.simulator import Endpoint, SimulatedCloud
from tests.simulator.protocol import Json
from tests.trigger_cases import (
    ALL,
    CASES,
    EVENTS,
    Case,
    begin_alike,
    change,
    entities_of,
    generator,
)


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let nothing change by itself."""
    return begin_alike(standing_cloud)


def test_there_is_a_case_for_each_trigger() -> None:
    """Below, or in `test_tenancy_trigger.py`; otherwise the tests would hold of some only."""
    assert set(CASES) | set(EVENTS) | {"balance_became_low"} == set(TRIGGERS)


async def test_the_editor_can_show_them(account: Account) -> None:
    """Home Assistant takes the description of each: whom it is for, and what to fill in."""
    assert await async_setup_component(account.hass, "automation", {})
    described = await async_get_all_descriptions(account.hass)
    for key in TRIGGERS.keys() - EVENTS:
        description = described[f"qube.{key}"]
        assert description is not None
        assert description["target"]["entity"][0]["integration"] == "qube"
        assert {"behavior", "for"} <= set(description["fields"])


@ALL
async def test_it_fires_when_it_becomes_so(account: Account, key: str, case: Case) -> None:
    """Once each time, not when it stays so, and not when it ends."""
    meter = account.meter()
    entity_id = account.entity_id(meter, case.entity)
    await change(account, meter, case.undo)
    runs = await watch_trigger(account.hass, key, {"entity_id": entity_id}, **case.options)
    await change(account, meter, case.undo)
    assert entities_of(runs) == []
    await change(account, meter, case.cause)
    assert entities_of(runs) == [entity_id]
    await change(account, meter, case.cause, case.undo)
    assert len(runs) == 1
    await change(account, meter, case.cause)
    assert entities_of(runs) == [entity_id] * 2


@ALL
async def test_it_fires_only_for_its_own_entities_of_an_area(
    account: Account, key: str, case: Case
) -> None:
    """Not for what another integration has there, though it is called the same."""
    meter = account.meter()
    entity_id = account.entity_id(meter, case.entity)
    stranger = add_stranger(account, meter, entity_id.partition(".")[0], case.entity)
    await change(account, meter, case.undo, case.cause)
    wanted = account.state(meter, case.entity)
    await change(account, meter, case.undo)
    account.hass.states.async_set(stranger, account.state(meter, case.entity))
    runs = await watch_trigger(account.hass, key, area_of(account, meter), **case.options)
    account.hass.states.async_set(stranger, wanted)
    await account.settle()
    assert entities_of(runs) == []
    await change(account, meter, case.cause)
    assert entities_of(runs) == [entity_id]


@pytest.mark.parametrize("is_named", [True, False])
async def test_other_entities_of_a_meter_are_not_meant(account: Account, is_named: bool) -> None:
    """A voltage below the threshold is no balance, even where it is named outright."""
    meter = account.meter()
    voltage = {"entity_id": account.entity_id(meter, "voltage")}
    target = voltage if is_named else device_of(account, meter)
    runs = await watch_trigger(account.hass, "balance_fell_below", target, threshold=100)
    answer: dict[str, Json] = {"device_id": meter.device_id, "voltage": 50, "balance": 50_000}
    account.answer_once(Endpoint.METRICS, meter, answer)
    await account.poll(meter)
    assert float(account.state(meter, "voltage")) == 50
    assert entities_of(runs) == []


async def test_other_meters_are_not_meant(account: Account) -> None:
    """A device is one meter; an area is all those in it."""
    meter, other = account.meter(), account.meter(1)
    runs = await watch_trigger(account.hass, "switched_to_generator", device_of(account, meter))
    await change(account, other, generator)
    assert entities_of(runs) == []


async def test_a_balance_at_the_threshold_is_not_below_it(account: Account) -> None:
    """And the threshold may be negative, for a meter that is paid afterwards."""
    meter = account.meter(1)
    runs = await watch_trigger(
        account.hass, "balance_fell_below", device_of(account, meter), threshold=-200.5
    )
    meter.balance = -20_050
    await account.poll(meter)
    assert account.state(meter, "balance") == "-200.5"
    assert entities_of(runs) == []
    meter.balance = -20_051
    await account.poll(meter)
    assert entities_of(runs) == [account.entity_id(meter, "balance")]


async def test_a_balance_below_needs_its_threshold(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Without one the automation is refused, and the log says what is missing."""
    await watch_trigger(account.hass, "balance_fell_below", device_of(account, account.meter()))
    assert account.hass.states.get("automation.watch").state == STATE_UNAVAILABLE  # type: ignore[union-attr]
    assert "threshold" in caplog.text


async def test_an_automation_that_is_off_listens_no_more(account: Account) -> None:
    """Neither fires it nor does it remember."""
    hass, meter = account.hass, account.meter()
    runs = await watch_trigger(hass, "switched_to_generator", device_of(account, meter))
    during = hass.bus.async_listeners()[er.EVENT_ENTITY_REGISTRY_UPDATED]
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.watch"}, blocking=True
    )
    # One for firing, one for remembering.
    assert hass.bus.async_listeners()[er.EVENT_ENTITY_REGISTRY_UPDATED] == during - 2
    await change(account, meter, generator)
    assert entities_of(runs) == []
