"""An outage that takes hours is told, and a shorter one is not."""

from collections.abc import Iterator
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.qube.const import DOMAIN, INVENTORY_INTERVAL
from custom_components.qube.outage import OUTAGE_BEFORE_TELLING
from tests.account import Account
from tests.loop_clock import LoopClock
from tests.simulator import Endpoint, FaultKind

HOURS_S = OUTAGE_BEFORE_TELLING.total_seconds()
POLL_S = INVENTORY_INTERVAL.total_seconds()


@pytest.fixture
def clock(hass: HomeAssistant, account: Account) -> Iterator[LoopClock]:
    """Let time pass at once; the meters are not polled, only the spaces."""
    for coordinator in account.coordinators:
        coordinator.update_interval = None
        coordinator._unschedule_refresh()
    with LoopClock(hass) as clock:
        yield clock


def repair(account: Account) -> ir.IssueEntry | None:
    """Return the repair that tells of the outage."""
    issue_id = f"cloud_unreachable_{account.entry.entry_id}"
    return ir.async_get(account.hass).async_get_issue(DOMAIN, issue_id)


async def test_an_outage_is_told_after_two_hours(account: Account, clock: LoopClock) -> None:
    """Not before; and it ends with the first list of spaces."""
    account.break_down(FaultKind.SERVER_ERROR)
    await clock.run(HOURS_S - POLL_S, POLL_S)
    assert repair(account) is None
    await clock.run(2 * POLL_S, POLL_S)
    found = repair(account)
    assert found is not None
    assert (found.severity, found.is_fixable) == (ir.IssueSeverity.WARNING, False)
    assert found.translation_key == "cloud_unreachable"
    since = dt_util.as_local(dt_util.utcnow() - OUTAGE_BEFORE_TELLING)
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["account"] == account.entry.title
    told = dt_util.parse_datetime(found.translation_placeholders["since"])
    assert told is not None
    assert abs(told - since.replace(tzinfo=None)) <= timedelta(minutes=2)
    await clock.run(HOURS_S, POLL_S)
    assert repair(account) is not None
    account.cloud.faults.clear()
    await clock.run(POLL_S + 60, 60)
    assert repair(account) is None


async def test_a_success_in_between_winds_the_watch_up_again(
    account: Account, clock: LoopClock
) -> None:
    """Two outages of an hour and a half are not one of three hours."""
    for _ in range(2):
        account.break_down(FaultKind.SERVER_ERROR)
        await clock.run(HOURS_S * 3 / 4, POLL_S)
        assert repair(account) is None
        account.cloud.faults.clear()
        await clock.run(2 * POLL_S, POLL_S)
    assert repair(account) is None
    await clock.run(3 * HOURS_S, POLL_S)
    assert repair(account) is None


async def test_an_outage_is_told_where_every_entity_is_off(
    account: Account, clock: LoopClock
) -> None:
    """Who has disabled all entities wants to know as well."""
    registry = er.async_get(account.hass)
    for entity in er.async_entries_for_config_entry(registry, account.entry.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await account.settle()
    account.break_down(FaultKind.DROP)
    await clock.run(HOURS_S + POLL_S, POLL_S)
    assert repair(account) is not None


async def test_an_account_without_spaces_is_an_outage_too(
    account: Account, clock: LoopClock
) -> None:
    """An empty list is as little as no answer."""
    for space_id in list(account.cloud.spaces):
        account.cloud.remove_space(space_id)
    await clock.run(HOURS_S + POLL_S, POLL_S)
    assert repair(account) is not None


async def test_meters_that_fail_are_no_outage(account: Account, clock: LoopClock) -> None:
    """While the spaces can be read, the cloud can be reached."""
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.METRICS)
    await account.poll()
    await clock.run(2 * HOURS_S, POLL_S)
    assert repair(account) is None


async def test_polling_that_is_switched_off_is_no_outage(
    account: Account, clock: LoopClock
) -> None:
    """Home Assistant then asks only when it is told to."""
    account.hass.config_entries.async_update_entry(account.entry, pref_disable_polling=True)
    account.inventory._unschedule_refresh()
    await clock.run(2 * HOURS_S, POLL_S)
    assert account.cloud.requests[Endpoint.SPACES] == 0
    assert repair(account) is None


async def test_a_rejected_key_is_told_once(account: Account, clock: LoopClock) -> None:
    """By Home Assistant, which asks for a new one; the outage would only say less."""
    account.break_down(FaultKind.UNAUTHORIZED)
    await clock.run(2 * HOURS_S, POLL_S)
    issues = {issue.issue_id for issue in ir.async_get(account.hass).issues.values()}
    assert issues == {f"config_entry_reauth_{DOMAIN}_{account.entry.entry_id}"}


async def test_an_account_that_is_unloaded_tells_nothing(
    account: Account, clock: LoopClock
) -> None:
    """What was told is withdrawn, and no watch goes on."""
    account.break_down(FaultKind.SERVER_ERROR)
    await clock.run(HOURS_S + POLL_S, POLL_S)
    assert repair(account) is not None
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert repair(account) is None
    account.cloud.faults.clear()
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    account.break_down(FaultKind.SERVER_ERROR)
    await clock.run(2 * POLL_S, POLL_S)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    await clock.run(2 * HOURS_S, POLL_S)
    assert repair(account) is None
