"""The file of a ledger: made, opened, copied, and known again."""

from pathlib import Path
import sqlite3
from typing import Final, Self
import uuid

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from . import migrations
from .database import billing_errors, connect, reading, writing
from .errors import LedgerError
from .health import check, check_file
from .mark import Mark, read_mark, write_mark
from .schema import APPLICATION_ID, METADATA, meta
from .triggers import triggers

# How much is in the ledger that no meter could tell again; it only grows.
_SEQUENCE: Final = """
    SELECT coalesce((SELECT max(id) FROM journal), 0) + coalesce((SELECT max(id) FROM rates), 0)
        + coalesce((SELECT max(id) FROM bill), 0)
"""

# SQLite's own default.
_CHECKPOINT_PAGES: Final = 1_000

_IN_BACKUP: Final = "is_in_backup"
_RESTORED: Final = "is_restored"

# The files that a backup of this process copies now. Whoever opens one of them meanwhile has no
# copy before him, though it says so.
_copied_now: Final[set[Path]] = set()


class LedgerFile:
    """An open file, who it is, and whether it is an older copy."""

    def __init__(self, connection: Connection, path: Path) -> None:
        """Take over a connection to a file that is sound."""
        self.connection = connection
        self._path = path
        self._meta = _read_meta(connection)
        self.ledger_id = self._meta["ledger_id"]

    @classmethod
    def open(cls, path: Path, *, expected_id: str | None) -> Self:
        """Open a file, or make it where none is expected."""
        is_new = not path.exists()
        if is_new and expected_id is not None:
            raise LedgerError("ledger_missing")
        with billing_errors():
            connection = connect(path, is_new=is_new)
            try:
                if path in _copied_now:
                    _let_alone(connection, is_on=True)
                _prepare(connection, path, is_expected=expected_id is not None)
                file = cls(connection, path)
                file._check_id(expected_id)
                file._look_for_older_copy()
            except BaseException:
                connection.close()
                raise
        return file

    def _check_id(self, expected_id: str | None) -> None:
        if expected_id not in {None, self.ledger_id}:
            # Another ledger is in its place.
            raise LedgerError("ledger_missing")

    @property
    def is_in_backup(self) -> bool:
        """Return whether it says that a backup copies it."""
        return self._meta[_IN_BACKUP] == "1"

    @property
    def is_restored(self) -> bool:
        """Return whether it is an older copy that nobody has confirmed."""
        return self._meta[_RESTORED] == "1"

    def _look_for_older_copy(self) -> None:
        """See whether more was in the ledger before, or whether the file comes from a backup."""
        mark = read_mark(self._path)
        sequence = self._sequence()
        is_first = mark is None and sequence == 0
        is_behind = not is_first and (
            mark is None or mark.ledger_id != self.ledger_id or mark.sequence > sequence
        )
        is_copied_now = self._path in _copied_now
        if is_behind or (self.is_in_backup and not is_copied_now):
            self._remember(**{_RESTORED: "1", _IN_BACKUP: "1" if is_copied_now else "0"})
        elif is_first:
            self.write_mark()

    def confirm_restored(self) -> None:
        """Take the file for the present one from now on."""
        self.write_mark()
        self._remember(**{_RESTORED: "0"})

    def write_mark(self) -> None:
        """Write down beside the file how far it has come."""
        with billing_errors():
            write_mark(self._path, Mark(ledger_id=self.ledger_id, sequence=self._sequence()))

    def begin_backup(self) -> None:
        """Leave the file alone from now on: what is written goes into the log beside it.

        The file and any beginning of its log are one whole state, so they can be copied one after
        the other while charges go on, also by whoever closes and opens it meanwhile.
        """
        # Before it is marked: what fails half-way was no copy either.
        _copied_now.add(self._path)
        self._remember(**{_IN_BACKUP: "1"})
        with billing_errors():
            self.connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        _let_alone(self.connection, is_on=True)

    def end_backup(self) -> None:
        """Let the log go into the file again."""
        _copied_now.discard(self._path)
        self._remember(**{_IN_BACKUP: "0"})
        _let_alone(self.connection, is_on=False)

    def snapshot(self, path: Path) -> None:
        """Write a whole copy."""
        with billing_errors():
            migrations.snapshot(self.connection, path)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _sequence(self) -> int:
        with reading(self.connection) as connection:
            return int(connection.exec_driver_sql(_SEQUENCE).scalar_one())

    def _remember(self, **facts: str) -> None:
        with writing(self.connection) as connection:
            _write_meta(connection, facts)
        self._meta |= facts


def _let_alone(connection: Connection, *, is_on: bool) -> None:
    """Keep what is written out of the file, also when it is closed, or let it in again."""
    with billing_errors():
        pages = 0 if is_on else _CHECKPOINT_PAGES
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {pages:d}")
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101
        driver.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_on)
        connection.rollback()


def _prepare(connection: Connection, path: Path, *, is_expected: bool) -> None:
    """Make the tables, or bring them to the newest version, and check what is in them."""
    with reading(connection):
        version = migrations.version_of(connection)
        application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if not tables and not is_expected:
        _create(connection)
        return
    if application != APPLICATION_ID:
        raise LedgerError("ledger_damaged", {"reason": "not a ledger"})
    if version > migrations.newest_version(migrations.MIGRATIONS):
        raise LedgerError("ledger_too_new")
    # What cannot be written to is told now, and not with the first payment.
    with writing(connection):
        check_file(connection)
    migrations.migrate(connection, path, migrations.MIGRATIONS)
    with reading(connection):
        check(connection)


def _create(connection: Connection) -> None:
    with writing(connection):
        METADATA.create_all(connection)
        for trigger in triggers():
            connection.exec_driver_sql(trigger)
        _write_meta(connection, {"ledger_id": uuid.uuid4().hex, _IN_BACKUP: "0", _RESTORED: "0"})
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID:d}")
        migrations.set_version(connection, migrations.newest_version(migrations.MIGRATIONS))


def _read_meta(connection: Connection) -> dict[str, str]:
    with reading(connection):
        return {row.name: row.value for row in connection.execute(select(meta))}


def _write_meta(connection: Connection, facts: dict[str, str]) -> None:
    statement = insert(meta)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": statement.excluded.value}
        ),
        [{"name": name, "value": value} for name, value in facts.items()],
    )
