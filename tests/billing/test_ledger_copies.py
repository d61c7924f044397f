"""What is left of a ledger that was killed, and what is in a copy of one that goes on."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
import shutil
import sqlite3

import pytest

from custom_components.qube.billing import database, ledger_file
from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from tests.billing.books import content, opening, pay, use
from tests.billing.worlds import NOON

ROOM = "room-101"
PARTS = ("", "-wal", ".mark")


def copied(path: Path, name: str) -> Path:
    """Return where the files of a ledger were copied to, as they are at this moment."""
    target = path.with_name(name)
    for part in PARTS:
        shutil.copy(f"{path}{part}", f"{target}{part}")
    return target


@pytest.fixture
def small_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite write the log into the file after each commit, as it does now and then."""
    pragmas = (*database._PRAGMAS, "PRAGMA wal_autocheckpoint = 1")
    monkeypatch.setattr(database, "_PRAGMAS", pragmas)
    monkeypatch.setattr(ledger_file, "_CHECKPOINT_PAGES", 1)


def test_a_commit_waits_for_the_disk(ledger: Ledger) -> None:
    """With less, a power failure may take back what was acknowledged."""
    for pragma, expected in (
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
    ):
        row = ledger._connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
        assert row == expected, pragma
    ledger._connection.rollback()


def test_what_was_acknowledged_survives_a_kill(ledger: Ledger, path: Path) -> None:
    """At each moment the files on the disk hold all of it, and are no older copy."""
    for number in range(1, 6):
        use(ledger, ROOM, 100 * number)
        pay(ledger, ROOM, number, f"payment {number}")
        killed = copied(path, f"killed {number}")
        again = Ledger.open(killed, expected_id=ledger.ledger_id)
        assert content(killed) == content(path)
        assert again.state(ROOM) == ledger.state(ROOM)
        assert not again.is_restored
        again.close()


def test_a_log_that_was_cut_off_anywhere_leaves_a_whole_ledger(ledger: Ledger, path: Path) -> None:
    """A power failure writes the log in part: what was committed before that is there."""
    states = [content(path)["account"]]
    ledger.begin_backup()
    for number in range(4):
        use(ledger, ROOM, 100)
        pay(ledger, ROOM, 1 + number, f"payment {number}")
        states.append(content(path)["account"])
    log = Path(f"{path}-wal").read_bytes()
    seen = set()
    for length in range(0, len(log), 1_500):
        torn = copied(path, "torn")
        Path(f"{torn}-wal").write_bytes(log[:length])
        again = Ledger.open(torn, expected_id=ledger.ledger_id)
        again.check()
        seen.add(again.state(ROOM).cursor.total_wh)
        again.close()
    assert seen == {0, 100, 200, 300, 400}


@pytest.mark.usefixtures("small_log")
def test_a_file_stands_still_during_a_backup(ledger: Ledger, path: Path) -> None:
    """So it can be copied slowly while charges go on, and the ledger is closed and opened."""
    use(ledger, ROOM, 100)
    ledger.begin_backup()
    before = path.read_bytes()
    for number in range(50):
        use(ledger, ROOM, 100)
        pay(ledger, ROOM, 1 + number, f"payment {number}")
    assert path.read_bytes() == before
    balance = ledger.state(ROOM).balance_micropaise
    ledger.close()
    assert path.read_bytes() == before
    with pytest.raises(LedgerError, match="ledger_missing"):
        Ledger.open(path, expected_id="another")
    again = Ledger.open(path, expected_id=ledger.ledger_id)
    assert again.state(ROOM).balance_micropaise == balance
    assert not again.is_restored
    assert again.is_in_backup
    use(again, ROOM, 100)
    again.close()
    assert path.read_bytes() == before


