"""What is written in the file of a ledger, read with nothing but SQL: the ledger is on trial."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
import sqlite3
from typing import Any, Final

_ACCOUNTS: Final = """
    SELECT tenancy_id, opened_wh, cursor_wh, balance_micropaise,
        (SELECT coalesce(sum(micropaise), 0) FROM posting JOIN journal ON id = transaction_id
            WHERE journal.tenancy = tenancy.id AND account = 'tenant') AS posted_micropaise,
        (SELECT coalesce(sum(micropaise), 0) FROM posting JOIN journal ON id = transaction_id
            WHERE journal.tenancy = tenancy.id AND account = 'tenant' AND kind = 'fixed_charge')
            AS fixed_micropaise
    FROM tenancy JOIN account ON account.tenancy = tenancy.id
"""
_CHARGES: Final = """
    SELECT tenancy_id, from_wh, to_wh, source, millipaise_per_kwh, tax_basis_points,
        (SELECT coalesce(sum(micropaise), 0) FROM posting
            WHERE posting.transaction_id = charge.transaction_id AND account = 'tenant')
            AS micropaise
    FROM charge JOIN tenancy ON tenancy.id = charge.tenancy ORDER BY from_at, from_wh
"""
_BOOKINGS: Final = """
    SELECT tenancy_id, kind, reference, micropaise
    FROM journal JOIN tenancy ON tenancy.id = journal.tenancy
        JOIN posting ON posting.transaction_id = journal.id AND account = 'tenant'
    WHERE reference IS NOT NULL
"""
_INTENTS: Final = """
    SELECT tenancy_id, power_on, is_confirmed
    FROM intent JOIN tenancy ON tenancy.id = intent.tenancy ORDER BY intent.id
"""
_BILLS: Final = """
    SELECT (SELECT count(*) FROM bill) AS bills,
        (SELECT count(*) FROM journal WHERE kind = 'fixed_charge'
            AND id NOT IN (SELECT transaction_id FROM bill WHERE transaction_id IS NOT NULL))
            AS unbilled
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenAccount:
    """An account: its balance as it is kept and as it was posted, of which the fixed charges."""

    tenancy_id: str
    opened_wh: int
    cursor_wh: int
    balance_micropaise: int
    posted_micropaise: int
    fixed_micropaise: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenCharge:
    """A charge, and what it added to the balance."""

    tenancy_id: str
    from_wh: int
    to_wh: int
    source: str
    millipaise_per_kwh: int
    tax_basis_points: int
    micropaise: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenBooking:
    """A payment or an adjustment."""

    tenancy_id: str
    kind: str
    reference: str
    micropaise: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenIntent:
    """What was wanted of a relay; `is_confirmed` is None while that is open."""

    tenancy_id: str
    power_on: int
    is_confirmed: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """All of it, charges by time, intents in their order.

    `unbilled` is the number of fixed charges without a bill.
    """

    accounts: Mapping[str, WrittenAccount]
    charges: Sequence[WrittenCharge]
    bookings: Sequence[WrittenBooking]
    intents: Sequence[WrittenIntent]
    bills: int
    unbilled: int
    is_restored: bool


def read_written(path: Path) -> Written | None:
    """Return what is written in a file, which nobody else may use meanwhile; None for nothing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            return None

        def rows(query: str) -> Iterator[dict[str, Any]]:
            return map(dict, connection.execute(query))

        facts = {row["name"]: row["value"] for row in rows("SELECT name, value FROM meta")}
        (bills,) = rows(_BILLS)
        return Written(
            accounts={row["tenancy_id"]: WrittenAccount(**row) for row in rows(_ACCOUNTS)},
            charges=[WrittenCharge(**row) for row in rows(_CHARGES)],
            bookings=[WrittenBooking(**row) for row in rows(_BOOKINGS)],
            intents=[WrittenIntent(**row) for row in rows(_INTENTS)],
            **bills,
            is_restored=facts["is_restored"] == "1",
        )
