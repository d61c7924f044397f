"""What the actions of a tenancy answer: ₹, kWh and days in India, and no name of a tenant."""

from datetime import datetime

from homeassistant.util.json import JsonObjectType

from .billing.bills import BillLine, RegisterMark, StoredBill
from .billing.models import Charge, Rates, Transaction, TransactionKind
from .billing.money import (
    BASIS_POINTS_PER_PERCENT,
    rate_in_rupees,
    rupees_exactly,
    rupees_of,
    rupees_of_paise,
)
from .billing.statement import StatementLine
from .const import INDIA
from .days import day_of, last_day_before

_WH_PER_KWH = 1000


def rupees(amount_micropaise: int) -> float:
    """Return an amount in ₹, rounded half up to a paisa."""
    return float(rupees_of(amount_micropaise))


def exact_rupees(amount_micropaise: int) -> float:
    """Return an amount in ₹ without rounding, so that the lines of a statement add up."""
    return float(rupees_exactly(amount_micropaise))


def moment(time: datetime) -> str:
    """Return an aware time as a text, in India's zone."""
    return time.astimezone(INDIA).isoformat(timespec="seconds")


def transaction_answer(transaction: Transaction, balance_micropaise: int) -> JsonObjectType:
    """Return a transaction, and the balance that it led to."""
    return {
        "transaction_id": transaction.transaction_id,
        "kind": transaction.kind.value,
        "amount": rupees(transaction.amount_micropaise),
        "time": moment(transaction.effective_at),
        "reference": transaction.reference,
        "balance": rupees(balance_micropaise),
    }


def rates_answer(rates: Rates) -> JsonObjectType:
    """Return a version of rates."""
    return {
        "valid_from": moment(rates.valid_from),
        "eb_rate": float(rate_in_rupees(rates.eb_millipaise_per_kwh)),
        "dg_rate": float(rate_in_rupees(rates.dg_millipaise_per_kwh)),
        "monthly_charge": float(rupees_of_paise(rates.monthly_charge_paise)),
        "tax": rates.tax_basis_points / BASIS_POINTS_PER_PERCENT,
    }


def statement_line_answer(line: StatementLine) -> JsonObjectType:
    """Return a line of a statement: use with its registers, or other money."""
    entry = line.entry
    return {
        "time": moment(line.at),
        **(_charge_answer(entry) if isinstance(entry, Charge) else _money_answer(entry)),
        "amount": exact_rupees(line.amount_micropaise),
        "balance": exact_rupees(line.balance_micropaise),
    }


def bill_answer(bill: StoredBill) -> JsonObjectType:
    """Return a bill as it was issued."""
    draft = bill.draft
    return {
        "number": bill.number,
        "issued": moment(bill.issued_at),
        "account_number": draft.account_number,
        "meter": draft.meter_name,
        "plan": draft.plan.value,
        "from": str(day_of(draft.period.start)),
        "to": str(last_day_before(draft.period.end)),
        "opening": _mark_answer(draft.opening),
        "closing": _mark_answer(draft.closing),
        "energy_kwh": draft.energy_wh / _WH_PER_KWH,
        "lines": [_line_answer(line) for line in draft.lines],
        "energy_charge": rupees(draft.energy_micropaise),
        "fixed_charge": float(rupees_of_paise(draft.fixed_charge_paise)),
        "tax": rupees(draft.tax_micropaise),
        "total": float(rupees_of_paise(draft.total_paise)),
        "previous_balance": rupees(draft.previous_balance_micropaise),
        "payments": rupees(draft.payments_micropaise),
        "adjustments": rupees(draft.adjustments_micropaise),
        "balance": rupees(draft.balance_micropaise),
        "amount_due": float(rupees_of_paise(draft.amount_due_paise)),
        "due": None if draft.due_on is None else str(draft.due_on),
    }


def _charge_answer(charge: Charge) -> JsonObjectType:
    return {
        "from": moment(charge.from_at),
        "kind": TransactionKind.CHARGE.value,
        "source": charge.source.value,
        "qube_device": charge.device_id,
        "opening_kwh": charge.opening_register_wh / _WH_PER_KWH,
        "closing_kwh": charge.register_wh / _WH_PER_KWH,
        "energy_kwh": charge.energy_wh / _WH_PER_KWH,
        "rate": float(rate_in_rupees(charge.millipaise_per_kwh)),
        "tax_percent": charge.tax_basis_points / BASIS_POINTS_PER_PERCENT,
        "is_estimated": charge.is_estimated,
    }


def _money_answer(transaction: Transaction) -> JsonObjectType:
    return {
        "kind": transaction.kind.value,
        "transaction_id": transaction.transaction_id,
        "reference": transaction.reference,
        "method": transaction.method,
        "note": transaction.note,
        "reverses": transaction.reverses,
    }


def _line_answer(line: BillLine) -> JsonObjectType:
    return {
        "source": line.source.value,
        "opening": _mark_answer(line.opening),
        "closing": _mark_answer(line.closing),
        "energy_kwh": line.energy_wh / _WH_PER_KWH,
        "estimated_kwh": line.estimated_wh / _WH_PER_KWH,
        "rate": float(rate_in_rupees(line.millipaise_per_kwh)),
        "amount": rupees(line.energy_micropaise),
    }


def _mark_answer(mark: RegisterMark) -> JsonObjectType:
    return {
        "time": moment(mark.read_at),
        "qube_device": mark.device_id,
        "register_kwh": mark.register_wh / _WH_PER_KWH,
    }
