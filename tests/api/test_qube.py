"""Every method asks the right endpoint, returns what the cloud says, and does what it says."""

from datetime import date, datetime
from decimal import Decimal

import orjson
import pytest

from custom_components.qube.api import (
    Interval,
    Metadata,
    Mode,
    QubeApiError,
    QubeClient,
    QubeDeviceOfflineError,
    QubeError,
    QubeResponseError,
    Source,
)
from custom_components.qube.api.parsing import Json
from tests.simulator import (
    Endpoint,
    MeterKind,
    SimulatedCloud,
    SimulatedMeter,
    Source as SimulatedSource,
)

from .calls import CALLS, METADATA, WIFI_PASSWORD, Call, Target
from .servers import API_KEY, Scripted, envelope


def meter_of(cloud: SimulatedCloud, kind: MeterKind) -> SimulatedMeter:
    """Return the first meter of a kind."""
    return next(meter for meter in cloud.meters.values() if meter.kind is kind)


def test_the_table_of_calls_holds_every_endpoint() -> None:
    """No endpoint of the vendor page goes untested."""
    assert {call.endpoint for call in CALLS} == set(Endpoint)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.endpoint)
async def test_each_call_is_one_request_that_the_cloud_understands(
    client: QubeClient, cloud: SimulatedCloud, target: Target, call: Call
) -> None:
    """It reaches its endpoint, about its meter, exactly once."""
    await call.run(client, target)
    device_id = target.device_id if "device_id" in call.path else None
    assert list(cloud.requests.log) == [(call.endpoint, device_id)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.endpoint)
async def test_each_call_is_exactly_so_on_the_wire(
    scripted: Scripted, scripted_client: QubeClient, call: Call
) -> None:
    """Method, slashes, query, key and body are the vendor's; an id cannot leave its segment."""
    scripted.body = envelope([] if call.endpoint is Endpoint.SPACES else {"space_id": 5})
    await call.run(scripted_client, Target(space_id=5, device_id="Q/..?#% ü"))
    (seen,) = scripted.seen
    device_id = "Q%2F..%3F%23%25%20%C3%BC"
    assert seen.path == "/api/v2/" + call.path.format(space_id=5, device_id=device_id)
    assert (seen.method, seen.key) == (call.method, API_KEY)
    assert (orjson.loads(seen.body) if seen.body else None) == call.body


async def test_the_base_address_may_end_in_a_slash(
    url: str, client: QubeClient, cloud: SimulatedCloud
) -> None:
    """`https://host` and `https://host/` are the same cloud."""
    with_slash = QubeClient(client._transport._session, API_KEY, f"{url}/")
    assert await with_slash.spaces() == await client.spaces()


async def test_spaces_come_with_their_devices(client: QubeClient, cloud: SimulatedCloud) -> None:
    """The list, and each single space, are what the cloud holds."""
    spaces = await client.spaces()
    assert [space.space_id for space in spaces] == list(cloud.spaces)
    for space in spaces:
        truth = cloud.spaces[space.space_id]
        assert (space.name, space.description) == (truth.label.name, truth.label.description)
        assert space.udfs == tuple(truth.label.udfs.values())
        for device, meter in zip(space.devices, truth.meters.values(), strict=True):
            assert (device.device_id, device.name) == (meter.device_id, meter.name)
            assert device.active_mode == meter.mode.value
            assert device.udfs == tuple(meter.udfs.values())
        assert await client.space(space.space_id) == space


@pytest.mark.parametrize("kind", MeterKind)
async def test_a_device_is_read_in_full(
    client: QubeClient, cloud: SimulatedCloud, kind: MeterKind
) -> None:
    """Its details are the truth, also of a meter that is offline or has no relay."""
    meter = meter_of(cloud, kind)
    device = await client.device(meter.device_id)
    assert (device.device_id, device.name) == (meter.device_id, meter.name)
    assert device.space_id == meter.space_id
    assert device.is_online is meter.is_online is (kind is not MeterKind.OFFLINE)
    assert device.has_relay is meter.has_relay is (kind is not MeterKind.NO_RELAY)
    assert device.balance_paise == meter.balance
    assert device.active_mode == meter.mode.value
    values = {reading.property_id: reading.value for reading in device.readings}
    assert values["energy"] == meter.energy_wh / 1000
    assert ("voltage" in values) is (kind is not MeterKind.NULLS)
    units = {reading.property_id: reading.unit for reading in device.readings}
    assert (units["energy"], units["active_power"]) == ("kWh", "W")


