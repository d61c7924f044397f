"""The file of a ledger: connections, transactions on them, and SQLite's errors as billing's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sqlite3
from typing import Final

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from .errors import BillingError, LedgerError, RefusedError

# Another program that reads the file may hold it up for so long, in seconds.
_BUSY_TIMEOUT: Final = 10

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # With NORMAL a power failure may take back what was acknowledged.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Without it INSERT OR REPLACE deletes rows past the triggers.
    "PRAGMA recursive_triggers = ON",
)

# SQLITE_ERROR is any other trouble with tables that this program made itself.
_DAMAGED: Final = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR}
)


@contextmanager
def billing_errors() -> Iterator[None]:
    """Turn errors of SQLite and of files into those of billing."""
    try:
        yield
    except IntegrityError as err:
        raise RefusedError("ledger_refuses", {"reason": str(err.orig)}) from err
    except DBAPIError as err:
        raise _error_of(err.orig) from err
    except (sqlite3.Error, OSError) as err:
        raise _error_of(err) from err


def _error_of(err: BaseException | None) -> BillingError:
    # The lowest byte is the kind of error, the others say more of it.
    code = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF
    key = "ledger_damaged" if code in _DAMAGED else "ledger_not_writable"
    return LedgerError(key, {"reason": str(err)})


@contextmanager
def writing(connection: Connection) -> Iterator[Connection]:
    """Do all of it or nothing; it is on the disk when this returns."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        yield connection


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """Read one state of the ledger; within another transaction, the state of that one."""
    if connection.in_transaction():
        yield connection
        return
    with _transaction(connection, "BEGIN"):
        yield connection


@contextmanager
def _transaction(connection: Connection, begin: str) -> Iterator[None]:
    with billing_errors():
        # Where a rollback failed, too, the last transaction is still there.
        connection.connection.rollback()
        try:
            with connection.begin():
                connection.exec_driver_sql(begin)
                yield
        except BaseException:
            # A commit that failed leaves SQLite in the transaction, and nothing could follow it.
            connection.connection.rollback()
            raise


def connect(path: Path, *, is_new: bool) -> Connection:
    """Open a file for the thread that calls."""
    uri = f"{path.absolute().as_uri()}?mode={'rwc' if is_new else 'rw'}"

    def opened() -> sqlite3.Connection:
        # Transactions are begun by hand: the driver's own would not be immediate.
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT)

    connection = create_engine("sqlite://", creator=opened, poolclass=NullPool).connect()
    try:
        for pragma in _PRAGMAS:
            connection.exec_driver_sql(pragma)
        connection.rollback()
    except BaseException:
        # Here, not by the garbage collector: in another thread it cannot be closed.
        connection.close()
        raise
    return connection
