"""What is still owed of a bill that is past its due date."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.qube.billing.models import Account, Transaction, TransactionKind
from custom_components.qube.billing.overdue import overdue_paise, standing_of

ISSUED_AT = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAYMENT = TransactionKind.PAYMENT


def transaction(
    kind: TransactionKind, paise: int, *, days: float = 3, dated_days: float | None = None
) -> Transaction:
    """Return what adds so much to the tenant's balance, written down after so many days."""
    return Transaction(
        transaction_id=1,
        tenancy_id="t",
        kind=kind,
        key="k",
        effective_at=ISSUED_AT + (days if dated_days is None else dated_days) * DAY,
        recorded_at=ISSUED_AT + days * DAY,
        postings={Account.TENANT: paise * 1_000_000},
    )


@pytest.mark.parametrize(
    ("since", "owed"),
    [
        ([], 2_206_75),
        ([transaction(PAYMENT, 2_206_75)], 0),
        ([transaction(PAYMENT, 2_206_74)], 1),
        ([transaction(PAYMENT, 9_999_99)], 0),
        # The bill knows it already.
        ([transaction(PAYMENT, 2_206_75, days=0)], 2_206_75),
        ([transaction(PAYMENT, 2_206_75, days=-1)], 2_206_75),
        # Paid before it was issued, entered after.
        ([transaction(PAYMENT, 2_206_75, days=1, dated_days=-2)], 0),
        # New use is on the next bill.
        ([transaction(TransactionKind.CHARGE, -500_00)], 2_206_75),
        ([transaction(TransactionKind.FIXED_CHARGE, -500_00)], 2_206_75),
        ([transaction(TransactionKind.ADJUSTMENT, 206_75)], 2_000_00),
        ([transaction(TransactionKind.ADJUSTMENT, -100_00)], 2_306_75),
        # A cheque that bounced.
        (
            [transaction(PAYMENT, 2_206_75), transaction(TransactionKind.REVERSAL, -2_206_75)],
            2_206_75,
        ),
    ],
)
def test_what_came_in_since_counts(since: list[Transaction], owed: int) -> None:
    """By when it was written down, whatever date it bears."""
    assert overdue_paise(2_206_75, ISSUED_AT, since) == owed


def test_a_bill_that_is_a_credit_is_never_overdue() -> None:
    """The tenant paid ahead."""
    assert overdue_paise(-100_00, ISSUED_AT, []) == 0


def test_anything_overdue_is_owing() -> None:
    """And nothing overdue is in order."""
    assert (standing_of(1).is_owing, standing_of(1).is_in_order) == (True, False)
    assert (standing_of(0).is_owing, standing_of(0).is_in_order) == (False, True)
