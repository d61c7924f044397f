"""The simulated cloud answers as the vendor page says."""

import asyncio
from collections.abc import Callable
import subprocess
import sys

from aiohttp import ClientSession
from aiohttp.test_utils import unused_port
import pytest

from tests.simulator import Endpoint, MeterKind, Mode, SimulatedCloud, SimulatedMeter, Source
from tests.simulator.probe import Probe, as_object, as_rows
from tests.simulator.protocol import Json

pytest_plugins = ("tests.simulator.fixtures",)

HISTORY = {"property_id": "energy", "from_date": "2026-05-01", "to_date": "2026-05-02"}
UDFS = {"udf1", "udf2", "udf3", "udf4", "udf5"}


def first_meter(cloud: SimulatedCloud, kind: MeterKind = MeterKind.ORDINARY) -> SimulatedMeter:
    """Return the first meter of a kind."""
    return next(meter for meter in cloud.meters.values() if meter.kind is kind)


async def test_spaces_are_listed_with_their_meters(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """The list holds all spaces and the short form of all meters."""
    reply = await probe.get("/api/v2/spaces/")
    assert reply.envelope.keys() == {"success", "data", "timestamp"}
    assert reply.envelope["timestamp"] == "2026-05-13T12:30:00.000Z"
    spaces = as_rows(reply.envelope["data"])
    assert [space["space_id"] for space in spaces] == list(sim_cloud.spaces)
    assert spaces[0].keys() == {"name", "description", "space_id", "devices", "tags", *UDFS}
    devices = [device for space in spaces for device in as_rows(space["devices"])]
    assert {device["device_id"] for device in devices} == sim_cloud.meters.keys()
    assert devices[0].keys() == {"device_id", "name", "active_mode", *UDFS}
    assert devices[0]["name"] == "Room 101"
    assert devices[0]["active_mode"] == "prepaid"
    assert devices[0]["udf1"] == "Building-A.Floor-1.Room-101"
    one = await probe.get(f"/api/v2/spaces/{spaces[1]['space_id']}/")
    assert one.data == spaces[1]


async def test_a_space_is_updated(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """A PUT changes what it names, and may empty the rest."""
    space_id = next(iter(sim_cloud.spaces))
    reply = await probe.put(f"/api/v2/spaces/{space_id}/", {"name": "New", "udf2": "x"})
    assert reply.envelope["message"] == "Space updated"
    assert (reply.data["name"], reply.data["udf1"], reply.data["udf2"]) == (
        "New",
        "Property-1",
        "x",
    )
    sim_cloud.put_clears_missing = True
    reply = await probe.put(f"/api/v2/spaces/{space_id}/", {"description": "only this"})
    assert (reply.data["name"], reply.data["udf1"]) == ("New", None)


async def test_details_and_metrics_agree(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Both show one state, each with exactly the fields of the vendor page."""
    meter = first_meter(sim_cloud)
    details = (await probe.device(meter.device_id)).data
    metrics = (await probe.device(meter.device_id, "metrics")).data
    assert details.keys() == {
        *("name", "description", "device_id", "space", "public_access", "public_hash"),
        *("active_mode", "balance", "has_relay", "is_online", "is_shared", "readings", "tags"),
        *UDFS,
    }
    assert metrics.keys() == {
        *("device_id", "eb_tariff", "dg_tariff", "active_tariff", "energy", "active_power"),
        *("voltage", "balance", "relay_state", "mode", "pg_enabled"),
    }
    assert as_object(details["space"]).keys() == {"id", "name", "description"}
    readings = {str(row["property_id"]): row for row in as_rows(details["readings"])}
    assert readings["energy"] == {
        "property_id": "energy",
        "context_type": "cumulative",
        "value": meter.energy_wh / 1000,
        "unit": "kWh",
    }
    assert all(readings[name]["value"] == metrics[name] for name in readings)
    assert (details["active_mode"], metrics["mode"]) == ("prepaid", "PREPAID")
    assert details["balance"] == metrics["balance"] == meter.balance


async def test_commands_are_obeyed(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Every command answers true and changes the truth."""
    meter = first_meter(sim_cloud)
    commands: list[tuple[str, Json, Callable[[], object], object]] = [
        (
            "",
            {"name": "Room X", "udf3": "u"},
            lambda: (meter.name, meter.udfs["udf3"]),
            ("Room X", "u"),
        ),
        ("relay", {"state": False}, lambda: meter.relay_closed, False),
        ("mode", {"mode": "postpaid"}, lambda: meter.mode, Mode.POSTPAID),
        ("tariffs/eb", {"tariff": 512}, lambda: meter.eb_tariff_paise, 512),
        ("tariffs/dg", {"tariff": 0}, lambda: meter.dg_tariff_paise, 0),
        ("tariffs/active", {"active_tariff": 2}, lambda: meter.active_tariff, Source.DG),
        ("payments/gateway", {"state": False}, lambda: meter.gateway_enabled, False),
    ]
    for rest, body, truth, expected in commands:
        reply = await probe.command(meter.device_id, rest, body)
        assert (reply.status, reply.envelope["data"]) == (200, True), rest
        assert reply.envelope.keys() == {"success", "data", "message", "timestamp"}
        assert truth() == expected, rest


async def test_wifi_is_read_and_set(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """The longest allowed names come back as they were set."""
    meter = first_meter(sim_cloud)
    path = f"/api/v2/devices/{meter.device_id}/wifi"
    assert (await probe.get(path)).data.keys() == {"ssid", "password", "rssi", "type"}
    longest: Json = {"ssid": "s" * 32, "password": "p" * 64}
    assert (await probe.send("POST", path, longest)).envelope["data"] is True
    data = (await probe.get(path)).data
    assert {"ssid": data["ssid"], "password": data["password"]} == longest
    assert data["type"] == "Primary"


async def test_key_is_demanded_everywhere(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Without the right key nothing is told and nothing is done."""
    meter = first_meter(sim_cloud)
    for key in (None, "", "wrong"):
        probe.key = key
        for path in ("/api/v2/spaces/", f"/api/v2/devices/{meter.device_id}/metrics"):
            assert (await probe.get(path)).error == (401, "authentication_error")
        reply = await probe.command(meter.device_id, "relay", {"state": False})
        assert reply.error == (401, "authentication_error")
    assert meter.relay_closed


async def test_what_is_not_there(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Unknown meters and foreign spaces have their own errors."""
    for rest in ("", "metrics", "wifi"):
        assert (await probe.device("QUBE-ONE-none", rest)).error == (404, "device_not_found")
    reply = await probe.command("QUBE-ONE-none", "relay", {"state": True})
    assert reply.error == (404, "device_not_found")
    path = f"/api/v2/spaces/{sim_cloud.foreign_space_id}/"
    assert (await probe.get(path)).error == (403, "not_your_space")
    assert (await probe.put(path, {"name": "Mine"})).error == (403, "not_your_space")


async def test_wrong_slashes_and_methods_are_html_pages(
    probe: Probe, sim_cloud: SimulatedCloud
) -> None:
    """A path that is only nearly right is a page for people."""
    device = f"/api/v2/devices/{first_meter(sim_cloud).device_id}"
    for path in ("/api/v2/spaces", "/api/v2/spaces/123", device, f"{device}/metrics/", "/"):
        reply = await probe.get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (await probe.get(f"{device}/relay")).status == 404


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("relay", {"state": 1}),
        ("relay", {"state": "true"}),
        ("relay", {}),
        ("relay", [True]),
        ("mode", {"mode": "PREPAID"}),
        ("mode", {"mode": None}),
        ("tariffs/eb", {"tariff": True}),
        ("tariffs/eb", {"tariff": 5.5}),
        ("tariffs/eb", {"tariff": -1}),
        ("tariffs/dg", {"tariff": "500"}),
        ("tariffs/active", {"active_tariff": 3}),
        ("tariffs/active", {"active_tariff": True}),
        ("payments/gateway", {"state": None}),
        ("", {"name": "n" * 101}),
        ("", {"name": ""}),
        ("", {"udf1": 5}),
        ("", {}),
    ],
)
async def test_bad_bodies_are_refused(
    probe: Probe, sim_cloud: SimulatedCloud, rest: str, body: Json
) -> None:
    """Wrong types, a bool as a number, and lengths are validation errors."""
    reply = await probe.command(first_meter(sim_cloud).device_id, rest, body)
    assert reply.error == (400, "validation_error")


async def test_bad_json_and_wifi_are_refused(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """So are broken JSON and what no Wi-Fi could be called."""
    path = f"/api/v2/devices/{first_meter(sim_cloud).device_id}"
    assert (await probe.send("PUT", f"{path}/relay", raw=b"{state")).error[0] == 400
    bad: tuple[Json, ...] = (
        {"ssid": "s" * 33, "password": "p"},
        {"ssid": "s", "password": "p" * 65},
        {"ssid": "s"},
    )
    for body in bad:
        reply = await probe.send("POST", f"{path}/wifi", body)
        assert reply.error == (400, "validation_error")


@pytest.mark.parametrize(
    "query",
    [
        {**HISTORY, "interval": "5m"},
        {**HISTORY},
        {**HISTORY, "interval": "1d", "property_id": ""},
        {**HISTORY, "interval": "1d", "from_date": "2026-05-03"},
        {**HISTORY, "interval": "1d", "from_date": "20260501"},
        {**HISTORY, "interval": "1d", "to_date": "2026-02-30"},
    ],
)
async def test_bad_history_queries_are_refused(
    probe: Probe, sim_cloud: SimulatedCloud, query: dict[str, str]
) -> None:
    """So are unknown intervals, odd dates and ranges that end before they begin."""
    reply = await probe.device(first_meter(sim_cloud).device_id, "metrics/history", **query)
    assert reply.error == (400, "validation_error")


async def test_an_offline_meter_is_read_but_not_controlled(
    probe: Probe, sim_cloud: SimulatedCloud
) -> None:
    """Commands and live values need the meter, details and history do not."""
    meter = first_meter(sim_cloud, MeterKind.OFFLINE)
    device_id = meter.device_id
    commands: list[tuple[str, Json]] = [
        ("relay", {"state": True}),
        ("mode", {"mode": "postpaid"}),
        ("tariffs/eb", {"tariff": 500}),
        ("tariffs/dg", {"tariff": 500}),
        ("tariffs/active", {"active_tariff": 1}),
        ("payments/gateway", {"state": True}),
    ]
    for rest, body in commands:
        reply = await probe.command(device_id, rest, body)
        assert reply.error == (409, "device_offline"), rest
    for rest in ("metrics", "wifi"):
        assert (await probe.device(device_id, rest)).error == (409, "device_offline")
    wifi: Json = {"ssid": "s", "password": "p"}
    reply = await probe.send("POST", f"/api/v2/devices/{device_id}/wifi", wifi)
    assert reply.error == (409, "device_offline")
    assert (await probe.device(device_id)).data["is_online"] is False
    assert await probe.history(device_id, "energy", "2026-05-01", "2026-05-02", "1d")


async def test_a_meter_without_relay(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Its relay has no state and takes no commands."""
    device_id = first_meter(sim_cloud, MeterKind.NO_RELAY).device_id
    assert (await probe.device(device_id)).data["has_relay"] is False
    assert (await probe.device(device_id, "metrics")).data["relay_state"] is None
    reply = await probe.command(device_id, "relay", {"state": True})
    assert reply.error == (400, "validation_error")


async def test_requests_are_counted(probe: Probe, sim_cloud: SimulatedCloud) -> None:
    """Tests can see how often, in which order and how many at once."""
    device_id = first_meter(sim_cloud).device_id
    await asyncio.gather(*(probe.device(device_id, "metrics") for _ in range(5)))
    await probe.get("/api/v2/spaces/")
    assert sim_cloud.requests == {Endpoint.METRICS: 5, Endpoint.SPACES: 1}
    assert sim_cloud.requests.log[-1] == (Endpoint.SPACES, None)
    assert sim_cloud.requests.log[0] == (Endpoint.METRICS, device_id)
    assert 1 <= sim_cloud.requests.max_at_once <= 5
    sim_cloud.requests.reset()
    assert (sim_cloud.requests.total(), sim_cloud.requests.max_at_once) == (0, 0)


async def test_it_runs_from_the_command_line(socket_enabled: None) -> None:
    """One line says where it listens, and SIGTERM ends it in order."""
    port = unused_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.simulator", "--port", str(port), "--meters", "40", "--api-key", "k"),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = await asyncio.wait_for(process.stdout.readline(), 10)
    assert ready.decode() == f"Simulated Qube cloud: http://127.0.0.1:{port} key k\n"
    async with (
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/_simulator/meters") as response,
    ):
        assert len(await response.json()) == 40
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 5) == 0
