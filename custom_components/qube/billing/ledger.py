"""The ledger of one account of Qube: all money of its tenancies, in one file.

Each method is one transaction of the database: all of it or nothing, and on the disk when it
returns. What is impossible raises RefusedError and changes nothing; a file that cannot be used
raises LedgerError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection

from . import booking, charge_booking, journal, supply_journal, tenancy_booking
from .bills import BillDraft, StoredBill
from .charge_lines import charge_lines
from .database import reading, writing
from .health import check
from .ledger_file import LedgerFile
from .models import (
    AccountState,
    Charge,
    Charged,
    Intent,
    Opening,
    Rates,
    RateTimeline,
    Reading,
    Source,
    SupplyReason,
    TenancyRecord,
    Transaction,
)

# What is remembered of a tenancy that is not to be cut.
HOLD: Final = "hold"


class Ledger:
    """Used by one thread: the one that opened it."""

    def __init__(self, file: LedgerFile) -> None:
        """Take over an open file."""
        self._file = file
        self._connection = file.connection
        # By tenancy; what is committed once is never changed.
        self._numbers: dict[str, int] = {}

    @classmethod
    def open(cls, path: Path, *, expected_id: str | None) -> Self:
        """Open a ledger and check it; make it only where none is expected.

        Raises LedgerError: `ledger_missing`, `ledger_damaged`, `ledger_too_new`,
        `ledger_not_writable`.
        """
        return cls(LedgerFile.open(path, expected_id=expected_id))

    @property
    def ledger_id(self) -> str:
        """Return what tells this ledger from any other."""
        return self._file.ledger_id

    @property
    def is_restored(self) -> bool:
        """Return whether the file is an older copy, and nobody has confirmed it yet."""
        return self._file.is_restored

    def confirm_restored(self) -> None:
        """Go on with an older copy."""
        self._file.confirm_restored()

    def close(self) -> None:
        """Close the file; the ledger cannot be used any more."""
        self._file.close()

    def check(self) -> None:
        """Raise LedgerError `ledger_damaged` where the file or a sum in it is wrong."""
        with reading(self._connection) as connection:
            check(connection)

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Let all that is read meanwhile be of one state, and take less time; write nothing."""
        with reading(self._connection):
            yield

    @property
    def is_in_backup(self) -> bool:
        """Return whether a backup copies the file."""
        return self._file.is_in_backup

    def begin_backup(self) -> None:
        """Let the file be copied: until `end_backup` only the file beside it is written to."""
        self._file.begin_backup()

    def end_backup(self) -> None:
        """Go on as before."""
        self._file.end_backup()

    def snapshot(self, path: Path) -> None:
        """Write a whole copy to a file that is not there yet or is replaced."""
        self._file.snapshot(path)

    # Tenancies

    def open_tenancy(self, opening: Opening, *, now: datetime) -> TenancyRecord:
        """Begin a tenancy; the same again changes nothing.

        Raises RefusedError `meter_has_tenancy`.
        """
        with self._money() as connection:
            return tenancy_booking.open_tenancy(connection, opening, now)

    def tenancy(self, tenancy_id: str) -> TenancyRecord | None:
        """Return a tenancy, running or closed."""
        with reading(self._connection) as connection:
            return journal.tenancy_of(connection, tenancy_id)

    def tenancies(self) -> list[TenancyRecord]:
        """Return all tenancies there ever were, by number."""
        with reading(self._connection) as connection:
            return journal.tenancies(connection)

    def running_tenancy_of(self, meter_key: str) -> TenancyRecord | None:
        """Return the tenancy that runs on a meter."""
        with reading(self._connection) as connection:
            return journal.running_tenancy_of(connection, meter_key)

    def rename(self, tenancy_id: str, *, tenant: str, meter_name: str) -> None:
        """Change the names of a tenancy, in past documents, too."""
        with writing(self._connection) as connection:
            tenancy_booking.rename(connection, tenancy_id, tenant, meter_name)

    def close_tenancy(self, tenancy_id: str, *, closed_at: datetime) -> None:
        """End a tenancy: it can be paid, but not charged any more; again changes nothing."""
        with self._money() as connection:
            tenancy_booking.close_tenancy(connection, tenancy_id, closed_at)

    # Rates and charges

    def rates(self, tenancy_id: str) -> RateTimeline:
        """Return all versions of a tenancy's rates."""
        with self._of(tenancy_id) as (connection, number):
            return journal.rate_timeline(connection, number)

    def add_rates(self, tenancy_id: str, rates: Rates, *, now: datetime) -> None:
        """Add a version of the rates; the newest again changes nothing.

        Raises RefusedError: `rates_in_the_past`, `tenancy_closed`.
        """
        with self._money() as connection:
            tenancy_booking.add_rates(connection, tenancy_id, rates, now)

    def state(self, tenancy_id: str) -> AccountState:
        """Return the balance and the reading up to which it is charged."""
        with self._of(tenancy_id) as (connection, number):
            return journal.state(connection, number)

    def post_charges(
        self, tenancy_id: str, start: Reading, charged: Charged, *, now: datetime
    ) -> AccountState:
        """Book charges from the cursor on and move it; the same again changes nothing.

        Raises RefusedError: `cursor_moved`, `charges_not_contiguous`, `tenancy_closed`.
        """
        with writing(self._connection) as connection:
            return charge_booking.post_charges(connection, tenancy_id, start, charged, now)

    def charge_lines(
        self, tenancy_id: str, start: datetime | None = None, end: datetime | None = None
    ) -> list[Charge]:
        """Return the charges that begin in a time, those of a day put together."""
        with self._of(tenancy_id) as (connection, number):
            return charge_lines(connection, number, start, end)

    def totals(
        self, tenancy_id: str, start: datetime, end: datetime
    ) -> dict[Source, tuple[int, int]]:
        """Return the Wh of each source and their cost in micropaise, of charges begun in a time."""
        with self._of(tenancy_id) as (connection, number):
            return journal.totals(connection, number, start, end)

    # Money

    def record_payment(
        self,
        tenancy_id: str,
        *,
        amount_paise: int,
        reference: str,
        method: str | None,
        paid_at: datetime,
        now: datetime,
        is_confirmed: bool = False,
        note: str | None = None,
    ) -> tuple[Transaction, bool]:
        """Book a payment and say whether it is new; the same reference again changes nothing.

        Raises RefusedError: `payment_reference_used`, `payment_looks_repeated`,
        `reference_missing`; InvalidAmountError.
        """
        with self._money() as connection:
            return booking.record_payment(
                connection,
                tenancy_id,
                amount_paise=amount_paise,
                reference=reference,
                method=method,
                paid_at=paid_at,
                now=now,
                is_confirmed=is_confirmed,
                note=note,
            )

    def record_adjustment(
        self, tenancy_id: str, *, amount_paise: int, reason: str, reference: str, now: datetime
    ) -> tuple[Transaction, bool]:
        """Book an adjustment and say whether it is new; a positive one is for the tenant.

        Raises RefusedError: `adjustment_reference_used`, `reference_missing`; InvalidAmountError.
        """
        with self._money() as connection:
            return booking.record_adjustment(
                connection,
                tenancy_id,
                amount_paise=amount_paise,
                reason=reason,
                reference=reference,
                now=now,
            )

    def reverse(
        self, transaction_id: int, *, reason: str, now: datetime
    ) -> tuple[Transaction, bool]:
        """Take a transaction back and say whether that is new.

        Raises RefusedError: `transaction_unknown`, `reversal_not_reversible`.
        """
        with self._money() as connection:
            return booking.reverse(connection, transaction_id, reason, now)

    def transactions(
        self,
        tenancy_id: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        with_charges: bool = True,
        after_id: int = 0,
    ) -> list[Transaction]:
        """Return what was effective in a time, in its order; without charges it is much faster.

        `after_id` leaves out what was booked before, up to that transaction.
        """
        with self._of(tenancy_id) as (connection, number):
            return journal.transactions(
                connection, number, start, end, with_charges=with_charges, after_id=after_id
            )

    def balance_at(self, tenancy_id: str, at: datetime) -> int:
        """Return the balance in micropaise from all that was effective before a time."""
        with self._of(tenancy_id) as (connection, number):
            return journal.balance_at(connection, number, at)

    # Bills

    def issue_bill(self, bill: BillDraft, *, now: datetime) -> StoredBill:
        """Keep a bill under a new number and book its fixed charge; a period has one for ever.

        Raises RefusedError: `bill_period_overlaps`, `tenancy_closed`.
        """
        with self._money() as connection:
            return booking.issue_bill(connection, bill, now)

    def bills(self, tenancy_id: str) -> list[StoredBill]:
        """Return a tenancy's bills, oldest first."""
        with self._of(tenancy_id) as (connection, number):
            return journal.bills(connection, number)

    def last_bill(self, tenancy_id: str, *, due_by: datetime | None = None) -> StoredBill | None:
        """Return a tenancy's newest bill; with a time, the newest that was to be paid by then."""
        with self._of(tenancy_id) as (connection, number):
            return journal.last_bill(connection, number, due_by)

    def bill(self, number: int) -> StoredBill | None:
        """Return the bill of a number."""
        with reading(self._connection) as connection:
            return journal.bill_numbered(connection, number)

    # Supply

    def set_hold(self, tenancy_id: str, *, is_held: bool) -> None:
        """Remember whether the owner forbids to cut."""
        self.set_memory(tenancy_id, HOLD, "1" if is_held else None)

    def is_held(self, tenancy_id: str) -> bool:
        """Return whether the owner forbids to cut."""
        return self.get_memory(tenancy_id, HOLD) is not None

    def add_intent(
        self, tenancy_id: str, *, power_on: bool, reason: SupplyReason, now: datetime
    ) -> Intent:
        """Write down what is wanted of a relay, before it is commanded."""
        with writing(self._connection) as connection:
            number = journal.number_of(connection, tenancy_id)
            return supply_journal.add_intent(
                connection, number, power_on=power_on, reason=reason, now=now
            )

    def settle_intent(self, intent_id: int, *, is_confirmed: bool, now: datetime) -> None:
        """Write down what became of it; again changes nothing."""
        with writing(self._connection) as connection:
            supply_journal.settle_intent(connection, intent_id, is_confirmed=is_confirmed, now=now)

    def last_intent(self, tenancy_id: str) -> Intent | None:
        """Return the newest intent of a tenancy."""
        with self._of(tenancy_id) as (connection, number):
            return supply_journal.last_intent(connection, number)

    def open_intents(self) -> list[Intent]:
        """Return the intents of which is not known what became of them."""
        with reading(self._connection) as connection:
            return supply_journal.open_intents(connection)

    def memory(self, tenancy_id: str) -> dict[str, str]:
        """Return all that supply remembers, by name."""
        with self._of(tenancy_id) as (connection, number):
            return supply_journal.all_memory(connection, number)

    def get_memory(self, tenancy_id: str, name: str) -> str | None:
        """Return what supply remembers under a name."""
        with self._of(tenancy_id) as (connection, number):
            return supply_journal.get_memory(connection, number, name)

    def set_memory(self, tenancy_id: str, name: str, value: str | None) -> None:
        """Remember something under a name; None forgets it."""
        with writing(self._connection) as connection:
            number = journal.number_of(connection, tenancy_id)
            supply_journal.set_memory(connection, number, name, value)

    @contextmanager
    def _of(self, tenancy_id: str) -> Iterator[tuple[Connection, int]]:
        """Read about a tenancy, by its number."""
        with reading(self._connection) as connection:
            number = self._numbers.get(tenancy_id)
            if number is None:
                number = self._numbers[tenancy_id] = journal.number_of(connection, tenancy_id)
            yield connection, number

    @contextmanager
    def _money(self) -> Iterator[Connection]:
        """Write what no meter could tell again; the mark beside the file follows."""
        with writing(self._connection) as connection:
            yield connection
        self._file.write_mark()
