"""History is brought into the real recorder, over real HTTP, and equals the simulated truth."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.qube.api import Interval, QubeClient, QubeConnectionError
from custom_components.qube.back_fill import MINUTE
from custom_components.qube.const import CONF_HISTORY_DAYS
from custom_components.qube.days import Days, today
from custom_components.qube.history import Readings
from custom_components.qube.history_import import HistoryImport
from tests.account import Account, trouble_in
from tests.downloads import Downloads
from tests.history_account import DAY, cost_rows, energy_rows, midnight, true_wh, used_wh
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedCloud

DAYS = 40


pytestmark = pytest.mark.usefixtures("recorder")


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Return a cloud with two meters."""
    return SimulatedCloud(seed=7, api_key="qube-key-5f2d").populate(spaces=1, meters=2)


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account of which forty days are wanted."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: DAYS})
    return entry


async def imported(account: Account) -> None:
    """Wait until everything is imported."""
    back_fill = account.entry.runtime_data.back_fill
    keys = [meter.key for meter in account.coordinators]
    await account.settle()
    assert {back_fill.progress(key) for key in keys} == {1}


async def next_correction(account: Account, *, later: timedelta = timedelta()) -> None:
    """Let it become the minute of an hour, the next one or later, at which days are read again."""
    now = dt_util.utcnow()
    due = now.replace(minute=MINUTE, second=0, microsecond=0)
    due += timedelta(hours=1) if due <= now else timedelta()
    async_fire_time_changed(account.hass, due + later)
    await account.settle()


async def test_each_day_equals_the_truth(account: Account) -> None:
    """All that was asked for, from the first hour of the first day to the last hour of today."""
    await imported(account)
    for meter in account.cloud.meters.values():
        rows = await energy_rows(account.hass, meter)
        for days in range(1, DAYS + 1):
            day = today() - days * DAY
            assert used_wh(rows, day) == true_wh(meter, day), day
        assert len(await cost_rows(account.hass, meter)) == len(rows)


async def test_diagnostics_tell_how_far_it_is(account: Account, downloads: Downloads) -> None:
    """And from how many sights of tariffs the cost is known."""
    await imported(account)
    for told in (await downloads.data(account.entry))["meters"]:
        assert told["history"] == {"progress": 1, "tariff_sights": 1}
    store = account.entry.runtime_data.history
    key = account.meter().device_id
    store.forget_plan(key)
    store.plan(key, (*Days(first=today(), last=today()).parts(1),), planned_from=today())
    (told, _) = (await downloads.data(account.entry))["meters"]
    assert told["history"] == {"progress": 0, "tariff_sights": 1}


async def test_the_register_never_shows_as_use(account: Account) -> None:
    """The first row of all is zero, and no hour uses more than the meter can carry."""
    await imported(account)
    for meter in account.cloud.meters.values():
        rows = await energy_rows(account.hass, meter)
        assert rows[0]["sum"] == 0
        assert all(0 <= (row["change"] or 0) < 100 for row in rows)


async def test_cost_before_the_first_sight_is_at_the_first_tariff(account: Account) -> None:
    """All of the history was used before anybody looked."""
    await imported(account)
    for meter in account.cloud.meters.values():
        (first, *_, last) = await energy_rows(account.hass, meter)
        cost = (await cost_rows(account.hass, meter))[-1]["sum"]
        used_kwh = (last["sum"] or 0) - (first["sum"] or 0)
        assert cost == pytest.approx(used_kwh * meter.tariff_paise / 100)


async def test_rows_start_at_the_hours_of_india(account: Account) -> None:
    """Half an hour beside those of UTC, so that local days are exact."""
    await imported(account)
    rows = await energy_rows(account.hass, account.meter())
    assert {row["start"] % 3600 for row in rows} == {1800}


async def test_importing_again_writes_nothing(account: Account) -> None:
    """Every hour is found as it was left."""
    await imported(account)
    runtime = account.entry.runtime_data
    window = Days(first=today() - 10 * DAY, last=today() - DAY)
    for meter in account.coordinators:
        assert await runtime.back_fill.async_import(meter, window) == {window: 0}


