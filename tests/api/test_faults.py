"""Every fault on every endpoint is the right typed error, and the client works again after it."""

from aiohttp import ClientTimeout
import pytest

from custom_components.qube.api import (
    QubeApiError,
    QubeAuthenticationError,
    QubeClient,
    QubeResponseError,
    transport,
)
from tests.simulator import (
    Endpoint,
    Fault,
    FaultKind,
    SimulatedCloud,
    SimulatedMeter,
)

from .calls import CALLS, Call, Target
from .fault_cases import CASES, Case, outcome_of


def test_every_kind_of_fault_is_in_the_table() -> None:
    """A new kind of fault must be given its error here."""
    assert {case.fault.kind for case in CASES} == set(FaultKind)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.endpoint)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fault.kind}-{case.code}")
async def test_each_fault_on_each_endpoint(
    client: QubeClient, cloud: SimulatedCloud, target: Target, case: Case, call: Call
) -> None:
    """The error is of exactly its type, and the next request is answered as if nothing was."""
    cloud.faults.add(case.fault)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "RETRY_AFTER_S", (0.0, 3600.0))
        if case.fault.kind is FaultKind.LATENCY:
            patch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.04))
        error = await outcome_of(client, target, call)
    assert (None if error is None else type(error)) is case.error
    if case.code is not None:
        assert isinstance(error, QubeApiError)
        assert error.code == case.code
    cloud.faults.clear()
    assert await outcome_of(client, target, call) is None
    assert client._transport._limit._free == transport.REQUESTS_AT_ONCE


@pytest.mark.parametrize(
    ("kind", "is_done"),
    [
        (FaultKind.DROP, False),
        (FaultKind.SERVER_ERROR, False),
        (FaultKind.IGNORED, False),
        (FaultKind.ANSWER_LOST, True),
        (FaultKind.TRUNCATION, True),
    ],
)
async def test_an_error_does_not_say_whether_a_command_was_done(
    client: QubeClient,
    cloud: SimulatedCloud,
    meter: SimulatedMeter,
    kind: FaultKind,
    is_done: bool,
) -> None:
    """Only reading back tells; what was ignored even looks like a success."""
    cloud.faults.add(Fault(kind=kind, endpoint=Endpoint.RELAY))
    relay = next(call for call in CALLS if call.endpoint is Endpoint.RELAY)
    target = Target(space_id=meter.space_id, device_id=meter.device_id)
    error = await outcome_of(client, target, relay)
    assert (error is None) is (kind is FaultKind.IGNORED)
    assert (await client.metrics(meter.device_id)).relay_closed is not is_done


async def test_wrong_types_leave_nothing_to_use_and_nothing_wrong(
    client: QubeClient, cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """A spoilt field is dropped; the ids and what is not spoilt stay."""
    cloud.faults.add(Fault(kind=FaultKind.WRONG_TYPES))
    metrics = await client.metrics(meter.device_id)
    assert metrics.energy_wh is metrics.power_w is metrics.voltage_v is None
    assert metrics.relay_closed is metrics.gateway_enabled is None
    assert metrics.mode is None
    assert metrics.source is None
    device = await client.device(meter.device_id)
    assert (device.device_id, device.name) == (meter.device_id, meter.device_id)
    assert device.readings == ()
    spaces = await client.spaces()
    assert [space.space_id for space in spaces] == list(cloud.spaces)
    assert spaces[0].name == f"Space {spaces[0].space_id}"


async def test_a_fault_on_one_meter_leaves_the_others_alone(
    client: QubeClient, cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """One client, one meter down, the rest answered."""
    other = list(cloud.meters)[1]
    cloud.faults.add(Fault(kind=FaultKind.SERVER_ERROR, device_id=meter.device_id))
    with pytest.raises(QubeResponseError, match="HTTP 500"):
        await client.metrics(meter.device_id)
    assert (await client.metrics(other)).energy_wh is not None


async def test_a_wrong_key_is_an_authentication_error(url: str, client: QubeClient) -> None:
    """The cloud's own refusal, not a fault put up."""
    stranger = QubeClient(client._transport._session, "wrong", url)
    with pytest.raises(QubeAuthenticationError) as caught:
        await stranger.spaces()
    assert caught.value.code == "authentication_error"
