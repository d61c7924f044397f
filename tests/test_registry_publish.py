"""Registers of Qube meters are written into a registry, once for each, and never in a flood."""

from datetime import UTC, datetime, timedelta
from typing import Final

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.qube.api import RegistryMeter
from custom_components.qube.const import DOMAIN
from custom_components.qube.register import Register
from custom_components.qube.registry_publish import (
    FAILURES_A_ROUND,
    LOOK_INTERVAL,
    is_due,
    reading_of,
)
from tests.conftest import ConnectRegistry
from tests.registered import LOGIN, REGISTRY_ID, Registered
from tests.simulator import FaultKind, SimulatedMeter
from tests.simulator.registry import RegistryEndpoint, SimulatedRegistry
from tests.simulator.registry_faults import RegistryFault

HOUR: Final = timedelta(hours=1)
NOON: Final = datetime(2026, 10, 25, 12, tzinfo=UTC)
PUBLISHING: Final = {"publishes": True, "units": {"ELECTRICITY": "kWh"}}


def meter_read_at(read_at: datetime | None) -> RegistryMeter:
    """Return a meter of the registry with a latest reading."""
    at = read_at.isoformat() if read_at else None
    meter = RegistryMeter.from_json({"id": 1, "last_reading_at": at})
    assert meter is not None
    return meter


@pytest.mark.parametrize(
    ("in_registry", "last_sent", "expected"),
    [
        (None, None, True),
        (NOON - HOUR, None, True),
        (NOON - HOUR / 2, None, False),
        (NOON + HOUR, None, False),
        (None, NOON - HOUR / 2, False),
        (NOON - HOUR, NOON - HOUR / 2, False),
        (NOON - 2 * HOUR, NOON - HOUR, True),
    ],
)
def test_a_reading_is_due_when_the_registrys_is_old(
    in_registry: datetime | None, last_sent: datetime | None, expected: bool
) -> None:
    """Whoever wrote the one that is there; one that was sent counts though it is not shown."""
    register = Register(energy_wh=1_461_800, read_at=NOON)
    assert is_due(register, meter_read_at(in_registry), last_sent, HOUR) is expected


@pytest.mark.parametrize(("unit", "value"), [("kWh", "1461.8"), ("Wh", "1461800")])
def test_a_reading_is_in_the_unit_of_the_registry(unit: str, value: str) -> None:
    """Watt-hours as an integer."""
    written = reading_of(Register(energy_wh=1_461_800, read_at=NOON), unit)
    assert repr(written["last_reading_value"]) == value
    assert written["last_reading_at"] == NOON


@pytest.fixture
async def publishing(connect_registry: ConnectRegistry) -> Registered:
    """Return an account that publishes."""
    return await connect_registry(**PUBLISHING)


def add_qube_meters(registered: Registered, number: int) -> list[SimulatedMeter]:
    """Put further Qube meters into the registry."""
    meters = [each for each in registered.account.cloud.meters.values() if each.is_online]
    known = {each.fields["serial_number"] for each in registered.registry.meters.values()}
    further = [each for each in meters if each.device_id not in known][:number]
    for meter in further:
        registered.registry.add(meter.name, meter.device_id)
    return further


def updates(registry: SimulatedRegistry) -> int:
    """Return how often the registry was written to."""
    return registry.log.count(RegistryEndpoint.UPDATE)


async def test_nothing_is_published_unless_it_is_wanted(registered: Registered) -> None:
    """Off by default; what tells of it is not there."""
    await registered.publish()
    async_fire_time_changed(registered.account.hass, dt_util.utcnow() + LOOK_INTERVAL * 2)
    await registered.account.settle()
    assert updates(registered.registry) == 0
    assert registered.state("readings_waiting") == "unavailable"


