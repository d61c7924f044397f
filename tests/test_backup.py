"""A backup of Home Assistant holds a whole ledger, and an older one is known when it comes back."""

from collections.abc import Iterator
from pathlib import Path
import shutil

from homeassistant.components.backup import async_get_manager
from homeassistant.components.backup.manager import BackupManager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.money import to_paise
from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.const import DOMAIN
from tests.account import trouble_in
from tests.person import Person
from tests.rented_room import HOUR, QUARTER, RentedRoom
from tests.tenants import Tenants

# In the order in which a folder may be read; only the first has to be there.
PARTS = ("", "-wal", ".mark")


@pytest.fixture
async def manager(hass: HomeAssistant, room: RentedRoom) -> BackupManager:
    """Return what makes Home Assistant's backups, after a tenant has moved in."""
    assert await async_setup_component(hass, "backup", {})
    assert await async_setup_component(hass, "repairs", {})
    await room.load()
    await room.rent(opening_credit_paise=500_00)
    return await backup_manager(hass)


async def backup_manager(hass: HomeAssistant) -> BackupManager:
    """Return Home Assistant's manager, which has found this integration's hooks."""
    await hass.async_block_till_done(wait_background_tasks=True)
    manager = async_get_manager(hass)
    assert "qube" in manager.platforms
    return manager


def copied(room: RentedRoom, folder: Path) -> None:
    """Copy the files of the ledger one after the other, as a backup does."""
    folder.mkdir()
    for path in there(room):
        shutil.copy(path, folder / path.name)


def there(room: RentedRoom) -> Iterator[Path]:
    """Yield the files of the ledger that are there."""
    for part in PARTS:
        path = Path(f"{room.path}{part}")
        if path.exists():
            yield path


def put_back(room: RentedRoom, folder: Path) -> None:
    """Put the files of a backup in the place of those that are there."""
    for path in there(room):
        path.unlink()
    for path in folder.iterdir():
        shutil.copy(path, room.path.with_name(path.name))


async def pay(room: RentedRoom, amount_paise: int, reference: str) -> None:
    """Let the tenant pay."""
    await room.tenancy.async_pay(
        amount_paise=amount_paise, reference=reference, method="cash", paid_at=room.machine.now
    )
    await room.settle()


async def test_money_goes_on_during_a_backup_and_the_copy_is_whole(
    room: RentedRoom, manager: BackupManager, tmp_path: Path
) -> None:
    """The file stands still meanwhile; without the log beside it, it is a whole state, too."""
    await manager.async_pre_backup_actions()
    before = room.path.read_bytes()
    await pay(room, 100_00, "during")
    assert room.path.read_bytes() == before
    copied(room, tmp_path / "copy")
    await manager.async_post_backup_actions()
    await pay(room, 200_00, "after")
    assert room.balance_paise == 800_00
    copy = tmp_path / "copy" / room.path.name
    assert balance_of_older(room, copy) == 600_00
    alone = tmp_path / "alone"
    alone.write_bytes(before)
    assert balance_of_older(room, alone) == 500_00


def balance_of_older(room: RentedRoom, path: Path) -> int:
    """Return what the tenant has by a copy, which has to be sound and known as one."""
    ledger = Ledger.open(path, expected_id=room.entry.data["ledger_id"])
    try:
        ledger.check()
        assert ledger.is_restored
        return to_paise(ledger.state(room.subentry.subentry_id).balance_micropaise)
    finally:
        ledger.close()


async def test_what_was_only_copied_is_no_older_ledger(
    room: RentedRoom, manager: BackupManager
) -> None:
    """After the backup, and when the account is loaded anew in its middle."""
    await manager.async_pre_backup_actions()
    await manager.async_post_backup_actions()
    await room.unload()
    await room.load()
    assert room.issue("ledger_restored") is None
    await manager.async_pre_backup_actions()
    await room.unload()
    await room.load()
    assert room.books.is_sound
    assert not room.books.is_restored
    await manager.async_post_backup_actions()
    await room.unload()
    await room.load()
    assert room.books.is_sound
    assert not room.books.is_restored


async def test_the_ledger_of_an_account_that_is_not_loaded_stands_still_too(
    room: RentedRoom, manager: BackupManager, tmp_path: Path
) -> None:
    """Its copy is known for one; it may be loaded and charged before the backup is done."""
    await room.unload()
    await manager.async_pre_backup_actions()
    before = room.path.read_bytes()
    await room.load()
    await pay(room, 100_00, "during")
    await room.unload()
    assert room.path.read_bytes() == before
    copied(room, tmp_path / "copy")
    await manager.async_post_backup_actions()
    assert balance_of_older(room, tmp_path / "copy" / room.path.name) == 600_00
    await room.load()
    assert room.balance_paise == 600_00
    assert room.issue("ledger_restored") is None
    await room.unload()
    # The log has gone into the file again.
    assert room.path.read_bytes() != before
    assert [path.suffix for path in there(room)] == [".ledger", ".mark"]


