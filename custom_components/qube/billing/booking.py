"""What is written into the ledger: each function is a part of one transaction of the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, func, insert, select, update

from . import journal as reading
from .bills import BillDraft, StoredBill
from .errors import InvalidAmountError, RefusedError
from .models import (
    Account,
    AccountState,
    Charge,
    Charged,
    Opening,
    Rates,
    Reading,
    Source,
    TenancyRecord,
    Transaction,
    TransactionKind,
)
from .money import MAX_AMOUNT_PAISE, MICROPAISE_PER_PAISA, indian, rupees_of_paise
from .schema import account, bill, charge, device, journal, microseconds, posting, rates, tenancy

# The same amount again so soon is more likely a mistake than a second payment.
_REPEATED_WITHIN: Final = timedelta(minutes=10)

_INSERT_JOURNAL: Final = insert(journal)
_INSERT_POSTING: Final = insert(posting)
_INSERT_CHARGE: Final = insert(charge)
_DEVICE: Final = select(device.c.id).where(device.c.device_id == bindparam("device_id"))
_BY_KEY: Final = select(journal.c.id).where(journal.c.key == bindparam("key"))
_TENANCY_NUMBER: Final[BindParameter[int]] = bindparam("number")
_MOVE_CURSOR: Final = update(account).where(account.c.tenancy == _TENANCY_NUMBER)
_ADD_TO_BALANCE: Final = (
    update(account)
    .where(account.c.tenancy == _TENANCY_NUMBER)
    .values(balance_micropaise=account.c.balance_micropaise + bindparam("micropaise"))
)

_ENERGY: Final = {Source.EB: Account.ENERGY_EB, Source.DG: Account.ENERGY_DG}


def open_tenancy(connection: Connection, opening: Opening, now: datetime) -> TenancyRecord:
    """Begin a tenancy, its account and its rates, unless it is there."""
    known = reading.tenancy_of(connection, opening.tenancy_id)
    if known is not None:
        return known
    if reading.running_tenancy_of(connection, opening.meter_key) is not None:
        raise RefusedError("meter_has_tenancy", {"meter": opening.meter_name})
    opened = opening.opened
    number = int(
        connection.execute(
            insert(tenancy).returning(tenancy.c.id),
            {
                "tenancy_id": opening.tenancy_id,
                "tenant": opening.tenant,
                "meter_key": opening.meter_key,
                "meter_name": opening.meter_name,
                "plan": opening.plan.value,
                "opened_wh": opened.total_wh,
                "opened_at": microseconds(opened.read_at),
                "opened_device_id": opened.device_id,
                "opened_register_wh": opened.register_wh,
                "opened_source": opened.source,
            },
        ).scalar_one()
    )
    connection.execute(
        insert(account), {"tenancy": number, "balance_micropaise": 0, **_cursor(opened)}
    )
    _insert_rates(connection, number, opening.rates, now)
    if opening.opening_credit_paise:
        _book(
            connection,
            number,
            TransactionKind.ADJUSTMENT,
            f"opening:{opening.tenancy_id}",
            {Account.ADJUSTMENTS: -opening.opening_credit_paise * MICROPAISE_PER_PAISA},
            opened.read_at,
            now,
        )
    return reading.record_of(reading.tenancy_row(connection, opening.tenancy_id))


def close_tenancy(connection: Connection, tenancy_id: str, closed_at: datetime) -> None:
    """End a tenancy, unless it has ended."""
    row = reading.tenancy_row(connection, tenancy_id)
    if row.closed_at is None:
        connection.execute(
            update(tenancy).where(tenancy.c.id == row.id).values(closed_at=microseconds(closed_at))
        )


def rename(connection: Connection, tenancy_id: str, tenant: str, meter_name: str) -> None:
    """Change names."""
    number = reading.number_of(connection, tenancy_id)
    connection.execute(
        update(tenancy).where(tenancy.c.id == number).values(tenant=tenant, meter_name=meter_name)
    )


def add_rates(connection: Connection, tenancy_id: str, version: Rates, now: datetime) -> None:
    """Add a version of the rates, unless it is the newest already."""
    number = _running(connection, tenancy_id)
    newest = reading.rate_timeline(connection, number)[-1]
    if newest == version:
        return
    charged_until = reading.state(connection, number).cursor.read_at
    if version.valid_from < charged_until or version.valid_from <= newest.valid_from:
        raise RefusedError("rates_in_the_past")
    _insert_rates(connection, number, version, now)


def _insert_rates(connection: Connection, number: int, version: Rates, now: datetime) -> None:
    connection.execute(
        insert(rates),
        {
            "tenancy": number,
            "valid_from": microseconds(version.valid_from),
            "eb_millipaise_per_kwh": version.eb_millipaise_per_kwh,
            "dg_millipaise_per_kwh": version.dg_millipaise_per_kwh,
            "monthly_charge_paise": version.monthly_charge_paise,
            "tax_basis_points": version.tax_basis_points,
            "recorded_at": microseconds(now),
        },
    )


def post_charges(
    connection: Connection, tenancy_id: str, start: Reading, charged: Charged, now: datetime
) -> AccountState:
    """Book charges and move the cursor; nothing where it is there already."""
    row = reading.tenancy_row(connection, tenancy_id)
    state = reading.state(connection, row.id)
    cursor, target = state.cursor, charged.cursor
    if _position(cursor) != _position(start):
        if cursor.total_wh >= target.total_wh and cursor.read_at >= target.read_at:
            return state
        raise RefusedError("cursor_moved")
    if row.closed_at is not None:
        raise RefusedError("tenancy_closed")
    last_wh = charged.charges[-1].to_wh if charged.charges else cursor.total_wh
    if last_wh != target.total_wh:
        raise RefusedError("charges_not_contiguous")
    for one in charged.charges:
        _post_charge(connection, row.id, one, now)
    connection.execute(_MOVE_CURSOR, {"number": row.id, **_cursor(target)})
    return reading.state(connection, row.id)


def _position(reading_: Reading) -> tuple[int, datetime]:
    return reading_.total_wh, reading_.read_at


def _post_charge(connection: Connection, number: int, one: Charge, now: datetime) -> None:
    transaction_id = _book(
        connection,
        number,
        TransactionKind.CHARGE,
        None,
        {_ENERGY[one.source]: one.energy_micropaise, Account.TAX: one.tax_micropaise},
        one.from_at,
        now,
    )
    connection.execute(
        _INSERT_CHARGE,
        {
            "tenancy": number,
            "from_at": microseconds(one.from_at),
            "from_wh": one.from_wh,
            "to_at": microseconds(one.to_at),
            "to_wh": one.to_wh,
            "device": _device(connection, one.device_id),
            "register_wh": one.register_wh,
            "source": one.source.value,
            "millipaise_per_kwh": one.millipaise_per_kwh,
            "tax_basis_points": one.tax_basis_points,
            "is_estimated": int(one.is_estimated),
            "transaction_id": transaction_id,
        },
    )


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
    known = _known(connection, key)
    if known is not None:
        if (known.tenancy_id, known.amount_micropaise) != (tenancy_id, amount):
            raise RefusedError("payment_reference_used", {"reference": reference})
        return known, False
    if not is_confirmed and _is_repeated(connection, number, amount, now):
        raise RefusedError("payment_looks_repeated")
    transaction_id = _book(
        connection,
        number,
        TransactionKind.PAYMENT,
        key,
        {Account.MONEY_RECEIVED: -amount},
        paid_at,
        now,
        reference=reference,
        method=method,
        note=note,
    )
    return _booked(connection, transaction_id), True


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
    known = _known(connection, key)
    if known is not None:
        if (known.tenancy_id, known.amount_micropaise) != (tenancy_id, amount):
            raise RefusedError("adjustment_reference_used", {"reference": reference})
        return known, False
    transaction_id = _book(
        connection,
        number,
        TransactionKind.ADJUSTMENT,
        key,
        {Account.ADJUSTMENTS: -amount},
        now,
        now,
        reference=reference,
        note=reason,
    )
    return _booked(connection, transaction_id), True


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
    known = _known(connection, key)
    if known is not None:
        return known, False
    reversal_id = _book(
        connection,
        reading.number_of(connection, original.tenancy_id),
        TransactionKind.REVERSAL,
        key,
        {name: -amount for name, amount in original.postings.items() if name is not Account.TENANT},
        now,
        now,
        note=reason,
        reverses=transaction_id,
    )
    return _booked(connection, reversal_id), True


def issue_bill(connection: Connection, draft: BillDraft, now: datetime) -> StoredBill:
    """Book a period's fixed charge and keep its bill, unless there is one of that period."""
    number = reading.number_of(connection, draft.tenancy_id)
    start = microseconds(draft.period_start)
    of_tenancy = select(bill).where(bill.c.tenancy == number).order_by(bill.c.period_start.desc())
    known = connection.execute(of_tenancy.where(bill.c.period_start == start)).first()
    if known is not None:
        return reading.bill_of(known)
    _running(connection, draft.tenancy_id)
    before = connection.execute(of_tenancy).first()
    if before is not None and start < before.period_end:
        raise RefusedError("bill_period_overlaps")
    fixed = draft.fixed_charge_paise * MICROPAISE_PER_PAISA
    tax = draft.tax_on_fixed_charge_micropaise
    transaction_id = None
    if fixed or tax:
        transaction_id = _book(
            connection,
            number,
            TransactionKind.FIXED_CHARGE,
            f"fixed_charge:{draft.tenancy_id}:{start}",
            {Account.FIXED_CHARGE: fixed, Account.TAX: tax},
            # Its last moment is in the period, its end in the next one.
            draft.period_end - timedelta(microseconds=1),
            now,
        )
    bill_number = connection.execute(select(func.coalesce(func.max(bill.c.id), 0) + 1)).scalar_one()
    connection.execute(
        insert(bill),
        {
            "id": bill_number,
            "tenancy": number,
            "period_start": start,
            "period_end": microseconds(draft.period_end),
            "issued_at": microseconds(now),
            "transaction_id": transaction_id,
            "document": draft.document(),
        },
    )
    return StoredBill(number=bill_number, issued_at=now, document=draft.document())


