"""From an older schema of a ledger to the present one, with a copy of the file before each."""

from collections.abc import Callable
import os
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from .database import reading, writing

type Migration = Callable[[Connection], None]

# The first entry leads from version 1 to 2. Entries are never changed, only added.
MIGRATIONS: Final[tuple[Migration, ...]] = ()


def newest_version(migrations: tuple[Migration, ...]) -> int:
    """Return the version of the schema that this program writes."""
    return len(migrations) + 1


def version_of(connection: Connection) -> int:
    """Return the version of the schema of a file; 0 where there is none yet."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def set_version(connection: Connection, version: int) -> None:
    """Store the version of the schema; part of the transaction."""
    connection.exec_driver_sql(f"PRAGMA user_version = {version:d}")


def migrate(connection: Connection, path: Path, migrations: tuple[Migration, ...]) -> None:
    """Bring a file to the newest version, each step a transaction of its own.

    Before each the file is copied to `<name>.v<version>`. That copy is made anew if a step was
    broken off, and kept after it.
    """
    with reading(connection):
        oldest = version_of(connection)
    for version in range(oldest, newest_version(migrations)):
        snapshot(connection, path.with_name(f"{path.name}.v{version}"))
        with writing(connection):
            migrations[version - 1](connection)
            set_version(connection, version + 1)


def snapshot(connection: Connection, target: Path) -> None:
    """Write a whole copy of the ledger to a file, in place of one that is there."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with connection.begin():
        connection.exec_driver_sql("VACUUM INTO ?", (str(unfinished),))
    sync(unfinished)
    unfinished.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have a file or a folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
