"""A trigger compares what is known after a gap with what was known before it."""

from datetime import timedelta

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er
import pytest

from tests.account import Account
from tests.automations import area_of, device_of, watch_trigger
from tests.loop_clock import LoopClock
from tests.simulator import Endpoint, SimulatedCloud
from tests.simulator.protocol import Json
from tests.trigger_cases import (
    ALL,
    Case,
    Change,
    begin_alike,
    change,
    entities_of,
    generator,
    grid,
    hide,
)


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let nothing change by itself."""
    return begin_alike(standing_cloud)


@ALL
async def test_it_does_not_fire_where_it_was_so_before_a_gap(
    account: Account, key: str, case: Case
) -> None:
    """An outage in which nothing happened is no event."""
    meter = account.meter()
    await change(account, meter, case.undo, case.cause)
    runs = await watch_trigger(account.hass, key, device_of(account, meter), **case.options)
    for _ in range(2):
        await hide(account, meter, case.entity)
        await account.poll(meter)
    assert account.state(meter, case.entity) != STATE_UNAVAILABLE
    assert entities_of(runs) == []


@ALL
async def test_it_fires_for_what_happened_in_a_gap(account: Account, key: str, case: Case) -> None:
    """When the grid fails, the router often fails with it, and the meter is back on the DG."""
    meter = account.meter()
    await change(account, meter, case.undo)
    runs = await watch_trigger(account.hass, key, device_of(account, meter), **case.options)
    await hide(account, meter, case.entity)
    assert entities_of(runs) == []
    await change(account, meter, case.cause)
    assert entities_of(runs) == [account.entity_id(meter, case.entity)]
    await hide(account, meter, case.entity)
    await change(account, meter, case.cause)
    assert len(runs) == 1


@ALL
async def test_it_does_not_fire_when_it_is_known_for_the_first_time(
    account: Account, key: str, case: Case
) -> None:
    """After a restart all entities begin unavailable; nobody knows what was before."""
    meter = account.meter()
    await change(account, meter, case.undo)
    await hide(account, meter, case.entity)
    runs = await watch_trigger(account.hass, key, device_of(account, meter), **case.options)
    await change(account, meter, case.cause)
    assert account.state(meter, case.entity) != STATE_UNAVAILABLE
    assert entities_of(runs) == []


@ALL
async def test_it_fires_across_a_reload(account: Account, key: str, case: Case) -> None:
    """While the account is reloaded its entities are unavailable too."""
    meter = account.meter()
    await change(account, meter, case.undo)
    runs = await watch_trigger(account.hass, key, device_of(account, meter), **case.options)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    case.cause(meter)
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert entities_of(runs) == [account.entity_id(meter, case.entity)]


@pytest.mark.parametrize("before", [grid, generator])
async def test_a_gap_may_have_two_parts(account: Account, before: Change) -> None:
    """A meter that is unavailable, then sends what nobody knows: what counts is before both."""
    meter = account.meter()
    await change(account, meter, before)
    runs = await watch_trigger(account.hass, "switched_to_generator", device_of(account, meter))
    await hide(account, meter, "active_tariff")
    answer: dict[str, Json] = {"device_id": meter.device_id, "active_tariff": 3}
    account.answer_once(Endpoint.METRICS, meter, answer)
    await account.poll(meter)
    assert account.state(meter, "active_tariff") == STATE_UNKNOWN
    await change(account, meter, generator)
    assert len(runs) == (before is grid)


async def test_what_was_before_a_gap_is_forgotten_with_the_target(account: Account) -> None:
    """What happens to a meter while it is elsewhere is nobody's business."""
    hass, meter = account.hass, account.meter()
    entity_id = account.entity_id(meter, "active_tariff")
    registry = er.async_get(hass)
    runs = await watch_trigger(hass, "switched_to_generator", area_of(account, meter))
    await hide(account, meter, "active_tariff")
    registry.async_update_entity(entity_id, area_id=area_of(account, account.meter(2))["area_id"])
    await account.settle()
    registry.async_update_entity(entity_id, area_id=None)
    await account.settle()
    await change(account, meter, generator)
    assert entities_of(runs) == []
    await change(account, meter, grid, generator)
    assert entities_of(runs) == [entity_id]


async def test_a_gap_ends_the_wait_for_a_time(account: Account) -> None:
    """Who wants it to be so for ten minutes is told of ten minutes that somebody has seen."""
    hass, meter = account.hass, account.meter()
    runs = await watch_trigger(
        hass, "switched_to_generator", device_of(account, meter), **{"for": {"minutes": 10}}
    )
    for coordinator in account.coordinators:
        coordinator.update_interval = None
        coordinator._unschedule_refresh()
    ten_minutes_s = timedelta(minutes=10).total_seconds()
    with LoopClock(hass) as clock:
        await change(account, meter, generator)
        await clock.advance(ten_minutes_s / 2)
        await hide(account, meter, "active_tariff")
        await account.poll(meter)
        await clock.advance(2 * ten_minutes_s)
        assert entities_of(runs) == []
        await change(account, meter, grid, generator)
        await clock.advance(ten_minutes_s - 60)
        assert entities_of(runs) == []
        await clock.advance(61)
        assert len(runs) == 1
