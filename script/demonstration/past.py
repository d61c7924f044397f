"""The months that the tenants have lived through, booked with the real ledger.

The readings are those of the simulated meters, so that register, history and ledger agree, and
everything is booked by the integration's own functions, at the time at which it would have been.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import count, takewhile
from typing import Final

from custom_components.qube.billing.charging import charge, midnights
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import INDIA, Plan, Reading
from custom_components.qube.billing.money import millipaise_of, to_paise
from custom_components.qube.billing.overdue import overdue_paise
from custom_components.qube.billing.postpaid import periods
from custom_components.qube.tenancy_account import (
    charge_account,
    close_account,
    open_account,
    post,
)

from .leases import Lease, days_ago

type _Happening = tuple[datetime, Callable[[datetime], None]]

_MINUTE: Final = timedelta(minutes=1)
_DAYS_BETWEEN_VISITS: Final = 3
_ENDS_WITHIN: Final = timedelta(days=25)
_LAST_VISITS: Final = timedelta(days=4)
_NEW_RATES_DAYS: Final = 45
_GOODWILL_DAYS: Final = 20
_PAID_TWICE_DAYS: Final = 40
_PAID_TWICE_PAISE: Final = 50_000
_HELD_DAYS: Final = 9
# Until the next bill is overdue: a month of 31 days, and the days until it is due.
_OWED_FOR: Final = timedelta(days=42)
_REFUND_AFTER: Final = timedelta(hours=2)
_PAISE: Final = 100
_TEN_RUPEES_PAISE: Final = 1000


def live_through(ledger: Ledger, leases: Sequence[Lease], now: datetime) -> dict[str, int]:
    """Book what happened to all tenants, in its order; return the balances in paise, by tenancy."""
    lives = [_Life(ledger, lease, now) for lease in leases]
    happenings = [each for life in lives for each in life.happenings()]
    for moment, happen in sorted(happenings, key=lambda happening: happening[0]):
        happen(moment)
    return {
        lease.tenancy_id: to_paise(ledger.state(lease.tenancy_id).balance_micropaise)
        for lease in leases
    }


class _Life:
    """What happens to one tenant."""

    def __init__(self, ledger: Ledger, lease: Lease, now: datetime) -> None:
        self._ledger = ledger
        self._lease = lease
        self._tenant = lease.tenant
        self._id = lease.tenancy_id
        self._terms = lease.terms
        self._now = now
        self._times = [each.read_at for each in lease.readings]
        self._charged_until = self._terms.opened.read_at
        self._end = lease.readings[-1].read_at if lease.tenant.until_days else now

    def happenings(self) -> Iterator[_Happening]:
        """Yield what happens when; each is given its time."""
        tenant, began = self._tenant, self._terms.opened.read_at
        yield began, self._open
        visits = (
            days_ago(self._now, tenant.since_days - day, time(8 + day * 5 % 13, day * 17 % 60))
            for day in count(1, _DAYS_BETWEEN_VISITS)
        )
        if tenant.plan is Plan.PREPAID:
            yield from ((at, self._visit) for at in takewhile(self._is_before_end, visits))
        for period in periods(began, tenant.billing_day, self._end):
            yield period.end + _MINUTE, self._charge
            paid_at = period.end + timedelta(days=tenant.pays_after_days, hours=18, minutes=25)
            if tenant.plan is Plan.POSTPAID and self._is_before_end(paid_at):
                yield paid_at, self._pay_bill
        yield from self._specials()
        if tenant.until_days:
            yield self._end + _MINUTE, self._move_out
            yield self._end + _REFUND_AFTER, self._refund
        else:
            yield self._now, self._charge

    def _specials(self) -> Iterator[_Happening]:
        tenant, now = self._tenant, self._now
        if tenant.new_eb_rate is not None:
            yield days_ago(now, _NEW_RATES_DAYS, time(17, 5)), self._announce_rates
        if tenant.goodwill:
            yield days_ago(now, _GOODWILL_DAYS, time(16, 40)), self._give_goodwill
        if tenant.pays_twice:
            yield days_ago(now, _PAID_TWICE_DAYS, time(9, 12)), self._pay_twice
        if tenant.is_held:
            yield days_ago(now, _HELD_DAYS, time(18)), self._hold

    def _is_before_end(self, moment: datetime) -> bool:
        return moment < self._end - 2 * _MINUTE

    def _open(self, moment: datetime) -> None:
        opening = self._terms.opening(self._id, self._lease.meter_name)
        open_account(self._ledger, opening, listed={self._id}, now=moment)

    def _charge(self, moment: datetime) -> None:
        readings = self._readings(self._charged_until, moment)
        charge_account(self._ledger, self._id, readings, self._terms, moment)
        self._charged_until = moment

    def _readings(self, after: datetime, until: datetime) -> Sequence[Reading]:
        first, end = (bisect_right(self._times, moment) for moment in (after, until))
        return self._lease.readings[first:end]

    def _move_out(self, moment: datetime) -> None:
        readings = self._readings(self._charged_until, moment)
        close_account(self._ledger, self._id, readings, self._terms, moment)

    def _visit(self, moment: datetime) -> None:
        """Charge, and top up what has become too little."""
        post(self._ledger, self._id, self._readings(self._charged_until, moment), moment)
        self._charged_until = moment
        tenant, balance_paise = self._tenant, self._balance_paise()
        if balance_paise < tenant.below * _PAISE or moment > self._now - _LAST_VISITS:
            amount_paise = min(tenant.tops_up * _PAISE, self._needed_paise(moment, balance_paise))
            if amount_paise > 0:
                self._pay(moment, amount_paise)

    def _needed_paise(self, moment: datetime, balance_paise: int) -> int:
        """Return what is missing to end as it should, in tens of rupees; long before, anything."""
        ends_at = self._tenant.ends_at
        if ends_at is None or moment < self._now - _ENDS_WITHIN:
            return self._tenant.tops_up * _PAISE
        ahead = charge(
            self._ledger.state(self._id).cursor,
            self._readings(moment, self._now),
            self._ledger.rates(self._id),
            midnights(moment, self._now),
        )
        cost = to_paise(sum(each.amount_micropaise for each in ahead.charges))
        months = len([*takewhile(lambda p: p.end <= self._now, periods(moment, 1, self._now))])
        cost += months * self._tenant.monthly_charge * _PAISE
        needed = ends_at * _PAISE + cost - balance_paise
        return -(-needed // _TEN_RUPEES_PAISE) * _TEN_RUPEES_PAISE

    def _pay_bill(self, moment: datetime) -> None:
        """Pay what is left of the newest bill."""
        bill = self._ledger.bills(self._id)[-1]
        if self._tenant.owes_last and bill.issued_at > self._now - _OWED_FOR:
            return
        transactions = self._ledger.transactions(self._id, with_charges=False)
        left = overdue_paise(bill.draft.amount_due_paise, bill.issued_at, transactions)
        if left > 0:
            self._pay(moment, left)

    def _pay(self, moment: datetime, amount_paise: int) -> int:
        """Pay with a reference as banks give them; return the number of the transaction."""
        number = int(moment.timestamp()) * 391 % 10**12
        kind = {"upi": "UPI", "bank_transfer": "NEFT", "cash": "Receipt"}[self._tenant.pays_by]
        transaction, _ = self._ledger.record_payment(
            self._id,
            amount_paise=amount_paise,
            reference=f"{kind} {number:012}",
            method=self._tenant.pays_by,
            paid_at=moment,
            now=moment,
            is_confirmed=True,
        )
        return transaction.transaction_id

    def _pay_twice(self, moment: datetime) -> None:
        """Enter one payment under two references, and take the second back."""
        self._pay(moment, _PAID_TWICE_PAISE)
        wrong = self._pay(moment + 3 * _MINUTE, _PAID_TWICE_PAISE)
        later = moment + timedelta(hours=5)
        self._ledger.reverse(wrong, reason="Entered twice: the receipt is the same", now=later)

    def _announce_rates(self, moment: datetime) -> None:
        """Let other rates hold from the next month on."""
        first = (moment.replace(day=1) + timedelta(days=32)).replace(day=1)
        newest = self._ledger.rates(self._id)[-1]
        rates = replace(
            newest,
            valid_from=datetime.combine(first, time(), INDIA),
            eb_millipaise_per_kwh=millipaise_of(self._tenant.new_eb_rate or ""),
        )
        self._ledger.add_rates(self._id, rates, now=moment)

    def _give_goodwill(self, moment: datetime) -> None:
        self._adjust(moment, self._tenant.goodwill * _PAISE, "Sorry for the day without water")

    def _refund(self, moment: datetime) -> None:
        balance_paise = self._balance_paise()
        if balance_paise:
            self._adjust(moment, -balance_paise, "Settled at move-out")

    def _adjust(self, moment: datetime, amount_paise: int, reason: str) -> None:
        reference = f"Note {int(moment.timestamp()) % 10**6}"
        self._ledger.record_adjustment(
            self._id, amount_paise=amount_paise, reason=reason, reference=reference, now=moment
        )

    def _hold(self, _moment: datetime) -> None:
        self._ledger.set_hold(self._id, is_held=True)

    def _balance_paise(self) -> int:
        return to_paise(self._ledger.state(self._id).balance_micropaise)
