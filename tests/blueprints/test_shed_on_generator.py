"""Relays are off while the generator runs, and exactly those come on again."""

import pytest

from tests.account import Account
from tests.simulator import Endpoint, FaultKind, SimulatedMeter, Source

from .home import LIST, automate, named, remembered, set_online, while_starting


async def shed(home: Account, *relays: SimulatedMeter) -> None:
    """Switch relays off while the first meter says that the generator runs."""
    await automate(
        home,
        "shed_on_generator",
        source=home.entity_id(relays[0], "active_tariff"),
        relays=[home.entity_id(meter, "relay") for meter in relays],
        memory=LIST,
    )


async def run_on(home: Account, meter: SimulatedMeter, source: Source) -> None:
    """Let a meter be on the grid or the generator."""
    meter.active_tariff = source
    await home.poll(meter)


@pytest.fixture
def relays(home: Account) -> list[SimulatedMeter]:
    """Return three meters on the grid: the last one's relay is off."""
    meters = [named(home, name) for name in ("Postpaid", "Measurement", "Three phase")]
    for meter in meters:
        meter.active_tariff = Source.EB
    meters[2].relay_closed = False
    return meters


async def test_relays_are_off_on_the_generator_and_on_after_it(
    home: Account, relays: list[SimulatedMeter]
) -> None:
    """Exactly those that were on before."""
    await home.poll()
    await shed(home, *relays)
    assert [meter.relay_closed for meter in relays] == [True, True, False]
    await run_on(home, relays[0], Source.DG)
    assert [meter.relay_closed for meter in relays] == [False, False, False]
    assert len(await remembered(home)) == 2
    await run_on(home, relays[0], Source.EB)
    assert [meter.relay_closed for meter in relays] == [True, True, False]
    assert await remembered(home) == []


async def test_a_relay_that_a_person_switches_on_meanwhile_stays_on(
    home: Account, relays: list[SimulatedMeter]
) -> None:
    """A person knows better, and is not fought."""
    await home.poll()
    await shed(home, *relays)
    await run_on(home, relays[0], Source.DG)
    await home.order(relays[1], "relay", value=True)
    await set_online(home, relays[1], online=False)
    await set_online(home, relays[1], online=True)
    assert relays[1].relay_closed
    await run_on(home, relays[0], Source.EB)
    assert [meter.relay_closed for meter in relays] == [True, True, False]
    assert await remembered(home) == []


async def test_a_restart_on_the_generator_forgets_nothing(
    home: Account, relays: list[SimulatedMeter]
) -> None:
    """The grid was back before Home Assistant was."""
    await home.poll()
    await shed(home, *relays)
    await run_on(home, relays[0], Source.DG)
    await home.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.test"}, blocking=True
    )
    relays[0].active_tariff = Source.EB
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert [meter.relay_closed for meter in relays] == [False, False, False]
    assert len(await remembered(home)) == 2
    await home.hass.services.async_call(
        "automation", "turn_on", {"entity_id": "automation.test"}, blocking=True
    )
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert [meter.relay_closed for meter in relays] == [True, True, False]
    assert await remembered(home) == []


async def test_a_start_on_the_generator_sheds(home: Account, relays: list[SimulatedMeter]) -> None:
    """The generator runs since before automations began to listen."""
    relays[0].active_tariff = Source.DG
    await home.poll()
    await while_starting(home, lambda: shed(home, *relays))
    await home.settle()
    assert [meter.relay_closed for meter in relays] == [False, False, False]
    assert len(await remembered(home)) == 2


async def test_a_relay_out_of_reach_is_dealt_with_when_it_is_back(
    home: Account, relays: list[SimulatedMeter]
) -> None:
    """It was lost at the wrong moment, twice; the others do not wait for it."""
    await home.poll()
    await shed(home, *relays)
    await set_online(home, relays[1], online=False)
    await run_on(home, relays[0], Source.DG)
    assert [meter.relay_closed for meter in relays] == [False, True, False]
    await set_online(home, relays[1], online=True)
    assert [meter.relay_closed for meter in relays] == [False, False, False]
    await set_online(home, relays[1], online=False)
    await run_on(home, relays[0], Source.EB)
    assert relays[0].relay_closed
    assert len(await remembered(home)) == 1
    await set_online(home, relays[1], online=True)
    assert [meter.relay_closed for meter in relays] == [True, True, False]
    assert await remembered(home) == []


async def test_a_command_that_fails_stops_no_other(
    home: Account, relays: list[SimulatedMeter]
) -> None:
    """What does not come on stays on the list, where a person sees it."""
    await home.poll()
    await shed(home, *relays)
    await run_on(home, relays[0], Source.DG)
    home.break_down(FaultKind.IGNORED, Endpoint.RELAY, relays[0])
    await run_on(home, relays[0], Source.EB)
    assert [meter.relay_closed for meter in relays] == [False, True, False]
    (entry,) = await remembered(home)
    assert entry.endswith(f"({home.entity_id(relays[0], 'relay')})")


async def test_a_source_that_is_not_known_switches_nothing(
    home: Account, relays: list[SimulatedMeter]
) -> None:
    """Neither off nor on."""
    await home.poll()
    await shed(home, *relays)
    for closed in ([True, True, False], [False, False, False]):
        await set_online(home, relays[0], online=False)
        assert [meter.relay_closed for meter in relays] == closed
        relays[0].is_online = True
        await run_on(home, relays[0], Source.DG)
