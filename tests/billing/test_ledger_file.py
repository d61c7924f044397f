"""The file of a ledger: never empty in place of a full one, never an older one unnoticed."""

from pathlib import Path
import shutil
import sqlite3
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.qube.billing import migrations
from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.mark import mark_path
from tests.billing.books import altering, content, opening, pay, use
from tests.billing.worlds import NOON

ROOM = "room-101"


def reopened(ledger: Ledger, path: Path) -> Ledger:
    """Return the ledger after a restart."""
    ledger.close()
    return Ledger.open(path, expected_id=ledger.ledger_id)


def refusal(path: Path, expected_id: str | None) -> str:
    """Return why a ledger cannot be opened."""
    with pytest.raises(LedgerError) as error:
        Ledger.open(path, expected_id=expected_id)
    return error.value.key


def test_what_was_acknowledged_is_there_after_a_restart(ledger: Ledger, path: Path) -> None:
    """The same ledger, the same balance."""
    pay(ledger, ROOM, 1_00, "a")
    state = ledger.state(ROOM)
    again = reopened(ledger, path)
    assert again.state(ROOM) == state
    assert not again.is_restored
    again.check()
    again.close()


def test_a_ledger_that_is_missing_is_not_begun_anew(ledger: Ledger, path: Path) -> None:
    """Nor is another one taken for it."""
    ledger.close()
    other = path.with_name("other")
    Ledger.open(other, expected_id=None).close()
    assert refusal(other, ledger.ledger_id) == "ledger_missing"
    path.unlink()
    assert refusal(path, ledger.ledger_id) == "ledger_missing"
    assert not path.exists()


def test_a_file_that_is_no_ledger_is_left_as_it_is(ledger: Ledger, path: Path) -> None:
    """It may be all that somebody has."""
    ledger.close()
    rubbish = b"no database at all, but long enough to be a file" * 40
    path.write_bytes(rubbish)
    assert refusal(path, ledger.ledger_id) == "ledger_damaged"
    assert path.read_bytes() == rubbish


