"""Every fault strikes where, as often and in the way it is told to."""

from dataclasses import dataclass
import time

from aiohttp import ClientError, ClientPayloadError, ServerDisconnectedError
import pytest

from tests.simulator import Endpoint, ErrorCode, Fault, FaultKind, SimulatedCloud, SimulatedMeter
from tests.simulator.probe import Probe
from tests.simulator.protocol import Json

pytest_plugins = ("tests.simulator.fixtures",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A fault and what a client sees of it."""

    fault: Fault
    status: int
    code: str | None = None
    content_type: str = "application/json"


CASES = [
    Case(fault=Fault(kind=FaultKind.HTML_200), status=200, content_type="text/html"),
    Case(fault=Fault(kind=FaultKind.PROXY_403), status=403, content_type="text/html"),
    Case(fault=Fault(kind=FaultKind.SERVER_ERROR), status=500, content_type="text/html"),
    Case(
        fault=Fault(kind=FaultKind.SERVER_ERROR, status=503, is_json=True),
        status=503,
        code="server_error",
    ),
    Case(fault=Fault(kind=FaultKind.UNAUTHORIZED), status=401, code="authentication_error"),
    Case(fault=Fault(kind=FaultKind.AUTH_ERROR_200), status=200, code="authentication_error"),
    Case(fault=Fault(kind=FaultKind.RATE_LIMITED), status=429, code="rate_limited"),
    Case(
        fault=Fault(kind=FaultKind.FAILURE_200, code=ErrorCode.DEVICE_OFFLINE),
        status=200,
        code="device_offline",
    ),
    Case(
        fault=Fault(kind=FaultKind.ERROR, code=ErrorCode.NOT_YOUR_SPACE),
        status=403,
        code="not_your_space",
    ),
]


@pytest.fixture
def meter(sim_cloud: SimulatedCloud) -> SimulatedMeter:
    """Return the first meter."""
    return next(iter(sim_cloud.meters.values()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault.kind)
async def test_answers_in_the_clouds_place(
    probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter, case: Case
) -> None:
    """The answer is the fault, and no command is carried out."""
    sim_cloud.faults.add(case.fault)
    for reply in (
        await probe.device(meter.device_id, "metrics"),
        await probe.command(meter.device_id, "relay", {"state": False}),
    ):
        assert reply.status == case.status
        assert reply.headers["Content-Type"].startswith(case.content_type)
        if case.code is not None:
            assert reply.error == (case.status, case.code)
    assert meter.relay_closed
    sim_cloud.faults.clear()
    assert (await probe.device(meter.device_id, "metrics")).data


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.ANSWER_LOST])
async def test_no_answer(
    probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter, kind: FaultKind
) -> None:
    """The connection closes; only a lost answer leaves the command done."""
    sim_cloud.faults.add(Fault(kind=kind))
    with pytest.raises(ServerDisconnectedError):
        await probe.device(meter.device_id, "metrics")
    with pytest.raises(ClientError):
        await probe.command(meter.device_id, "relay", {"state": False})
    assert meter.relay_closed is (kind is FaultKind.DROP)


async def test_truncation(probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter) -> None:
    """The body ends before its declared length."""
    sim_cloud.faults.add(Fault(kind=FaultKind.TRUNCATION))
    with pytest.raises(ClientPayloadError):
        await probe.device(meter.device_id, "metrics")


async def test_ignored_command(
    probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """A command is accepted and not done; reads do not use the fault up."""
    sim_cloud.faults.add(Fault(kind=FaultKind.IGNORED, times=1))
    assert (await probe.device(meter.device_id, "metrics")).data["relay_state"] is True
    reply = await probe.command(meter.device_id, "relay", {"state": False})
    assert reply.envelope["data"] is True
    assert meter.relay_closed
    await probe.command(meter.device_id, "relay", {"state": False})
    assert not meter.relay_closed


async def test_wrong_types(probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter) -> None:
    """The envelope is good and every value is not."""
    good = (await probe.device(meter.device_id, "metrics")).data
    sim_cloud.faults.add(Fault(kind=FaultKind.WRONG_TYPES, endpoint=Endpoint.METRICS))
    spoilt = (await probe.device(meter.device_id, "metrics")).data
    assert spoilt.keys() == good.keys()
    assert spoilt["device_id"] == good["device_id"]
    assert all(spoilt[key] != good[key] for key in good if key != "device_id")
    sim_cloud.faults.clear()
    overrides: tuple[Json, ...] = (None, [], "text", {"energy": "NaN"})
    for data in overrides:
        sim_cloud.faults.add(Fault(kind=FaultKind.WRONG_TYPES, data=data, times=1))
        reply = await probe.device(meter.device_id, "metrics")
        assert reply.envelope["data"] == data


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [(7, "7"), ("Wed, 13 May 2026 12:31:00 GMT", "Wed, 13 May 2026 12:31:00 GMT"), (None, None)],
)
async def test_rate_limit(
    probe: Probe, sim_cloud: SimulatedCloud, retry_after: int | str | None, header: str | None
) -> None:
    """The waiting time is given as seconds, as a date, or not at all."""
    sim_cloud.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=retry_after))
    assert (await probe.get("/api/v2/spaces/")).headers.get("Retry-After") == header


async def test_redirect_and_oversize(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """One points elsewhere, the other inflates to more than two MiB."""
    sim_cloud.faults.add(Fault(kind=FaultKind.REDIRECT, url="http://127.0.0.1:9/x", times=1))
    sim_cloud.faults.add(Fault(kind=FaultKind.OVERSIZED, times=1))
    redirected = await probe.get("/api/v2/spaces/")
    assert (redirected.status, redirected.headers["Location"]) == (302, "http://127.0.0.1:9/x")
    oversized = await probe.get("/api/v2/spaces/")
    assert int(oversized.headers["Content-Length"]) < 100_000
    assert len(oversized.raw) > 2 * 1024 * 1024


async def test_latency_comes_on_top(
    probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """A delay does not stand in the way of another fault."""
    sim_cloud.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.1))
    sim_cloud.faults.add(Fault(kind=FaultKind.SERVER_ERROR, times=1))
    begun = time.monotonic()
    assert (await probe.device(meter.device_id, "metrics")).status == 500
    assert (await probe.device(meter.device_id, "metrics")).status == 200
    assert time.monotonic() - begun >= 0.2


async def test_faults_keep_to_their_endpoint_meter_and_number(
    probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """Nothing but the requests meant is struck."""
    other = list(sim_cloud.meters)[1]
    sim_cloud.faults.add(
        Fault(
            kind=FaultKind.SERVER_ERROR,
            endpoint=Endpoint.METRICS,
            device_id=meter.device_id,
            times=2,
        )
    )
    assert (await probe.device(meter.device_id)).status == 200
    assert (await probe.device(other, "metrics")).status == 200
    answers = [(await probe.device(meter.device_id, "metrics")).status for _ in range(3)]
    assert answers == [500, 500, 200]
    assert not sim_cloud.faults.active


async def test_faults_of_every_kind_through_the_back_door(
    probe: Probe, sim_cloud: SimulatedCloud
) -> None:
    """Faults are put up, shown and taken down over HTTP."""
    for kind in FaultKind:
        body: Json = {"kind": kind, "endpoint": "metrics", "times": 1, "retry_after": None}
        assert (await probe.send("POST", "/_simulator/faults", body)).status == 200
    assert [active.fault.kind for active in sim_cloud.faults.active.values()] == list(FaultKind)
    assert (await probe.send("DELETE", "/_simulator/faults/1")).status == 200
    assert len(sim_cloud.faults.active) == len(FaultKind) - 1
    assert (await probe.get("/_simulator/faults")).raw.startswith(
        b'[{"id":2,"left":1,"kind":"drop"'
    )
    assert (await probe.send("DELETE", "/_simulator/faults")).status == 200
    assert not sim_cloud.faults.active


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "no_such"},
        {"kind": "drop", "endpoint": "no_such"},
        {"kind": "drop", "times": 0},
        {"kind": "latency", "seconds": -1},
        {"kind": "error", "code": "no_such"},
        {"kind": "drop", "colour": "red"},
        {},
    ],
)
async def test_nonsense_at_the_back_door_is_refused(probe: Probe, body: Json) -> None:
    """A misspelt fault is an error, not a fault that never strikes."""
    assert (await probe.send("POST", "/_simulator/faults", body)).status == 400