async def test_the_register_of_a_matched_meter_is_published(publishing: Registered) -> None:
    """What the meter itself counts, and when that was read; no other meter is touched."""
    meter = publishing.account.meter()
    register = publishing.account.coordinator(meter).identity.register
    assert register is not None
    await publishing.poll()
    assert publishing.state("readings_waiting") == "1"
    await publishing.publish()
    fields = publishing.registry.by_serial(meter.device_id).fields
    assert fields["last_reading_value"] == register.energy_wh / 1000
    assert fields["last_reading_at"] == register.read_at.isoformat()
    assert updates(publishing.registry) == 1
    assert set(publishing.registry.bodies[-1]) == {
        *("account_id", "last_reading_value", "last_reading_at")
    }
    assert publishing.state("readings_waiting") == "0"
    assert publishing.state("publish_failures") == "0"
    assert publishing.state("last_published") != "unknown"
    assert float(publishing.state("last_reading", meter.device_id)) == register.energy_wh / 1000


async def test_it_is_published_by_the_clock(publishing: Registered) -> None:
    """Within minutes after the start, and then not before it is due again."""
    hass, now = publishing.account.hass, dt_util.utcnow()
    async_fire_time_changed(hass, now + LOOK_INTERVAL * 1.1)
    await publishing.account.settle()
    assert updates(publishing.registry) == 1
    async_fire_time_changed(hass, now + LOOK_INTERVAL * 2.2)
    await publishing.account.settle()
    assert updates(publishing.registry) == 1


async def test_a_reading_is_published_again_when_it_is_due(publishing: Registered) -> None:
    """By the age of the registry's own."""
    meter = publishing.account.meter()
    await publishing.publish()
    await publishing.publish()
    assert updates(publishing.registry) == 1
    publishing.let_pass(minutes=61)
    publishing.running.publisher._sent.clear()
    await publishing.poll()
    await publishing.account.poll(meter)
    await publishing.publish()
    assert updates(publishing.registry) == 2


async def test_a_younger_reading_of_another_hand_stays(publishing: Registered) -> None:
    """A registry has other writers."""
    fields = publishing.registry.by_serial(publishing.account.meter().device_id).fields
    fields |= {
        "last_reading_value": 5,
        "last_reading_at": (dt_util.utcnow() + HOUR).isoformat(),
    }
    await publishing.poll()
    await publishing.publish()
    assert updates(publishing.registry) == 0


async def test_a_meter_of_another_type_is_not_written(publishing: Registered) -> None:
    """Nobody knows what its reading is, though the serial number is the same."""
    meter = publishing.account.meter()
    publishing.registry.by_serial(meter.device_id).fields["meter_type"] = "CARBON"
    await publishing.poll()
    await publishing.publish()
    assert updates(publishing.registry) == 0


async def test_after_an_outage_each_meter_is_written_once(publishing: Registered) -> None:
    """Nothing is lost, as the latest reading is all that a registry keeps; failures are counted."""
    further = add_qube_meters(publishing, 3)
    await publishing.poll()
    publishing.registry.faults.append(RegistryFault(kind=FaultKind.DROP))
    publishing.registry.log.clear()
    for _ in range(5):
        await publishing.publish()
    # The first that fails speaks for all; aiohttp tries once more on a connection that was kept.
    assert updates(publishing.registry) <= 10
    assert publishing.state("publish_failures") == "5"
    assert publishing.state("readings_waiting") == "4"
    publishing.registry.faults.clear()
    publishing.registry.log.clear()
    await publishing.publish()
    assert updates(publishing.registry) == 4
    assert publishing.state("readings_waiting") == "0"
    assert publishing.state("publish_failures") == "5"
    for meter in further:
        assert publishing.registry.by_serial(meter.device_id).fields["last_reading_at"]


async def test_a_meter_that_is_refused_does_not_stop_the_others(publishing: Registered) -> None:
    """It is left in peace until its next turn."""
    add_qube_meters(publishing, 2)
    await publishing.poll()
    publishing.registry.faults.append(
        RegistryFault(kind=FaultKind.ERROR, endpoint=RegistryEndpoint.UPDATE, times=1)
    )
    await publishing.publish()
    assert updates(publishing.registry) == 3
    assert publishing.state("readings_waiting") == "1"
    await publishing.publish()
    assert updates(publishing.registry) == 3
    # Another choice of the owner may be the cure.
    await publishing.change(publish_interval_min=30)
    await publishing.publish()
    assert updates(publishing.registry) == 4
    assert publishing.state("readings_waiting") == "0"