async def test_a_backup_that_is_put_back_stops_cutting_until_the_owner_confirms(
    hass_client: ClientSessionGenerator, room: RentedRoom, manager: BackupManager, tmp_path: Path
) -> None:
    """A payment is missing from it: charged all the same, but nobody is cut for what he paid."""
    await manager.async_pre_backup_actions()
    copied(room, tmp_path / "copy")
    await manager.async_post_backup_actions()
    await pay(room, 1_000_00, "after the backup")
    await room.unload()
    put_back(room, tmp_path / "copy")
    room.meter.energy_wh += 100_000
    await room.machine.pass_by(HOUR)
    await room.load()
    await room.machine.run(2 * HOUR, QUARTER)
    assert room.balance_paise == -150_00
    assert room.has_power()
    assert room.supply() is SupplyState.WAITING
    issue = room.issue("ledger_restored")
    assert issue is not None
    person = Person(room.account, await hass_client())
    form = await person.open(issue.issue_id)
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {"account": "Lakeside", "file": str(room.path)}
    assert room.issue("ledger_restored") is not None
    assert (await person.submit())["type"] == "create_entry"
    assert room.issue("ledger_restored") is None
    await room.machine.run(2 * HOUR, QUARTER)
    assert not room.has_power()


async def test_an_older_ledger_that_is_sick_cannot_be_confirmed(
    hass_client: ClientSessionGenerator,
    room: RentedRoom,
    manager: BackupManager,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk is full: the question stays. Of an account that is not loaded nobody is asked."""
    await manager.async_pre_backup_actions()
    copied(room, tmp_path / "copy")
    await manager.async_post_backup_actions()
    await room.unload()
    put_back(room, tmp_path / "copy")
    await room.load()
    issue = room.issue("ledger_restored")
    assert issue is not None
    person = Person(room.account, await hass_client())
    await person.open(issue.issue_id)
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "confirm_restored", refuse)
        result = await person.submit()
    assert (result["type"], result["reason"]) == ("abort", "not_now")
    assert room.books.is_restored
    await room.unload()
    assert room.issue("ledger_restored") is None


async def test_an_older_ledger_of_an_account_that_is_not_loaded_is_not_confirmed(
    hass_client: ClientSessionGenerator, room: RentedRoom, manager: BackupManager, tmp_path: Path
) -> None:
    """The question may be open still; it comes again with the account."""
    await manager.async_pre_backup_actions()
    copied(room, tmp_path / "copy")
    await manager.async_post_backup_actions()
    await room.unload()
    put_back(room, tmp_path / "copy")
    ir.async_create_issue(
        room.hass,
        DOMAIN,
        issue_id := f"ledger_restored_{room.entry.entry_id}",
        data={"entry_id": room.entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="ledger_restored",
    )
    person = Person(room.account, await hass_client())
    await person.open(issue_id)
    assert (await person.submit())["type"] == "create_entry"
    await room.load()
    assert room.books.is_restored
    assert room.issue("ledger_restored") is not None


def refuse(_ledger: Ledger) -> None:
    """Be a ledger on a full disk."""
    raise LedgerError("ledger_not_writable")


async def test_a_sick_ledger_stops_no_backup(
    room: RentedRoom, manager: BackupManager, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant would give up all of it; it is said in the log, without any name."""
    await room.unload()
    room.path.write_bytes(b"no ledger")
    await room.load()
    assert room.issue("ledger_damaged") is not None
    caplog.clear()
    await manager.async_pre_backup_actions()
    await manager.async_post_backup_actions()
    assert [message for _, _, message in caplog.record_tuples if "prepared" in message] == [
        "The ledger of Lakeside could not be prepared: ledger_damaged"
    ] * 2
    assert "Rinkesh" not in caplog.text


async def test_an_account_without_tenancies_is_nobodys_concern(
    hass: HomeAssistant, room: RentedRoom, caplog: pytest.LogCaptureFixture
) -> None:
    """It has no ledger, and gets none."""
    assert await async_setup_component(hass, "backup", {})
    await room.load()
    manager = await backup_manager(hass)
    caplog.clear()
    await manager.async_pre_backup_actions()
    await manager.async_post_backup_actions()
    assert trouble_in(caplog) == []
    assert not room.path.exists()


async def test_an_account_whose_cloud_is_down_takes_money_during_a_backup(
    hass: HomeAssistant, tenants: Tenants
) -> None:
    """Who opens its ledger for that takes it for no copy."""
    assert await async_setup_component(hass, "backup", {})
    manager = await backup_manager(hass)
    await manager.async_pre_backup_actions()
    assert tenants.in_ledger(lambda ledger: ledger.is_in_backup) is True
    await tenants.call("record_payment", amount="100", reference="during", method="cash")
    await manager.async_post_backup_actions()
    assert tenants.entry.state is ConfigEntryState.NOT_LOADED
    assert tenants.in_ledger(lambda ledger: (ledger.is_in_backup, ledger.is_restored)) == (
        False,
        False,
    )
