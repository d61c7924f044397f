"""Broken off at any step inside a statement, or at any byte that is written."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
import resource
import sqlite3

import pytest

from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from tests.billing.books import content
from tests.billing.test_ledger_faults import OPERATIONS, copy_of, template

__all__ = ["template"]

MONEY = ("open a tenancy", "charge", "pay", "reverse", "bill")


def done(template: Path, name: str) -> tuple[dict[str, list[tuple[object, ...]]], int]:
    """Return what is in a copy after an operation, and the size of its log."""
    path = copy_of(template, "done")
    ledger = Ledger.open(path, expected_id=None)
    OPERATIONS[name](ledger)
    after = content(path), Path(f"{path}-wal").stat().st_size
    ledger.close()
    return after


@contextmanager
def broken_off_after(ledger: Ledger, steps: int, *, for_good: bool) -> Iterator[None]:
    """Let SQLite give up after so many steps of its machine, once, or from then on."""
    run = 0

    def give_up() -> bool:
        nonlocal run
        run += 1
        return run > steps if for_good else run == steps + 1

    driver = ledger._connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_progress_handler(give_up, 1)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 1)


@contextmanager
def room_for(file_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("name", MONEY)
def test_broken_off_at_any_step_nothing_has_happened(
    template: Path, name: str, *, for_good: bool
) -> None:
    """Dozens of steps within each operation, one after the other on the same ledger.

    For good, what SQLite does to undo it is broken off as well.
    """
    new, _ = done(template, name)
    ledger = Ledger.open(template, expected_id=None)
    old = content(template)
    failures = 0
    while content(template) == old:
        # Where nothing is broken off any more, it is done.
        with broken_off_after(ledger, 23 * failures, for_good=for_good), suppress(LedgerError):
            OPERATIONS[name](ledger)
        failures += 1
    assert failures > 10
    assert content(template) == new
    ledger.check()
    ledger.close()


@pytest.mark.parametrize("name", MONEY)
def test_a_disk_that_is_full_at_any_byte_changes_nothing(template: Path, name: str) -> None:
    """The log is written in part; what is in it counts only with its commit."""
    new, size = done(template, name)
    ledger = Ledger.open(template, expected_id=None)
    old = content(template)
    failures = 0
    for file_bytes in range(0, size, 1_000):
        with pytest.raises(LedgerError, match="ledger_not_writable"), room_for(file_bytes):
            OPERATIONS[name](ledger)
        assert content(template) == old
        failures += 1
    assert failures > 3
    OPERATIONS[name](ledger)
    assert content(template) == new
    ledger.check()
    ledger.close()
