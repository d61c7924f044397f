"""A main meter runs: its history equals the truth, its sensors show it, and faults stop nothing."""

from datetime import timedelta

from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.api import QubeConnectionError
from custom_components.qube.const import CONF_HISTORY_DAYS, DOMAIN
from custom_components.qube.days import Days, today
from custom_components.qube.entity_budget import async_enabled_of_tenancies, enabled_per_tenancy
from custom_components.qube.interval_history import Told
from custom_components.qube.site_history import SiteHistory
from custom_components.qube.site_terms import Flow
from tests.history_account import midnight, rows_of
from tests.main_meter import DAYS, DEVICE, LOST_WH_PER_HOUR, Building, lost_wh, yesterday
from tests.simulator import FaultKind, SimulatedCloud
from tests.simulator.clock import to_ms
from tests.simulator.protocol import Json
from tests.simulator.site import SiteEndpoint, load_flow
from tests.simulator.site_faults import SiteFault
from tests.time_machine import TimeMachine

pytest_plugins = ("tests.site_fixtures",)
pytestmark = pytest.mark.usefixtures("recorder")

DAY = timedelta(days=1)
IMPORT_ID = f"qube:{DEVICE}_import"
EXPORT_ID = f"qube:{DEVICE}_export"


@pytest.fixture
def cloud(house_cloud: SimulatedCloud) -> SimulatedCloud:
    """Return the building's cloud."""
    return house_cloud


async def sums_by_day(house: Building, statistic_id: str) -> dict[object, int]:
    """Return the energy of each day by the statistics, in Wh."""
    by_day: dict[object, int] = {}
    for row in await rows_of(house.hass, statistic_id):
        day = dt_util.utc_from_timestamp(row["start"]).astimezone(midnight(today()).tzinfo).date()
        by_day[day] = by_day.get(day, 0) + round((row["change"] or 0) * 1000)
    return by_day


async def test_each_day_equals_the_truth(house: Building) -> None:
    """From the first day wanted to yesterday, to the watt-hour."""
    by_day = await sums_by_day(house, IMPORT_ID)
    for number in range(1, DAYS + 1):
        day = today() - number * DAY
        assert by_day[day] == house.true_kwh(day, day) * 1000, day


async def test_the_meters_and_the_main_meter_differ_by_what_is_lost(house: Building) -> None:
    """In kWh, in percent and in rupees, for yesterday and for its month."""
    yesterday_wh = lost_wh(yesterday(), yesterday())
    assert yesterday_wh == 24 * LOST_WH_PER_HOUR
    assert house.state("reconciled_yesterday") == house.state("reconciled_month") == "complete"
    # The registers of the meters are whole watt-hours a second before midnight.
    assert float(house.state("losses_yesterday")) == pytest.approx(yesterday_wh / 1000, abs=0.005)
    share = 100 * yesterday_wh / (house.true_kwh(yesterday(), yesterday()) * 1000)
    assert float(house.state("losses_share_yesterday")) == pytest.approx(share, abs=0.05)
    assert float(house.state("losses_cost_yesterday")) == pytest.approx(
        yesterday_wh / 1000 * 8, abs=0.05
    )
    month_wh = lost_wh(yesterday().replace(day=1), yesterday())
    assert float(house.state("losses_month")) == pytest.approx(month_wh / 1000, abs=0.005)
    assert float(house.state("losses_cost_month")) == pytest.approx(month_wh / 1000 * 8, abs=0.05)


async def test_losses_are_shown_as_soon_as_the_history_of_the_meters_is_there(
    prepared: Building,
) -> None:
    """The records of the main meter are read long before it, and are not read again for it."""
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    progress = prepared.entry.runtime_data.back_fill.progress
    assert [progress(key) for key in prepared.site.meter_keys] == [1]
    assert prepared.state("reconciled_yesterday") == "complete"
    assert prepared.site._stop_following is None


async def test_sensors_show_what_flowed(house: Building) -> None:
    """Yesterday and this month, until when it is known, and how sure it is."""
    assert float(house.state("import_yesterday")) == house.true_kwh(yesterday(), yesterday())
    latest = dt_util.parse_datetime(house.state("latest_record"))
    assert latest is not None
    month_wh = house.simulated.true_wh(midnight(today().replace(day=1)), latest)
    assert float(house.state("import_this_month")) == month_wh / 1000
    assert house.state("lowest_confidence") == "1"
    house.simulated.confidences[to_ms(latest) - 3_600_000] = 0.25
    await house.read()
    assert house.state("lowest_confidence") == "0.25"


async def test_a_gap_is_told_and_nothing_is_guessed(house: Building) -> None:
    """An hour of yesterday without records: its day and its month have no figures."""
    gap = midnight(yesterday()) + timedelta(hours=10)
    house.simulated.gaps.append(range(to_ms(gap), to_ms(gap) + 3_600_000))
    house.site._energy_wh[Flow.IMPORT].clear()
    house.site._read_on = None
    await house.read()
    assert house.state("import_yesterday") == "unknown"
    for key in ("losses_yesterday", "losses_share_yesterday", "losses_cost_yesterday"):
        assert house.state(key) == "unknown"
    for key in ("reconciled_yesterday", "reconciled_month"):
        assert house.state(key) == "main_meter_missing"
    house.simulated.gaps.clear()
    await house.read()
    assert house.state("reconciled_yesterday") == "complete"


