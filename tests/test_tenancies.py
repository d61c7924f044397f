"""The tenancies of an account follow its subentries, and none holds up another."""

import asyncio
from dataclasses import replace

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.running_account import RunningAccount
from custom_components.qube.tenancies import WORKERS, Tenancies
from custom_components.qube.tenancy import Tenancy
from custom_components.qube.tenancy_account import ChargeOutcome
from tests.rented_room import HOUR, MINUTE, QUARTER, RentedRoom, let_draw, tenancy_data, used_wh
from tests.simulator import Source


def tenancies_of(room: RentedRoom) -> Tenancies:
    """Return the tenancies of the account."""
    tenancies: Tenancies = room.entry.runtime_data.tenancies
    return tenancies


def is_open(tenancy: Tenancy) -> bool:
    """Return whether a tenancy has its account."""
    return tenancy.record is not None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Tenancy]:
    """Return the tenancies that have asked for a turn, each time they did."""
    asking: list[Tenancy] = []
    due = Tenancies.async_due

    def ask(tenancies: Tenancies, tenancy: Tenancy) -> None:
        asking.append(tenancy)
        due(tenancies, tenancy)

    monkeypatch.setattr(Tenancies, "async_due", ask)
    return asking


async def test_a_tenancy_that_is_deleted_stops_and_its_journal_stays(room: RentedRoom) -> None:
    """The next one on the meter begins where it is, and pays nothing of what was used between."""
    let_draw(room.meter, 1_000)
    await room.load()
    first = await room.rent()
    await room.machine.run(2 * HOUR, QUARTER)
    charged = used_wh(await room.charges())
    room.hass.config_entries.async_remove_subentry(room.entry, first.tenancy_id)
    await room.settle()
    assert list(tenancies_of(room)) == []
    await room.machine.run(2 * HOUR, QUARTER)

    second = await room.rent()
    assert tenancies_of(room).running_of(room.meter.device_id) is second
    await room.machine.run(2 * HOUR, QUARTER)
    await room.charge()
    assert used_wh(await room.charges()) == pytest.approx(2_000, abs=10)
    records = await room.books.async_run(Ledger.tenancies)
    assert [each.closed_at is None for each in records] == [False, True]
    old = await room.books.async_run(lambda ledger: ledger.charge_lines(first.tenancy_id))
    assert used_wh(old) == charged
    await room.check_ledger()


async def test_what_the_owner_changes_holds_at_once(room: RentedRoom) -> None:
    """Another name and another cut-off, without a restart."""
    await room.load()
    tenancy = await room.rent(opening_credit_paise=150_00)
    await room.machine.run(2 * HOUR, QUARTER)
    assert room.has_power()
    data = tenancy_data(room.meter, room.machine.now, tenant="Asha Rao", cut_off_paise=200_00)
    data["opened"] = room.subentry.data["opened"]
    room.hass.config_entries.async_update_subentry(room.entry, room.subentry, data=data)
    await room.settle()
    assert tenancy.record is not None
    assert tenancy.record.tenant == "Asha Rao"
    await room.machine.run(HOUR, QUARTER)
    assert not room.has_power()


