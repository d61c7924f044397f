"""The back door calls the same Python API."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

from aiohttp import ClientSession
import orjson
import pytest
from pytest_aiohttp.plugin import AiohttpServer

from tests.simulator import Mode, SimulatedCloud, Source, create_app, tell_time
from tests.simulator.clock import DAY_MS, HOUR_MS, LeapingClock, real_clock
from tests.simulator.probe import API_KEY, Probe, as_object
from tests.simulator.protocol import Json

pytest_plugins = ("tests.simulator.fixtures",)


async def test_the_truth_is_shown_and_set(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Every attribute is set by name, and shown as it is then."""
    probe.key = None
    meter = next(iter(sim_cloud.meters.values()))
    path = f"/_simulator/meters/{meter.device_id}"
    changes: dict[str, Json] = {
        "has_relay": True,
        "relay_closed": False,
        "gateway_enabled": False,
        "balance": -70,
        "energy_wh": 123_456,
        "eb_tariff_paise": 1,
        "dg_tariff_paise": 2,
        "active_tariff": 2,
        "mode": "measurement",
        "name": "Elsewhere",
        "null_fields": ["energy"],
        "is_online": False,
    }
    changed = (await probe.send("PATCH", path, {**changes, "udfs": {"udf1": None}})).envelope
    assert changes.items() <= changed.items()
    assert as_object(changed["udfs"])["udf1"] is None
    assert (await probe.get(path)).envelope == changed
    assert (meter.mode, meter.active_tariff) == (Mode.MEASUREMENT, Source.DG)
    assert not meter.is_online
    listed = await probe.get("/_simulator/meters")
    assert listed.raw.count(b'"device_id"') == 12


async def test_the_past_is_told(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """What the register showed every six hours and at each switch of the source, up to now."""
    meter = next(iter(sim_cloud.meters.values()))
    since_ms = sim_cloud.now_ms() - 3 * DAY_MS
    past = await probe.get(f"/_simulator/meters/{meter.device_id}/past/{since_ms}")
    rows = orjson.loads(past.raw)
    assert rows[0][:2] == [since_ms, meter.register.wh_at(since_ms)]
    assert rows[-1] == [sim_cloud.now_ms(), meter.energy_wh, int(meter.active_tariff)]
    switches = {b[0] for a, b in pairwise(rows) if a[2] != b[2]}
    assert switches
    assert {row[0] for row in rows[:-1] if (row[0] - since_ms) % (6 * HOUR_MS)} == switches


async def test_meters_and_spaces_come_and_go(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Meters are added, replaced, reset, moved and removed."""
    space = (await probe.send("POST", "/_simulator/spaces", {"name": "New Block"})).envelope
    body: Json = {"space_id": space["space_id"], "kind": "three_phase", "udf1": "U", "balance": 900}
    added = (await probe.send("POST", "/_simulator/meters", body)).envelope
    path = f"/_simulator/meters/{added['device_id']}"
    assert (added["kind"], added["balance"]) == ("three_phase", 900)
    new = (await probe.send("POST", f"{path}/replace")).envelope
    assert (new["energy_wh"], as_object(new["udfs"])["udf1"]) == (0, "U")
    assert (await probe.get(path)).status == 404
    path = f"/_simulator/meters/{new['device_id']}"
    await probe.send("PATCH", path, {"energy_wh": 5000})
    assert (await probe.send("POST", f"{path}/reset_counter")).envelope["energy_wh"] == 0
    moved = await probe.send("POST", f"{path}/move", {"space_id": next(iter(sim_cloud.spaces))})
    assert moved.envelope["space_id"] == next(iter(sim_cloud.spaces))
    assert (await probe.send("DELETE", path)).status == 200
    assert (await probe.send("DELETE", f"/_simulator/spaces/{space['space_id']}")).status == 200
    assert (len(sim_cloud.spaces), len(sim_cloud.meters)) == (3, 12)
    spaces = await probe.get("/_simulator/spaces")
    assert spaces.raw.count(b'"space_id"') == 3


async def test_requests_are_shown_and_forgotten(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """The counts are those of the Python API."""
    device_id = next(iter(sim_cloud.meters))
    await probe.device(device_id, "metrics")
    shown = (await probe.get("/_simulator/requests")).envelope
    assert shown == {"counts": {"metrics": 1}, "total": 1, "at_once": 0, "max_at_once": 1}
    log = await probe.get("/_simulator/requests/log")
    assert log.raw == f'[["metrics","{device_id}"]]'.encode()
    await probe.send("DELETE", "/_simulator/requests")
    assert sim_cloud.requests.total() == 0


@pytest.mark.parametrize(
    "body",
    [
        {"balance": "much"},
        {"is_online": 1},
        {"mode": "PREPAID"},
        {"udfs": {"udf9": "x"}},
        {"null_fields": "energy"},
        {"colour": "red"},
    ],
)
async def test_nonsense_is_refused(probe: Probe, sim_cloud: SimulatedCloud, body: Json) -> None:
    """Unknown attributes, wrong types and unknown meters are errors."""
    path = f"/_simulator/meters/{next(iter(sim_cloud.meters))}"
    assert (await probe.send("PATCH", path, body)).status == 400
    assert (await probe.send("POST", "/_simulator/meters", {"space_id": 1})).status == 404
    assert (await probe.send("DELETE", "/_simulator/meters/none")).status == 404


@pytest.fixture
async def leaping(
    socket_enabled: None, aiohttp_server: AiohttpServer
) -> AsyncIterator[tuple[Probe, SimulatedCloud]]:
    """Return a cloud whose time is the computer's, and its client."""
    cloud = SimulatedCloud(seed=7, api_key=API_KEY, clock=LeapingClock())
    app = create_app(cloud)
    tell_time(app)
    server = await aiohttp_server(app)
    async with ClientSession() as session:
        yield Probe(session=session, base=server.make_url("/")), cloud


async def test_the_time_leaps_and_stands_still(leaping: tuple[Probe, SimulatedCloud]) -> None:
    """A day passes at once, and the meter has used what it uses on a day; then nothing moves."""
    probe, cloud = leaping
    space = cloud.add_space("Lakeside")
    body: Json = {"space_id": space.space_id, "daily_wh": 300_000}
    added = (await probe.send("POST", "/_simulator/meters", body)).envelope
    meter = cloud.meters[str(added["device_id"])]
    # Else it would cut itself: there is no balance.
    meter.mode = Mode.MEASUREMENT
    before_wh = meter.energy_wh
    leap: Json = {"seconds": 86_400}
    assert (await probe.send("POST", "/_simulator/clock/leap", leap)).status == 200
    assert 100_000 < meter.energy_wh - before_wh < 700_000
    ahead = cloud.clock() - real_clock()
    assert abs(ahead - timedelta(days=1)) < timedelta(minutes=1)
    stopped = await probe.send("POST", "/_simulator/clock/stop")
    assert stopped.status == 200
    dated = parsedate_to_datetime(stopped.headers["Date"])
    assert abs(dated - real_clock() - timedelta(days=1)) < timedelta(minutes=1)
    stopped_at = cloud.clock()
    assert cloud.clock() == stopped_at


async def test_the_time_of_a_test_is_its_own(probe: Probe) -> None:
    """Where a test moves the clock, nobody else does."""
    assert (await probe.send("POST", "/_simulator/clock/stop")).status == 400