def test_a_file_that_cannot_be_opened_is_let_go_at_once(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the thread that tried; it is tried again every few minutes, for days perhaps."""
    ledger.close()
    path.write_bytes(b"no database at all" * 100)
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def remember(*args: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    with pytest.raises(LedgerError) as held:
        Ledger.open(path, expected_id=None)
    assert held.value.key == "ledger_damaged"
    (connection,) = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_an_empty_file_is_not_begun_anew(ledger: Ledger, path: Path) -> None:
    """It may be all that a crash of the disk left of a ledger."""
    ledger.close()
    path.write_bytes(b"")
    for _ in range(2):
        assert refusal(path, ledger.ledger_id) == "ledger_damaged"
    assert content(path) == {}


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    """Even where no ledger is expected."""
    with altering(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerError) as caught:
        Ledger.open(path, expected_id=None)
    assert caught.value.key == "ledger_damaged"
    assert caught.value.placeholders == {"reason": "not a ledger"}
    assert [*content(path)] == ["recipes"]


def test_a_damaged_page_is_found(ledger: Ledger, path: Path) -> None:
    """Whichever page it is, it is never taken for sound."""
    for number in range(40):
        pay(ledger, ROOM, 1_00 + number, f"reference {number}")
    ledger.close()
    whole = path.read_bytes()
    found = 0
    for page in range(1, len(whole) // 4096):
        path.write_bytes(whole[: page * 4096] + b"\x5a" * 4096 + whole[(page + 1) * 4096 :])
        found += refusal(path, ledger.ledger_id) == "ledger_damaged"
    assert found == len(whole) // 4096 - 1


def test_a_ledger_of_a_newer_version_is_not_touched(ledger: Ledger, path: Path) -> None:
    """Someone went back to an older release."""
    ledger.close()
    with altering(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert refusal(path, ledger.ledger_id) == "ledger_too_new"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """There is no such folder; SQLite's own words go with it, into the log."""
    with pytest.raises(LedgerError) as told:
        Ledger.open(tmp_path / "nowhere" / "ledger", expected_id=None)
    assert told.value.key == "ledger_not_writable"
    assert "unable to open database file" in told.value.placeholders["reason"]


def test_an_older_copy_is_noticed_until_it_is_confirmed(ledger: Ledger, path: Path) -> None:
    """The mark beside it knows that there was more."""
    copy = path.with_name("copy")
    ledger.snapshot(copy)
    pay(ledger, ROOM, 1_00, "lost")
    ledger.close()
    shutil.copy(copy, path)
    older = Ledger.open(path, expected_id=ledger.ledger_id)
    assert older.is_restored
    older = reopened(older, path)
    assert older.is_restored
    older.confirm_restored()
    confirmed = reopened(older, path)
    assert not confirmed.is_restored
    confirmed.close()


@pytest.mark.parametrize("text", [None, "", "x y", "another 99\n"])
def test_a_ledger_without_its_own_mark_may_be_an_older_copy(
    ledger: Ledger, path: Path, text: str | None
) -> None:
    """Who copies the file alone has to confirm it."""
    if text is None:
        mark_path(path).unlink()
    else:
        mark_path(path).write_text(text)
    again = reopened(ledger, path)
    assert again.is_restored
    again.close()


def test_a_backup_is_known_for_one(ledger: Ledger, path: Path) -> None:
    """Copied with its mark while it was written to, it is whole, and told from the living one."""
    pay(ledger, ROOM, 1_00, "before")
    ledger.begin_backup()
    pay(ledger, ROOM, 2_00, "meanwhile")
    restored = path.with_name("restored")
    shutil.copy(path, restored)
    shutil.copy(mark_path(path), mark_path(restored))
    ledger.end_backup()
    assert not ledger.is_restored
    backup = Ledger.open(restored, expected_id=ledger.ledger_id)
    backup.check()
    assert backup.is_restored
    assert backup.state(ROOM).balance_micropaise == 1_00 * 1_000_000
    backup.close()
    again = reopened(ledger, path)
    assert not again.is_restored
    assert again.state(ROOM).balance_micropaise == 3_00 * 1_000_000
    again.close()


def test_a_snapshot_is_whole_and_takes_the_place_of_an_older_one(
    ledger: Ledger, path: Path
) -> None:
    """A live file that is copied otherwise may be torn."""
    copy = path.with_name("copy")
    ledger.snapshot(copy)
    use(ledger, ROOM, 1_000)
    ledger.snapshot(copy)
    assert content(copy) == content(path)


def test_a_migration_copies_the_file_before_and_is_done_once(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails leaves the ledger as it was."""
    pay(ledger, ROOM, 1_00, "a")
    ledger.close()
    before = content(path)

    def add_colour(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE tenancy ADD COLUMN colour TEXT")

    def fail(connection: Connection) -> None:
        add_colour(connection)
        connection.exec_driver_sql("SELECT * FROM nothing")

    monkeypatch.setattr(migrations, "MIGRATIONS", (fail,))
    assert refusal(path, ledger.ledger_id) == "ledger_damaged"
    assert content(path) == before
    monkeypatch.setattr(migrations, "MIGRATIONS", (add_colour,))
    for _ in range(2):
        migrated = Ledger.open(path, expected_id=ledger.ledger_id)
        migrated.open_tenancy(opening("next"), now=NOON)
        migrated.close()
    assert content(path.with_name("ledger.v1")) == before
    with altering(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_migrations_are_done_one_after_the_other(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the version that the file has."""
    ledger.close()
    done: list[str] = []
    monkeypatch.setattr(migrations, "MIGRATIONS", (lambda _: done.append("to 2"),))
    Ledger.open(path, expected_id=ledger.ledger_id).close()
    later = [lambda _, name=name: done.append(name) for name in ("never", "to 3", "to 4")]
    monkeypatch.setattr(migrations, "MIGRATIONS", later)
    Ledger.open(path, expected_id=ledger.ledger_id).close()
    assert done == ["to 2", "to 3", "to 4"]
