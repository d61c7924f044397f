"""Whatever fails, and wherever: the old state or the new one, and nothing between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
import sqlite3

import pytest
from sqlalchemy import event

from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Charged, Source, SupplyReason
from tests.billing.books import bill_of_first_month, content, opening, pay
from tests.billing.worlds import HOUR, NOON, a_charge, rates, reading

ROOM = "room-101"


def charge(ledger: Ledger) -> None:
    """Book two charges of two sources."""
    charges = (
        a_charge(2_000, 3_000, NOON + HOUR, NOON + 2 * HOUR),
        a_charge(3_000, 3_500, NOON + 2 * HOUR, NOON + 3 * HOUR, Source.DG, device_id="another"),
    )
    charged = Charged(charges=charges, cursor=reading(3_500, NOON + 3 * HOUR))
    ledger.post_charges(ROOM, ledger.state(ROOM).cursor, charged, now=NOON)


OPERATIONS: dict[str, Callable[[Ledger], object]] = {
    "open a tenancy": lambda ledger: ledger.open_tenancy(
        opening("new", opening_credit_paise=100), now=NOON
    ),
    "rename": lambda ledger: ledger.rename(ROOM, tenant="x", meter_name="y"),
    "add rates": lambda ledger: ledger.add_rates(
        ROOM, rates(1, 2, valid_from=NOON + 9 * HOUR), now=NOON
    ),
    "charge": charge,
    "pay": lambda ledger: pay(ledger, ROOM, 77, "new"),
    "adjust": lambda ledger: ledger.record_adjustment(
        ROOM, amount_paise=-5, reason="r", reference="new", now=NOON
    ),
    "reverse": lambda ledger: ledger.reverse(1, reason="r", now=NOON),
    "bill": lambda ledger: ledger.issue_bill(bill_of_first_month(ledger, ROOM), now=NOON),
    "close": lambda ledger: ledger.close_tenancy(ROOM, closed_at=NOON),
    "want": lambda ledger: ledger.add_intent(
        ROOM, power_on=False, reason=SupplyReason.OVERDUE, now=NOON
    ),
    "settle": lambda ledger: ledger.settle_intent(1, is_confirmed=True, now=NOON),
    "hold": lambda ledger: ledger.set_hold(ROOM, is_held=True),
}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a ledger with something in it, closed."""
    path = tmp_path / "template"
    ledger = Ledger.open(path, expected_id=None)
    version = rates(monthly_charge_paise=100_00)
    ledger.open_tenancy(opening(ROOM, version=version), now=NOON)
    pay(ledger, ROOM, 500, "old")
    charged = Charged(charges=(a_charge(0, 2_000),), cursor=reading(2_000, NOON + HOUR))
    ledger.post_charges(ROOM, ledger.state(ROOM).cursor, charged, now=NOON)
    ledger.add_intent(ROOM, power_on=True, reason=SupplyReason.PAID, now=NOON)
    ledger.close()
    return path


def copy_of(template: Path, name: str) -> Path:
    """Return a copy, with its mark."""
    path = template.with_name(name)
    shutil.copy(template, path)
    shutil.copy(f"{template}.mark", f"{path}.mark")
    return path


@contextmanager
def failing_at(ledger: Ledger, number: int) -> Iterator[list[str]]:
    """Let the statement of a number fail, commits counted, too; yield those that were run."""
    run: list[str] = []

    def count(statement: str) -> None:
        run.append(statement)
        if len(run) == number:
            raise sqlite3.OperationalError("disk I/O error")

    def on_execute(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        count(statement)

    def on_commit(_connection: object) -> None:
        count("COMMIT")

    engine = ledger._connection.engine
    event.listen(engine, "before_cursor_execute", on_execute)
    event.listen(engine, "commit", on_commit)
    try:
        yield run
    finally:
        event.remove(engine, "before_cursor_execute", on_execute)
        event.remove(engine, "commit", on_commit)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_each_statement_can_fail(template: Path, operation: Callable[[Ledger], object]) -> None:
    """Then nothing has happened, the ledger goes on, and trying again does all of it."""
    whole = copy_of(template, "whole")
    ledger = Ledger.open(whole, expected_id=None)
    old = content(whole)
    with failing_at(ledger, 0) as statements:
        operation(ledger)
    new = content(whole)
    ledger.close()
    assert new != old
    for number in range(1, len(statements) + 1):
        path = copy_of(template, f"failing {number}")
        ledger = Ledger.open(path, expected_id=None)
        with failing_at(ledger, number), pytest.raises((LedgerError, sqlite3.OperationalError)):
            operation(ledger)
        # After the commit only the mark is left to write.
        is_done = "COMMIT" in statements[: number - 1] and content(path) == new
        assert is_done or content(path) == old, statements[number - 1]
        ledger.check()
        operation(ledger)
        assert content(path) == new or is_done
        ledger.close()
        again = Ledger.open(path, expected_id=None)
        assert not again.is_restored
        again.close()


@pytest.mark.parametrize(
    "operation",
    [OPERATIONS[name] for name in ("open a tenancy", "charge", "pay", "bill", "want")],
)
def test_a_full_disk_changes_nothing(template: Path, operation: Callable[[Ledger], object]) -> None:
    """It is told as such, and once there is room again all goes on."""
    path = copy_of(template, "full")
    ledger = Ledger.open(path, expected_id=None)
    ledger._connection.exec_driver_sql("PRAGMA max_page_count = 1").all()
    ledger._connection.rollback()
    fill = 0
    with pytest.raises(LedgerError, match="ledger_not_writable"):  # noqa: PT012
        while True:
            fill += 1
            before = content(path)
            pay(ledger, ROOM, fill, f"{'long ' * 60}{fill}")
    assert content(path) == before
    ledger.check()
    ledger._connection.exec_driver_sql("PRAGMA max_page_count = 1000000").all()
    ledger._connection.rollback()
    operation(ledger)
    ledger.check()
    ledger.close()