async def test_a_meter_without_a_reading_is_told(house: Building) -> None:
    """One that was hung there this month has no reading at its beginning."""
    meter = house.cloud.add_meter(house.space.space_id, installed_at=dt_util.utcnow() - 2 * DAY)
    await house.entry.runtime_data.inventory.async_refresh()
    await house.settle()
    assert meter.device_id in house.site.meter_keys
    house.flatpeak.log.clear()
    await house.read()
    assert house.state("reconciled_month") == "meters_missing"
    assert house.state("losses_month") == "unknown"
    assert house.state("import_yesterday") != "unknown"


async def test_a_space_without_meters_has_nothing_to_compare(prepared: Building) -> None:
    """And a main meter of a space that is gone neither."""
    prepared.hass.config_entries.async_update_subentry(
        prepared.entry, prepared.subentry, data={**prepared.subentry.data, "space_id": 999}
    )
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    assert prepared.state("reconciled_yesterday") == "no_meters"
    assert prepared.state("losses_yesterday") == "unknown"
    assert prepared.device.via_device_id is None


async def test_both_directions_are_kept_apart(prepared: Building) -> None:
    """What is fed back is its own statistics, and no use of the building."""
    site = prepared.simulated
    site.outbound = load_flow(5, 3_000)
    prepared.hass.config_entries.async_update_subentry(
        prepared.entry,
        prepared.subentry,
        data={**prepared.subentry.data, "flows": ["import", "export"]},
    )
    inbound = site.inbound
    site.inbound = lambda time_ms: inbound(time_ms) + site.outbound(time_ms)
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    await prepared.read()
    by_day = await sums_by_day(prepared, EXPORT_ID)
    day = today() - 4 * DAY
    assert by_day[day] == prepared.true_kwh(day, day, "OUTBOUND") * 1000
    exported = prepared.true_kwh(yesterday(), yesterday(), "OUTBOUND")
    assert float(prepared.state("export_yesterday")) == exported
    lost = lost_wh(yesterday(), yesterday()) / 1000
    assert float(prepared.state("losses_yesterday")) == pytest.approx(lost, abs=0.005)


async def test_records_that_come_late_move_what_follows(house: Building) -> None:
    """An evening that was missing is filled in, and the sum of all is the truth again."""
    before = await rows_of(house.hass, IMPORT_ID)
    site = house.simulated
    inbound = site.inbound
    from_ms = to_ms(midnight(yesterday()) + timedelta(hours=18))
    site.inbound = lambda time_ms: inbound(time_ms) + (777 if time_ms > from_ms else 0)
    await house.read()
    after = await rows_of(house.hass, IMPORT_ID)
    assert len(after) >= len(before)
    assert round((after[len(before) - 1]["sum"] or 0) * 1000) == 777 + round(
        (before[-1]["sum"] or 0) * 1000
    )
    assert before[0] == after[0]


async def test_a_restart_goes_on_where_it_was(house: Building) -> None:
    """What was imported is not asked for again."""
    rows = await rows_of(house.hass, IMPORT_ID)
    house.flatpeak.bodies.clear()
    assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.settle()
    assert len(house.flatpeak.bodies) <= 2
    assert (await rows_of(house.hass, IMPORT_ID))[: len(rows)] == rows


