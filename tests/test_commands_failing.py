"""Whatever happens to a command, its outcome is the truth, and a person is told what it was."""

import asyncio
from typing import Final

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.qube.const import DOMAIN
from tests.account import Account, Value, until
from tests.simulator import Endpoint, ErrorCode, Fault, FaultKind, SimulatedMeter

RELAY_OFF: Final = 10


async def fail(account: Account, meter: SimulatedMeter, key: str, value: Value) -> str:
    """Give a command that fails, and return the key of what the person is told."""
    with pytest.raises(HomeAssistantError) as raised:
        await account.order(meter, key, value)
    assert raised.value.translation_domain == DOMAIN
    assert (raised.value.translation_placeholders or {})["meter"] == meter.name
    return raised.value.translation_key or ""


def loss_of(account: Account, endpoint: Endpoint) -> int:
    """Return how often an endpoint was asked after the first reading back."""
    first = account.asked.index(Endpoint.METRICS)
    return account.asked[first:].count(endpoint)


@pytest.mark.parametrize(
    ("key", "value", "endpoint"),
    [
        ("relay", False, Endpoint.RELAY),
        ("mode", "measurement", Endpoint.MODE),
        ("eb_tariff", 9.99, Endpoint.TARIFF_EB),
        ("dg_tariff", 39.99, Endpoint.TARIFF_DG),
    ],
)
async def test_an_ignored_command_is_tried_again_and_taken_back(
    account: Account, key: str, value: Value, endpoint: Endpoint
) -> None:
    """Accepted twice and never done: the old state comes back, and the person is told."""
    meter = account.meter()
    before = account.state(meter, key)
    account.break_down(FaultKind.IGNORED, endpoint)
    assert await fail(account, meter, key, value) == "command_not_confirmed"
    assert account.asked.count(endpoint) == 2
    assert account.state(meter, key) == before
    await account.poll(meter)
    assert account.state(meter, key) == before


async def test_a_command_that_is_ignored_once_is_done_at_the_second_try(account: Account) -> None:
    """The same state is asked for again, and then it shows."""
    meter = account.meter()
    account.break_down(FaultKind.IGNORED, Endpoint.RELAY, times=1)
    await account.order(meter, "relay", value=False)
    assert not meter.relay_closed
    assert account.asked.count(Endpoint.RELAY) == 2


async def test_the_relay_stays_open_in_the_mode_relay_off(account: Account) -> None:
    """The cloud accepts it, the meter may not: the switch is off again, with an error."""
    meter = account.meter(RELAY_OFF)
    assert await fail(account, meter, "relay", value=True) == "command_not_confirmed"
    assert not meter.relay_closed
    assert account.state(meter, "relay") == "off"


async def test_an_answer_that_is_lost_is_no_failure(account: Account) -> None:
    """The meter did it: reading back tells, and the command is not sent again."""
    meter = account.meter()
    account.break_down(FaultKind.ANSWER_LOST, Endpoint.RELAY)
    await account.order(meter, "relay", value=False)
    assert not meter.relay_closed
    assert account.state(meter, "relay") == "off"
    assert loss_of(account, Endpoint.RELAY) == 0


async def test_a_cut_answer_is_no_failure(account: Account) -> None:
    """Half an answer to a command that was done is enough."""
    meter = account.meter()
    account.break_down(FaultKind.TRUNCATION, Endpoint.GATEWAY)
    value = not meter.gateway_enabled
    await account.order(meter, "payment_gateway", value)
    assert meter.gateway_enabled is value
    assert account.asked.count(Endpoint.GATEWAY) == 1


async def test_a_lost_command_is_sent_again(account: Account) -> None:
    """It never arrived: it does not show, so it is sent once more."""
    meter = account.meter()
    # aiohttp repeats a PUT by itself when a connection that it used before breaks.
    account.break_down(FaultKind.DROP, Endpoint.RELAY, times=2)
    await account.order(meter, "relay", value=False)
    assert not meter.relay_closed
    assert loss_of(account, Endpoint.RELAY) >= 1


@pytest.mark.parametrize(
    "kind",
    [FaultKind.HTML_200, FaultKind.SERVER_ERROR, FaultKind.PROXY_403, FaultKind.REDIRECT],
)
async def test_a_page_in_the_answers_place_is_survived_once(
    account: Account, kind: FaultKind
) -> None:
    """A page tells nothing of what the meter did: read, and send again."""
    meter = account.meter()
    account.break_down(kind, Endpoint.MODE, times=1)
    await account.order(meter, "mode", "measurement")
    assert meter.mode == "measurement"
    assert account.asked.count(Endpoint.MODE) == 2


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (FaultKind.HTML_200, "command_not_qube_api"),
        (FaultKind.SERVER_ERROR, "command_not_qube_api"),
        (FaultKind.DROP, "command_cannot_connect"),
    ],
)
async def test_a_command_that_never_gets_through_is_not_called_accepted(
    account: Account, kind: FaultKind, told: str
) -> None:
    """Nobody accepted it, so mode and balance of the meter are not to blame."""
    meter = account.meter()
    account.break_down(kind, Endpoint.RELAY)
    assert await fail(account, meter, "relay", value=False) == told
    assert meter.relay_closed
    assert account.state(meter, "relay") == "on"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (FaultKind.HTML_200, "command_not_qube_api"),
        (FaultKind.SERVER_ERROR, "command_not_qube_api"),
        (FaultKind.DROP, "command_cannot_connect"),
    ],
)
async def test_without_any_reading_back_the_outcome_is_called_unknown(
    account: Account, kind: FaultKind, told: str
) -> None:
    """The command was sent, but nothing can be read: neither done nor not done is claimed."""
    meter = account.meter()
    account.break_down(kind, Endpoint.METRICS)
    assert await fail(account, meter, "relay", value=False) == told
    assert account.state(meter, "relay") == "on"
    account.cloud.faults.clear()
    await account.poll(meter)
    assert account.state(meter, "relay") == "off"


