"""Periods from billing day to billing day, fixed charges by days, and bills of what was charged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.billing.bills import BillDraft, Period, RegisterMark
from custom_components.qube.billing.charging import charge, midnights
from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.models import (
    INDIA,
    Account,
    Charge,
    Plan,
    RateTimeline,
    Source,
    TenancyRecord,
    Transaction,
    TransactionKind,
)
from custom_components.qube.billing.postpaid import (
    bill_lines,
    current_period,
    due_on,
    fixed_charge_paise,
    is_sound,
    make_bill,
    period_at,
    periods,
)
from tests.billing.worlds import HOUR, NOON, a_charge, payment, rates, reading, transaction

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
BILLING_DAYS = st.integers(1, 31)


def midnight(year: int, month: int, day: int) -> datetime:
    """Return the beginning of a day in India."""
    return datetime(year, month, day, tzinfo=INDIA)


class TestPeriods:
    """Whole ones, and the parts at the beginning and the end of a tenancy."""

    @pytest.mark.parametrize(
        ("billing_day", "moment", "start", "end"),
        [
            (25, midnight(2026, 10, 25), (2026, 10, 25), (2026, 11, 25)),
            (25, midnight(2026, 10, 25) - TICK, (2026, 9, 25), (2026, 10, 25)),
            (25, midnight(2026, 10, 26), (2026, 10, 25), (2026, 11, 25)),
            (1, midnight(2026, 10, 1), (2026, 10, 1), (2026, 11, 1)),
            (1, midnight(2026, 10, 31), (2026, 10, 1), (2026, 11, 1)),
            (5, midnight(2026, 1, 3), (2025, 12, 5), (2026, 1, 5)),
            (5, midnight(2026, 12, 31), (2026, 12, 5), (2027, 1, 5)),
            (31, midnight(2026, 2, 15), (2026, 1, 31), (2026, 2, 28)),
            (31, midnight(2026, 2, 28), (2026, 2, 28), (2026, 3, 31)),
            (31, midnight(2026, 3, 30), (2026, 2, 28), (2026, 3, 31)),
            (31, midnight(2026, 4, 30), (2026, 4, 30), (2026, 5, 31)),
            (30, midnight(2028, 2, 29), (2028, 2, 29), (2028, 3, 30)),
            (29, midnight(2028, 2, 28), (2028, 1, 29), (2028, 2, 29)),
            (29, midnight(2026, 2, 28), (2026, 2, 28), (2026, 3, 29)),
            (29, midnight(2100, 2, 28), (2100, 2, 28), (2100, 3, 29)),
            (1, datetime(2026, 10, 31, 18, 30, tzinfo=UTC), (2026, 11, 1), (2026, 12, 1)),
            (1, datetime(2026, 10, 31, 18, 29, tzinfo=UTC), (2026, 10, 1), (2026, 11, 1)),
        ],
    )
    def test_the_period_of_a_moment(
        self,
        billing_day: int,
        moment: datetime,
        start: tuple[int, int, int],
        end: tuple[int, int, int],
    ) -> None:
        """A month without the billing day has its last day for it; midnights are India's."""
        period = period_at(billing_day, moment)
        assert (period.start, period.end) == (midnight(*start), midnight(*end))
        assert period.whole_days == period.days == (date(*end) - date(*start)).days

    @given(BILLING_DAYS, MOMENTS)
    def test_periods_leave_no_moment_out(self, billing_day: int, moment: datetime) -> None:
        """Each moment is in its period, and each period ends where the next one begins."""
        period = period_at(billing_day, moment)
        assert moment in period
        assert period_at(billing_day, period.start) == period
        assert period_at(billing_day, period.end - TICK) == period
        assert period_at(billing_day, period.end).start == period.end
        assert 28 <= period.whole_days <= 31

    def test_the_first_period_begins_when_the_tenancy_opens(self) -> None:
        """Later ones are whole."""
        assert current_period(NOON, 1, NOON).start == NOON
        assert current_period(NOON, 1, NOON + 7 * DAY).start == midnight(2026, 11, 1)
        assert current_period(NOON, 1, NOON).whole_days == 31

    def test_the_periods_of_a_tenancy(self) -> None:
        """Those that have ended, and after it closed what is left."""
        until = midnight(2026, 12, 10) + 9 * HOUR
        ended = list(periods(NOON, 25, until))
        assert [(each.start, each.end, each.days, each.whole_days) for each in ended] == [
            (NOON, midnight(2026, 11, 25), 31, 31)
        ]
        *same, last = periods(NOON, 25, until, is_closed=True)
        assert same == ended
        assert last == Period(start=midnight(2026, 11, 25), end=until, whole_days=30)
        assert last.days == 15

    def test_a_period_ends_to_the_moment(self) -> None:
        """At midnight, not before."""
        end = midnight(2026, 11, 25)
        assert not list(periods(NOON, 25, end - TICK))
        assert len(list(periods(NOON, 25, end))) == 1

    def test_nothing_is_left_of_a_tenancy_that_closes_with_its_period(self) -> None:
        """Nor of one that closes as it opens."""
        assert len(list(periods(NOON, 25, midnight(2026, 11, 25), is_closed=True))) == 1
        assert not list(periods(NOON, 25, NOON, is_closed=True))

    def test_a_tenancy_of_a_day(self) -> None:
        """Has a period without a day of its own."""
        (only,) = periods(NOON, 1, NOON + HOUR, is_closed=True)
        assert (only.start, only.end, only.days, only.whole_days) == (NOON, NOON + HOUR, 0, 31)

    @given(BILLING_DAYS, MOMENTS, st.integers(0, 1_500), st.integers(0, 86_399))
    def test_the_periods_of_a_tenancy_are_all_of_it(
        self, billing_day: int, opened_at: datetime, days: int, seconds: int
    ) -> None:
        """They follow each other from its opening to its closing, and their days add up."""
        closed_at = opened_at + timedelta(days=days, seconds=seconds)
        found = list(periods(opened_at, billing_day, closed_at, is_closed=True))
        times = [opened_at, *(each.end for each in found)]
        assert [each.start for each in found] == times[:-1]
        assert times[-1] == closed_at
        assert all(each.start < each.end for each in found)
        whole = Period(start=opened_at, end=closed_at, whole_days=30)
        assert sum(each.days for each in found) == whole.days
        assert all(each.days == each.whole_days for each in found[1:-1])

    @given(BILLING_DAYS, MOMENTS)
    def test_periods_end_at_midnights_of_india(self, billing_day: int, moment: datetime) -> None:
        """So whoever splits charges there has split them by periods, too."""
        period = period_at(billing_day, moment)
        assert period.end in midnights(moment, period.end + TICK)


