"""Every command reaches the meter through Home Assistant's actions, and returns once it shows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.exceptions import ServiceValidationError
import pytest

from tests.account import Account, Value, until
from tests.simulator import Endpoint, FaultKind, Mode, SimulatedMeter, Source
from tests.simulator.payloads import metrics_json


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A command: where it goes, and how the truth of the meter tells that it was done."""

    key: str
    value: Value
    before: Value
    endpoint: Endpoint
    truth: Callable[[SimulatedMeter], object]
    is_so: object
    shown: str


def switch(
    key: str, endpoint: Endpoint, truth: Callable[[SimulatedMeter], object], *, on: bool
) -> Case:
    """Return a switch that is turned on or off."""
    return Case(
        key=key,
        value=on,
        before=not on,
        endpoint=endpoint,
        truth=truth,
        is_so=on,
        shown="on" if on else "off",
    )


def mode(value: Mode, before: Mode = Mode.PREPAID) -> Case:
    """Return a choice of mode."""
    return Case(
        key="mode",
        value=value.value,
        before=before.value,
        endpoint=Endpoint.MODE,
        truth=lambda meter: meter.mode,
        is_so=value,
        shown=value.value,
    )


def source(value: str, before: str, is_so: Source) -> Case:
    """Return a choice of the active tariff."""
    return Case(
        key="active_tariff",
        value=value,
        before=before,
        endpoint=Endpoint.TARIFF_ACTIVE,
        truth=lambda meter: meter.active_tariff,
        is_so=is_so,
        shown=value,
    )


CASES = [
    switch("relay", Endpoint.RELAY, lambda meter: meter.relay_closed, on=False),
    switch("relay", Endpoint.RELAY, lambda meter: meter.relay_closed, on=True),
    switch("payment_gateway", Endpoint.GATEWAY, lambda meter: meter.gateway_enabled, on=False),
    switch("payment_gateway", Endpoint.GATEWAY, lambda meter: meter.gateway_enabled, on=True),
    mode(Mode.POSTPAID),
    mode(Mode.MEASUREMENT),
    mode(Mode.RELAY_OFF),
    mode(Mode.PREPAID, before=Mode.POSTPAID),
    source("dg", "eb", Source.DG),
    source("eb", "dg", Source.EB),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.key}-{case.value}")
async def test_a_command_is_done_and_read_back(account: Account, case: Case) -> None:
    """The cloud is asked once, the meter does it, and Home Assistant shows what was read back."""
    meter = account.meter()
    if case.truth(meter) == case.is_so:
        await account.order(meter, case.key, case.before)
    assert case.truth(meter) != case.is_so
    account.forget_requests()
    await account.order(meter, case.key, case.value)
    assert case.truth(meter) == case.is_so
    assert account.asked == [case.endpoint, Endpoint.METRICS]
    assert account.state(meter, case.key) == case.shown
    await account.poll(meter)
    assert account.state(meter, case.key) == case.shown


@pytest.mark.parametrize(
    ("rupees", "paise"),
    [(5.01, 501), (0.29, 29), (1000, 100_000), (0, 0), (4.35, 435), (1.1, 110), (8.165, 817)],
)
@pytest.mark.parametrize("key", ["eb_tariff", "dg_tariff"])
async def test_a_tariff_arrives_to_the_paisa(
    account: Account, key: str, rupees: float, paise: int
) -> None:
    """What no float can hold exactly is sent as the whole paise that a person meant."""
    meter = account.meter()
    before = meter.eb_tariff_paise, meter.dg_tariff_paise
    await account.order(meter, key, rupees)
    is_eb = key == "eb_tariff"
    assert (meter.eb_tariff_paise, meter.dg_tariff_paise) == (
        (paise, before[1]) if is_eb else (before[0], paise)
    )
    assert float(account.state(meter, key)) == paise / 100


@pytest.mark.parametrize("rupees", [-0.01, 1000.01, float("inf")])
async def test_a_tariff_out_of_range_is_not_sent(account: Account, rupees: float) -> None:
    """Home Assistant refuses it before anything leaves the house."""
    with pytest.raises(ServiceValidationError):
        await account.order(account.meter(), "eb_tariff", rupees)
    assert account.asked == []


async def test_what_is_requested_shows_meanwhile(account: Account) -> None:
    """A person sees the switch move at once, and the meter's own state when it is confirmed."""
    meter = account.meter()
    account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.1)
    command = account.begin(meter, "relay", value=False)
    await until(lambda: account.state(meter, "relay") == "off")
    assert meter.relay_closed
    assert not command.done()
    await command
    assert account.state(meter, "relay") == "off"
    await account.poll(meter)
    assert account.state(meter, "relay") == "off"


async def test_a_poll_meanwhile_shows_the_request_too(account: Account) -> None:
    """A poll in between that still reads the old state does not make the switch flicker."""
    meter = account.meter()
    account.break_down(FaultKind.LATENCY, Endpoint.RELAY, seconds=0.1)
    command = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.RELAY in account.asked)
    await account.coordinator(meter).async_refresh()
    assert meter.relay_closed
    assert account.state(meter, "relay") == "off"
    await command


