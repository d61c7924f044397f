"""What happens in a tenancy, as event entities and automations hear of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .billing.bills import StoredBill
from .billing.models import Charge, Rates, SupplyReason, Transaction
from .billing.money import rate_in_rupees, rupees_of, rupees_of_paise


class TenancyEventKind(StrEnum):
    """What has happened; the values are the event types that people see."""

    PAYMENT = "payment"
    CHARGE = "charge"
    WARNING = "warning"
    CUT = "cut"
    RESTORED = "restored"
    BILL_ISSUED = "bill_issued"
    OVERDUE = "overdue"
    RATES_CHANGED = "rates_changed"


type EventValue = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TenancyEvent:
    """One event; amounts among the attributes are in ₹, energy is in kWh, no name is among them."""

    kind: TenancyEventKind
    attributes: Mapping[str, EventValue]


type TenancyEventListener = Callable[[TenancyEvent], None]


def payment_event(payment: Transaction, balance_micropaise: int) -> TenancyEvent:
    """Return the event of a payment that was recorded."""
    return TenancyEvent(
        kind=TenancyEventKind.PAYMENT,
        attributes={
            "amount": _rupees(payment.amount_micropaise),
            "balance": _rupees(balance_micropaise),
            "method": payment.method,
        },
    )


def charge_event(charges: Iterable[Charge], balance_micropaise: int) -> TenancyEvent:
    """Return the event of charges that were booked together."""
    booked = list(charges)
    return TenancyEvent(
        kind=TenancyEventKind.CHARGE,
        attributes={
            "amount": _rupees(sum(charge.amount_micropaise for charge in booked)),
            "balance": _rupees(balance_micropaise),
            "energy": sum(charge.energy_wh for charge in booked) / 1000,
            "is_estimated": any(charge.is_estimated for charge in booked),
        },
    )


def bill_event(bill: StoredBill) -> TenancyEvent:
    """Return the event of a bill that was issued."""
    draft = bill.draft
    return TenancyEvent(
        kind=TenancyEventKind.BILL_ISSUED,
        attributes={
            "number": bill.number,
            "amount": _rupees(draft.total_micropaise),
            "amount_due": float(rupees_of_paise(draft.amount_due_paise)),
            "due_on": draft.due_on.isoformat() if draft.due_on else None,
        },
    )


def overdue_event(bill: StoredBill, overdue_paise: int) -> TenancyEvent:
    """Return the event of a bill that was not paid in time."""
    return TenancyEvent(
        kind=TenancyEventKind.OVERDUE,
        attributes={
            "number": bill.number,
            "amount_due": float(rupees_of_paise(overdue_paise)),
        },
    )


def warning_event(level_paise: int, balance_micropaise: int) -> TenancyEvent:
    """Return the event of a balance that fell below a warning level."""
    return TenancyEvent(
        kind=TenancyEventKind.WARNING,
        attributes={
            "level": float(rupees_of_paise(level_paise)),
            "balance": _rupees(balance_micropaise),
        },
    )


def switch_event(*, power_on: bool, reason: SupplyReason) -> TenancyEvent:
    """Return the event of power that billing cut or restored, once the relay shows it."""
    return TenancyEvent(
        kind=TenancyEventKind.RESTORED if power_on else TenancyEventKind.CUT,
        attributes={"reason": reason.value},
    )


def rates_event(rates: Rates) -> TenancyEvent:
    """Return the event of rates that will hold from a time on; they are in ₹ per kWh."""
    return TenancyEvent(
        kind=TenancyEventKind.RATES_CHANGED,
        attributes={
            "valid_from": rates.valid_from.isoformat(),
            "eb_rate": float(rate_in_rupees(rates.eb_millipaise_per_kwh)),
            "dg_rate": float(rate_in_rupees(rates.dg_millipaise_per_kwh)),
        },
    )


def _rupees(amount_micropaise: int) -> float:
    return float(rupees_of(amount_micropaise))
