"""Energy, money, time: what the simulated meters do is exact and repeatable."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.simulator import ManualClock, MeterKind, Mode, SimulatedCloud, SimulatedMeter, Source
from tests.simulator.clock import from_ms, to_ms
from tests.simulator.load import UNITS_PER_WH
from tests.simulator.probe import START, Probe, as_number

pytest_plugins = ("tests.simulator.fixtures",)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def meter(sim_cloud: SimulatedCloud) -> SimulatedMeter:
    """Return the first meter: ordinary and prepaid."""
    return next(iter(sim_cloud.meters.values()))


def is_closed(meter: SimulatedMeter) -> bool:
    """Return the relay's state of now, which a type checker must not take for that of before."""
    return meter.state().relay_closed


def start_of_next_failure(meter: SimulatedMeter, clock: ManualClock) -> datetime:
    """Return when the grid fails next."""
    switch_ms = meter.grid.next_switch_ms(to_ms(clock()))
    if meter.grid.source_at(switch_ms) is Source.EB:
        switch_ms = meter.grid.next_switch_ms(switch_ms)
    return from_ms(switch_ms)


def test_the_register_is_the_integral_of_the_power(
    sim_clock: ManualClock, meter: SimulatedMeter
) -> None:
    """A day of minutes adds up to the register, to the last unit."""
    meter.mode = Mode.POSTPAID
    register = meter.register
    first_units, _ = register.at(to_ms(sim_clock()))
    deciwatt_ms = 0
    for _ in range(1440):
        deciwatt_ms += round(meter.power_w * 10) * 60_000
        sim_clock.advance(MINUTE)
    last_units, _ = register.at(to_ms(sim_clock()))
    assert last_units - first_units == deciwatt_ms
    assert meter.energy_wh == last_units // UNITS_PER_WH


def test_power_is_never_negative_and_has_day_and_night(sim_cloud: SimulatedCloud) -> None:
    """The load moves, widely, and only above zero."""
    for meter in list(sim_cloud.meters.values())[:5]:
        times_ms = [to_ms(START + 7 * MINUTE * step) for step in range(2000)]
        powers = [meter.load.at(time_ms)[1] for time_ms in times_ms]
        assert min(powers) >= 0
        assert max(powers) > 3 * min(powers)
        assert len(set(powers)) > 1000


def test_days_and_rooms_differ(sim_cloud: SimulatedCloud) -> None:
    """No two days of any two rooms use the same energy."""
    daily = {
        meter.load.at(to_ms(START + DAY * (day + 1)))[0]
        - meter.load.at(to_ms(START + DAY * day))[0]
        for meter in sim_cloud.meters.values()
        for day in range(30)
    }
    assert len(daily) == 12 * 30


