"""What a bill says: immutable, exact, and with the registers that it rests on.

A bill is stored as the canonical text of `BillDraft.document` and parsed back from it. All sums
are derived, so that no bill can contradict itself.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
import json
from typing import Any, Final, Self

from .errors import LedgerError
from .models import INDIA, Plan, Source
from .money import BASIS_POINTS, MICROPAISE_PER_PAISA, energy_tax_micropaise, to_paise

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A time that one bill is for, `end` excluded; both are aware.

    `whole_days` is the length of the month from billing day to billing day that it lies in; a
    tenancy's first and last period may be only a part of one.
    """

    start: datetime
    end: datetime
    whole_days: int

    @property
    def days(self) -> int:
        """Return how many days in India it has: the first one counts, the day of `end` does not.

        So a day on which one tenant leaves and the next one moves in is the next one's alone.
        """
        return (self.end.astimezone(INDIA).date() - self.start.astimezone(INDIA).date()).days

    def __contains__(self, moment: datetime) -> bool:
        """Return whether an aware time is in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterMark:
    """Which Qube device showed what at a time, and what the meter had measured in all by then."""

    total_wh: int
    read_at: datetime
    device_id: str
    register_wh: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BillLine:
    """The use of one source at one rate on one register of a Qube device.

    There is one register for both sources, so between its opening and its closing there may be
    use of the other one, too: `energy_wh` is this line's alone. `estimated_wh` is how much of it
    was charged on an estimate.
    """

    source: Source
    millipaise_per_kwh: int
    tax_basis_points: int
    opening: RegisterMark
    closing: RegisterMark
    energy_wh: int
    estimated_wh: int

    @property
    def energy_micropaise(self) -> int:
        """Return what the energy costs, before tax; exact."""
        return self.energy_wh * self.millipaise_per_kwh

    @property
    def tax_micropaise(self) -> int:
        """Return the tax on it; exact."""
        return energy_tax_micropaise(self.energy_wh, self.millipaise_per_kwh, self.tax_basis_points)


@dataclass(frozen=True, kw_only=True, slots=True)
class BillDraft:
    """A bill before it has a number.

    The tenant is called as at that time. `through_transaction_id` is the last transaction that is
    counted: payments and adjustments up to it are on this bill or on an earlier one, those after
    it on a later one. `due_on` is the last day in India on which it can be paid in time, None where
    there is none, as with a prepaid account.
    """

    tenancy_id: str
    account_number: int
    tenant: str = field(repr=False)
    meter_key: str
    meter_name: str
    plan: Plan
    period: Period
    opening: RegisterMark
    closing: RegisterMark
    lines: tuple[BillLine, ...]
    fixed_charge_paise: int
    fixed_charge_tax_basis_points: int
    previous_balance_micropaise: int
    payments_micropaise: int
    adjustments_micropaise: int
    through_transaction_id: int
    due_on: date | None

    @property
    def energy_wh(self) -> int:
        """Return the use of the period."""
        return sum(line.energy_wh for line in self.lines)

    @property
    def energy_micropaise(self) -> int:
        """Return what the energy costs, before tax."""
        return sum(line.energy_micropaise for line in self.lines)

    @property
    def fixed_charge_micropaise(self) -> int:
        """Return the fixed charge, before tax."""
        return self.fixed_charge_paise * MICROPAISE_PER_PAISA

    @property
    def fixed_charge_tax_micropaise(self) -> int:
        """Return the tax on the fixed charge; exact, a paisa has a million parts."""
        return self.fixed_charge_micropaise * self.fixed_charge_tax_basis_points // BASIS_POINTS

    @property
    def tax_micropaise(self) -> int:
        """Return all tax."""
        energy_tax = sum(line.tax_micropaise for line in self.lines)
        return energy_tax + self.fixed_charge_tax_micropaise

    @property
    def total_micropaise(self) -> int:
        """Return what the period costs: energy, fixed charge and tax; exact."""
        return self.energy_micropaise + self.fixed_charge_micropaise + self.tax_micropaise

    @property
    def total_paise(self) -> int:
        """Return what the period costs, half a paisa rounded up."""
        return to_paise(self.total_micropaise)

    @property
    def balance_micropaise(self) -> int:
        """Return the tenant's balance after this bill; exact, so no remainder is ever lost."""
        received = self.payments_micropaise + self.adjustments_micropaise
        return self.previous_balance_micropaise + received - self.total_micropaise

    @property
    def amount_due_paise(self) -> int:
        """Return what the tenant has to pay, half a paisa rounded up; nothing with a credit."""
        return max(0, -to_paise(self.balance_micropaise))

    @property
    def due_at(self) -> datetime | None:
        """Return the midnight in India from which it is overdue, the end of the day `due_on`."""
        return None if self.due_on is None else datetime.combine(self.due_on + _DAY, time(), INDIA)

    def document(self) -> str:
        """Return it as canonical JSON: the same bill gives the same text, byte for byte."""
        return json.dumps(
            asdict(self),
            default=_as_text,
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        )

    @classmethod
    def from_document(cls, document: str) -> Self:
        """Return the bill that a text says.

        Raises LedgerError where the text is none of a bill.
        """
        try:
            return cls(**_draft_fields(json.loads(document)))
        except KeyError, OverflowError, RecursionError, TypeError, ValueError:
            raise LedgerError("ledger_damaged") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBill:
    """A bill as it was issued; numbers count up without a gap over all tenancies of a ledger."""

    number: int
    issued_at: datetime
    draft: BillDraft


def _as_text(value: date) -> str:
    return (value.astimezone(UTC) if isinstance(value, datetime) else value).isoformat()


def _draft_fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a draft as their types; the names must be exactly those of a bill."""
    due_on = content["due_on"]
    return {
        **content,
        "plan": Plan(content["plan"]),
        "period": _period(content["period"]),
        "opening": _mark(content["opening"]),
        "closing": _mark(content["closing"]),
        "lines": tuple(_line(line) for line in content["lines"]),
        "due_on": None if due_on is None else date.fromisoformat(due_on),
    }


def _period(content: Mapping[str, Any]) -> Period:
    return Period(
        start=datetime.fromisoformat(content["start"]),
        end=datetime.fromisoformat(content["end"]),
        whole_days=content["whole_days"],
    )


def _mark(content: Mapping[str, Any]) -> RegisterMark:
    return RegisterMark(**{**content, "read_at": datetime.fromisoformat(content["read_at"])})


def _line(content: Mapping[str, Any]) -> BillLine:
    return BillLine(
        **{
            **content,
            "source": Source(content["source"]),
            "opening": _mark(content["opening"]),
            "closing": _mark(content["closing"]),
        }
    )
