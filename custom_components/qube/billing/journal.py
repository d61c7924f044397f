"""What is in the ledger, read into the models of billing.

`number` is the number of a tenancy. A range of time includes its start and not its end; a charge
counts where it begins.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, func, literal, null, select

from .bills import BillDraft, StoredBill
from .errors import RefusedError
from .models import (
    Account,
    AccountState,
    Plan,
    Rates,
    RateTimeline,
    Reading,
    Source,
    TenancyRecord,
    Transaction,
    TransactionKind,
)
from .schema import (
    HAS_KEY,
    account,
    bill,
    charge,
    instant,
    journal,
    microseconds,
    posting,
    rates,
    tenancy,
)

_NUMBER: Final[BindParameter[int]] = bindparam("number")
_START: Final[BindParameter[int]] = bindparam("start")
_END: Final[BindParameter[int]] = bindparam("end")

_TENANCY: Final = select(tenancy).where(tenancy.c.tenancy_id == bindparam("tenancy_id"))
_RUNNING: Final = select(tenancy).where(
    tenancy.c.meter_key == bindparam("meter_key"), tenancy.c.closed_at.is_(None)
)
_TENANCIES: Final = select(tenancy).order_by(tenancy.c.id)
_ACCOUNT: Final = select(account).where(account.c.tenancy == _NUMBER)
_RATES: Final = select(rates).where(rates.c.tenancy == _NUMBER).order_by(rates.c.valid_from)
_BILLS: Final = select(bill).where(bill.c.tenancy == _NUMBER).order_by(bill.c.id)
_BILLS_BACKWARDS: Final = (
    select(bill).where(bill.c.tenancy == _NUMBER).order_by(bill.c.period_start.desc())
)
_BILL: Final = select(bill).where(bill.c.id == _NUMBER)

_BOOKED: Final = (
    select(journal, tenancy.c.tenancy_id, posting.c.account, posting.c.micropaise)
    .join_from(journal, tenancy)
    .outerjoin(posting, posting.c.transaction_id == journal.c.id)
)
_ONE: Final = (
    _BOOKED.add_columns(charge.c.from_wh)
    .outerjoin(
        charge,
        and_(
            charge.c.tenancy == journal.c.tenancy,
            charge.c.from_at == journal.c.effective_at,
            charge.c.transaction_id == journal.c.id,
        ),
    )
    .where(journal.c.id == _NUMBER)
)
_IN_TIME: Final = and_(
    HAS_KEY,
    journal.c.tenancy == _NUMBER,
    journal.c.effective_at >= _START,
    journal.c.effective_at < _END,
)
_AFTER: Final = journal.c.id > bindparam("after_id")
_CHARGED_IN_TIME: Final = and_(
    charge.c.tenancy == _NUMBER, charge.c.from_at >= _START, charge.c.from_at < _END
)
_OTHERS: Final = _BOOKED.add_columns(null().label("from_wh")).where(_IN_TIME, _AFTER)
_CHARGES: Final = (
    _BOOKED.add_columns(charge.c.from_wh)
    .join(charge, charge.c.transaction_id == journal.c.id)
    .where(_CHARGED_IN_TIME, _AFTER)
)

_USE: Final = charge.c.to_wh - charge.c.from_wh
# Exact: the rates are made so that the tax of a kWh is a whole number of millipaise.
_PRICE: Final = (
    charge.c.millipaise_per_kwh + charge.c.millipaise_per_kwh * charge.c.tax_basis_points // 10_000
)
_TOTALS: Final = (
    select(charge.c.source, func.sum(_USE), func.sum(_USE * _PRICE))
    .where(_CHARGED_IN_TIME)
    .group_by(charge.c.source)
)
_BOOKED_SUM: Final = (
    select(func.coalesce(func.sum(posting.c.micropaise), literal(0)))
    .join_from(journal, posting, posting.c.transaction_id == journal.c.id)
    .where(_IN_TIME, posting.c.account == Account.TENANT.value)
)
_CHARGED_SUM: Final = select(func.coalesce(func.sum(_USE * _PRICE), literal(0))).where(
    _CHARGED_IN_TIME
)


def tenancy_row(connection: Connection, tenancy_id: str) -> Row[Any]:
    """Return the row of a tenancy; RefusedError where there is none."""
    row = connection.execute(_TENANCY, {"tenancy_id": tenancy_id}).first()
    if row is None:
        raise RefusedError("tenancy_unknown")
    return row


def number_of(connection: Connection, tenancy_id: str) -> int:
    """Return the number of a tenancy; RefusedError where there is none."""
    return int(tenancy_row(connection, tenancy_id).id)


def tenancy_of(connection: Connection, tenancy_id: str) -> TenancyRecord | None:
    """Return a tenancy."""
    row = connection.execute(_TENANCY, {"tenancy_id": tenancy_id}).first()
    return None if row is None else record_of(row)


def running_tenancy_of(connection: Connection, meter_key: str) -> TenancyRecord | None:
    """Return the tenancy that runs on a meter."""
    row = connection.execute(_RUNNING, {"meter_key": meter_key}).first()
    return None if row is None else record_of(row)


def tenancies(connection: Connection) -> list[TenancyRecord]:
    """Return all tenancies by their number."""
    return [record_of(row) for row in connection.execute(_TENANCIES)]


def record_of(row: Row[Any]) -> TenancyRecord:
    """Return a tenancy from its row."""
    return TenancyRecord(
        tenancy_id=row.tenancy_id,
        number=row.id,
        tenant=row.tenant,
        meter_key=row.meter_key,
        meter_name=row.meter_name,
        plan=Plan(row.plan),
        opened=Reading(
            total_wh=row.opened_wh,
            read_at=instant(row.opened_at),
            device_id=row.opened_device_id,
            register_wh=row.opened_register_wh,
            source=source_of(row.opened_source),
        ),
        closed_at=None if row.closed_at is None else instant(row.closed_at),
    )


def source_of(stored: str | None) -> Source | None:
    """Return a source from how it is stored."""
    return None if stored is None else Source(stored)


def state(connection: Connection, number: int) -> AccountState:
    """Return the balance of a tenancy and how far it is charged."""
    row = connection.execute(_ACCOUNT, {"number": number}).one()
    return AccountState(
        balance_micropaise=row.balance_micropaise,
        cursor=Reading(
            total_wh=row.cursor_wh,
            read_at=instant(row.cursor_at),
            device_id=row.cursor_device_id,
            register_wh=row.cursor_register_wh,
            source=source_of(row.cursor_source),
            is_watched=bool(row.cursor_is_watched),
        ),
    )


def rate_timeline(connection: Connection, number: int) -> RateTimeline:
    """Return all versions of a tenancy's rates."""
    return tuple(
        Rates(
            valid_from=instant(row.valid_from),
            eb_millipaise_per_kwh=row.eb_millipaise_per_kwh,
            dg_millipaise_per_kwh=row.dg_millipaise_per_kwh,
            monthly_charge_paise=row.monthly_charge_paise,
            tax_basis_points=row.tax_basis_points,
        )
        for row in connection.execute(_RATES, {"number": number})
    )


