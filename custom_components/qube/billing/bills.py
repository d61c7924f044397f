"""Bills as the ledger takes and keeps them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class BillDraft:
    """A bill before it has a number."""

    tenancy_id: str
    period_start: datetime
    period_end: datetime
    fixed_charge_paise: int
    tax_on_fixed_charge_micropaise: int
    due_at: datetime | None = None

    def document(self) -> str:
        """Return the text that is stored."""
        return "{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBill:
    """A bill as it was issued."""

    number: int
    issued_at: datetime
    document: str
