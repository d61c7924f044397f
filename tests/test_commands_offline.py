"""A meter that is offline is not asked to do anything, and one that goes offline says so."""

from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from tests.account import Account, until
from tests.simulator import Endpoint, FaultKind

OFFLINE: Final = 7


async def test_a_meter_that_is_offline_is_not_asked(account: Account) -> None:
    """Refused at once: no request leaves the house."""
    meter = account.meter(OFFLINE)
    with pytest.raises(ServiceValidationError) as raised:
        await account.order(meter, "mode", "measurement")
    assert raised.value.translation_key == "command_meter_offline"
    assert account.asked == []
    assert account.state(meter, "mode") == meter.mode


async def test_the_switches_of_a_meter_that_is_offline_do_nothing(account: Account) -> None:
    """Home Assistant passes over what is unavailable."""
    meter = account.meter(OFFLINE)
    assert account.state(meter, "relay") == "unavailable"
    await account.order(meter, "relay", value=False)
    assert account.asked == []
    assert account.state(meter, "relay") == "unavailable"


async def test_a_meter_that_went_offline_since_it_was_read_says_so(account: Account) -> None:
    """The cloud refuses; the next poll finds the meter offline."""
    meter = account.meter()
    meter.is_online = False
    with pytest.raises(HomeAssistantError) as raised:
        await account.order(meter, "relay", value=False)
    assert raised.value.translation_key == "command_meter_offline"
    assert account.asked.count(Endpoint.RELAY) == 1
    await account.poll(meter)
    assert account.state(meter, "relay") == "unavailable"


async def test_a_meter_that_goes_offline_before_it_is_read_back_says_so(account: Account) -> None:
    """The command was accepted, but the meter cannot be read any more."""
    meter = account.meter()
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, meter, times=1, seconds=0.1)
    command = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.METRICS in account.asked)
    meter.is_online = False
    with pytest.raises(HomeAssistantError) as raised:
        await command
    assert raised.value.translation_key == "command_meter_offline"
    assert account.state(meter, "relay") == "on"


async def test_a_command_that_ends_does_not_make_a_lost_meter_look_alive(account: Account) -> None:
    """What was last read is stale by then, and stays unavailable until something is read."""
    meter = account.meter()
    account.break_down(FaultKind.HTML_200, Endpoint.METRICS, meter)
    command = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.METRICS in account.asked)
    await account.poll(meter)
    assert account.state(meter, "power") == "unavailable"
    with pytest.raises(HomeAssistantError):
        await command
    assert account.state(meter, "power") == "unavailable"
    account.cloud.faults.clear()
    await account.poll(meter)
    assert account.state(meter, "relay") == "off"