class TestFixedCharge:
    """By days where a period is a part."""

    @pytest.mark.parametrize(
        ("monthly", "days", "whole_days", "expected"),
        [
            (250_00, 31, 31, 250_00),
            (250_00, 0, 31, 0),
            (100_00, 10, 30, 33_33),
            (100_00, 20, 30, 66_67),
            (3, 15, 30, 2),
            (1, 14, 30, 0),
            (0, 30, 30, 0),
        ],
    )
    def test_a_part_of_a_month(
        self, monthly: int, days: int, whole_days: int, expected: int
    ) -> None:
        """Half a paisa is rounded up."""
        start = midnight(2026, 10, 1)
        period = Period(start=start, end=start + days * DAY, whole_days=whole_days)
        assert fixed_charge_paise(monthly, period) == expected

    @given(st.integers(0, 10**9), BILLING_DAYS, MOMENTS, st.integers(0, 86_400 * 32))
    def test_two_tenants_of_a_month_pay_for_one(
        self, monthly: int, billing_day: int, moment: datetime, seconds: int
    ) -> None:
        """But for the rounding of half a paisa each."""
        whole = period_at(billing_day, moment)
        moved_at = min(whole.start + timedelta(seconds=seconds), whole.end)
        both = [replace(whole, end=moved_at), replace(whole, start=moved_at)]
        assert abs(sum(fixed_charge_paise(monthly, each) for each in both) - monthly) <= 1


@pytest.mark.parametrize(
    ("issued_at", "due_days", "day"),
    [
        (midnight(2026, 11, 25), 14, date(2026, 12, 9)),
        (midnight(2026, 11, 25), 0, date(2026, 11, 25)),
        (datetime(2026, 11, 24, 18, 30, tzinfo=UTC), 1, date(2026, 11, 26)),
        (datetime(2028, 2, 28, 12, tzinfo=INDIA), 1, date(2028, 2, 29)),
    ],
)
def test_a_bill_is_due_some_days_after_it_is_issued(
    issued_at: datetime, due_days: int, day: date
) -> None:
    """In days of India."""
    assert due_on(issued_at, due_days) == day


OPENED = datetime(2026, 9, 25, tzinfo=INDIA)
CLOSED = datetime(2026, 10, 25, tzinfo=INDIA)
RECORD = TenancyRecord(
    tenancy_id="tenancy",
    number=7,
    tenant="Rinkesh Agrawal",
    meter_key="QUBE-ONE-1",
    meter_name="Room 302",
    plan=Plan.POSTPAID,
    opened=reading(1_450_000, OPENED, register_wh=450_000),
    closed_at=None,
)
PERIOD = period_at(25, OPENED)
AS_EVER: RateTimeline = (rates(),)


