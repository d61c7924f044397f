"""Transactions of the journal: how one is booked, and found again by its key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from . import journal as reading
from .errors import RefusedError
from .models import Account, Transaction, TransactionKind
from .schema import account, journal, microseconds, posting

_INSERT_JOURNAL: Final = insert(journal)
_INSERT_POSTING: Final = insert(posting)
_BY_KEY: Final = select(journal.c.id).where(journal.c.key == bindparam("key"))
_TENANCY_NUMBER: Final[BindParameter[int]] = bindparam("number")
_ADD_TO_BALANCE: Final = (
    update(account)
    .where(account.c.tenancy == _TENANCY_NUMBER)
    .values(balance_micropaise=account.c.balance_micropaise + bindparam("micropaise"))
)


def book(
    connection: Connection,
    number: int,
    kind: TransactionKind,
    against: Mapping[Account, int],
    *,
    key: str | None,
    effective_at: datetime,
    now: datetime,
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


def booked(connection: Connection, transaction_id: int) -> Transaction:
    """Return a transaction that was just booked."""
    booked = reading.transaction(connection, transaction_id)
    assert booked is not None  # noqa: S101
    return booked


def known_by(connection: Connection, key: str) -> Transaction | None:
    """Return the transaction of a key, None where there is none yet."""
    transaction_id = connection.execute(_BY_KEY, {"key": key}).scalar()
    return None if transaction_id is None else booked(connection, transaction_id)


def running_number(connection: Connection, tenancy_id: str) -> int:
    """Return the number of a tenancy that has not ended."""
    row = reading.tenancy_row(connection, tenancy_id)
    if row.closed_at is not None:
        raise RefusedError("tenancy_closed")
    return int(row.id)
