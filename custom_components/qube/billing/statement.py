"""A tenant's statement: every charge and every other transaction of a time, with the balance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from .models import INDIA, Charge, Transaction, TransactionKind
from .money import BASIS_POINTS_PER_PERCENT, rate_in_rupees, rupees_exactly

# With these a spreadsheet may take a text for a formula; the wide ones where Japanese is spoken.
_FORMULA_STARTS: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)

COLUMNS: Final = (
    "from",
    "to",
    "kind",
    "transaction_id",
    "reverses",
    "source",
    "device_id",
    "opening_register_kwh",
    "closing_register_kwh",
    "energy_kwh",
    "rate_per_kwh",
    "tax_percent",
    "estimated",
    "reference",
    "method",
    "note",
    "amount",
    "balance",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementLine:
    """A charge or another transaction, and the tenant's balance after it in micropaise."""

    entry: Charge | Transaction
    amount_micropaise: int
    balance_micropaise: int

    @property
    def at(self) -> datetime:
        """Return when the use ended or the money moved."""
        return _at(self.entry)


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What happened to a tenant's balance from a time to another one."""

    start: datetime
    end: datetime
    opening_balance_micropaise: int
    lines: tuple[StatementLine, ...]

    @property
    def closing_balance_micropaise(self) -> int:
        """Return the balance at its end: that at its beginning and all lines."""
        if not self.lines:
            return self.opening_balance_micropaise
        return self.lines[-1].balance_micropaise


def make_statement(
    start: datetime,
    end: datetime,
    *,
    opening_balance_micropaise: int,
    charges: Iterable[Charge],
    transactions: Iterable[Transaction],
) -> Statement:
    """Return the statement of what was charged and booked in a time, in order of time.

    Transactions that are charges are left out: `charges`, merged or not, say the same with
    registers. Of the same moment, use comes before money, and transactions are in their order.
    """
    entries: list[Charge | Transaction] = [*charges]
    entries += (each for each in transactions if each.kind is not TransactionKind.CHARGE)
    lines: list[StatementLine] = []
    balance = opening_balance_micropaise
    for entry in sorted(entries, key=_order):
        amount = _amount_micropaise(entry)
        balance += amount
        lines.append(
            StatementLine(entry=entry, amount_micropaise=amount, balance_micropaise=balance)
        )
    return Statement(
        start=start,
        end=end,
        opening_balance_micropaise=opening_balance_micropaise,
        lines=tuple(lines),
    )


def statement_rows(statement: Statement) -> Iterator[tuple[str, ...]]:
    """Yield a statement as cells of a CSV file: the names of the columns, then a row for each line.

    The first and the last row are the opening and the closing balance. Times are in India, energy
    in kWh, amounts in ₹ without rounding, so that the amounts add up to the balance.
    """
    yield COLUMNS
    opening = statement.opening_balance_micropaise
    yield _row(
        {"to": _time(statement.start), "kind": "opening_balance", "balance": _money(opening)}
    )
    for line in statement.lines:
        entry = line.entry
        yield _row(
            {
                **(_charge_cells(entry) if isinstance(entry, Charge) else _other_cells(entry)),
                "to": _time(line.at),
                "amount": _money(line.amount_micropaise),
                "balance": _money(line.balance_micropaise),
            }
        )
    closing = statement.closing_balance_micropaise
    yield _row({"to": _time(statement.end), "kind": "closing_balance", "balance": _money(closing)})


def csv_text(text: str) -> str:
    """Return a text that somebody wrote as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _at(entry: Charge | Transaction) -> datetime:
    return entry.to_at if isinstance(entry, Charge) else entry.effective_at


def _order(entry: Charge | Transaction) -> tuple[datetime, bool, int]:
    if isinstance(entry, Charge):
        return entry.to_at, False, entry.from_wh
    return entry.effective_at, True, entry.transaction_id


def _amount_micropaise(entry: Charge | Transaction) -> int:
    """Return what an entry adds to the tenant's balance."""
    return -entry.amount_micropaise if isinstance(entry, Charge) else entry.amount_micropaise


def _row(cells: dict[str, str]) -> tuple[str, ...]:
    return tuple(cells.get(column, "") for column in COLUMNS)


def _charge_cells(charge: Charge) -> dict[str, str]:
    return {
        "from": _time(charge.from_at),
        "kind": TransactionKind.CHARGE.value,
        "source": charge.source.value,
        "device_id": csv_text(charge.device_id),
        "opening_register_kwh": _kwh(charge.opening_register_wh),
        "closing_register_kwh": _kwh(charge.register_wh),
        "energy_kwh": _kwh(charge.energy_wh),
        "rate_per_kwh": f"{rate_in_rupees(charge.millipaise_per_kwh):f}",
        "tax_percent": f"{Decimal(charge.tax_basis_points) / BASIS_POINTS_PER_PERCENT:f}",
        "estimated": "yes" if charge.is_estimated else "no",
    }


def _other_cells(transaction: Transaction) -> dict[str, str]:
    return {
        "kind": transaction.kind.value,
        "transaction_id": str(transaction.transaction_id),
        "reverses": "" if transaction.reverses is None else str(transaction.reverses),
        "reference": csv_text(transaction.reference or ""),
        "method": csv_text(transaction.method or ""),
        "note": csv_text(transaction.note or ""),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(INDIA).isoformat(timespec="seconds")


def _kwh(energy_wh: int) -> str:
    return f"{Decimal(energy_wh).scaleb(-3):f}"


def _money(amount_micropaise: int) -> str:
    # A number of our own is no formula, though it may begin with a minus.
    return f"{rupees_exactly(amount_micropaise):f}"
