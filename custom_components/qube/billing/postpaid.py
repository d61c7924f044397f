"""Periods, fixed charges and the making of bills, in days of India.

Bills of prepaid accounts are made here, too: their period is the calendar month, that is billing
day 1.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from .bills import BillDraft, BillLine, Period, RegisterMark
from .errors import LedgerError
from .models import (
    INDIA,
    Account,
    Charge,
    RateTimeline,
    Reading,
    TenancyRecord,
    Transaction,
    TransactionKind,
    rates_at,
)
from .money import divided_half_up


def period_at(billing_day: int, moment: datetime) -> Period:
    """Return the whole period in which an aware time lies, from billing day to billing day.

    In a month without that day it is the month's last day.
    """
    today = moment.astimezone(INDIA).date()
    first = today.replace(day=1)
    start = _billing_date(today, billing_day)
    if today < start:
        start, end = _billing_date(first - timedelta(days=1), billing_day), start
    else:
        next_month = first + timedelta(days=monthrange(today.year, today.month)[1])
        end = _billing_date(next_month, billing_day)
    return Period(start=_midnight(start), end=_midnight(end), whole_days=(end - start).days)


def current_period(opened_at: datetime, billing_day: int, moment: datetime) -> Period:
    """Return the period of a tenancy in which a time lies; the first begins when it opened."""
    period = period_at(billing_day, moment)
    return replace(period, start=max(opened_at, period.start))


def periods(
    opened_at: datetime, billing_day: int, until: datetime, *, is_closed: bool = False
) -> Iterator[Period]:
    """Yield a tenancy's periods that have ended by a time, the oldest first.

    Where the tenancy closed at that time, the last one is what is left up to it, if anything is.
    """
    period = current_period(opened_at, billing_day, opened_at)
    while period.end <= until:
        yield period
        period = period_at(billing_day, period.end)
    if is_closed and period.start < until:
        yield replace(period, end=until)


def fixed_charge_paise(monthly_charge_paise: int, period: Period) -> int:
    """Return the fixed charge of a period: by days where it is a part, half a paisa rounded up."""
    return divided_half_up(monthly_charge_paise * period.days, period.whole_days)


def due_on(issued_at: datetime, due_days: int) -> date:
    """Return the last day on which a bill can be paid in time."""
    return issued_at.astimezone(INDIA).date() + timedelta(days=due_days)


def make_bill(
    record: TenancyRecord,
    period: Period,
    *,
    rates: RateTimeline,
    charges: Iterable[Charge],
    transactions: Iterable[Transaction],
    previous: BillDraft | None,
    last_day: date | None,
) -> BillDraft:
    """Return the bill of a period.

    `charges` are those of the period, merged or not, `transactions` all others since the previous
    bill, at least; `last_day` is the one to pay on. The fixed charge is that of the rates in force
    when the period begins.

    Raises LedgerError where the charges do not follow the previous bill and each other.
    """
    opened = previous.closing if previous else _mark(record.opened)
    in_order = sorted(charges, key=lambda charge: charge.from_wh)
    _check_contiguous(opened, in_order)
    version = rates_at(rates, period.start)
    counted_before = previous.through_transaction_id if previous else 0
    counted = [each for each in transactions if _counts(each, counted_before)]
    payments = -sum(each.postings.get(Account.MONEY_RECEIVED, 0) for each in counted)
    return BillDraft(
        tenancy_id=record.tenancy_id,
        account_number=record.number,
        tenant=record.tenant,
        meter_key=record.meter_key,
        meter_name=record.meter_name,
        plan=record.plan,
        period=period,
        opening=_opening(in_order[0]) if in_order else opened,
        closing=_closing(in_order[-1]) if in_order else opened,
        lines=bill_lines(in_order),
        fixed_charge_paise=fixed_charge_paise(version.monthly_charge_paise, period),
        fixed_charge_tax_basis_points=version.tax_basis_points,
        previous_balance_micropaise=previous.balance_micropaise if previous else 0,
        payments_micropaise=payments,
        adjustments_micropaise=sum(each.amount_micropaise for each in counted) - payments,
        through_transaction_id=max(
            (each.transaction_id for each in counted), default=counted_before
        ),
        due_on=last_day,
    )


def is_sound(
    bill: BillDraft,
    record: TenancyRecord,
    *,
    rates: RateTimeline,
    charges: Iterable[Charge],
    transactions: Iterable[Transaction],
    previous: BillDraft | None,
) -> bool:
    """Return whether a bill, made again from what the ledger holds, comes out the same.

    Names are those of the bill, as they may change later; so is the day until which to pay.
    """
    try:
        again = make_bill(
            replace(record, tenant=bill.tenant, meter_name=bill.meter_name),
            bill.period,
            rates=rates,
            charges=charges,
            transactions=[
                each for each in transactions if each.transaction_id <= bill.through_transaction_id
            ],
            previous=previous,
            last_day=bill.due_on,
        )
    except LedgerError:
        return False
    return again == bill


def bill_lines(charges: Iterable[Charge]) -> tuple[BillLine, ...]:
    """Sum charges, which are in order, up by register, source, rate and tax."""
    lines: dict[tuple[object, ...], BillLine] = {}
    for charge in charges:
        # What the meter had measured when the register was at zero tells one register of a device
        # from the next one, after a reset.
        register = charge.device_id, charge.to_wh - charge.register_wh
        key = *register, charge.source, charge.millipaise_per_kwh, charge.tax_basis_points
        line = lines.get(key) or BillLine(
            source=charge.source,
            millipaise_per_kwh=charge.millipaise_per_kwh,
            tax_basis_points=charge.tax_basis_points,
            opening=_opening(charge),
            closing=_closing(charge),
            energy_wh=0,
            estimated_wh=0,
        )
        lines[key] = replace(
            line,
            closing=_closing(charge),
            energy_wh=line.energy_wh + charge.energy_wh,
            estimated_wh=line.estimated_wh + charge.is_estimated * charge.energy_wh,
        )
    return tuple(lines.values())


def _billing_date(day: date, billing_day: int) -> date:
    """Return the billing day in the month of a day, or that month's last day."""
    return day.replace(day=min(billing_day, monthrange(day.year, day.month)[1]))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), INDIA)


def _check_contiguous(opened: RegisterMark, charges: Sequence[Charge]) -> None:
    ends = [opened.total_wh, *(charge.to_wh for charge in charges)]
    if any(end != charge.from_wh for end, charge in zip(ends, charges, strict=False)):
        raise LedgerError("ledger_damaged")


def _counts(transaction: Transaction, counted_before: int) -> bool:
    """Return whether a transaction is yet to be counted, and no charge: those have lines."""
    return transaction.transaction_id > counted_before and transaction.kind not in {
        TransactionKind.CHARGE,
        TransactionKind.FIXED_CHARGE,
    }


def _mark(reading: Reading) -> RegisterMark:
    return RegisterMark(
        total_wh=reading.total_wh,
        read_at=reading.read_at,
        device_id=reading.device_id,
        register_wh=reading.register_wh,
    )


def _opening(charge: Charge) -> RegisterMark:
    return RegisterMark(
        total_wh=charge.from_wh,
        read_at=charge.from_at,
        device_id=charge.device_id,
        register_wh=charge.opening_register_wh,
    )


def _closing(charge: Charge) -> RegisterMark:
    return RegisterMark(
        total_wh=charge.to_wh,
        read_at=charge.to_at,
        device_id=charge.device_id,
        register_wh=charge.register_wh,
    )
