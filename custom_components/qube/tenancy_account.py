"""What is done with a tenancy's account in the ledger's thread: opened, charged, billed, read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from .billing.bills import Period, StoredBill
from .billing.charging import charge, midnights
from .billing.errors import RefusedError
from .billing.ledger import HOLD, Ledger
from .billing.models import (
    AccountState,
    Charge,
    Charged,
    Opening,
    Plan,
    RateTimeline,
    Reading,
    Source,
    TenancyRecord,
)
from .billing.overdue import overdue_paise
from .billing.postpaid import current_period, due_on, make_bill, periods
from .billing.terms import PostpaidTerms
from .tenancy_terms import TenancyTerms

# Recent daily use is that of so many days.
RECENT: Final = timedelta(days=7)

# When the supply was last decided at its time, so that a check that was missed is made up for.
CHECKED_AT: Final = "checked_at"
# The newest bill of which was told that it is overdue.
OVERDUE_TOLD: Final = "overdue_told"
# Set while an account is being closed.
CLOSING: Final = "closing"

type Use = Mapping[Source, tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountLook:
    """An account as the ledger shows it at a time.

    `use` and `recent_use` are Wh and micropaise by source, of the running period and of the last
    days that are charged; `is_bill_due` says that a period before it has no bill yet.
    `unpaid_paise` is what is left to pay of the newest bill, `overdue_paise` of the newest one that
    was to be paid by now, `overdue_bill`; `is_overdue_news` until that was told.
    """

    record: TenancyRecord
    state: AccountState
    rates: RateTimeline
    period: Period
    use: Use
    recent_use: Use
    is_bill_due: bool
    bill: StoredBill | None
    unpaid_paise: int
    overdue_bill: StoredBill | None
    overdue_paise: int
    is_overdue_news: bool
    is_held: bool
    checked_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargeOutcome:
    """What was charged and billed, and the account after it."""

    charges: Sequence[Charge]
    bills: Sequence[StoredBill]
    look: AccountLook


def open_account(
    ledger: Ledger, opening: Opening, *, listed: Collection[str], now: datetime
) -> None:
    """Open the account of a tenancy, once.

    A tenancy that still runs on the meter though its owner deleted it (it is not listed) ends
    where it was charged last. Raises RefusedError where the meter has another tenancy.
    """
    running = ledger.running_tenancy_of(opening.meter_key)
    if running is not None and running.tenancy_id not in listed:
        cursor = ledger.state(running.tenancy_id).cursor
        ledger.close_tenancy(running.tenancy_id, closed_at=cursor.read_at)
    ledger.open_tenancy(opening, now=now)
    ledger.rename(opening.tenancy_id, tenant=opening.tenant, meter_name=opening.meter_name)


def note_check(ledger: Ledger, tenancy_id: str, now: datetime) -> None:
    """Remember that the supply was decided at its time."""
    ledger.set_memory(tenancy_id, CHECKED_AT, now.isoformat())


def tell_overdue(ledger: Ledger, tenancy_id: str, number: int) -> None:
    """Remember that a bill was told to be overdue."""
    ledger.set_memory(tenancy_id, OVERDUE_TOLD, str(number))


def look_at(ledger: Ledger, tenancy_id: str, terms: TenancyTerms, now: datetime) -> AccountLook:
    """Return an account as it is; that takes no longer the older it is."""
    with ledger.one_state():
        return _look_at(ledger, tenancy_id, terms, now)


def _look_at(ledger: Ledger, tenancy_id: str, terms: TenancyTerms, now: datetime) -> AccountLook:
    record = _record(ledger, tenancy_id)
    bill = ledger.last_bill(tenancy_id)
    state = ledger.state(tenancy_id)
    since = _unbilled_since(record, bill)
    # A period runs until it is charged to its end: an offline meter begins no new one.
    charged_until = state.cursor.read_at
    period = current_period(since, terms.billing_day, charged_until)
    is_postpaid = record.plan is Plan.POSTPAID
    due = ledger.last_bill(tenancy_id, due_by=now) if is_postpaid else None
    owed_paise = _unpaid_paise(ledger, due)
    unpaid_paise = owed_paise if bill == due else _unpaid_paise(ledger, bill)
    memory = ledger.memory(tenancy_id)
    told, checked_at = memory.get(OVERDUE_TOLD), memory.get(CHECKED_AT)
    return AccountLook(
        record=record,
        state=state,
        rates=ledger.rates(tenancy_id),
        period=period,
        use=ledger.totals(tenancy_id, period.start, period.end),
        # Of a meter that is offline, the last days are those before it went.
        recent_use=ledger.totals(tenancy_id, charged_until - RECENT, charged_until),
        is_bill_due=since < period.start,
        bill=bill,
        unpaid_paise=unpaid_paise,
        overdue_bill=due if owed_paise else None,
        overdue_paise=owed_paise,
        is_overdue_news=due is not None and owed_paise > 0 and told != str(due.number),
        is_held=HOLD in memory,
        checked_at=datetime.fromisoformat(checked_at) if checked_at else record.opened.read_at,
    )


def charge_account(
    ledger: Ledger,
    tenancy_id: str,
    readings: Sequence[Reading],
    terms: TenancyTerms,
    now: datetime,
) -> ChargeOutcome:
    """Charge the readings after the cursor, and issue the bills of all periods that are over."""
    if ledger.get_memory(tenancy_id, CLOSING) is not None:
        return close_account(ledger, tenancy_id, (), terms, now)
    charged = post(ledger, tenancy_id, readings, now)
    look = look_at(ledger, tenancy_id, terms, now)
    bills: Sequence[StoredBill] = ()
    if look.is_bill_due:
        bills = issue_bills(ledger, tenancy_id, terms, now)
        look = look_at(ledger, tenancy_id, terms, now)
    return ChargeOutcome(charges=charged.charges, bills=bills, look=look)


def post(ledger: Ledger, tenancy_id: str, readings: Sequence[Reading], now: datetime) -> Charged:
    """Charge the readings after the cursor."""
    with ledger.one_state():
        cursor = ledger.state(tenancy_id).cursor
        rates = ledger.rates(tenancy_id)
    until = max((each.read_at for each in readings), default=cursor.read_at)
    splits = midnights(cursor.read_at, until)
    charged = charge(cursor, readings, rates, splits)
    if charged.cursor != cursor:
        ledger.post_charges(tenancy_id, cursor, charged, now=now)
    return charged


def issue_bills(
    ledger: Ledger,
    tenancy_id: str,
    terms: TenancyTerms,
    now: datetime,
    *,
    closed_at: datetime | None = None,
) -> list[StoredBill]:
    """Issue the bills that are missing of periods which are charged to their end."""
    with ledger.one_state():
        record = _record(ledger, tenancy_id)
        until = closed_at or ledger.state(tenancy_id).cursor.read_at
        bill = ledger.last_bill(tenancy_id)
    if record.closed_at is not None:
        return []
    issued: list[StoredBill] = []
    for period in periods(
        _unbilled_since(record, bill), terms.billing_day, until, is_closed=closed_at is not None
    ):
        draft = make_bill(
            record,
            period,
            rates=ledger.rates(tenancy_id),
            charges=ledger.charge_lines(tenancy_id, period.start, period.end),
            transactions=ledger.transactions(tenancy_id, with_charges=False),
            previous=bill.draft if bill else None,
            last_day=_last_day(terms, now),
        )
        bill = ledger.issue_bill(draft, now=now)
        issued.append(bill)
    return issued


def close_account(
    ledger: Ledger,
    tenancy_id: str,
    readings: Sequence[Reading],
    terms: TenancyTerms,
    now: datetime,
) -> ChargeOutcome:
    """Charge the last readings, issue the final bill and close the account for ever."""
    charged = post(ledger, tenancy_id, readings, now)
    closed_at = charged.cursor.read_at
    # The bill and the end are two transactions: a crash between them is made good.
    ledger.set_memory(tenancy_id, CLOSING, closed_at.isoformat())
    bills = issue_bills(ledger, tenancy_id, terms, now, closed_at=closed_at)
    ledger.close_tenancy(tenancy_id, closed_at=closed_at)
    look = look_at(ledger, tenancy_id, terms, now)
    return ChargeOutcome(charges=charged.charges, bills=bills, look=look)


def _record(ledger: Ledger, tenancy_id: str) -> TenancyRecord:
    record = ledger.tenancy(tenancy_id)
    if record is None:
        raise RefusedError("tenancy_unknown")
    return record


def _unbilled_since(record: TenancyRecord, bill: StoredBill | None) -> datetime:
    """Return where the next bill begins: the billing day may have been another one before."""
    return bill.draft.period.end if bill else record.opened.read_at


def _last_day(terms: TenancyTerms, now: datetime) -> date | None:
    supply = terms.supply
    return due_on(now, supply.due_days) if isinstance(supply, PostpaidTerms) else None


def _unpaid_paise(ledger: Ledger, bill: StoredBill | None) -> int:
    if bill is None:
        return 0
    transactions = ledger.transactions(
        bill.draft.tenancy_id, with_charges=False, after_id=bill.draft.through_transaction_id
    )
    return overdue_paise(bill.draft.amount_due_paise, bill.issued_at, transactions)
