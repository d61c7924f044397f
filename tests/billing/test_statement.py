"""A statement leads from one balance to the other, line by line."""

import csv
from datetime import UTC, timedelta
from decimal import Decimal
import io
from time import perf_counter

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.billing.models import (
    Account,
    Charge,
    Source,
    Transaction,
    TransactionKind,
)
from custom_components.qube.billing.money import rupees_of
from custom_components.qube.billing.statement import (
    COLUMNS,
    Statement,
    csv_text,
    make_statement,
    statement_rows,
)
from tests.billing.worlds import HOUR, MINUTE, NOON, a_charge, payment, transaction

END = NOON + 30 * 24 * HOUR


def statement_of(*entries: Charge | Transaction, opening_balance_micropaise: int = 0) -> Statement:
    """Make a statement of a month."""
    return make_statement(
        NOON,
        END,
        opening_balance_micropaise=opening_balance_micropaise,
        charges=[each for each in entries if isinstance(each, Charge)],
        transactions=[each for each in entries if isinstance(each, Transaction)],
    )


def cells_of(statement: Statement) -> list[dict[str, str]]:
    """Return the rows by the names of their columns."""
    names, *rows = statement_rows(statement)
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_the_vendors_prepaid_example() -> None:
    """3,000.00, 2,923.30 after 11.8 kWh; 85.50 later, and 2,085.50 when 2,000.00 are paid."""
    statement = statement_of(
        payment(1, 3_000_00),
        a_charge(1_450_000, 1_461_800, NOON, NOON + 24 * HOUR),
        # No number of Wh at ₹6.50 costs what the guide says was used until its 25th day.
        transaction(
            2,
            TransactionKind.ADJUSTMENT,
            -2_837_80 * 10**6,
            Account.ADJUSTMENTS,
            effective_at=END - HOUR,
        ),
        payment(3, 2_000_00, END),
    )
    assert [str(rupees_of(line.balance_micropaise)) for line in statement.lines] == [
        "3000.00",
        "2923.30",
        "85.50",
        "2085.50",
    ]
    assert str(rupees_of(statement.closing_balance_micropaise)) == "2085.50"


def test_nothing_happened() -> None:
    """The balance at the end is that at the beginning."""
    statement = statement_of(opening_balance_micropaise=-7)
    assert statement.lines == ()
    assert statement.closing_balance_micropaise == -7


def test_lines_are_in_order_of_time() -> None:
    """Of the same moment use comes first, then money as it was written down."""
    charge = a_charge(0, 10, NOON, NOON + HOUR)
    later = a_charge(10, 20, NOON + HOUR, NOON + 2 * HOUR)
    same = a_charge(20, 30, NOON + HOUR, NOON + 2 * HOUR)
    first, second, third = (
        payment(8, 1, NOON + HOUR),
        payment(9, 1, NOON + HOUR),
        payment(1, 1, END),
    )
    statement = statement_of(third, second, same, first, later, charge)
    assert [line.entry for line in statement.lines] == [charge, first, second, later, same, third]
    assert [line.at for line in statement.lines] == [
        NOON + HOUR,
        NOON + HOUR,
        NOON + HOUR,
        NOON + 2 * HOUR,
        NOON + 2 * HOUR,
        END,
    ]


def test_a_charge_is_on_it_once() -> None:
    """With its registers, not again as a transaction; what takes one back is."""
    charge = a_charge(0, 10)
    posted = transaction(1, TransactionKind.CHARGE, -charge.amount_micropaise, Account.ENERGY_EB)
    reversal = transaction(2, TransactionKind.REVERSAL, 5, Account.ENERGY_EB, effective_at=END)
    fixed = transaction(3, TransactionKind.FIXED_CHARGE, -9, Account.FIXED_CHARGE, effective_at=END)
    statement = statement_of(charge, posted, reversal, fixed)
    assert [line.entry for line in statement.lines] == [charge, reversal, fixed]
    assert statement.closing_balance_micropaise == -charge.amount_micropaise - 4


@given(st.integers(), st.lists(st.tuples(st.booleans(), st.integers(0, 10**9), st.integers(0, 99))))
def test_the_closing_balance_is_the_opening_one_and_all_lines(
    opening: int, entries: list[tuple[bool, int, int]]
) -> None:
    """And each balance is the one before with its line's amount."""
    statement = statement_of(
        *(
            a_charge(0, amount, NOON, NOON + at * MINUTE, tax_basis_points=1_800)
            if is_charge
            else payment(number, amount, NOON + at * MINUTE)
            for number, (is_charge, amount, at) in enumerate(entries)
        ),
        opening_balance_micropaise=opening,
    )
    balance = opening
    for line in statement.lines:
        balance += line.amount_micropaise
        assert line.balance_micropaise == balance
    expected = opening + sum(
        -amount * 767_000 if is_charge else amount * 10**6 for is_charge, amount, _ in entries
    )
    assert statement.closing_balance_micropaise == balance == expected


