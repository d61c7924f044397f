"""What the file itself refuses, whoever writes to it."""

from pathlib import Path
import sqlite3

import pytest

from custom_components.qube.billing.database import connect
from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Source, SupplyReason
from tests.billing.books import altering, bill_of_first_month, pay, post, use
from tests.billing.worlds import HOUR, NOON, a_charge

ROOM = "room-101"


@pytest.fixture
def full(ledger: Ledger, path: Path) -> Path:
    """Return the file of a ledger with a row of everything."""
    pay(ledger, ROOM, 10_00, "a")
    use(ledger, ROOM, 1_000)
    ledger.issue_bill(bill_of_first_month(ledger, ROOM), now=NOON)
    cut = ledger.add_intent(ROOM, power_on=False, reason=SupplyReason.LOW_BALANCE, now=NOON)
    ledger.settle_intent(cut.intent_id, is_confirmed=True, now=NOON)
    ledger.close_tenancy(ROOM, closed_at=NOON)
    return path


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM rates", "never deleted"),
        ("DELETE FROM journal", "never deleted"),
        ("DELETE FROM posting", "never deleted"),
        ("DELETE FROM device", "never deleted"),
        ("DELETE FROM charge", "never deleted"),
        ("DELETE FROM line", "never deleted"),
        ("DELETE FROM bill", "never deleted"),
        ("DELETE FROM tenancy", "never deleted"),
        ("DELETE FROM account", "never deleted"),
        ("DELETE FROM intent", "never deleted"),
        ("UPDATE rates SET eb_millipaise_per_kwh = 1", "never changed"),
        ("UPDATE journal SET note = 'x'", "never changed"),
        ("UPDATE posting SET micropaise = 1", "never changed"),
        ("UPDATE device SET device_id = 'x'", "never changed"),
        ("UPDATE charge SET source = 'dg'", "never changed"),
        ("UPDATE line SET from_at = 0", "never changed"),
        ("UPDATE bill SET document = '{}'", "never changed"),
        ("UPDATE tenancy SET opened_wh = 1", "never changed"),
        ("UPDATE tenancy SET closed_at = NULL", "ended already"),
        ("UPDATE tenancy SET closed_at = closed_at + 1", "ended already"),
        ("UPDATE intent SET reason = 'paid'", "ended already"),
        ("UPDATE intent SET is_confirmed = 0", "ended already"),
        ("UPDATE account SET cursor_wh = cursor_wh - 1", "the cursor falls"),
        ("UPDATE account SET cursor_at = cursor_at - 1", "the cursor falls"),
        ("INSERT OR REPLACE INTO posting SELECT transaction_id, account, 7 FROM posting", "never"),
        ("REPLACE INTO bill SELECT id, tenancy, 1, 2, 3, NULL, '' FROM bill", "never"),
        ("INSERT INTO posting VALUES (99, 'tenant', 1)", "FOREIGN KEY"),
        ("INSERT INTO posting VALUES (1, 'tax', 0)", "CHECK"),
        ("INSERT INTO posting VALUES (1, 'tax', 'much')", "cannot store TEXT"),
        (
            """INSERT INTO charge SELECT tenancy, to_at, to_wh + 1, to_at, to_wh + 2, device,
            register_wh, source, 1, 0, 0, transaction_id FROM charge""",
            "not contiguous",
        ),
    ],
)
def test_the_past_cannot_be_rewritten(full: Path, statement: str, message: str) -> None:
    """Not even with the ledger's own connection."""
    connection = connect(full, is_new=False)
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    with pytest.raises(sqlite3.Error, match=message):
        raw.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            "UPDATE posting SET micropaise = micropaise + 1 WHERE account = 'tenant'",
            "postings do not sum to zero",
        ),
        (
            "UPDATE account SET balance_micropaise = balance_micropaise + 1",
            "a balance is not the sum of its postings",
        ),
        (
            "UPDATE account SET cursor_wh = cursor_wh + 1",
            "an account is not charged up to its cursor",
        ),
        ("UPDATE charge SET from_wh = from_wh + 1", "a row of line refers to one that is missing"),
        (
            "UPDATE charge SET from_wh = from_wh + 1; UPDATE line SET from_wh = from_wh + 1",
            "charges are not contiguous",
        ),
        (
            "UPDATE charge SET millipaise_per_kwh = millipaise_per_kwh + 1",
            "a charge is not booked as it is",
        ),
        ("UPDATE charge SET transaction_id = 1", "a charge is not booked as it is"),
        ("UPDATE bill SET id = 2", "numbers of bills are missing"),
        ("DELETE FROM account", "a tenancy has no account"),
        ("DELETE FROM rates", "a tenancy has no account"),
        ("DELETE FROM charge", "a row of line refers to one that is missing"),
        ("DELETE FROM line; DELETE FROM charge", "an account is not charged up to its cursor"),
        ("UPDATE journal SET tenancy = 7", "a row of journal refers to one that is missing"),
    ],
)
def test_what_was_rewritten_all_the_same_is_found(
    full: Path, ledger: Ledger, damage: str, reason: str
) -> None:
    """With the triggers taken away; a sick ledger is not opened, and says what it has."""
    ledger.close()
    with altering(full, with_triggers=False) as connection:
        connection.executescript(damage)
    with pytest.raises(LedgerError) as caught:
        Ledger.open(full, expected_id=ledger.ledger_id)
    assert caught.value.key == "ledger_damaged"
    assert caught.value.placeholders == {"reason": reason}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM line",
        "DELETE FROM line WHERE from_wh = 0",
        "DELETE FROM line WHERE from_wh = 2000",
        "INSERT INTO line SELECT tenancy, from_at, from_wh FROM charge WHERE from_wh = 1000",
        "UPDATE charge SET is_estimated = 1 WHERE from_wh = 1000",
        "UPDATE charge SET device = 2 WHERE from_wh = 3000",
    ],
)
def test_a_line_that_begins_at_another_charge_is_found(
    ledger: Ledger, path: Path, damage: str
) -> None:
    """Of four charges the first two, and the last two, are one: a statement would say otherwise."""
    for source in (Source.EB, Source.EB, Source.DG, Source.DG):
        cursor = ledger.state(ROOM).cursor
        begins_wh, begins_at = cursor.total_wh, cursor.read_at
        post(
            ledger,
            ROOM,
            a_charge(begins_wh, begins_wh + 1_000, begins_at, begins_at + HOUR, source),
        )
    ledger.close()
    Ledger.open(path, expected_id=ledger.ledger_id).close()
    with altering(path, with_triggers=False) as connection:
        connection.execute("INSERT INTO device VALUES (2, 'another')")
        connection.execute(damage)
    with pytest.raises(LedgerError) as caught:
        Ledger.open(path, expected_id=ledger.ledger_id)
    reason = caught.value.placeholders["reason"]
    assert reason == "a line does not begin where charges differ"


