"""What tests write into a ledger."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
import sqlite3

from custom_components.qube.billing.bills import BillDraft
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import (
    Charge,
    Charged,
    Opening,
    Plan,
    Rates,
    Transaction,
)
from custom_components.qube.billing.postpaid import make_bill, periods
from tests.billing.worlds import HOUR, NOON, a_charge, rates, reading


def opening(
    tenancy_id: str,
    *,
    meter_key: str | None = None,
    total_wh: int = 0,
    opened_at: datetime = NOON,
    opening_credit_paise: int = 0,
    version: Rates | None = None,
) -> Opening:
    """Return a tenancy on a meter of its own."""
    return Opening(
        tenancy_id=tenancy_id,
        tenant=f"Tenant of {tenancy_id}",
        meter_key=meter_key or f"meter of {tenancy_id}",
        meter_name=f"Meter of {tenancy_id}",
        plan=Plan.PREPAID,
        opened=reading(total_wh, opened_at),
        rates=version or rates(valid_from=opened_at),
        opening_credit_paise=opening_credit_paise,
    )


def post(ledger: Ledger, tenancy_id: str, *charges: Charge, now: datetime = NOON) -> None:
    """Book charges that follow the cursor."""
    start = ledger.state(tenancy_id).cursor
    last = charges[-1]
    cursor = reading(last.to_wh, last.to_at, last.source, device_id=last.device_id)
    ledger.post_charges(tenancy_id, start, Charged(charges=charges, cursor=cursor), now=now)


def use(ledger: Ledger, tenancy_id: str, energy_wh: int, *, hours: int = 1) -> Charge:
    """Book so much use of the grid, at ₹6.50, in the next hours."""
    cursor = ledger.state(tenancy_id).cursor
    one = a_charge(
        cursor.total_wh, cursor.total_wh + energy_wh, cursor.read_at, cursor.read_at + hours * HOUR
    )
    post(ledger, tenancy_id, one)
    return one


def pay(
    ledger: Ledger,
    tenancy_id: str,
    amount_paise: int,
    reference: str,
    *,
    now: datetime = NOON,
    is_confirmed: bool = True,
) -> tuple[Transaction, bool]:
    """Record a payment by UPI."""
    return ledger.record_payment(
        tenancy_id,
        amount_paise=amount_paise,
        reference=reference,
        method="UPI",
        paid_at=now,
        now=now,
        is_confirmed=is_confirmed,
    )


def bill_of_first_month(ledger: Ledger, tenancy_id: str) -> BillDraft:
    """Return the bill of what is left of the first month."""
    record = ledger.tenancy(tenancy_id)
    assert record is not None
    period = next(periods(record.opened.read_at, 1, record.opened.read_at + timedelta(days=40)))
    return make_bill(
        record,
        period,
        rates=ledger.rates(tenancy_id),
        charges=ledger.charge_lines(tenancy_id, period.start, period.end),
        transactions=ledger.transactions(tenancy_id, with_charges=False),
        previous=None,
        last_day=None,
    )


@contextmanager
def altering(path: Path, *, with_triggers: bool = True) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a file, which is altered behind the ledger's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        if not with_triggers:
            names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            for (name,) in names.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        yield connection


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of a ledger, read as any other program would."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608
            for (name,) in tables.fetchall()
        }