@pytest.mark.parametrize("kind", [kind for kind in MeterKind if kind is not MeterKind.OFFLINE])
async def test_metrics_are_exact(
    client: QubeClient, cloud: SimulatedCloud, kind: MeterKind
) -> None:
    """The register is right to the watt-hour, money to the paisa."""
    meter = meter_of(cloud, kind)
    metrics = await client.metrics(meter.device_id)
    assert metrics.energy_wh == meter.energy_wh
    assert metrics.balance_paise == meter.balance
    assert metrics.eb_tariff_paise == meter.eb_tariff_paise
    is_null = kind is MeterKind.NULLS
    assert metrics.dg_tariff_paise == (None if is_null else meter.dg_tariff_paise)
    assert (metrics.voltage_v is None) is is_null
    assert metrics.source == int(meter.active_tariff)
    assert metrics.mode == meter.mode.value
    assert metrics.relay_closed is (meter.relay_closed if meter.has_relay else None)
    assert metrics.gateway_enabled is meter.gateway_enabled


async def test_an_offline_meter_refuses_what_needs_it(
    client: QubeClient, cloud: SimulatedCloud
) -> None:
    """Metrics, Wi-Fi and commands fail by name; details and history go on."""
    device_id = meter_of(cloud, MeterKind.OFFLINE).device_id
    for refused in (
        client.metrics(device_id),
        client.wifi(device_id),
        client.set_relay(device_id, closed=True),
    ):
        with pytest.raises(QubeDeviceOfflineError, match="not online"):
            await refused
    assert (await client.device(device_id)).is_online is False
    day = date(2026, 5, 1)
    assert await client.history(device_id, "energy", day, day, Interval.DAY)


async def test_commands_change_the_truth(
    client: QubeClient, meter: SimulatedMeter, cloud: SimulatedCloud
) -> None:
    """What is asked for is what the meter then is, there and back."""
    device_id = meter.device_id
    for wanted in (False, True):
        await client.set_relay(device_id, closed=wanted)
        assert meter.relay_closed is wanted
        await client.set_payment_gateway(device_id, enabled=wanted)
        assert meter.gateway_enabled is wanted
    for mode in (*Mode, Mode.PREPAID):
        await client.set_mode(device_id, mode)
        assert meter.mode == mode.value
    for source in (*Source, Source.EB):
        await client.set_active_tariff(device_id, source)
        assert meter.active_tariff is SimulatedSource(source)
    await client.set_tariff(device_id, Source.EB, 0)
    await client.set_tariff(device_id, Source.DG, 1999)
    assert (meter.eb_tariff_paise, meter.dg_tariff_paise) == (0, 1999)


async def test_wifi_is_read_and_set_to_the_letter(
    client: QubeClient, meter: SimulatedMeter
) -> None:
    """Blanks belong to a password, and no repr shows it."""
    await client.set_wifi(meter.device_id, ssid=" Net 2", password=f" {WIFI_PASSWORD} ")
    assert (meter.wifi.ssid, meter.wifi.password) == (" Net 2", f" {WIFI_PASSWORD} ")
    wifi = await client.wifi(meter.device_id)
    assert (wifi.ssid, wifi.password) == (" Net 2", f" {WIFI_PASSWORD} ")
    assert (wifi.rssi_dbm, wifi.type) == (meter.wifi.rssi, "Primary")
    assert WIFI_PASSWORD not in repr(wifi)