async def test_an_outage_is_bridged(
    house: Building, machine: TimeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    """Unavailable while it lasts, one line in the log, and then the gap is filled."""
    house.flatpeak.faults.append(SiteFault(kind=FaultKind.SERVER_ERROR))
    caplog.clear()
    await house.read()
    await house.read()
    assert house.state("import_yesterday") == "unavailable"
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    house.flatpeak.faults.clear()
    # Not only at the next hour.
    await machine.pass_by(timedelta(minutes=6))
    assert float(house.state("import_yesterday")) == house.true_kwh(yesterday(), yesterday())


async def test_a_history_that_cannot_be_read_waits(prepared: Building) -> None:
    """The next reading goes on with it."""
    prepared.flatpeak.faults.append(
        SiteFault(kind=FaultKind.DROP, endpoint=SiteEndpoint.RECORDS, times=None)
    )
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    assert await rows_of(prepared.hass, IMPORT_ID) == []
    prepared.flatpeak.faults.clear()
    await prepared.read()
    assert prepared.site.is_filled
    by_day = await sums_by_day(prepared, IMPORT_ID)
    day = today() - DAYS * DAY
    assert by_day[day] == prepared.true_kwh(day, day) * 1000


async def test_a_refused_key_is_told_once_and_not_tried_on(house: Building) -> None:
    """Its repair asks for another one; until then nothing is sent."""
    house.flatpeak.api_key = "another"
    house.flatpeak.revoke_tokens()
    await house.read()
    assert house.state("import_yesterday") == "unavailable"
    issue_id = f"site_key_rejected_{house.subentry.subentry_id}"
    issues = ir.async_get(house.hass)
    assert issues.async_get_issue(DOMAIN, issue_id) is not None
    assert house.site.update_interval is None
    assert await house.hass.config_entries.async_unload(house.entry.entry_id)
    assert issues.async_get_issue(DOMAIN, issue_id) is None


async def test_a_main_meter_that_is_removed_stops(house: Building) -> None:
    """Its device goes with it, the statistics stay."""
    assert house.hass.config_entries.async_remove_subentry(house.entry, house.subentry.subentry_id)
    await house.settle()
    assert list(house.entry.runtime_data.site_meters) == []
    assert await rows_of(house.hass, IMPORT_ID)


async def test_a_long_history_goes_on_where_it_failed(
    prepared: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older months are read before the newest one, the oldest first, and none twice."""
    days = 33
    prepared.hass.config_entries.async_update_entry(
        prepared.entry, options={CONF_HISTORY_DAYS: days}
    )
    read = SiteHistory.async_import
    asked: list[Days] = []

    async def fail_once(history: SiteHistory, flow: Flow, window: Days) -> int:
        asked.append(window)
        if len(asked) == 1:
            raise QubeConnectionError("no answer in time")
        return await read(history, flow, window)

    monkeypatch.setattr(SiteHistory, "async_import", fail_once)
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    assert await rows_of(prepared.hass, IMPORT_ID) == []
    await prepared.read()
    assert prepared.site.is_filled
    assert asked == [Days(first=today() - days * DAY, last=today() - 31 * DAY)] * 2
    by_day = await sums_by_day(prepared, IMPORT_ID)
    for number in range(1, days + 1):
        day = today() - number * DAY
        assert by_day[day] == prepared.true_kwh(day, day) * 1000, day


async def test_another_unit_makes_the_statistics_anew(house: Building) -> None:
    """What was counted in kWh was Wh: nothing of before is left."""
    house.simulated.wh_per_unit = 1
    await house.reconfigure()
    await house.submit({"unit": "wh", "flows": ["import"], "space": "123", **house.advanced})
    await house.settle()
    await house.read()
    by_day = await sums_by_day(house, IMPORT_ID)
    assert by_day[yesterday()] == house.true_kwh(yesterday(), yesterday()) * 1000
    rows = await rows_of(house.hass, IMPORT_ID)
    total_wh = house.simulated.true_wh(midnight(today() - DAYS * DAY), dt_util.utcnow())
    assert round((rows[-1]["sum"] or 0) * 1000) == total_wh


async def test_without_history_there_are_sensors_only(prepared: Building) -> None:
    """What is not wanted is not kept, and what the meters lack is told."""
    prepared.hass.config_entries.async_update_entry(prepared.entry, options={CONF_HISTORY_DAYS: 0})
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    assert await rows_of(prepared.hass, IMPORT_ID) == []
    assert prepared.state("import_yesterday") != "unknown"
    assert prepared.state("reconciled_yesterday") == "meters_missing"


async def test_confidence_need_not_be_told(house: Building) -> None:
    """A record without it is used, and another account's change is no business of this one."""
    content: Json = {
        "has_more": False,
        "data": {
            "records": [
                {
                    "start_time": "2026-05-04T05:00:00Z",
                    "end_time": "2026-05-04T05:30:00Z",
                    "value": 1,
                    "confidence": None,
                }
            ]
        },
    }
    house.site._confidences.clear()
    house.flatpeak.faults.append(
        SiteFault(kind=FaultKind.WRONG_TYPES, endpoint=SiteEndpoint.RECORDS, content=content)
    )
    other = MockConfigEntry(domain=DOMAIN, title="Other")
    other.add_to_hass(house.hass)
    house.hass.config_entries.async_update_entry(other, title="Others")
    await house.read()
    assert house.state("lowest_confidence") == "unknown"
    assert house.state("latest_record") == "2026-05-04T06:30:00+00:00"


async def test_a_meter_without_records_has_no_rows(house: Building) -> None:
    """It may have been installed just now."""
    house.site._energy_wh[Flow.IMPORT].clear()
    assert await house.site.history.async_keep(Flow.IMPORT, Told({})) == 0
    house.simulated.installed_ms = to_ms(dt_util.utcnow())
    house.site._confidences.clear()
    await house.read()
    assert house.state("latest_record") == house.state("lowest_confidence") == "unknown"


async def test_a_main_meter_is_no_tenancy(house: Building) -> None:
    """Of what there is room for, each meter without a tenancy keeps its share."""
    house.cloud.add_meter(house.space.space_id)
    await house.entry.runtime_data.inventory.async_refresh()
    await house.settle()
    entities = er.async_entries_for_config_entry(er.async_get(house.hass), house.entry.entry_id)
    on = sum(each.disabled_by is None for each in entities)
    enabled = async_enabled_of_tenancies(house.hass, house.entry, {"new"})
    assert enabled == enabled_per_tenancy(meters=2, older=0, new=1, enabled=on)
