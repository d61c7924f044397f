"""What the bills of a postpaid account say about its power."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from .models import Transaction, TransactionKind
from .money import to_paise
from .supply_models import Standing

# What has been used since is on the next bill, which is not due yet.
_USE: Final = frozenset({TransactionKind.CHARGE, TransactionKind.FIXED_CHARGE})


def overdue_paise(
    amount_due_paise: int, issued_at: datetime, transactions: Iterable[Transaction]
) -> int:
    """Return what is still owed of a bill that was to be paid by now, 0 where it is paid.

    The bill is the last one that is past its due date; its amount holds all that was owed when it
    was issued. What was paid, given or taken back since counts by when it was written down: a
    payment that the bill already knows is not counted twice, whatever date it bears.
    """
    credited = sum(
        transaction.amount_micropaise
        for transaction in transactions
        if transaction.recorded_at > issued_at and transaction.kind not in _USE
    )
    return max(0, amount_due_paise - to_paise(credited))


def standing_of(owed_paise: int) -> Standing:
    """Return what an overdue amount alone says."""
    return Standing(is_owing=owed_paise > 0, is_in_order=owed_paise <= 0)