def test_after_a_crash_in_a_backup_the_ledger_may_be_the_copy(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That cannot be told apart any more, so its owner is asked; but one backup asks once."""
    ledger.begin_backup()
    ledger.close()
    monkeypatch.setattr(ledger_file, "_copied_now", set())
    again = Ledger.open(path, expected_id=ledger.ledger_id)
    assert again.is_restored
    assert not again.is_in_backup
    again.confirm_restored()
    again.close()
    again = Ledger.open(path, expected_id=ledger.ledger_id)
    assert not again.is_restored
    again.close()


def test_an_older_copy_that_is_put_back_during_a_backup_is_known(
    ledger: Ledger, path: Path
) -> None:
    """By the mark beside it; the backup of it is known for one, too."""
    ledger.begin_backup()
    copied(path, "older")
    pay(ledger, ROOM, 100, "after the copy")
    ledger.close()
    for part in ("", "-wal"):
        shutil.copy(f"{path.with_name('older')}{part}", f"{path}{part}")
    again = Ledger.open(path, expected_id=ledger.ledger_id)
    assert again.is_restored
    assert again.is_in_backup
    again.end_backup()
    again.close()


def test_a_copy_of_a_backup_that_is_over_is_known(ledger: Ledger, path: Path) -> None:
    """Even where nothing was booked since: something may have been, in what was lost."""
    ledger.begin_backup()
    copied(path, "older")
    ledger.end_backup()
    ledger.close()
    for part in ("", "-wal"):
        shutil.copy(f"{path.with_name('older')}{part}", f"{path}{part}")
    again = Ledger.open(path, expected_id=ledger.ledger_id)
    assert again.is_restored
    again.close()


@pytest.mark.usefixtures("small_log")
def test_after_a_backup_the_log_goes_into_the_file_again(ledger: Ledger, path: Path) -> None:
    """Or it would grow for ever."""
    ledger.begin_backup()
    ledger.end_backup()
    before = path.read_bytes()
    use(ledger, ROOM, 100)
    assert path.read_bytes() != before
    ledger.begin_backup()
    ledger.end_backup()
    ledger.close()
    assert not Path(f"{path}-wal").exists()


@pytest.mark.usefixtures("small_log")
def test_a_slow_copy_of_a_backup_is_whole(ledger: Ledger, path: Path) -> None:
    """Its halves were read at different times, and its log was read in the middle of things."""
    for number in range(20):
        ledger.open_tenancy(opening(f"room {number}"), now=NOON)
    ledger.begin_backup()
    copy = path.with_name("copy")
    with path.open("rb") as source, copy.open("wb") as target:
        for number in range(20):
            target.write(source.read(4096))
            use(ledger, f"room {number}", 100)
        target.write(source.read())
    log = Path(f"{path}-wal").read_bytes()
    Path(f"{copy}-wal").write_bytes(log[: len(log) * 2 // 3])
    shutil.copy(f"{path}.mark", f"{copy}.mark")
    ledger.end_backup()
    backup = Ledger.open(copy, expected_id=ledger.ledger_id)
    assert backup.is_restored
    charged = [backup.state(f"room {number}").cursor.total_wh for number in range(20)]
    assert charged == sorted(charged, reverse=True)
    assert 0 < sum(charged) < 20 * 100
    backup.close()


def test_a_snapshot_of_a_ledger_in_use_is_whole(ledger: Ledger, path: Path) -> None:
    """Whatever is in the log."""
    for number in range(20):
        use(ledger, ROOM, 100)
        ledger.snapshot(path.with_name("snapshot"))
        snapshot = Ledger.open(path.with_name("snapshot"), expected_id=ledger.ledger_id)
        assert snapshot.state(ROOM).cursor.total_wh == 100 * (number + 1)
        snapshot.close()


def test_a_ledger_that_another_program_holds_is_told_at_once(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is opened, and with each thing that is booked; to read goes on."""
    monkeypatch.setattr(database, "_BUSY_TIMEOUT", 0)
    ledger.close()
    ledger = Ledger.open(path, expected_id=ledger.ledger_id)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="ledger_not_writable"):
            use(ledger, ROOM, 100)
        assert ledger.state(ROOM).cursor.total_wh == 0
        with pytest.raises(LedgerError, match="ledger_not_writable"):
            Ledger.open(path, expected_id=ledger.ledger_id)
    use(ledger, ROOM, 100)
    ledger.close()


def test_a_ledger_is_of_the_thread_that_opened_it(ledger: Ledger) -> None:
    """Two threads in one transaction would commit each other's halves."""
    with ThreadPoolExecutor(1) as other, pytest.raises(LedgerError):
        other.submit(ledger.state, ROOM).result()