@pytest.mark.parametrize("interval", ["15m", "30m", "60m", "1d"])
async def test_history_agrees_with_the_live_values(
    probe: Probe, sim_cloud: SimulatedCloud, sim_clock: ManualClock, interval: str
) -> None:
    """Every property has the same value live and in the row of the same second."""
    meters = [
        next(meter for meter in sim_cloud.meters.values() if meter.kind is kind)
        for kind in (MeterKind.ORDINARY, MeterKind.THREE_PHASE, MeterKind.THREE_PHASE_L)
    ]
    seconds = {"15m": 900, "30m": 1800, "60m": 3600, "1d": 86400}[interval]
    sim_clock.now = datetime(2026, 5, 14, 18, 29, 59, tzinfo=UTC)
    live: dict[tuple[str, str, str], float] = {}
    for _ in range(4):
        stamp = (sim_clock() + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S+05:30")
        for meter in meters:
            for row in (await probe.device(meter.device_id)).readings:
                key = meter.device_id, str(row["property_id"]), stamp
                live[key] = as_number(row["value"])
        sim_clock.advance(timedelta(seconds=seconds))
    for device_id, property_id in dict.fromkeys((key[0], key[1]) for key in live):
        rows = await probe.history(device_id, property_id, "2026-05-14", "2026-05-30", interval)
        values = {str(row["timestamp"]): row["value"] for row in rows}
        expected = {
            key[2]: value for key, value in live.items() if key[:2] == (device_id, property_id)
        }
        assert expected.items() <= values.items()


async def test_history_ends_now_and_begins_at_the_installation(
    probe: Probe, sim_cloud: SimulatedCloud, meter: SimulatedMeter
) -> None:
    """No row lies outside of the life of the meter, and none falls."""
    rows = await probe.history(meter.device_id, "energy", "2000-01-01", "2030-01-01", "60m")
    assert rows[0]["timestamp"] == "2024-05-13T00:59:59+05:30"
    assert rows[-1]["timestamp"] == "2026-05-13T17:59:59+05:30"
    assert len(rows) == 730 * 24 + 18
    values = [as_number(row["value"]) for row in rows]
    assert all(earlier <= later for earlier, later in pairwise(values))
    daily = await probe.history(meter.device_id, "energy", "2026-05-12", "2026-05-13", "1d")
    assert [row["timestamp"] for row in daily] == ["2026-05-12T23:59:59+05:30"]
    assert not await probe.history(meter.device_id, "no_such", "2026-05-01", "2026-05-02", "1d")


def test_prepaid_balance_falls_exactly_and_cuts_below_zero(
    sim_clock: ManualClock, meter: SimulatedMeter
) -> None:
    """Energy times tariff leaves the balance, until the relay opens."""
    meter.balance, before_wh, tariff = 2_000, meter.energy_wh, meter.tariff_paise
    sim_clock.advance(timedelta(minutes=7))
    used_wh = meter.energy_wh - before_wh
    assert meter.balance_millipaise == 2_000_000 - used_wh * tariff
    assert meter.balance == (2_000_000 - used_wh * tariff) // 1000
    assert used_wh > 0
    sim_clock.advance(7 * DAY)
    assert not is_closed(meter)
    assert meter.power_w == 0
    # The first unpaid watt-hour opens the relay, at whichever tariff was active.
    assert -max(tariff, meter.dg_tariff_paise) <= meter.balance_millipaise < 0
    stands_wh = meter.energy_wh
    sim_clock.advance(DAY)
    assert meter.energy_wh == stands_wh
    meter.balance = 100
    assert is_closed(meter)
    sim_clock.advance(timedelta(minutes=10))
    assert meter.energy_wh > stands_wh


def test_how_often_one_looks_changes_nothing(sim_clock: ManualClock) -> None:
    """A meter that is watched and one that is not end up the same."""
    clouds = [SimulatedCloud(seed=3, clock=sim_clock).populate(meters=12) for _ in range(2)]
    for _ in range(3 * 24 * 4):
        sim_clock.advance(timedelta(minutes=15))
        for meter in clouds[0].meters.values():
            meter.settle()
    states = [[meter.state() for meter in cloud.meters.values()] for cloud in clouds]
    assert states[0] == states[1]


def test_modes(sim_clock: ManualClock, meter: SimulatedMeter) -> None:
    """Each mode treats balance and relay as the vendor page says."""
    meter.mode = Mode.POSTPAID
    meter.balance = 1
    sim_clock.advance(DAY)
    assert meter.balance < 0
    assert is_closed(meter)
    meter.mode = Mode.MEASUREMENT
    balance, energy_wh = meter.balance_millipaise, meter.energy_wh
    sim_clock.advance(DAY)
    assert meter.balance_millipaise == balance
    assert meter.energy_wh > energy_wh
    meter.mode = Mode.PREPAID
    assert not is_closed(meter)
    meter.relay_closed = True
    assert not is_closed(meter)
    meter.balance = 5_000
    assert is_closed(meter)
    meter.mode = Mode.RELAY_OFF
    meter.relay_closed = True
    assert not is_closed(meter)
    meter.mode = Mode.PREPAID
    assert is_closed(meter)


def test_generator_switches_the_tariff_and_the_price(
    sim_clock: ManualClock, meter: SimulatedMeter
) -> None:
    """The source follows the grid; a choice by hand holds until the next switch."""
    meter.balance, meter.eb_tariff_paise, meter.dg_tariff_paise = 10**9, 500, 2000
    failure = start_of_next_failure(meter, sim_clock)
    sim_clock.now = failure - timedelta(milliseconds=1)
    assert meter.state().active_tariff == Source.EB
    before_wh, before = meter.energy_wh, meter.balance_millipaise
    sim_clock.now = failure
    assert meter.state().active_tariff == Source.DG
    sim_clock.advance(timedelta(minutes=19))
    used_wh = meter.energy_wh - before_wh
    assert before - meter.balance_millipaise == used_wh * 2000
    meter.active_tariff = Source.EB
    sim_clock.now = from_ms(meter.grid.next_switch_ms(to_ms(sim_clock()))) - MINUTE
    assert meter.state().active_tariff == Source.EB
    meter.active_tariff = Source.DG
    sim_clock.advance(MINUTE)
    assert meter.state().active_tariff == Source.EB


def test_failures_are_believable(sim_cloud: SimulatedCloud) -> None:
    """The grid fails one to six times a week, for 20 to 120 minutes."""
    for space in sim_cloud.spaces.values():
        moment_ms, end_ms = to_ms(START), to_ms(START + 364 * DAY)
        lengths = []
        while (start_ms := space.grid.next_switch_ms(moment_ms)) < end_ms:
            moment_ms = space.grid.next_switch_ms(start_ms)
            lengths.append((moment_ms - start_ms) // 60_000)
        assert 52 < len(lengths) < 52 * 6
        assert all(20 <= minutes <= 120 for minutes in lengths)


def test_the_seed_decides(sim_clock: ManualClock) -> None:
    """The same seed gives the same world, another one another."""

    def world(seed: int) -> list[tuple[str, int, int, str]]:
        cloud = SimulatedCloud(seed=seed, clock=sim_clock).populate(spaces=2, meters=60)
        return [(m.device_id, m.energy_wh, m.balance, m.mode) for m in cloud.meters.values()]

    assert world(1) == world(1)
    assert world(1) != world(2)
    assert len({row[0] for row in world(1) + world(2)}) == 120


def test_an_offline_meter_catches_up(sim_clock: ManualClock) -> None:
    """Nothing is known of it meanwhile, and nothing is lost."""
    steady, broken = (
        next(iter(SimulatedCloud(seed=5, clock=sim_clock).populate(meters=1).meters.values()))
        for _ in range(2)
    )
    broken.is_online = False
    frozen = broken.state()
    sim_clock.advance(2 * DAY)
    assert broken.state() == frozen
    broken.is_online = True
    assert broken.state() == steady.state()


async def test_replacement_reset_and_moves(
    probe: Probe, sim_cloud: SimulatedCloud, sim_clock: ManualClock, meter: SimulatedMeter
) -> None:
    """What people know of a meter stays; its register does not."""
    sim_clock.advance(timedelta(hours=1))
    new = sim_cloud.replace_meter(meter.device_id)
    assert (await probe.device(meter.device_id)).error == (404, "device_not_found")
    assert new.device_id != meter.device_id
    assert (new.energy_wh, new.name, new.udfs) == (0, meter.name, meter.udfs)
    assert (new.balance, new.mode) == (meter.balance, meter.mode)
    sim_clock.advance(DAY)
    assert new.energy_wh > 0
    sim_cloud.reset_counter(new.device_id)
    balance = new.balance_millipaise
    assert new.energy_wh == 0
    sim_clock.advance(timedelta(minutes=30))
    assert 0 < new.energy_wh < 10_000
    assert new.balance_millipaise < balance
    target = sim_cloud.add_space("Elsewhere")
    sim_cloud.move_meter(new.device_id, target.space_id)
    space = await probe.get(f"/api/v2/spaces/{target.space_id}/")
    assert new.device_id.encode() in space.raw
    sim_cloud.remove_space(target.space_id)
    assert (await probe.device(new.device_id)).error == (404, "device_not_found")


def test_the_population_has_all_kinds(sim_cloud: SimulatedCloud) -> None:
    """Boring ones come first, and twelve are enough for everything."""
    meters = list(sim_cloud.meters.values())
    assert all(meter.kind is MeterKind.ORDINARY and meter.relay_closed for meter in meters[:5])
    assert {meter.kind for meter in meters} == set(MeterKind)
    assert {meter.mode for meter in meters} == set(Mode)
    udfs = [meter.udfs["udf1"] for meter in meters]
    assert udfs.count(None) == 1
    assert udfs[9] == udfs[10]
    assert len(set(udfs)) == 11
    assert meters[11].balance < 0
    assert not meters[11].relay_closed
