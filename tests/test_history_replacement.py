"""History goes on over a change of device, and goes back when the change is taken back."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import CONF_HISTORY_DAYS
from custom_components.qube.days import DAY, Days, today
from custom_components.qube.history import hour_of
from tests.account import Account
from tests.history_account import cost_rows, energy_rows, true_wh, used_wh
from tests.simulator import SimulatedCloud

DAYS = 10

pytestmark = pytest.mark.usefixtures("recorder")


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Return a cloud with two meters, one of which has a UDF1 of its own."""
    cloud = SimulatedCloud(seed=7, api_key="qube-key-5f2d").populate(spaces=1, meters=2)
    for number, meter in enumerate(cloud.meters.values()):
        meter.udfs["udf1"] = f"A.1.{number}"
    return cloud


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account of which ten days are wanted."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: DAYS})
    return entry


async def imported(account: Account, key: str) -> None:
    """Import the last days of a meter once more."""
    runtime = account.entry.runtime_data
    days = Days(first=today() - 3 * DAY, last=today())
    await runtime.back_fill.async_import(runtime.devices.meters[key], days)


async def test_a_replaced_meter_goes_on_in_the_same_statistics(account: Account) -> None:
    """The past stays the old device's truth, and no hour is negative or a whole register."""
    old = account.meter()
    before = await energy_rows(account.hass, old)
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    await imported(account, old.device_id)
    rows = await energy_rows(account.hass, old)
    assert await energy_rows(account.hass, new) == []
    assert rows[: len(before) - 1] == before[:-1]
    for number in range(1, DAYS + 1):
        day = today() - number * DAY
        assert used_wh(rows, day) == true_wh(old, day)
    assert all(0 <= (row["change"] or 0) < 50 for row in rows)


async def test_the_new_device_counts_from_where_the_old_one_ended(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """A used device that shows 5000 kWh adds what it measures here, and nothing else."""
    old = next(iter(cloud.meters.values()))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    total = (await energy_rows(hass, old))[-1]
    new = cloud.replace_meter(old.device_id)
    new.energy_wh = 5_000_000
    await account.poll_spaces()
    await imported(account, old.device_id)
    newest = (await energy_rows(hass, old))[-1]
    assert 0 <= (newest["sum"] or 0) - (total["sum"] or 0) < 10


async def test_taking_a_replacement_back_takes_its_use_back(account: Account) -> None:
    """What the other device measured is not this meter's, in energy and in money."""
    runtime, old = account.entry.runtime_data, account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    meter = runtime.devices.meters[old.device_id]
    # As if it hung there since yesterday, with a use of 40 kWh.
    later = [*(await energy_rows(account.hass, old))]
    since = dt_util.utcnow() - timedelta(days=1)
    kept = [row for row in later if row["start"] < hour_of(since).timestamp()]
    total_wh = round((kept[-1]["state"] or 0) * 1000)
    runtime.back_fill.async_take_back(meter, since, total_wh)
    await account.settle()
    rows = await energy_rows(account.hass, old)
    assert rows[: len(kept)] == kept
    assert {row["sum"] for row in rows[len(kept) :]} == {kept[-1]["sum"]}
    costs = await cost_rows(account.hass, old)
    assert len({row["sum"] for row in costs[len(kept) :]}) == 1
    assert new.device_id == runtime.identities[old.device_id].device_id


async def test_undoing_takes_back_since_the_change(account: Account) -> None:
    """By the repair that told of it; both meters have their own statistics from then on."""
    runtime, old = account.entry.runtime_data, account.meter()
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    epoch = runtime.identities[old.device_id].epochs[-1]
    taken: list[tuple[object, int]] = []
    back_fill = runtime.back_fill

    def note(_meter: object, since: object, total_wh: int) -> None:
        taken.append((since, total_wh))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(back_fill, "async_take_back", note)
        assert runtime.devices.replacements.async_undo(old.device_id)
    assert taken == [(epoch.since, epoch.total_wh)]
    await account.poll_spaces()
    await imported(account, new.device_id)
    assert runtime.identities[new.device_id].device_id == new.device_id


async def test_merging_gives_the_statistics_to_one_meter(account: Account) -> None:
    """Those of the meter that never was one are gone, and the other's history is read again."""
    runtime = account.entry.runtime_data
    old = account.meter()
    new = account.cloud.add_meter(old.space_id, name="New", udf1=old.udfs["udf1"])
    await account.poll_spaces()
    await account.settle()
    assert await energy_rows(account.hass, new) != []
    runtime.devices.replacements.async_merge(new.device_id, old.device_id)
    await account.settle()
    assert await energy_rows(account.hass, new) == []
    assert await cost_rows(account.hass, new) == []
    assert runtime.history[old.device_id].planned_from is None
    assert runtime.history[new.device_id].timeline == ()
