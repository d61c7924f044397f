"""What each tenant of the simulated year owes at each check, from what really happened.

Written without the code that it judges: in whole seconds, fractions, and one watt-hour after the
other where a price or a period changes between two readings. It knows the rules only:

- A use is known when it is polled, or, after a gap, from the quarters of an hour that the cloud
  kept. Where nothing was missed, what was polled between two checks on one source says no more
  than the first and the last of it. A new source and a new day are charged at once.
- It costs what the source costs that was seen last before it and next after it, in doubt the
  cheaper one; the tax is on top.
- A month from billing day to billing day has a fixed charge, by days where it is a part of one,
  and a bill as soon as its use is known to its end.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from custom_components.qube.billing.models import Plan, Source
from custom_components.qube.billing.terms import CheckEvery

from .world import DAY_S, HOUR_S, QUARTER_S, START, Meter, Money, Price, Stay

# Amounts are counted in so many parts of a micropaisa, so that tax is a whole number of them.
_PARTS = 10_000
_PAISA = 1_000_000 * _PARTS
# Polls further apart than this have not seen all that was between them.
_WATCHED_S = 2_250
# After so long a time without a poll the cloud is asked what it kept.
_ASKED_S = 1_860
_FRESH_S = 2_100

type Line = tuple[int, Source, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedBill:
    """What a bill must say; `lines` are Wh by number of the device, source, rate and tax."""

    issued_s: int
    first: date
    fixed_paise: int
    lines: dict[Line, int]
    payments_paise: int
    adjustments_paise: int
    balance_micropaise: int
    amount_due_paise: int
    due_s: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """How an account must stand after a charge; `is_cut_due` is None where it is no check."""

    at_s: int
    balance_micropaise: int
    overdue_paise: int
    is_cut_due: bool | None
    bills: Sequence[ExpectedBill]


@dataclass(kw_only=True, slots=True)
class _Account:
    """What has been added up so far."""

    known_s: int
    cost: int = 0
    fixed: int = 0
    payments_paise: int = 0
    adjustments_paise: int = 0
    # Wh of each day in India, and those of the period that is not billed yet, with their days.
    daily_wh: Counter[int] = field(default_factory=Counter)
    lines: dict[int, Counter[Line]] = field(default_factory=dict)
    bills: list[ExpectedBill] = field(default_factory=list)
    credited_at_bill: list[int] = field(default_factory=list)

    @property
    def credited_paise(self) -> int:
        """Return all that was paid or given."""
        return self.payments_paise + self.adjustments_paise

    @property
    def balance(self) -> int:
        """Return the balance in parts."""
        return self.credited_paise * _PAISA - self.cost - self.fixed


class Oracle:
    """Say what one stay must come to."""

    def __init__(self, meter: Meter, stay: Stay) -> None:
        """Look at what happened."""
        self.meter = meter
        self.stay = stay
        self._end_s = meter.days * DAY_S if stay.ends_s is None else stay.ends_s
        self._polls = [*meter.polls(stay.begins_s, self._end_s)]
        if stay.ends_s is not None:
            self._polls.append(stay.ends_s)
        self._unseen = {
            at_s
            for before_s, at_s in zip([None, *self._polls], self._polls, strict=False)
            if before_s is None or not self._is_watched(before_s, at_s)
        }
        self._switched = {
            at_s
            for before_s, at_s in zip(self._polls, self._polls[1:], strict=False)
            if (meter.source(before_s), before_s // DAY_S) != (meter.source(at_s), at_s // DAY_S)
            and not self._was_off(before_s, at_s)
        }
        self._account = _Account(known_s=stay.begins_s, payments_paise=stay.opening_paise)
        self._period = self._period_from(stay.begins_s)

    @property
    def daily_wh(self) -> Counter[int]:
        """Return the use of each day, by its number."""
        return +self._account.daily_wh

    def charges(self) -> Iterator[Expected]:
        """Yield how the account must stand after each charge, by time."""
        for at_s, what in self._events():
            if isinstance(what, Money):
                self._book(what)
                continue
            issued = self._charge(at_s, is_end=at_s == self.stay.ends_s)
            yield Expected(
                at_s=at_s,
                balance_micropaise=_whole(Fraction(self._account.balance, _PARTS)),
                overdue_paise=self._overdue_paise(at_s),
                is_cut_due=self._is_cut_due(at_s) if what == "check" else None,
                bills=issued,
            )

    def closing_balance(self) -> int:
        """Return the balance in the end, when late payments have come, in micropaise."""
        return _whole(Fraction(self._account.balance, _PARTS))

    def _is_watched(self, before_s: int, at_s: int) -> bool:
        meter = self.meter
        return (
            at_s - before_s <= _WATCHED_S
            and meter.source(before_s) is meter.source(at_s)
            and not any(before_s < new.at_s <= at_s for new in meter.new_devices)
            and not self._was_off(before_s, at_s)
        )

    def _was_off(self, before_s: int, at_s: int) -> bool:
        """Return whether Home Assistant was off between two polls that follow each other."""
        return any(gap.is_off and before_s < gap.to_s <= at_s for gap in self.meter.gaps)

    def _events(self) -> list[tuple[int, str | Money]]:
        """Return all charges and all money, by time."""
        stay, meter = self.stay, self.meter
        every_s = QUARTER_S if stay.checks is CheckEvery.QUARTER_HOUR else HOUR_S
        charges: dict[int, str] = dict.fromkeys(self._switched, "charge")
        charges |= {
            price.since_s: "charge"
            for price in stay.prices[1:]
            if not self._is_off(price.since_s) and price.since_s < self._end_s
        }
        charges |= {
            at_s: "check"
            for at_s in range(0, meter.days * DAY_S, every_s)
            if stay.begins_s < at_s < self._end_s and not self._is_off(at_s)
        }
        # When Home Assistant is back, what was missed is made up for.
        charges |= {
            at_s: "check"
            for before_s, at_s in zip(self._polls, self._polls[1:], strict=False)
            if self._was_off(before_s, at_s)
        }
        if stay.ends_s is not None:
            charges[stay.ends_s] = "end"
        events: list[tuple[int, str | Money]] = [*charges.items()]
        events += [(money.at_s, money) for money in stay.money]
        return sorted(events, key=lambda event: event[0])

    def _is_off(self, at_s: int) -> bool:
        gap = self.meter.gap(at_s)
        return gap is not None and gap.is_off

    def _book(self, money: Money) -> None:
        account = self._account
        if money.is_payment:
            account.payments_paise += money.amount_paise
        else:
            account.adjustments_paise += money.amount_paise

    def _charge(self, at_s: int, *, is_end: bool) -> list[ExpectedBill]:
        """Add up what has become known, and issue the bills that are then due."""
        account = self._account
        points = self._points(account.known_s, at_s)
        # What the cloud kept says nothing of the source.
        seen = [account.known_s, *(point for point in points if point % QUARTER_S)]
        for from_s, to_s in zip([account.known_s, *points], points, strict=False):
            before_s = seen[bisect_right(seen, from_s) - 1]
            after_s = seen[bisect_left(seen, to_s)]
            sources = {self.meter.source(before_s), self.meter.source(after_s)}
            self._use(from_s, to_s, sources.pop() if len(sources) == 1 else None)
        account.known_s = points[-1] if points else account.known_s
        return [*self._bills(at_s, is_end=is_end)]

    def _points(self, after_s: int, at_s: int) -> list[int]:
        """Return when it became known what was used since a time, up to a charge."""
        first = bisect_right(self._polls, after_s)
        polls = self._polls[first : bisect_right(self._polls, at_s)]
        # What was polled and not charged before Home Assistant went off is forgotten.
        starts_s = [gap.to_s for gap in self.meter.gaps if gap.is_off and gap.to_s <= at_s]
        polls = [poll_s for poll_s in polls if poll_s >= max(starts_s, default=0)]
        kept = [
            poll_s
            for index, poll_s in enumerate(polls)
            if index in {0, len(polls) - 1}
            or poll_s in self._unseen
            or polls[index + 1] in self._unseen
        ]
        points: list[int] = []
        for before_s, poll_s in zip([after_s, *kept], kept, strict=False):
            if poll_s in self._unseen:
                points += self._kept_by_cloud(before_s, poll_s)
            points.append(poll_s)
        return points

    def _kept_by_cloud(self, from_s: int, to_s: int) -> Sequence[int]:
        if to_s - from_s <= _ASKED_S:
            return ()
        return range(from_s // QUARTER_S * QUARTER_S + QUARTER_S, to_s, QUARTER_S)

    def _use(self, from_s: int, to_s: int, source: Source | None) -> None:
        """Add the use between two points to the account, to its day and to its line."""
        first_wh, last_wh = self.meter.total_wh(from_s), self.meter.total_wh(to_s)
        count = last_wh - first_wh
        changes = [
            *(price.since_s for price in self.stay.prices if from_s < price.since_s < to_s),
            *range((from_s // DAY_S + 1) * DAY_S, to_s, DAY_S),
        ]
        if not changes:
            self._add(count, from_s, to_s, source)
            return
        # Of even use the Wh number n of N is over at from + n/N of the time.
        parts: Counter[int] = Counter()
        changes.sort()
        for number in range(1, count + 1):
            over = from_s * count + number * (to_s - from_s)
            parts[sum(change * count < over for change in changes)] += 1
        for part, energy_wh in parts.items():
            self._add(energy_wh, changes[part - 1] if part else from_s, to_s, source)

    def _add(self, energy_wh: int, from_s: int, to_s: int, source: Source | None) -> None:
        price = self._price(from_s)
        cheaper = Source.DG if price.dg_millipaise < price.eb_millipaise else Source.EB
        source = source or cheaper
        rate = price.eb_millipaise if source is Source.EB else price.dg_millipaise
        account, day = self._account, from_s // DAY_S
        account.cost += energy_wh * rate * (10_000 + price.tax_basis_points)
        account.daily_wh[day] += energy_wh
        device = sum(new.at_s <= to_s for new in self.meter.new_devices)
        line = device, source, rate, price.tax_basis_points
        account.lines.setdefault(day, Counter())[line] += energy_wh

    def _price(self, at_s: int) -> Price:
        return [price for price in self.stay.prices if price.since_s <= at_s][-1]

    def _bills(self, at_s: int, *, is_end: bool) -> Iterator[ExpectedBill]:
        begun_s, end_s, _ = self._period
        while self._account.known_s >= end_s:
            yield self._bill(at_s, end_s)
            begun_s, end_s, _ = self._period = self._period_from(end_s)
        if is_end and begun_s < at_s:
            yield self._bill(at_s, at_s)

    def _period_from(self, begun_s: int) -> tuple[int, int, int]:
        """Return a period with its end, and how many days its month from such day to such has."""
        first_day = whole_from = begun_s // DAY_S
        last_day = first_day + 1
        while not self._is_billing_day(last_day):
            last_day += 1
        while not self._is_billing_day(whole_from):
            whole_from -= 1
        return begun_s, last_day * DAY_S, last_day - whole_from

    def _bill(self, at_s: int, end_s: int) -> ExpectedBill:
        begun_s, _, whole_days = self._period
        account, price = self._account, self._price(begun_s)
        share = Fraction(end_s // DAY_S - begun_s // DAY_S, whole_days)
        fixed_paise = floor(price.monthly_paise * share + Fraction(1, 2))
        account.fixed += fixed_paise * 1_000_000 * (10_000 + price.tax_basis_points)
        # Days that are known already and belong to the next period stay.
        last_day = (end_s - 1) // DAY_S
        lines: Counter[Line] = Counter()
        for day in [day for day in account.lines if day <= last_day]:
            lines += account.lines.pop(day)
        later = sum(
            energy_wh * rate * (10_000 + tax)
            for day in account.lines.values()
            for (_, _, rate, tax), energy_wh in day.items()
        )
        balance = Fraction(account.balance + later, _PARTS)
        due_paise = max(0, -_half_away(balance / 1_000_000))
        paid = sum(bill.payments_paise for bill in account.bills)
        given = sum(bill.adjustments_paise for bill in account.bills)
        is_postpaid = self.stay.plan is Plan.POSTPAID
        bill = ExpectedBill(
            issued_s=at_s,
            first=(START + timedelta(seconds=begun_s)).date(),
            fixed_paise=fixed_paise,
            lines=dict(lines),
            payments_paise=account.payments_paise - paid,
            adjustments_paise=account.adjustments_paise - given,
            balance_micropaise=_whole(balance),
            amount_due_paise=due_paise,
            due_s=(at_s // DAY_S + self.stay.due_days + 1) * DAY_S if is_postpaid else None,
        )
        account.bills.append(bill)
        account.credited_at_bill.append(account.credited_paise)
        return bill

    def _is_billing_day(self, day: int) -> bool:
        today = START.date() + timedelta(days=day)
        is_last = (today + timedelta(days=1)).day == 1
        return today.day == self.stay.billing_day or (is_last and today.day < self.stay.billing_day)

    def _overdue_paise(self, at_s: int) -> int:
        account = self._account
        for bill, credited in zip(account.bills[::-1], account.credited_at_bill[::-1], strict=True):
            if bill.due_s is not None and bill.due_s <= at_s:
                return max(0, bill.amount_due_paise - (account.credited_paise - credited))
        return 0

    def _is_cut_due(self, at_s: int) -> bool:
        """Return whether power is to be cut at a check, if it is still there."""
        stay, clock_s = self.stay, at_s % DAY_S
        if stay.plan is Plan.PREPAID:
            balance_paise = _half_away(Fraction(self._account.balance, _PAISA))
            owes = balance_paise < stay.cut_off_paise - stay.emergency_paise
        else:
            owes = self._overdue_paise(at_s) > 0
        weekday = (START.weekday() + at_s // DAY_S) % 7
        is_protected = weekday == stay.protected_weekday
        if stay.protected_hours is not None:
            from_s, to_s = (hour * HOUR_S for hour in stay.protected_hours)
            inside = (clock_s >= from_s) + (clock_s < to_s)
            is_protected |= inside == 2 if from_s < to_s else inside > 0  # noqa: PLR2004
        is_fresh = at_s - self._account.known_s <= _FRESH_S and self.meter.gap(at_s) is None
        return owes and not is_protected and is_fresh


def _whole(amount: Fraction) -> int:
    """Return a whole number; nothing may be left over."""
    if amount.denominator != 1:
        raise ArithmeticError("a micropaisa has been split")
    return amount.numerator


def _half_away(amount: Fraction) -> int:
    rounded = floor(abs(amount) + Fraction(1, 2))
    return rounded if amount >= 0 else -rounded