@pytest.mark.parametrize("clears", [False, True])
async def test_metadata_is_always_written_whole(
    client: QubeClient, cloud: SimulatedCloud, meter: SimulatedMeter, clears: bool
) -> None:
    """The outcome is the same whether or not the cloud empties what a PUT leaves out."""
    cloud.put_clears_missing = clears
    meter.label.udfs["udf2"] = meter.label.description = "to go"
    await client.update_device(meter.device_id, METADATA)
    assert (await client.device(meter.device_id)).description is None
    assert meter.name == "Room 9"
    assert tuple(meter.udfs.values()) == METADATA.udfs
    space = await client.update_space(meter.space_id, METADATA)
    assert (space.name, space.description, space.udfs) == ("Room 9", None, METADATA.udfs)
    assert tuple(cloud.spaces[meter.space_id].label.udfs.values()) == METADATA.udfs
    await client.update_device(meter.device_id, Metadata(name="Only"))
    assert set(meter.udfs.values()) == {None}


async def test_history_agrees_with_the_register(client: QubeClient, meter: SimulatedMeter) -> None:
    """Rows are in order, exact, and stamped with the ends of their intervals."""
    first, last = date(2026, 5, 11), date(2026, 5, 13)
    rows = await client.history(meter.device_id, "energy", first, last, Interval.QUARTER_HOUR)
    # Two whole days, and 18 hours of the third.
    assert len(rows) == (24 + 24 + 18) * 4
    assert [row.ended_at for row in rows] == sorted(row.ended_at for row in rows)
    assert rows[0].ended_at == datetime.fromisoformat("2026-05-11T00:14:59+05:30")
    assert {row.property_id for row in rows} == {"energy"}
    assert {row.unit for row in rows} == {"kWh"}
    for row in (rows[0], rows[100], rows[-1]):
        time_ms = int(row.ended_at.timestamp()) * 1000
        assert row.value == Decimal(meter.register.wh_at(time_ms)) / 1000


async def test_history_of_an_unknown_property_is_empty(
    client: QubeClient, meter: SimulatedMeter
) -> None:
    """Nothing measured is no error."""
    day = date(2026, 5, 1)
    assert await client.history(meter.device_id, "no_such", day, day, Interval.HOUR) == []


async def test_refusals_carry_the_code_of_the_api(
    client: QubeClient, meter: SimulatedMeter, cloud: SimulatedCloud
) -> None:
    """What does not exist, is another's or makes no sense is refused by name."""
    today, tomorrow = date(2026, 5, 13), date(2026, 5, 14)
    refusals = {
        "device_not_found": client.metrics("no-such"),
        "not_your_space": client.space(cloud.foreign_space_id),
        "validation_error": client.history(
            meter.device_id, "energy", tomorrow, today, Interval.DAY
        ),
    }
    for code, refused in refusals.items():
        with pytest.raises(QubeApiError) as caught:
            await refused
        assert caught.value.code == code
        assert caught.value.detail


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.endpoint)
async def test_a_read_that_is_no_object_is_an_error(
    scripted: Scripted, scripted_client: QubeClient, call: Call
) -> None:
    """A list for an object is refused; a command's `data` is not relied on."""
    returns_data = not call.is_command or call.endpoint is Endpoint.SPACE_UPDATE
    no_objects: tuple[Json, ...] = ([], None, True, "text", 5)
    no_lists: tuple[Json, ...] = ({}, None, True, "text", 5)
    for data in no_lists if call.endpoint is Endpoint.SPACES else no_objects:
        scripted.body = envelope(data)
        outcome: object = None
        try:
            await call.run(scripted_client, Target(space_id=5, device_id="Q"))
        except QubeError as error:
            outcome = type(error)
        assert outcome is (QubeResponseError if returns_data else None)


@pytest.mark.parametrize("endpoint", [Endpoint.DEVICE, Endpoint.METRICS, Endpoint.HISTORY], ids=str)
async def test_the_answer_of_another_device_is_refused(
    scripted: Scripted, scripted_client: QubeClient, endpoint: Endpoint
) -> None:
    """A mixed-up cache must not charge one meter for another."""
    scripted.body = envelope({"device_id": "another"})
    call = next(call for call in CALLS if call.endpoint is endpoint)
    with pytest.raises(QubeResponseError, match="another device"):
        await call.run(scripted_client, Target(space_id=5, device_id="Q"))