async def test_the_newest_days_come_first(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All meters have their last month before any has the one before it."""
    asked: list[date] = []
    history = QubeClient.energy_history

    async def noted(
        client: QubeClient, device_id: str, first: date, last: date, interval: Interval
    ) -> dict[datetime, int]:
        if first != last and interval is Interval.HOUR:
            asked.append(last)
        return await history(client, device_id, first, last, interval)

    monkeypatch.setattr(QubeClient, "energy_history", noted)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert asked == sorted(asked, reverse=True)
    assert len(set(asked)) == 2


async def test_a_reading_that_comes_late_corrects_the_hours_after_it(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """Yesterday evening had not reached the cloud; within the next hour it is in its place."""
    meter = next(iter(cloud.meters.values()))
    day = today() - DAY
    evening = (midnight(day) + timedelta(hours=hour) for hour in (18, 22))
    meter.history_gaps = [range(*(int(at.timestamp() * 1000) for at in evening))]
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    before = await energy_rows(hass, meter)
    meter.history_gaps = []
    await next_correction(account)
    after = await energy_rows(hass, meter)
    assert len(after) == len(before) + 4
    assert used_wh(after, day) == used_wh(before, day) == true_wh(meter, day)
    assert max(row["change"] or 0 for row in before) > max(row["change"] or 0 for row in after)


async def test_rows_of_the_future_are_none(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """A cloud whose clock is ahead, or that fills up its day, does not end the day too early."""
    cloud.clock = lambda: datetime.now(UTC) + timedelta(hours=3)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    for meter in cloud.meters.values():
        (*_, last) = await energy_rows(hass, meter)
        assert last["end"] <= dt_util.utcnow().timestamp() + 1


async def test_what_is_very_late_is_found_once_a_day(account: Account) -> None:
    """The first correction of a new day goes back thirty days, the others three."""
    await imported(account)
    account.forget_requests()
    await next_correction(account)
    assert account.cloud.requests[Endpoint.HISTORY] == len(account.cloud.meters)


async def test_a_removed_meter_is_corrected_no_more(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are, in the same hour."""
    await imported(account)
    gone = account.meter()
    account.cloud.remove_meter(gone.device_id)
    for _ in range(3):
        await account.poll_spaces()
    account.forget_requests()
    trouble_in(caplog)
    await next_correction(account)
    asked = {device_id for each, device_id in account.cloud.requests.log if each == "history"}
    assert asked == set(account.cloud.meters)
    assert trouble_in(caplog) == []


async def test_a_meter_that_is_gone_meanwhile_has_no_history(account: Account) -> None:
    """Merged into another one, while its job waited: nothing is asked, planned or written."""
    await imported(account)
    account.forget_requests()
    importer = account.entry.runtime_data.back_fill._importer
    days = Days(first=today() - DAY, last=today())
    assert await importer.async_import("gone", "Gone", days) == 0
    await importer.async_plan("gone", "Gone", days.first)
    assert importer.store["gone"].open_windows == ()
    assert account.cloud.requests[Endpoint.HISTORY] == 0


async def test_a_restart_goes_on_where_it_was(account: Account) -> None:
    """A window that was fetched is not fetched again."""
    await imported(account)
    meter, hass = account.meter(), account.hass
    rows = await energy_rows(hass, meter)
    account.forget_requests()
    assert await hass.config_entries.async_reload(account.entry.entry_id)
    await imported(account)
    # The days since the newest row, once a meter.
    assert account.cloud.requests[Endpoint.HISTORY] == len(account.cloud.meters)
    assert await energy_rows(hass, meter) == rows


async def test_a_restart_fetches_what_was_planned_and_not_fetched(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Home Assistant stopped in the midst of it."""
    read = HistoryImport.async_import

    async def plan_only(
        importer: HistoryImport,
        key: str,
        name: str,
        days: Days,
        also: Sequence[Readings] = (),
    ) -> int:
        if not also:
            raise QubeConnectionError
        return await read(importer, key, name, days, also)

    with monkeypatch.context() as patched:
        patched.setattr(HistoryImport, "async_import", plan_only)
        await hass.config_entries.async_setup(entry.entry_id)
        account = Account(hass=hass, entry=entry, cloud=cloud)
        await account.settle()
    assert {entry.runtime_data.back_fill.progress(key) for key in cloud.meters} == {0}
    assert await hass.config_entries.async_reload(entry.entry_id)
    await imported(account)
    for meter in cloud.meters.values():
        assert len(await energy_rows(hass, meter)) > DAYS * 23


async def test_more_days_can_be_wanted_later(account: Account) -> None:
    """Then use is counted from a new first row, and each day equals the truth as before."""
    await imported(account)
    hass, entry = account.hass, account.entry
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: DAYS + 35})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await imported(account)
    for meter in account.cloud.meters.values():
        rows = await energy_rows(hass, meter)
        assert rows[0]["sum"] == 0
        for days in range(1, DAYS + 35):
            day = today() - days * DAY
            assert used_wh(rows, day) == true_wh(meter, day), day


async def test_no_history_is_wanted(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """Zero days: nothing is asked and nothing is written."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: 0})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await next_correction(Account(hass=hass, entry=entry, cloud=cloud))
    assert cloud.requests[Endpoint.HISTORY] == 0


async def test_an_offline_meter_has_energy_first_and_its_cost_once_a_tariff_is_seen(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """History can be read offline; tariffs cannot."""
    meter = next(iter(cloud.meters.values()))
    meter.is_online = False
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    rows = await energy_rows(hass, meter)
    assert len(rows) > DAYS * 23
    assert await cost_rows(hass, meter) == []
    meter.is_online = True
    await account.poll(meter)
    await next_correction(account)
    assert len(await cost_rows(hass, meter)) >= len(rows)


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.DROP,
        FaultKind.HTML_200,
        FaultKind.SERVER_ERROR,
        FaultKind.TRUNCATION,
        FaultKind.FAILURE_200,
        FaultKind.UNAUTHORIZED,
    ],
)
async def test_a_history_that_fails_waits_until_the_cloud_answers(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, kind: FaultKind
) -> None:
    """The other meter is imported meanwhile."""
    failing, good = cloud.meters.values()
    account = Account(hass=hass, entry=entry, cloud=cloud)
    account.break_down(kind, Endpoint.HISTORY, failing)
    await hass.config_entries.async_setup(entry.entry_id)
    await account.settle()
    back_fill = entry.runtime_data.back_fill
    assert (back_fill.progress(failing.device_id), back_fill.progress(good.device_id)) == (0, 1)
    cloud.faults.clear()
    await account.poll_spaces()
    await imported(account)
    assert used_wh(await energy_rows(hass, failing), today() - 3 * DAY) > 0


async def test_a_history_that_fails_is_asked_for_once_at_a_time(account: Account) -> None:
    """However much there is to fetch of a meter, one request finds out whether it can be."""
    await imported(account)
    requests = account.cloud.requests
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY)
    for hours in range(3):
        await next_correction(account, later=timedelta(hours=hours))
    account.forget_requests()
    await account.poll_spaces()
    assert requests[Endpoint.HISTORY] == len(account.cloud.meters)
    # Nor as long as the cloud answers nothing at all.
    account.forget_requests()
    account.break_down(FaultKind.SERVER_ERROR)
    await account.poll_spaces()
    assert requests[Endpoint.HISTORY] == 0


async def test_a_limit_of_the_cloud_only_delays(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """Who is told to wait waits, and loses nothing."""
    account = Account(hass=hass, entry=entry, cloud=cloud)
    cloud.faults.add(
        Fault(kind=FaultKind.RATE_LIMITED, endpoint=Endpoint.HISTORY, times=1, retry_after=1)
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await imported(account)
