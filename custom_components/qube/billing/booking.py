"""How payments, adjustments, reversals and bills are booked: each once, by its key."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select

from . import journal as reading
from .bills import BillDraft, StoredBill
from .errors import InvalidAmountError, RefusedError
from .models import Account, Transaction, TransactionKind
from .money import MAX_AMOUNT_PAISE, MICROPAISE_PER_PAISA, indian, rupees_of_paise
from .schema import bill, journal, microseconds, posting
from .transactions import book, booked, known_by, running_number

# The same amount again so soon is more likely a mistake than a second payment.
_REPEATED_WITHIN: Final = timedelta(minutes=10)


def record_payment(
    connection: Connection,
    tenancy_id: str,
    *,
    amount_paise: int,
    reference: str,
    method: str | None,
    paid_at: datetime,
    now: datetime,
    is_confirmed: bool,
    note: str | None,
) -> tuple[Transaction, bool]:
    """Book a payment, unless its reference is known."""
    _check_amount(amount_paise, lowest=1)
    number = reading.number_of(connection, tenancy_id)
    amount = amount_paise * MICROPAISE_PER_PAISA
    key = _key("payment", reference)
    known = known_by(connection, key)
    if known is not None:
        if (known.tenancy_id, known.amount_micropaise) != (tenancy_id, amount):
            raise RefusedError("payment_reference_used", {"reference": reference})
        return known, False
    if not is_confirmed and _is_repeated(connection, number, amount, now):
        raise RefusedError("payment_looks_repeated")
    transaction_id = book(
        connection,
        number,
        TransactionKind.PAYMENT,
        {Account.MONEY_RECEIVED: -amount},
        key=key,
        effective_at=paid_at,
        now=now,
        reference=reference,
        method=method,
        note=note,
    )
    return booked(connection, transaction_id), True


def _is_repeated(connection: Connection, number: int, amount: int, now: datetime) -> bool:
    """Return whether the same was booked a moment ago, and not taken back."""
    reversal = journal.alias()
    query = (
        select(journal.c.id)
        .join_from(journal, posting, posting.c.transaction_id == journal.c.id)
        .where(
            journal.c.key.is_not(None),
            journal.c.tenancy == number,
            journal.c.kind == TransactionKind.PAYMENT.value,
            journal.c.recorded_at > microseconds(now - _REPEATED_WITHIN),
            posting.c.account == Account.TENANT.value,
            posting.c.micropaise == amount,
            ~select(reversal.c.id).where(reversal.c.reverses == journal.c.id).exists(),
        )
    )
    return connection.execute(query).first() is not None


def record_adjustment(
    connection: Connection,
    tenancy_id: str,
    *,
    amount_paise: int,
    reason: str,
    reference: str,
    now: datetime,
) -> tuple[Transaction, bool]:
    """Book an adjustment, unless its reference is known."""
    _check_amount(amount_paise, lowest=-MAX_AMOUNT_PAISE)
    number = reading.number_of(connection, tenancy_id)
    amount = amount_paise * MICROPAISE_PER_PAISA
    key = _key("adjustment", reference)
    known = known_by(connection, key)
    if known is not None:
        if (known.tenancy_id, known.amount_micropaise) != (tenancy_id, amount):
            raise RefusedError("adjustment_reference_used", {"reference": reference})
        return known, False
    transaction_id = book(
        connection,
        number,
        TransactionKind.ADJUSTMENT,
        {Account.ADJUSTMENTS: -amount},
        key=key,
        effective_at=now,
        now=now,
        reference=reference,
        note=reason,
    )
    return booked(connection, transaction_id), True


def reverse(
    connection: Connection, transaction_id: int, reason: str, now: datetime
) -> tuple[Transaction, bool]:
    """Book the opposite of a transaction, unless that is done."""
    original = reading.transaction(connection, transaction_id)
    if original is None:
        raise RefusedError("transaction_unknown")
    if original.kind is TransactionKind.REVERSAL:
        raise RefusedError("reversal_not_reversible")
    key = f"reversal:{transaction_id}"
    known = known_by(connection, key)
    if known is not None:
        return known, False
    reversal_id = book(
        connection,
        reading.number_of(connection, original.tenancy_id),
        TransactionKind.REVERSAL,
        {name: -amount for name, amount in original.postings.items() if name is not Account.TENANT},
        key=key,
        effective_at=now,
        now=now,
        note=reason,
        reverses=transaction_id,
    )
    return booked(connection, reversal_id), True


def issue_bill(connection: Connection, draft: BillDraft, now: datetime) -> StoredBill:
    """Book a period's fixed charge and keep its bill, unless there is one of that period."""
    number = reading.number_of(connection, draft.tenancy_id)
    start = microseconds(draft.period.start)
    of_tenancy = select(bill).where(bill.c.tenancy == number).order_by(bill.c.period_start.desc())
    known = connection.execute(of_tenancy.where(bill.c.period_start == start)).first()
    if known is not None:
        return reading.bill_of(known)
    running_number(connection, draft.tenancy_id)
    before = connection.execute(of_tenancy).first()
    if before is not None and start < before.period_end:
        raise RefusedError("bill_period_overlaps")
    fixed = draft.fixed_charge_micropaise
    tax = draft.fixed_charge_tax_micropaise
    transaction_id = None
    if fixed or tax:
        transaction_id = book(
            connection,
            number,
            TransactionKind.FIXED_CHARGE,
            {Account.FIXED_CHARGE: fixed, Account.TAX: tax},
            key=f"fixed_charge:{draft.tenancy_id}:{start}",
            # Its last moment is in the period, its end in the next one.
            effective_at=draft.period.end - timedelta(microseconds=1),
            now=now,
        )
    bill_number = connection.execute(select(func.coalesce(func.max(bill.c.id), 0) + 1)).scalar_one()
    connection.execute(
        insert(bill),
        {
            "id": bill_number,
            "tenancy": number,
            "period_start": start,
            "period_end": microseconds(draft.period.end),
            "issued_at": microseconds(now),
            "transaction_id": transaction_id,
            "document": draft.document(),
        },
    )
    return StoredBill(number=bill_number, issued_at=now, draft=draft)


def _key(kind: str, reference: str) -> str:
    """Return what makes a reference unique: not its spaces, nor its capitals."""
    words = reference.split()
    if not words:
        raise RefusedError("reference_missing")
    return f"{kind}:{' '.join(words).casefold()}"


def _check_amount(amount_paise: int, *, lowest: int) -> None:
    if amount_paise > MAX_AMOUNT_PAISE:
        limit = indian(rupees_of_paise(MAX_AMOUNT_PAISE))
        raise InvalidAmountError("amount_too_large", {"limit": limit})
    if amount_paise < lowest or not amount_paise:
        raise InvalidAmountError("amount_too_small", {"limit": indian(rupees_of_paise(lowest))})