class TestRows:
    """For a spreadsheet."""

    def test_a_charge(self) -> None:
        """All that a dispute needs, in kWh and ₹, in India's time."""
        charge = a_charge(
            5_000,
            16_800,
            NOON.astimezone(UTC),
            NOON.astimezone(UTC) + HOUR,
            Source.DG,
            register_wh=12_000,
            tax_basis_points=1_825,
            is_estimated=True,
        )
        _, cells, _ = cells_of(statement_of(charge, opening_balance_micropaise=10**10))
        assert cells == {
            "from": "2026-10-25T12:00:00+05:30",
            "to": "2026-10-25T13:00:00+05:30",
            "kind": "charge",
            "transaction_id": "",
            "reverses": "",
            "source": "dg",
            "device_id": "QUBE-ONE-1",
            "opening_register_kwh": "0.200",
            "closing_register_kwh": "12.000",
            "energy_kwh": "11.800",
            "rate_per_kwh": "6.50",
            "tax_percent": "18.25",
            "estimated": "yes",
            "reference": "",
            "method": "",
            "note": "",
            "amount": "-90.69775000",
            "balance": "9.30225000",
        }

    def test_a_charge_that_was_seen(self) -> None:
        """Is not estimated."""
        _, cells, _ = cells_of(statement_of(a_charge()))
        assert cells["estimated"] == "no"

    def test_a_payment(self) -> None:
        """With its reference and method."""
        paid = transaction(
            1,
            TransactionKind.PAYMENT,
            5_00 * 10**6,
            Account.MONEY_RECEIVED,
            reference="R 1",
            method="UPI",
            note="thanks",
        )
        _, cells, _ = cells_of(statement_of(paid))
        assert {name: cell for name, cell in cells.items() if cell} == {
            "to": "2026-10-25T12:00:00+05:30",
            "kind": "payment",
            "transaction_id": "1",
            "reference": "R 1",
            "method": "UPI",
            "note": "thanks",
            "amount": "5.00",
            "balance": "5.00",
        }

    def test_the_first_and_the_last_row_are_balances(self) -> None:
        """Under the names of the columns."""
        statement = statement_of(payment(1, 5), opening_balance_micropaise=-1)
        assert next(statement_rows(statement)) == COLUMNS
        opening, _, closing = cells_of(statement)
        assert {name: cell for name, cell in opening.items() if cell} == {
            "to": "2026-10-25T12:00:00+05:30",
            "kind": "opening_balance",
            "balance": "-0.00000001",
        }
        assert {name: cell for name, cell in closing.items() if cell} == {
            "to": "2026-11-24T12:00:00+05:30",
            "kind": "closing_balance",
            "balance": "0.04999999",
        }

    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+91 98",
            "-5",
            "@SUM",
            "\tx",
            "\rx",
            "\nx",
            "\uff1d1",
            "\uff0b1",
            "\uff0d1",
            "\uff201",
        ],
    )
    def test_no_text_becomes_a_formula(self, text: str) -> None:
        """Neither a tenant's reference nor anything else that somebody wrote."""
        assert csv_text(text) == f"'{text}"
        paid = transaction(
            1,
            TransactionKind.PAYMENT,
            -5,
            Account.MONEY_RECEIVED,
            reference=text,
            method=text,
            note=text,
        )
        _, charged, cells, _ = cells_of(statement_of(paid, a_charge(to_at=NOON, device_id=text)))
        assert [cells[name] for name in ("reference", "method", "note")] == [f"'{text}"] * 3
        assert charged["device_id"] == f"'{text}"

    @pytest.mark.parametrize("text", ["", "UPI-5", "a=b", "'quoted'", "रसीद", " =1"])
    def test_other_text_stays(self, text: str) -> None:
        """As it was written."""
        assert csv_text(text) == text

    @given(st.lists(st.tuples(st.integers(-(10**15), 10**15), st.text())))
    def test_a_spreadsheet_comes_to_the_same_balance(self, paid: list[tuple[int, str]]) -> None:
        """Amounts are numbers, and add up without rounding."""
        statement = statement_of(
            *(
                transaction(
                    number, TransactionKind.ADJUSTMENT, amount, Account.ADJUSTMENTS, note=note
                )
                for number, (amount, note) in enumerate(paid)
            )
        )
        text = io.StringIO()
        csv.writer(text).writerows(statement_rows(statement))
        rows = list(csv.DictReader(io.StringIO(text.getvalue(), newline="")))
        amounts = [Decimal(row["amount"]) for row in rows[1:-1]]
        assert (
            sum(amounts)
            == Decimal(rows[-1]["balance"])
            == Decimal(sum(a for a, _ in paid)).scaleb(-8)
        )


def test_ten_years_are_made_at_once() -> None:
    """7,300 lines in a fraction of the 100 ms that a statement may take with its queries."""
    charges = [
        a_charge(each, each + 1, NOON + each * 12 * HOUR, NOON + (each + 1) * 12 * HOUR)
        for each in range(7_300)
    ]
    durations = []
    for _ in range(3):
        began = perf_counter()
        statement = make_statement(
            NOON, END, opening_balance_micropaise=0, charges=charges, transactions=[]
        )
        durations.append(timedelta(seconds=perf_counter() - began))
    assert len(statement.lines) == 7_300
    assert min(durations) < timedelta(milliseconds=100)