def _running(connection: Connection, tenancy_id: str) -> int:
    """Return the number of a tenancy that has not ended."""
    row = reading.tenancy_row(connection, tenancy_id)
    if row.closed_at is not None:
        raise RefusedError("tenancy_closed")
    return int(row.id)


def _book(
    connection: Connection,
    number: int,
    kind: TransactionKind,
    key: str | None,
    against: Mapping[Account, int],
    effective_at: datetime,
    now: datetime,
    *,
    reference: str | None = None,
    method: str | None = None,
    note: str | None = None,
    reverses: int | None = None,
) -> int:
    """Book amounts against the tenant, whose own posting makes the sum zero."""
    tenant = -sum(against.values())
    transaction_id = int(
        connection.execute(
            _INSERT_JOURNAL,
            {
                "tenancy": number,
                "kind": kind.value,
                "key": key,
                "effective_at": microseconds(effective_at),
                "recorded_at": microseconds(now),
                "reference": reference,
                "method": method,
                "note": note,
                "reverses": reverses,
            },
        ).lastrowid
    )
    postings = [
        {"transaction_id": transaction_id, "account": name.value, "micropaise": amount}
        for name, amount in {Account.TENANT: tenant, **against}.items()
        if amount
    ]
    if postings:
        connection.execute(_INSERT_POSTING, postings)
        connection.execute(_ADD_TO_BALANCE, {"number": number, "micropaise": tenant})
    return transaction_id


def _booked(connection: Connection, transaction_id: int) -> Transaction:
    booked = reading.transaction(connection, transaction_id)
    assert booked is not None  # noqa: S101
    return booked


def _known(connection: Connection, key: str) -> Transaction | None:
    transaction_id = connection.execute(_BY_KEY, {"key": key}).scalar()
    return None if transaction_id is None else _booked(connection, transaction_id)


def _device(connection: Connection, device_id: str) -> int:
    known = connection.execute(_DEVICE, {"device_id": device_id}).scalar()
    if known is not None:
        return int(known)
    added = connection.execute(insert(device), {"device_id": device_id})
    return int(added.lastrowid)


def _cursor(cursor: Reading) -> dict[str, int | str | None]:
    return {
        "cursor_wh": cursor.total_wh,
        "cursor_at": microseconds(cursor.read_at),
        "cursor_device_id": cursor.device_id,
        "cursor_register_wh": cursor.register_wh,
        "cursor_source": cursor.source,
        "cursor_is_watched": int(cursor.is_watched),
    }


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