def bills(connection: Connection, number: int) -> list[StoredBill]:
    """Return a tenancy's bills, oldest first."""
    return [bill_of(row) for row in connection.execute(_BILLS, {"number": number})]


def last_bill(connection: Connection, number: int, due_by: datetime | None) -> StoredBill | None:
    """Return a tenancy's newest bill, or the newest that was to be paid by a time."""
    with connection.execute(_BILLS_BACKWARDS, {"number": number}) as rows:
        for row in rows:
            newest = bill_of(row)
            due_at = newest.draft.due_at
            if due_by is None or (due_at is not None and due_at <= due_by):
                return newest
    return None


def bill_numbered(connection: Connection, number: int) -> StoredBill | None:
    """Return one bill."""
    row = connection.execute(_BILL, {"number": number}).first()
    return None if row is None else bill_of(row)


def bill_of(row: Row[Any]) -> StoredBill:
    """Return a bill from its row."""
    draft = BillDraft.from_document(row.document)
    return StoredBill(number=row.id, issued_at=instant(row.issued_at), draft=draft)


def transaction(connection: Connection, number: int) -> Transaction | None:
    """Return one transaction."""
    return next(iter(_transactions(connection.execute(_ONE, {"number": number}))), None)


def transactions(
    connection: Connection,
    number: int,
    start: datetime | None,
    end: datetime | None,
    *,
    with_charges: bool,
    after_id: int,
) -> list[Transaction]:
    """Return a tenancy's transactions of a time, in its order."""
    span = {**span_of(number, start, end), "after_id": after_id}
    found = _transactions(connection.execute(_OTHERS, span))
    if with_charges:
        found += _transactions(connection.execute(_CHARGES, span))
    return sorted(found, key=lambda booked: (booked.effective_at, booked.transaction_id))


def _transactions(rows: Iterable[Row[Any]]) -> list[Transaction]:
    """Put the postings of each transaction, rows that follow each other, together."""
    found = []
    for _, group in groupby(rows, key=lambda row: row.id):
        parts = list(group)
        row = parts[0]
        found.append(
            Transaction(
                transaction_id=row.id,
                tenancy_id=row.tenancy_id,
                kind=TransactionKind(row.kind),
                key=row.key or f"charge:{row.tenancy_id}:{row.from_wh}",
                effective_at=instant(row.effective_at),
                recorded_at=instant(row.recorded_at),
                postings={Account(part.account): part.micropaise for part in parts if part.account},
                reference=row.reference,
                method=row.method,
                note=row.note,
                reverses=row.reverses,
            )
        )
    return found


def totals(
    connection: Connection, number: int, start: datetime, end: datetime
) -> dict[Source, tuple[int, int]]:
    """Return the Wh charged of each source, and what they cost in micropaise with tax."""
    rows = connection.execute(_TOTALS, span_of(number, start, end))
    return {Source(source): (energy, cost) for source, energy, cost in rows}


def balance_at(connection: Connection, number: int, time: datetime) -> int:
    """Return the balance in micropaise from all that was effective before a time."""
    span = span_of(number, None, time)
    booked: int = connection.execute(_BOOKED_SUM, span).scalar_one()
    charged: int = connection.execute(_CHARGED_SUM, span).scalar_one()
    return booked - charged


def span_of(number: int, start: datetime | None, end: datetime | None) -> dict[str, int]:
    """Return the parameters of a query over a time of a tenancy."""
    return {
        "number": number,
        "start": -(2**63) if start is None else microseconds(start),
        "end": 2**63 - 1 if end is None else microseconds(end),
    }