def bill_of(
    charges: Sequence[Charge] = (),
    transactions: Sequence[Transaction] = (),
    *,
    at: RateTimeline = AS_EVER,
    period: Period = PERIOD,
    previous: BillDraft | None = None,
) -> BillDraft:
    """Make a bill of the tenancy."""
    return make_bill(
        RECORD,
        period,
        rates=at,
        charges=charges,
        transactions=transactions,
        previous=previous,
        last_day=date(2026, 11, 8),
    )


class TestMakingABill:
    """From charges and transactions."""

    def test_the_vendors_postpaid_example(self) -> None:
        """From 1,450.0 to 1,789.5 kWh: ₹2,206.75, and not a paisa else."""
        closing = reading(1_789_500, CLOSED, register_wh=789_500)
        bill = bill_of(charge(RECORD.opened, [closing], (rates(),)).charges)
        assert (bill.opening.register_wh, bill.closing.register_wh) == (450_000, 789_500)
        assert (bill.opening.read_at, bill.closing.read_at) == (OPENED, CLOSED)
        assert bill.opening.device_id == bill.closing.device_id == "QUBE-ONE-1"
        assert (bill.total_paise, bill.amount_due_paise) == (2_206_75, 2_206_75)

    def test_it_says_whose_it_is(self) -> None:
        """As the ledger knows it."""
        bill = bill_of()
        assert (bill.tenancy_id, bill.account_number, bill.tenant) == (
            RECORD.tenancy_id,
            RECORD.number,
            RECORD.tenant,
        )
        assert (bill.meter_key, bill.meter_name, bill.plan) == (
            RECORD.meter_key,
            RECORD.meter_name,
            RECORD.plan,
        )
        assert (bill.period, bill.due_on) == (PERIOD, date(2026, 11, 8))

    def test_without_use_the_registers_stay(self) -> None:
        """Those of the opening, and then those of the bill before."""
        first = bill_of()
        assert first.opening == first.closing
        assert first.opening == RegisterMark(
            total_wh=1_450_000, read_at=OPENED, device_id="QUBE-ONE-1", register_wh=450_000
        )
        used = bill_of([a_charge(1_450_000, 1_450_500)])
        assert bill_of(previous=used).opening == used.closing

    def test_a_device_that_was_replaced_meanwhile_opens_with_its_own_register(self) -> None:
        """The total goes on, the register does not."""
        used = bill_of([a_charge(1_450_000, 1_450_500)])
        new = a_charge(1_450_500, 1_450_900, device_id="QUBE-ONE-2", register_wh=400)
        bill = bill_of([new], previous=used)
        assert (bill.opening.device_id, bill.opening.register_wh) == ("QUBE-ONE-2", 0)
        assert bill.opening.total_wh == used.closing.total_wh

    def test_the_fixed_charge_is_that_of_the_beginning(self) -> None:
        """By days, with the tax of its rates; a later version is for the next period."""
        at = (
            rates(monthly_charge_paise=300_00, tax_basis_points=1_800, valid_from=OPENED),
            rates(monthly_charge_paise=900_00, valid_from=OPENED + DAY),
        )
        bill = bill_of(at=at, period=replace(PERIOD, start=OPENED + 20 * DAY - TICK, end=CLOSED))
        assert (bill.fixed_charge_paise, bill.fixed_charge_tax_basis_points) == (330_00, 0)
        bill = bill_of(at=at, period=replace(PERIOD, end=OPENED + 10 * DAY))
        assert (bill.fixed_charge_paise, bill.fixed_charge_tax_basis_points) == (100_00, 1_800)
        assert bill.total_paise == 118_00

    def test_payments_and_adjustments(self) -> None:
        """And what takes one of them back; charges are in the lines."""
        kind, account = TransactionKind, Account
        bill = bill_of(
            transactions=[
                payment(1, 500_00),
                payment(2, 300_00),
                transaction(3, kind.REVERSAL, -300_00 * 10**6, account.MONEY_RECEIVED),
                transaction(4, kind.ADJUSTMENT, -20_00 * 10**6, account.ADJUSTMENTS),
                transaction(5, kind.REVERSAL, 7 * 10**6, account.ENERGY_EB),
                transaction(6, kind.CHARGE, -999, account.ENERGY_EB),
                transaction(7, kind.FIXED_CHARGE, -999, account.FIXED_CHARGE),
            ]
        )
        assert bill.payments_micropaise == 500_00 * 10**6
        assert bill.adjustments_micropaise == -20_00 * 10**6 + 7 * 10**6
        assert bill.through_transaction_id == 5
        assert bill.balance_micropaise == (500_00 - 20_00 + 7) * 10**6

    def test_each_transaction_is_on_one_bill(self) -> None:
        """A payment of the time before, written down late, is on the next bill."""
        first = bill_of(transactions=[payment(1, 5), payment(3, 7)])
        late = payment(4, 11, OPENED - DAY)
        second = bill_of(transactions=[payment(1, 5), payment(3, 7), late], previous=first)
        assert (first.payments_micropaise, second.payments_micropaise) == (12 * 10**6, 11 * 10**6)
        assert (first.through_transaction_id, second.through_transaction_id) == (3, 4)
        assert bill_of(previous=second).through_transaction_id == 4

    def test_the_remainder_is_carried_over(self) -> None:
        """Three bills of 0.4 paise each come to one paisa, not to none."""
        at = (rates(eb=400_000),)
        charges = [
            a_charge(1_450_000 + each, 1_450_001 + each, millipaise_per_kwh=400_000)
            for each in range(3)
        ]
        previous = None
        due = []
        for each in charges:
            previous = bill_of([each], at=at, previous=previous)
            due.append((previous.total_paise, previous.amount_due_paise))
        assert due == [(0, 0), (0, 1), (0, 1)]

    @pytest.mark.parametrize(
        "charges",
        [
            [a_charge(1_450_001, 1_450_009)],
            [a_charge(1_449_999, 1_450_009)],
            [a_charge(1_450_000, 1_450_009), a_charge(1_450_010, 1_450_020)],
            [a_charge(1_450_000, 1_450_009), a_charge(1_450_008, 1_450_020)],
        ],
    )
    def test_charges_that_do_not_follow_each_other_make_no_bill(
        self, charges: Sequence[Charge]
    ) -> None:
        """A Wh is missing, or there twice."""
        with pytest.raises(LedgerError) as caught:
            bill_of(charges)
        assert caught.value.key == "ledger_damaged"
        used = bill_of([a_charge(1_450_000, 1_450_500)])
        with pytest.raises(LedgerError):
            bill_of([a_charge(1_450_000, 1_450_500)], previous=used)

    def test_charges_come_in_any_order(self) -> None:
        """And go into the bill in theirs."""
        charges = [
            a_charge(1_450_000, 1_450_009),
            a_charge(1_450_009, 1_450_020, source=Source.DG),
        ]
        assert bill_of(charges[::-1]) == bill_of(charges)