def test_only_what_may_be_unknown_may_be_missing(full: Path) -> None:
    """Everything else has a value in each row."""
    missing: dict[str, list[str]] = {}
    with altering(full) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for _, name, _, is_required, _, key in connection.execute(
                f"PRAGMA table_info({table})"
            ):
                if not is_required and not key:
                    missing.setdefault(table, []).append(name)
    assert missing == {
        "tenancy": ["opened_source", "closed_at"],
        "account": ["cursor_source"],
        "journal": ["key", "reference", "method", "note", "reverses"],
        "bill": ["transaction_id"],
        "intent": ["settled_at", "is_confirmed"],
    }


def test_a_reversal_that_does_not_cancel_is_found(ledger: Ledger, path: Path) -> None:
    """The sums would be right, and the money wrong."""
    paid, _ = pay(ledger, ROOM, 10_00, "a")
    ledger.reverse(paid.transaction_id, reason="", now=NOON)
    ledger.close()
    with altering(path, with_triggers=False) as connection:
        connection.execute(
            "UPDATE posting SET micropaise = micropaise / 2 WHERE transaction_id = 2"
        )
        connection.execute("UPDATE account SET balance_micropaise = 500000000")
    with pytest.raises(LedgerError, match="ledger_damaged"):
        Ledger.open(path, expected_id=ledger.ledger_id)