async def test_a_turn_that_fails_is_tried_again(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the program itself: it is logged, and costs no more than minutes."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent()
    await room.machine.run(QUARTER, QUARTER)
    charge, failed = RunningAccount.async_charge, 0

    async def fail(account: RunningAccount) -> ChargeOutcome | None:
        nonlocal failed
        failed += 1
        if failed < 3:
            raise ZeroDivisionError
        return await charge(account)

    monkeypatch.setattr(RunningAccount, "async_charge", fail)
    await room.machine.run(HOUR, QUARTER / 3)
    assert caplog.text.count("lost its turn") == 2
    monkeypatch.undo()
    await room.charge()
    assert used_wh(await room.charges()) == room.meter.energy_wh - 1_450_000


async def test_a_tenancy_that_is_deleted_in_its_turn_does_not_go_on(
    room: RentedRoom, asked: list[Tenancy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for no turn any more, and nobody is cut for it."""
    charge = RunningAccount.async_charge
    await room.load()
    tenancy = await room.rent(opening_credit_paise=50_00)

    async def charge_and_delete(account: RunningAccount) -> ChargeOutcome | None:
        room.hass.config_entries.async_remove_subentry(room.entry, tenancy.tenancy_id)
        return await charge(account)

    monkeypatch.setattr(RunningAccount, "async_charge", charge_and_delete)
    await tenancy.async_check()
    await room.settle()
    assert list(tenancies_of(room)) == []
    await tenancy.async_check()
    assert asked
    asked.clear()
    await room.machine.run(2 * HOUR, QUARTER)
    assert asked == []
    assert room.has_power()


async def test_a_tenancy_that_is_deleted_gets_no_turn(room: RentedRoom) -> None:
    """Though something asks for one late: what was read since the last charge stays uncharged."""
    let_draw(room.meter, 1_000)
    await room.load()
    tenancy = await room.rent()
    await room.machine.run(QUARTER, MINUTE)
    tenancies = tenancies_of(room)
    room.hass.config_entries.async_remove_subentry(room.entry, tenancy.tenancy_id)
    await room.settle()
    tenancies.async_due(tenancy)
    await room.settle()
    assert await room.books.async_run(lambda ledger: ledger.charge_lines(tenancy.tenancy_id)) == []


async def test_a_tenant_who_has_moved_out_follows_the_meter_no_more(
    room: RentedRoom, asked: list[Tenancy]
) -> None:
    """Though new meters appear in the account: a switch of the source is the next tenant's."""
    await room.load()
    tenancy = await room.rent()
    await tenancy.async_close()
    asked.clear()
    room.cloud.add_meter(room.meter.space_id, name="Room 303")
    await room.account.poll_spaces()
    for source in (Source.EB, Source.DG, Source.EB):
        room.meter.active_tariff = source
        await room.machine.run(2 * MINUTE, MINUTE)
    assert asked == []


async def test_of_many_that_are_due_at_once_some_wait(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at midnight: each gets its turn, but the cloud is not asked for hundreds at a time."""
    await room.load()
    for _ in range(WORKERS + 3):
        await room.rent()
    at_work: list[str] = []
    done: list[str] = []
    most = 0

    async def work(tenancy: Tenancy) -> None:
        nonlocal most
        at_work.append(tenancy.tenancy_id)
        most = max(most, len(at_work))
        await asyncio.sleep(0.01)
        at_work.remove(tenancy.tenancy_id)
        done.append(tenancy.tenancy_id)

    monkeypatch.setattr(Tenancy, "async_do_due", work)
    for tenancy in tenancies_of(room):
        tenancy.async_set_due(is_midnight=True)
    await room.settle()
    assert most == WORKERS
    assert sorted(done) == sorted(each.tenancy_id for each in tenancies_of(room))


async def test_another_account_changes_no_tenancy(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Subentries of this one are what counts."""
    await room.load()
    await room.rent()
    reconciled = 0

    def reconcile(_tenancies: Tenancies) -> None:
        nonlocal reconciled
        reconciled += 1

    monkeypatch.setattr(Tenancies, "_async_reconcile", reconcile)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(room.hass)
    room.hass.config_entries.async_update_entry(other, title="Another")
    assert reconciled == 0
    room.hass.config_entries.async_update_entry(room.entry, title="This")
    assert reconciled == 1


async def test_two_tenancies_on_one_meter_are_refused_and_told_once(
    room: RentedRoom, caplog: pytest.LogCaptureFixture
) -> None:
    """The second one waits until the first has moved out."""
    await room.load()
    first = await room.rent()
    second = await room.rent()
    await room.machine.run(HOUR, QUARTER)
    assert caplog.text.count("meter_has_tenancy") == 1
    assert not is_open(second)
    await first.async_close()
    await room.machine.run(QUARTER, QUARTER)
    assert is_open(second)
    assert tenancies_of(room).running_of(room.meter.device_id) is second


async def test_other_accounts_are_no_concern_of_a_tenancy(room: RentedRoom) -> None:
    """Each change of an entry is told to all."""
    await room.load()
    tenancy = await room.rent()
    room.hass.config_entries.async_update_entry(room.entry, title="Lakeside II")
    await room.settle()
    assert list(tenancies_of(room)) == [tenancy]
    assert tenancies_of(room).get("another") is None
    assert replace(tenancy.terms) == tenancy.terms
