"""A device that was replaced while Home Assistant was off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from tests.account import Account
from tests.replaced_meter import asked, device_of, entities_of, find_device, hang, identities, told
from tests.simulator import Endpoint, FaultKind, SimulatedMeter
from tests.simulator.clock import to_ms
from tests.simulator.protocol import Json


@dataclass(frozen=True, kw_only=True)
class Night:
    """Some hours in which Home Assistant is off."""

    account: Account
    stored: dict[str, Any]

    async def begin(self, *, hours: float) -> None:
        """Switch Home Assistant off; all that it knows is so much older when it is on again."""
        assert await self.account.hass.config_entries.async_unload(self.account.entry.entry_id)
        content = self.stored[f"qube.{self.account.entry.entry_id}.meters"]["data"]["meters"]
        for meter in content.values():
            if (register := meter["register"]) is not None:
                read_at = datetime.fromisoformat(register["read_at"])
                register["read_at"] = (read_at - timedelta(hours=hours)).isoformat()

    async def end(self) -> None:
        """Switch Home Assistant on again."""
        self.account.forget_requests()
        assert await self.account.hass.config_entries.async_setup(self.account.entry.entry_id)
        await self.account.settle()


@pytest.fixture
def night(account: Account, hass_storage: dict[str, Any]) -> Night:
    """Return a night that has not begun."""
    return Night(account=account, stored=hass_storage)


@pytest.fixture
async def old(account: Account) -> SimulatedMeter:
    """Return a meter that was just read."""
    meter = account.meter()
    await account.poll(meter)
    return meter


def energy(account: Account, meter: SimulatedMeter) -> float:
    """Return what Energy shows of a meter, in kWh."""
    return float(account.state(meter, "energy"))


def ago(*, hours: float) -> datetime:
    """Return the time so many hours ago."""
    return dt_util.utcnow() - timedelta(hours=hours)


async def test_the_meter_goes_on_with_its_new_device(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Same device, area, entities; Energy and all that was used in between, as far as known."""
    before, ids, used = (
        device_of(account, old.device_id),
        entities_of(account, old.device_id),
        energy(account, old),
    )
    kitchen = ar.async_get(account.hass).async_create("Kitchen")
    dr.async_get(account.hass).async_update_device(before.id, area_id=kitchen.id)
    await night.begin(hours=10)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], hours_ago=8, energy_wh=5_000_000)
    await night.end()
    after = device_of(account, old.device_id)
    assert (after.id, after.area_id, after.serial_number) == (before.id, kitchen.id, new.device_id)
    assert entities_of(account, old.device_id) == ids
    assert find_device(account, new.device_id) is None
    assert told(account, old.device_id) is not None
    # The first quarter of an hour is not known; of the rest nothing is lost.
    measured = (new.energy_wh - 5_000_000) / 1000
    assert measured * 0.9 < energy(account, old) - used <= measured


async def test_a_device_that_was_used_elsewhere_before_counts_from_its_change(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Rows of before the last good reading are another wall's."""
    used = energy(account, old)
    await night.begin(hours=2)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], hours_ago=300, energy_wh=5_000_000)
    since_wh = new.register.wh_at(to_ms(ago(hours=2)))
    await night.end()
    assert 0 <= energy(account, old) - used <= (new.energy_wh - since_wh) / 1000


async def test_a_long_absence_is_asked_for_by_days(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Quarters of an hour of a year are more than an answer may hold."""
    used = energy(account, old)
    await night.begin(hours=24 * 330)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], hours_ago=24 * 300)
    await night.end()
    assert account.asked.count(Endpoint.HISTORY) == 1
    measured = new.energy_wh / 1000
    assert measured * 0.98 < energy(account, old) - used <= measured


async def test_a_history_that_fails_costs_only_what_it_would_have_told(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Energy begins where it ended; it neither falls nor jumps."""
    used = energy(account, old)
    await night.begin(hours=10)
    account.cloud.remove_meter(old.device_id)
    hang(account, old, udf1=old.udfs["udf1"], hours_ago=8, energy_wh=5_000_000)
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY)
    await night.end()
    assert energy(account, old) == used


async def test_rows_that_tell_nothing_are_left_out(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Of before the last good reading, of a unit that nobody knows, or below zero."""
    used = energy(account, old)
    await night.begin(hours=10)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], energy_wh=1_000)
    new.relay_closed = False
    rows: list[Json] = [
        {"property_id": "energy", "value": value, "unit": unit, "timestamp": time.isoformat()}
        for time, value, unit in (
            (ago(hours=11), 0.1, "kWh"),
            (ago(hours=4), 0.2, "MJ"),
            (ago(hours=3), -0.4, "kWh"),
            (ago(hours=2), 0, "Wh"),
            (ago(hours=1), 0.5, None),
        )
    ]
    account.answer_once(Endpoint.HISTORY, new, {"device_id": new.device_id, "readings": rows})
    await night.end()
    assert energy(account, old) == pytest.approx(used + 1, abs=0.005)


async def test_a_device_that_is_offline_at_first_settles_later(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Also after another restart; then all of its use is counted."""
    used = energy(account, old)
    await night.begin(hours=10)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=old.udfs["udf1"], hours_ago=8, energy_wh=5_000_000)
    new.is_online = False
    await night.end()
    assert account.state(old, "energy") == "unavailable"
    await night.begin(hours=0)
    new.is_online = True
    await night.end()
    assert energy(account, old) > used


async def test_two_changes_in_one_night_lose_nothing_that_is_known(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """The device in between was never seen."""
    used = energy(account, old)
    await night.begin(hours=10)
    second = account.cloud.replace_meter(old.device_id)
    third = account.cloud.replace_meter(second.device_id)
    await night.end()
    assert identities(account)[old.device_id].device_ids == (old.device_id, third.device_id)
    assert energy(account, old) == pytest.approx(used, abs=0.002)


async def test_an_unclear_change_is_asked_about_after_the_start(
    account: Account, old: SimulatedMeter, night: Night
) -> None:
    """Its udf1 was empty."""
    await night.begin(hours=10)
    account.cloud.remove_meter(old.device_id)
    new = hang(account, old, udf1=None, hours_ago=8)
    await night.end()
    assert asked(account, new.device_id) is not None


async def test_a_replacement_is_not_lost_in_a_crash(
    account: Account, old: SimulatedMeter, hass_storage: dict[str, Any]
) -> None:
    """What was not stored yet is found again, and Energy is the same."""
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    key = f"qube.{account.entry.entry_id}.meters"
    stored = dict(hass_storage[key])
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    used = energy(account, old)
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    hass_storage[key] = stored
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    meter = identities(account)[old.device_id]
    assert meter.device_ids == (old.device_id, new.device_id)
    assert energy(account, old) == pytest.approx(used, abs=0.005)
