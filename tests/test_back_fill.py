"""The back-fill tells how far it is, not more often than anybody needs to know."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube import back_fill
from custom_components.qube.back_fill import history_signal
from custom_components.qube.const import CONF_HISTORY_DAYS
from tests.account import Account
from tests.history_account import energy_rows
from tests.simulator import Endpoint, FaultKind, SimulatedCloud

# Beside what plans them.
WINDOWS = 8

pytestmark = pytest.mark.usefixtures("recorder")


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Return a cloud with four meters, of which each has two windows."""
    return SimulatedCloud(seed=7, api_key="qube-key-5f2d").populate(spaces=1, meters=4)


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account of which forty days are wanted."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: 40})
    return entry


@pytest.fixture
def told(hass: HomeAssistant, entry: MockConfigEntry) -> list[float]:
    """Return what all meters have come to, each time that it is told."""
    found: list[float] = []

    def note() -> None:
        runtime = entry.runtime_data
        done = [runtime.back_fill.progress(key) for key in runtime.devices.meters]
        found.append(sum(done) / len(done))

    entry.async_on_unload(async_dispatcher_connect(hass, history_signal(entry), note))
    return found


async def test_progress_is_told_in_intervals_and_at_the_end(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    told: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All meters are summed up for it, which is much on a large account."""
    monkeypatch.setattr(back_fill, "TELL_EACH_S", 3600)
    await hass.config_entries.async_setup(entry.entry_id)
    await Account(hass=hass, entry=entry, cloud=cloud).settle()
    assert told[0] == 0
    assert told[-1] == 1
    # The first, and those with which there is nothing left to begin.
    assert len(told) <= 1 + back_fill.WORKERS


async def test_progress_is_told_in_between(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    told: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each time that the interval is over."""
    monkeypatch.setattr(back_fill, "TELL_EACH_S", 0)
    await hass.config_entries.async_setup(entry.entry_id)
    await Account(hass=hass, entry=entry, cloud=cloud).settle()
    assert set(told) >= {part / WINDOWS for part in range(1, WINDOWS + 1)}


async def test_the_end_is_told_where_the_last_job_fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    told: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the others have come to is to be seen meanwhile."""
    monkeypatch.setattr(back_fill, "TELL_EACH_S", 3600)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    failing = [*cloud.meters.values()][-1]
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY, failing)
    await hass.config_entries.async_setup(entry.entry_id)
    await account.settle()
    assert told[-1] == 0.75


async def test_a_meter_without_any_history_is_done(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """There is nothing to fetch, and so nothing is left of it."""
    new, other = [*cloud.meters.values()][:2]
    new.history_gaps = [range(10**15)]
    await hass.config_entries.async_setup(entry.entry_id)
    await Account(hass=hass, entry=entry, cloud=cloud).settle()
    runtime = entry.runtime_data
    assert runtime.history[new.device_id].windows == 0
    assert runtime.history[other.device_id].windows == 2
    assert runtime.back_fill.progress(new.device_id) == 1


async def test_the_log_has_a_line_a_tenth(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the percents and the rows so far, and none where nothing went on."""
    monkeypatch.setattr(back_fill, "TELL_EACH_S", 0)
    caplog.set_level(logging.INFO, logger="custom_components.qube")
    await hass.config_entries.async_setup(entry.entry_id)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    await account.settle()
    lines = [
        record.getMessage() for record in caplog.records if "% imported" in record.getMessage()
    ]
    percents = [int(line.split(": ")[1].split(" ")[0]) for line in lines]
    assert percents == [12, 25, 37, 50, 62, 75, 87, 100]
    rows = [len(await energy_rows(hass, meter)) for meter in cloud.meters.values()]
    # The day of the oldest reading, which is before all others, is not of the back-fill's windows.
    assert lines[-1].endswith(f"100 % imported, {sum(rows) - 24 * len(rows)} rows")