class TestLines:
    """One for each register, source, rate and tax."""

    def test_sources_that_take_turns_are_two_lines(self) -> None:
        """Each with its first and its last register, and its own energy."""
        charges = [
            a_charge(0, 10, NOON, NOON + HOUR),
            a_charge(10, 30, NOON + HOUR, NOON + 2 * HOUR, Source.DG),
            a_charge(30, 70, NOON + 2 * HOUR, NOON + 3 * HOUR, is_estimated=True),
            a_charge(70, 150, NOON + 3 * HOUR, NOON + 4 * HOUR, Source.DG),
        ]
        grid, generator = bill_lines(charges)
        assert (grid.source, grid.energy_wh, grid.estimated_wh) == (Source.EB, 50, 40)
        assert (grid.opening.register_wh, grid.closing.register_wh) == (0, 70)
        assert (grid.opening.total_wh, grid.closing.total_wh) == (0, 70)
        assert (grid.opening.read_at, grid.closing.read_at) == (NOON, NOON + 3 * HOUR)
        assert (generator.source, generator.energy_wh, generator.estimated_wh) == (
            Source.DG,
            100,
            0,
        )
        assert (generator.opening.register_wh, generator.closing.register_wh) == (10, 150)

    @pytest.mark.parametrize(
        "other",
        [
            a_charge(10, 20, millipaise_per_kwh=1),
            a_charge(10, 20, tax_basis_points=100),
            a_charge(10, 20, source=Source.DG),
            a_charge(10, 20, device_id="QUBE-ONE-2"),
            a_charge(10, 20, register_wh=10),
        ],
    )
    def test_what_differs_is_another_line(self, other: Charge) -> None:
        """Rate, tax, source, device, or a register that was reset."""
        first, second = bill_lines([a_charge(0, 10), other])
        assert (first.energy_wh, second.energy_wh) == (10, 10)
        assert second.opening.device_id == other.device_id
        assert second.opening.register_wh == other.opening_register_wh
        assert (second.millipaise_per_kwh, second.tax_basis_points) == (
            other.millipaise_per_kwh,
            other.tax_basis_points,
        )

    @given(
        st.lists(st.tuples(st.integers(1, 99), st.sampled_from(Source), st.booleans()), min_size=1)
    )
    def test_lines_come_to_the_charges(self, uses: list[tuple[int, Source, bool]]) -> None:
        """However charges are cut."""
        charges, total_wh = [], 0
        for used_wh, source, is_estimated in uses:
            charges.append(
                a_charge(total_wh, total_wh + used_wh, source=source, is_estimated=is_estimated)
            )
            total_wh += used_wh
        lines = bill_lines(charges)
        assert sum(line.energy_wh for line in lines) == total_wh
        for amount in ("energy_micropaise", "tax_micropaise"):
            assert sum(getattr(line, amount) for line in lines) == sum(
                getattr(each, amount) for each in charges
            )
        assert sum(line.estimated_wh for line in lines) == sum(
            each.energy_wh for each in charges if each.is_estimated
        )
        singles = [
            replace(each, from_wh=wh, to_wh=wh + 1, register_wh=wh + 1, from_at=each.from_at)
            for each in charges
            for wh in range(each.from_wh, each.to_wh)
        ]
        assert bill_lines(singles) == lines


