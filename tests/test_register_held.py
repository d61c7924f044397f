"""A register that cannot be true never reaches Energy, and in the end its owner is asked."""

from typing import Any

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.qube.devices import meter_identifier
from tests.account import Account
from tests.odd_register import energy, poll_odd, question, standing_meter
from tests.simulator import SimulatedMeter


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter whose register stands still."""
    return standing_meter(account)


async def test_a_register_that_falls_to_zero_is_held_back_and_asked_about(
    account: Account, meter: SimulatedMeter
) -> None:
    """Energy keeps the last good value; the third reading in a row brings the repair."""
    await account.poll(meter)
    assert energy(account, meter) == 1461.8
    account.cloud.reset_counter(meter.device_id)
    await poll_odd(account, meter)
    assert energy(account, meter) == 1461.8
    issue = question(account, meter)
    assert issue is not None
    assert issue.translation_key == "register_fell"
    assert issue.is_fixable
    assert issue.translation_placeholders == {
        "meter": f"{meter.name} (Lakshmi Residency)",
        "good": "1461.800",
        "held": "0.000",
    }


async def test_a_register_that_jumps_is_held_back_and_asked_about(
    account: Account, meter: SimulatedMeter
) -> None:
    """Ten megawatt-hours in no time are no reading; the other entities go on."""
    await account.poll(meter)
    meter.energy_wh += 10_000_000
    meter.balance = 123_456
    await poll_odd(account, meter)
    assert energy(account, meter) == 1461.8
    assert account.state(meter, "balance") == "1234.56"
    issue = question(account, meter)
    assert issue is not None
    assert issue.translation_key == "register_jumped"


async def test_the_repair_says_what_is_held_back_now(
    account: Account, meter: SimulatedMeter
) -> None:
    """The question follows the register while it is open."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    meter.energy_wh = 1_500
    await account.poll(meter)
    issue = question(account, meter)
    assert issue is not None
    assert (issue.translation_placeholders or {})["held"] == "1.500"


async def test_odd_readings_between_good_ones_ask_nobody(
    account: Account, meter: SimulatedMeter
) -> None:
    """A glitch that passes is nobody's work."""
    for _ in range(4):
        await account.poll(meter)
        meter.energy_wh = 0
        await account.poll(meter)
        await account.poll(meter)
        meter.energy_wh = 1_461_800
    await account.poll(meter)
    assert question(account, meter) is None
    assert energy(account, meter) == 1461.8


async def test_the_repair_closes_by_itself_when_the_register_is_back(
    account: Account, meter: SimulatedMeter
) -> None:
    """At or above the last good reading counting goes on."""
    await account.poll(meter)
    meter.energy_wh = 5
    await poll_odd(account, meter)
    meter.energy_wh = 1_461_900
    await account.poll(meter)
    assert question(account, meter) is None
    assert energy(account, meter) == 1461.9


async def test_energy_never_falls_whatever_the_register_does(
    account: Account, meter: SimulatedMeter
) -> None:
    """No state in between either: each falling one would count as a reset of the meter."""
    shown: list[str] = []

    @callback
    def remember(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            shown.append(state.state)

    async_track_state_change_event(account.hass, account.entity_id(meter, "energy"), remember)
    for energy_wh in (1_461_800, 0, 1_461_801, 7, 90_000_000, 1_461_700, 1_461_802, 0):
        meter.energy_wh = energy_wh
        await account.poll(meter)
    assert shown == ["1461.8", "1461.801", "1461.802"]


async def test_the_last_good_register_survives_a_restart(
    account: Account, meter: SimulatedMeter
) -> None:
    """A register that fell while nobody looked is held back as well."""
    await account.poll(meter)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    meter.energy_wh = 0
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 1461.8
    await account.poll(meter)
    await account.poll(meter)
    assert question(account, meter) is not None


async def test_a_held_jump_is_not_released_by_a_restart(
    account: Account, meter: SimulatedMeter, hass_storage: dict[str, Any]
) -> None:
    """The last good reading may be a month old by then, which would make any jump possible."""
    await account.poll(meter)
    meter.energy_wh += 10_000_000
    await poll_odd(account, meter)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    stored = hass_storage[f"qube.{account.entry.entry_id}.meters"]["data"]["meters"]
    stored[meter.device_id]["register"]["read_at"] = "2026-01-01T00:00:00+00:00"
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 1461.8


async def test_the_repair_closes_when_the_register_came_back_while_nobody_looked(
    account: Account, meter: SimulatedMeter
) -> None:
    """The account was reloaded in between; nothing is left to ask."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    meter.energy_wh = 1_461_900
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 1461.9
    assert question(account, meter) is None


async def test_the_repair_goes_with_its_meter(account: Account, meter: SimulatedMeter) -> None:
    """Nobody is asked about a meter that is no longer there."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    account.cloud.remove_meter(meter.device_id)
    for _ in range(3):
        await account.poll_spaces()
    registry = dr.async_get(account.hass)
    identifier = meter_identifier(meter.device_id)
    assert registry.async_get_device_by_identifier(identifier, account.entry.entry_id) is None
    assert question(account, meter) is None


async def test_the_repair_goes_with_its_account(account: Account, meter: SimulatedMeter) -> None:
    """Nobody is asked about an account that was deleted."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await account.hass.config_entries.async_remove(account.entry.entry_id)
    await account.settle()
    assert question(account, meter) is None