async def test_a_poll_under_way_cannot_overwrite_a_younger_reading(account: Account) -> None:
    """An answer from before the command that arrives after it is thrown away."""
    meter = account.meter()
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, meter, times=1, seconds=0.2)
    account.answer_once(Endpoint.METRICS, meter, metrics_json(meter))
    poll = account.hass.async_create_task(account.coordinator(meter).async_refresh())
    await until(lambda: not account.cloud.faults.active)
    await account.order(meter, "relay", value=False)
    assert not poll.done()
    await poll
    data = account.coordinator(meter).data
    assert data is not None
    assert data.metrics is not None
    assert data.metrics.relay_closed is False
    assert account.state(meter, "relay") == "off"


async def test_a_younger_command_takes_over_while_the_older_one_is_sent(account: Account) -> None:
    """On and off at once: the meter ends off, and nobody is told of an error."""
    meter = account.meter()
    await account.order(meter, "relay", value=False)
    account.forget_requests()
    account.break_down(FaultKind.LATENCY, Endpoint.RELAY, times=1, seconds=0.1)
    older = account.begin(meter, "relay", value=True)
    await until(lambda: Endpoint.RELAY in account.asked)
    younger = account.begin(meter, "relay", value=False)
    await asyncio.gather(older, younger)
    assert not meter.relay_closed
    assert account.state(meter, "relay") == "off"
    assert account.asked.count(Endpoint.RELAY) == 2


async def test_a_younger_command_takes_over_while_the_older_one_waits(account: Account) -> None:
    """What the meter ignored is not sent a second time against what was wanted later."""
    meter = account.meter()
    account.break_down(FaultKind.IGNORED, Endpoint.RELAY, times=1)
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, seconds=0.05)
    older = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.METRICS in account.asked)
    younger = account.begin(meter, "relay", value=True)
    await asyncio.gather(older, younger)
    assert meter.relay_closed
    assert account.state(meter, "relay") == "on"
    assert account.asked.count(Endpoint.RELAY) == 2


async def test_an_older_command_that_was_overtaken_before_it_was_sent_is_not_sent(
    account: Account,
) -> None:
    """Of three that come at once only the one under way and the last one reach the cloud."""
    meter = account.meter()
    account.break_down(FaultKind.LATENCY, Endpoint.TARIFF_EB, times=1, seconds=0.1)
    commands = [account.begin(meter, "eb_tariff", rupees) for rupees in (1, 2, 3)]
    await asyncio.gather(*commands)
    assert meter.eb_tariff_paise == 300
    assert account.asked.count(Endpoint.TARIFF_EB) == 2


async def test_commands_on_several_fields_do_not_disturb_each_other(account: Account) -> None:
    """All that is asked of one meter at once is done, also what needs a second try."""
    meter = account.meter()
    gateway = not meter.gateway_enabled
    account.break_down(FaultKind.IGNORED, Endpoint.RELAY, times=1)
    await asyncio.gather(
        account.begin(meter, "relay", value=False),
        account.begin(meter, "payment_gateway", gateway),
        account.begin(meter, "mode", "postpaid"),
        account.begin(meter, "eb_tariff", 7.77),
        account.begin(meter, "dg_tariff", 17.77),
    )
    assert not meter.relay_closed
    assert meter.gateway_enabled is gateway
    assert meter.mode is Mode.POSTPAID
    assert (meter.eb_tariff_paise, meter.dg_tariff_paise) == (777, 1777)
    assert account.state(meter, "relay") == "off"
    assert account.state(meter, "mode") == "postpaid"


async def test_commands_of_one_meter_reach_the_cloud_in_order(account: Account) -> None:
    """The second is sent only when the first was answered; another meter need not wait for it."""
    meter, other = account.meter(0), account.meter(1)
    account.break_down(FaultKind.LATENCY, Endpoint.RELAY, meter, times=1, seconds=0.2)
    first = account.begin(meter, "relay", value=False)
    await until(lambda: Endpoint.RELAY in account.asked)
    second = account.begin(meter, "mode", "measurement")
    await account.order(other, "dg_tariff", 21)
    assert other.dg_tariff_paise == 2100
    assert not first.done()
    assert Endpoint.MODE not in account.asked
    await asyncio.gather(first, second)
    assert meter.mode is Mode.MEASUREMENT


async def test_a_command_passes_waiting_polls(account: Account) -> None:
    """With all slots taken by polls, a command gets the next one, before the polls that wait."""
    first, *others = account.cloud.meters.values()
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, first, times=1, seconds=0.1)
    for other in others:
        account.break_down(FaultKind.LATENCY, Endpoint.METRICS, other, times=1, seconds=0.3)
    polls = account.hass.async_create_task(account.poll())
    await until(lambda: account.asked.count(Endpoint.METRICS) == 8)
    await account.order(first, "relay", value=False)
    await polls
    sent = account.asked.index(Endpoint.RELAY)
    assert account.asked[:sent].count(Endpoint.METRICS) == 8
    assert account.asked[sent:].count(Endpoint.METRICS) == 4