async def test_one_reading_back_that_fails_does_not_matter(account: Account) -> None:
    """The next one tells."""
    meter = account.meter()
    account.break_down(FaultKind.HTML_200, Endpoint.METRICS, times=1)
    await account.order(meter, "relay", value=False)
    assert account.asked == [Endpoint.RELAY, Endpoint.METRICS, Endpoint.METRICS]


async def test_a_limit_on_requests_ends_the_command_and_the_requests(account: Account) -> None:
    """The person is told how long to wait, and until then nobody is asked anything."""
    meter = account.meter()
    account.cloud.faults.add(
        Fault(kind=FaultKind.RATE_LIMITED, endpoint=Endpoint.RELAY, retry_after=90)
    )
    with pytest.raises(HomeAssistantError) as raised:
        await account.order(meter, "relay", value=False)
    assert raised.value.translation_key == "command_rate_limited"
    assert (raised.value.translation_placeholders or {})["seconds"] == "90"
    assert account.state(meter, "relay") == "on"
    account.cloud.faults.clear()
    assert await fail(account, meter, "mode", "measurement") == "command_rate_limited"
    assert account.asked == [Endpoint.RELAY]


@pytest.mark.parametrize("kind", [FaultKind.UNAUTHORIZED, FaultKind.AUTH_ERROR_200])
async def test_a_rejected_key_asks_for_a_new_one(account: Account, kind: FaultKind) -> None:
    """The person is told, and Home Assistant asks for the key, once."""
    meter = account.meter()
    account.break_down(kind, Endpoint.RELAY)
    assert await fail(account, meter, "relay", value=False) == "command_key_rejected"
    assert await fail(account, meter, "relay", value=False) == "command_key_rejected"
    await account.settle()
    (flow,) = account.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert account.state(meter, "relay") == "on"


async def test_a_page_of_a_proxy_does_not_ask_for_a_new_key(account: Account) -> None:
    """A 403 that the API did not write says nothing of the key."""
    account.break_down(FaultKind.PROXY_403)
    assert await fail(account, account.meter(), "relay", value=False) == "command_not_qube_api"
    await account.settle()
    assert account.hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("code", [ErrorCode.VALIDATION_ERROR, ErrorCode.DEVICE_NOT_FOUND])
@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.FAILURE_200])
async def test_a_refusal_gives_the_clouds_own_reason(
    account: Account, kind: FaultKind, code: ErrorCode
) -> None:
    """It is not sent again: the cloud would refuse it again."""
    meter = account.meter()
    account.cloud.faults.add(Fault(kind=kind, endpoint=Endpoint.MODE, code=code))
    with pytest.raises(HomeAssistantError) as raised:
        await account.order(meter, "mode", "measurement")
    assert raised.value.translation_key == "command_refused"
    reason = (raised.value.translation_placeholders or {})["reason"]
    assert reason.startswith(
        {
            ErrorCode.VALIDATION_ERROR: "The request is not valid",
            ErrorCode.DEVICE_NOT_FOUND: "You are not allowed",
        }[code]
    )
    assert account.asked == [Endpoint.MODE]
    assert account.state(meter, "mode") == meter.mode


async def test_a_command_that_fails_leaves_the_others_alone(account: Account) -> None:
    """One field is refused while another is done."""
    meter = account.meter()
    account.break_down(FaultKind.IGNORED, Endpoint.MODE)
    failing = account.begin(meter, "mode", "measurement")
    await account.order(meter, "relay", value=False)
    with pytest.raises(HomeAssistantError):
        await failing
    assert account.state(meter, "relay") == "off"
    assert account.state(meter, "mode") == "prepaid"


async def test_an_account_that_is_unloaded_meanwhile_leaves_nothing_behind(
    account: Account,
) -> None:
    """A command under way is finished all the same, and nothing is polled afterwards."""
    meter = account.meter()
    account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.1)
    command = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.RELAY in account.asked)
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    await command
    assert not meter.relay_closed
    assert account.entry.state is ConfigEntryState.NOT_LOADED
    account.forget_requests()
    await account.settle()
    await asyncio.sleep(0.05)
    assert account.asked == []
    assert account.state(meter, "relay") == "unavailable"


async def test_an_account_that_is_removed_meanwhile_leaves_no_file(
    account: Account, hass_storage: dict[str, object]
) -> None:
    """Reading back must not bring the store of a deleted account to life again."""
    account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.1)
    command = account.begin(account.meter(), "relay", value=False)
    await until(lambda: Endpoint.RELAY in account.asked)
    await account.hass.config_entries.async_remove(account.entry.entry_id)
    await command
    account.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await account.settle()
    assert [name for name in hass_storage if name.startswith(DOMAIN)] == []