class TestRecomputing:
    """A bill is made again from what the ledger holds, and has to come out the same."""

    CHARGES = (a_charge(1_450_000, 1_450_500), a_charge(1_450_500, 1_450_900, source=Source.DG))
    PAYMENTS = (payment(1, 500_00), payment(2, 300_00))

    def is_sound(
        self,
        bill: BillDraft,
        charges: Sequence[Charge] = CHARGES,
        transactions: Sequence[Transaction] = PAYMENTS,
        record: TenancyRecord = RECORD,
        previous: BillDraft | None = None,
    ) -> bool:
        """Make it again."""
        return is_sound(
            bill,
            record,
            rates=(rates(),),
            charges=charges,
            transactions=transactions,
            previous=previous,
        )

    def test_a_later_bill_rests_on_the_one_before(self) -> None:
        """Its registers go on, and so does the balance."""
        first = bill_of(self.CHARGES[:1], self.PAYMENTS[:1])
        second = bill_of(self.CHARGES[1:], self.PAYMENTS, previous=first)
        assert self.is_sound(second, self.CHARGES[1:], previous=first)
        assert second.previous_balance_micropaise == first.balance_micropaise

    def test_a_sound_bill_is_the_same_again(self) -> None:
        """Also when later transactions are there, and tenant and meter are called otherwise."""
        bill = bill_of(self.CHARGES, self.PAYMENTS)
        renamed = replace(RECORD, tenant="Somebody else", meter_name="Room 303")
        later = (*self.PAYMENTS, payment(3, 1))
        assert self.is_sound(bill, transactions=later, record=renamed)

    def test_another_truth_shows(self) -> None:
        """Of a charge, a payment, a reading that is missing, or a bill that was changed."""
        bill = bill_of(self.CHARGES, self.PAYMENTS)
        first, second = self.CHARGES
        assert not self.is_sound(bill, charges=(first, replace(second, source=Source.EB)))
        assert not self.is_sound(bill, charges=(second,))
        assert not self.is_sound(bill, transactions=self.PAYMENTS[1:])
        assert not self.is_sound(replace(bill, fixed_charge_paise=1))


def test_a_year_of_readings_is_a_year_of_bills() -> None:
    """What the bills come to is what was charged, to the micropaisa."""
    at = (
        rates(tax_basis_points=500, monthly_charge_paise=150_00, valid_from=OPENED),
        rates(eb=713_000, tax_basis_points=500, valid_from=OPENED + 100 * DAY + HOUR),
    )
    readings = [
        reading(1_450_000 + 977 * hour, OPENED + hour * HOUR, register_wh=450_000 + 977 * hour)
        for hour in range(1, 24 * 365, 5)
    ]
    until = readings[-1].read_at
    splits = midnights(OPENED, until)
    charged = charge(RECORD.opened, readings, at, splits)
    previous, bills = None, []
    for period in periods(OPENED, 31, until, is_closed=True):
        charges = [each for each in charged.charges if each.from_at in period]
        assert all(each.to_at <= period.end for each in charges)
        previous = bill_of(charges, at=at, period=period, previous=previous)
        bills.append(previous)
    assert len(bills) == 13
    amount = sum(each.amount_micropaise for each in charged.charges)
    fixed = sum(each.fixed_charge_micropaise + each.fixed_charge_tax_micropaise for each in bills)
    assert bills[-1].balance_micropaise == -amount - fixed
    assert all(last.closing == new.opening for last, new in pairwise(bills))
