"""Triggers fire for what happens to meters, and for nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest

from custom_components.qube.trigger import TRIGGERS
from tests.account import Account
from tests.automations import add_stranger, area_of, device_of, watch_trigger
from tests.simulator import Endpoint, FaultKind, SimulatedCloud, SimulatedMeter, Source
from tests.simulator.protocol import Json

type Change = Callable[[SimulatedMeter], None]


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let nothing change by itself, and all begin on the grid, with ₹500."""
    for meter in standing_cloud.meters.values():
        meter.active_tariff = Source.EB
        meter.balance = 50_000
    return standing_cloud


def generator(meter: SimulatedMeter) -> None:
    """Let the generator take over."""
    meter.active_tariff = Source.DG


def grid(meter: SimulatedMeter) -> None:
    """Let the grid come back."""
    meter.active_tariff = Source.EB


def spent(meter: SimulatedMeter) -> None:
    """Spend the balance but for ₹80."""
    meter.balance = 8_000


def paid(meter: SimulatedMeter) -> None:
    """Pay until there are ₹500."""
    meter.balance = 50_000


def lost(meter: SimulatedMeter) -> None:
    """Cut the meter off from the cloud."""
    meter.is_online = False


def found(meter: SimulatedMeter) -> None:
    """Connect the meter with the cloud."""
    meter.is_online = True


@dataclass(frozen=True, kw_only=True)
class Case:
    """What makes a trigger fire, what takes it back, and what the entity and the options are."""

    cause: Change
    undo: Change
    entity: str
    options: Mapping[str, object] = MappingProxyType({})


CASES = {
    "balance_fell_below": Case(
        cause=spent, undo=paid, entity="balance", options={"threshold": 100}
    ),
    "came_back_online": Case(cause=found, undo=lost, entity="online"),
    "switched_to_generator": Case(cause=generator, undo=grid, entity="active_tariff"),
    "switched_to_grid": Case(cause=grid, undo=generator, entity="active_tariff"),
    "went_offline": Case(cause=lost, undo=found, entity="online"),
}
ALL = pytest.mark.parametrize(("key", "case"), CASES.items(), ids=list(CASES))


async def change(account: Account, meter: SimulatedMeter, *changes: Change) -> None:
    """Let something happen to a meter, and read it after each."""
    for each in changes:
        each(meter)
        await account.poll(meter)


async def hide(account: Account, meter: SimulatedMeter, entity: str) -> None:
    """Let nothing be known of a meter."""
    account.break_down(FaultKind.SERVER_ERROR)
    account.coordinator(meter)._details_due_at = 0.0
    await account.poll(meter)
    assert account.state(meter, entity) == STATE_UNAVAILABLE
    account.cloud.faults.clear()


def entities_of(runs: list[ServiceCall]) -> list[str]:
    """Return for which entities an automation has run."""
    return [run.data["entity"] for run in runs]


def test_there_is_a_case_for_each_trigger() -> None:
    """Otherwise the tests below would hold of some only."""
    assert set(CASES) == set(TRIGGERS)


async def test_the_editor_can_show_them(account: Account) -> None:
    """Home Assistant takes the description of each: whom it is for, and what to fill in."""
    assert await async_setup_component(account.hass, "automation", {})
    described = await async_get_all_descriptions(account.hass)
    for key in TRIGGERS:
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