async def test_a_registry_that_refuses_all_is_left_in_peace(publishing: Registered) -> None:
    """After some meters; the others have their turn the next time."""
    add_qube_meters(publishing, 5)
    await publishing.poll()
    publishing.registry.faults.append(
        RegistryFault(kind=FaultKind.SERVER_ERROR, endpoint=RegistryEndpoint.UPDATE)
    )
    await publishing.publish()
    assert updates(publishing.registry) == FAILURES_A_ROUND
    await publishing.publish()
    assert updates(publishing.registry) == 6
    await publishing.publish()
    assert updates(publishing.registry) == 6


async def test_an_answer_that_does_not_show_the_reading_is_not_asked_again(
    publishing: Registered,
) -> None:
    """The registry is said to keep readings by itself."""
    meter = publishing.registry.by_serial(publishing.account.meter().device_id)
    await publishing.publish()
    meter.fields["last_reading_at"] = None
    await publishing.poll()
    await publishing.publish()
    assert updates(publishing.registry) == 1


async def test_a_login_that_is_refused_is_asked_for(publishing: Registered) -> None:
    """And nothing more is written until it is there."""
    publishing.registry.faults.append(
        RegistryFault(kind=FaultKind.UNAUTHORIZED, endpoint=RegistryEndpoint.UPDATE)
    )
    await publishing.publish()
    issues = ir.async_get(publishing.account.hass)
    assert issues.async_get_issue(DOMAIN, f"registry_login_{REGISTRY_ID}") is not None
    publishing.registry.log.clear()
    await publishing.publish()
    assert publishing.registry.log == []
    publishing.registry.faults.clear()
    await publishing.change(credentials={**LOGIN, "email": publishing.registry.email})
    publishing.registry.password = "another"
    await publishing.change(credentials={**LOGIN, "password": "another"})
    await publishing.publish()
    assert publishing.state("readings_waiting") == "0"


async def test_publishing_can_be_switched_off(publishing: Registered) -> None:
    """At once, and on again."""
    await publishing.change(publishes=False)
    async_fire_time_changed(publishing.account.hass, dt_util.utcnow() + LOOK_INTERVAL * 2)
    await publishing.account.settle()
    assert updates(publishing.registry) == 0
    assert publishing.state("last_published") == "unavailable"
    await publishing.change(publishes=True)
    await publishing.publish()
    assert updates(publishing.registry) == 1


async def test_two_rounds_at_once_are_one(publishing: Registered) -> None:
    """A slow registry is not asked twice."""
    publishing.registry.faults.append(
        RegistryFault(kind=FaultKind.LATENCY, endpoint=RegistryEndpoint.UPDATE, seconds=0.1)
    )
    first = publishing.account.hass.async_create_task(publishing.running.publisher.async_publish())
    await publishing.running.publisher.async_publish()
    await first
    assert updates(publishing.registry) == 1


async def test_what_is_switched_off_meanwhile_is_not_written(publishing: Registered) -> None:
    """The owner's word counts from then on."""
    add_qube_meters(publishing, 2)
    await publishing.poll()
    publishing.registry.faults.append(
        RegistryFault(kind=FaultKind.LATENCY, endpoint=RegistryEndpoint.UPDATE, seconds=0.1)
    )
    round_ = publishing.account.hass.async_create_task(publishing.running.publisher.async_publish())
    while updates(publishing.registry) == 0:
        await publishing.account.hass.async_add_executor_job(int)
    publishing.account.hass.config_entries.async_update_subentry(
        publishing.account.entry,
        publishing.account.entry.subentries[REGISTRY_ID],
        data={
            **publishing.account.entry.subentries[REGISTRY_ID].data,
            "publishes": False,
        },
    )
    await round_
    assert updates(publishing.registry) == 1
