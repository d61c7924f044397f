"""A bill's sums come from its lines, and its document says all of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.billing.bills import (
    BillDraft,
    BillLine,
    Period,
    RegisterMark,
    StoredBill,
)
from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.models import INDIA, Plan, Source
from tests.billing.worlds import HOUR, NOON

TICK = timedelta(microseconds=1)
OPENING = RegisterMark(
    total_wh=1_450_000, read_at=NOON, device_id="QUBE-ONE-1", register_wh=450_000
)
CLOSING = replace(OPENING, total_wh=1_789_500, register_wh=789_500, read_at=NOON + 700 * HOUR)
LINE = BillLine(
    source=Source.EB,
    millipaise_per_kwh=650_000,
    tax_basis_points=0,
    opening=OPENING,
    closing=CLOSING,
    energy_wh=339_500,
    estimated_wh=500,
)
BILL = BillDraft(
    tenancy_id="tenancy",
    account_number=7,
    tenant="Rinkesh Agrawal",
    meter_key="QUBE-ONE-1",
    meter_name="Room 302",
    plan=Plan.POSTPAID,
    period=Period(start=NOON, end=NOON + 700 * HOUR, whole_days=30),
    opening=OPENING,
    closing=CLOSING,
    lines=(LINE,),
    fixed_charge_paise=0,
    fixed_charge_tax_basis_points=0,
    previous_balance_micropaise=0,
    payments_micropaise=0,
    adjustments_micropaise=0,
    through_transaction_id=12,
    due_on=date(2026, 12, 9),
)


class TestPeriod:
    """From a moment to another, counted in days of India."""

    PERIOD = Period(start=NOON, end=NOON + 48 * HOUR, whole_days=30)

    @pytest.mark.parametrize(
        ("moment", "is_in"),
        [
            (NOON - TICK, False),
            (NOON, True),
            (NOON + 48 * HOUR - TICK, True),
            (NOON + 48 * HOUR, False),
        ],
    )
    def test_its_end_is_of_the_next_one(self, moment: datetime, is_in: bool) -> None:
        """To the moment."""
        assert (moment in self.PERIOD) is is_in

    @pytest.mark.parametrize(
        ("start", "end", "days"),
        [
            (datetime(2026, 10, 25, tzinfo=INDIA), datetime(2026, 10, 26, tzinfo=INDIA), 1),
            (
                datetime(2026, 10, 25, 23, 59, tzinfo=INDIA),
                datetime(2026, 10, 26, 0, 1, tzinfo=INDIA),
                1,
            ),
            (datetime(2026, 10, 25, tzinfo=INDIA), datetime(2026, 10, 25, 23, 59, tzinfo=INDIA), 0),
            (
                datetime(2026, 10, 25, 18, 29, tzinfo=UTC),
                datetime(2026, 10, 25, 18, 30, tzinfo=UTC),
                1,
            ),
        ],
    )
    def test_the_day_of_moving_out_is_the_next_tenants(
        self, start: datetime, end: datetime, days: int
    ) -> None:
        """The day of moving in counts; days are India's."""
        assert Period(start=start, end=end, whole_days=31).days == days


class TestSums:
    """All of them are derived."""

    def test_the_vendors_postpaid_example_with_the_right_sum(self) -> None:
        """339.5 kWh at ₹6.50 are ₹2,206.75, not the guide's ₹2,156.75."""
        assert BILL.energy_wh == 339_500
        assert (BILL.total_paise, BILL.amount_due_paise) == (2_206_75, 2_206_75)

    def test_a_bill_of_everything(self) -> None:
        """Two sources, tax, a fixed charge with its tax, a balance, a payment, an adjustment."""
        line = replace(LINE, tax_basis_points=1_800)
        generator = replace(line, source=Source.DG, millipaise_per_kwh=1_800_000, energy_wh=1_000)
        bill = replace(
            BILL,
            lines=(line, generator),
            fixed_charge_paise=250_01,
            fixed_charge_tax_basis_points=1_825,
            previous_balance_micropaise=-100_00 * 10**6,
            payments_micropaise=90_00 * 10**6,
            adjustments_micropaise=-1 * 10**6,
        )
        assert bill.energy_wh == 340_500
        assert bill.energy_micropaise == (2_206_75 + 18_00) * 10**6
        assert generator.tax_micropaise == 3_24 * 10**6
        assert bill.fixed_charge_micropaise == 250_01 * 10**6
        assert bill.fixed_charge_tax_micropaise == 250_01 * 182_500
        energy_tax = (2_206_75 + 18_00) * 180_000
        assert bill.tax_micropaise == energy_tax + 250_01 * 182_500
        total = (2_206_75 + 18_00 + 250_01) * 10**6 + bill.tax_micropaise
        assert bill.total_micropaise == total
        assert bill.balance_micropaise == -100_00 * 10**6 + 90_00 * 10**6 - 10**6 - total

    @pytest.mark.parametrize(
        ("energy_wh", "total_paise"),
        [(0, 0), (1, 1), (7, 5)],
    )
    def test_a_total_is_rounded_half_up(self, energy_wh: int, total_paise: int) -> None:
        """Once, not line by line: 0.65 paise are one, 4.55 are five."""
        assert replace(BILL, lines=(replace(LINE, energy_wh=energy_wh),)).total_paise == total_paise

    def test_two_halves_are_one_paisa(self) -> None:
        """Lines are not rounded."""
        half = replace(LINE, energy_wh=1, millipaise_per_kwh=500_000)
        assert replace(BILL, lines=(half, half)).total_paise == 1

    @pytest.mark.parametrize(
        ("balance_micropaise", "due_paise"),
        [(0, 0), (1, 0), (5_000_000, 0), (-499_999, 0), (-500_000, 1), (-5_000_000, 5)],
    )
    def test_only_a_debt_is_due(self, balance_micropaise: int, due_paise: int) -> None:
        """A credit stays on the account."""
        bill = replace(BILL, lines=(), previous_balance_micropaise=balance_micropaise)
        assert (bill.balance_micropaise, bill.amount_due_paise) == (balance_micropaise, due_paise)

    def test_it_is_overdue_when_its_last_day_is_over(self) -> None:
        """At midnight in India; a bill without such a day never is."""
        assert BILL.due_at == datetime(2026, 12, 10, tzinfo=INDIA)
        assert replace(BILL, due_on=None).due_at is None


class TestDocument:
    """What is stored is text, and comes back whole."""

    def test_it_comes_back(self) -> None:
        """Times as the same moments."""
        assert BillDraft.from_document(BILL.document()) == BILL
        undated = replace(BILL, due_on=None, plan=Plan.PREPAID, lines=())
        assert BillDraft.from_document(undated.document()) == undated

    @given(
        tenant=st.text(),
        number=st.integers(),
        energy_wh=st.integers(),
        moment=st.datetimes(timezones=st.timezones(), allow_imaginary=False),
        due_on=st.none() | st.dates(),
    )
    def test_whatever_it_says(
        self, tenant: str, number: int, energy_wh: int, moment: datetime, due_on: date | None
    ) -> None:
        """Twice through is the same text."""
        bill = replace(
            BILL,
            tenant=tenant,
            account_number=number,
            lines=(LINE, replace(LINE, energy_wh=energy_wh, source=Source.DG)),
            closing=replace(
                CLOSING, read_at=moment.astimezone(INDIA) if moment.year in range(2, 9999) else NOON
            ),
            due_on=due_on,
        )
        again = BillDraft.from_document(bill.document())
        assert again == bill
        assert again.document() == bill.document()

    def test_the_same_bill_is_the_same_text(self) -> None:
        """Whatever zone its times are in; names stay readable."""
        bill = replace(BILL, tenant="रिंकेश")
        period = replace(
            bill.period, start=NOON.astimezone(UTC), end=bill.period.end.astimezone(UTC)
        )
        assert replace(bill, period=period).document() == bill.document()
        assert "रिंकेश" in bill.document()
        text = bill.document()
        assert text == json.dumps(
            json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        assert '"read_at":"2026-10-25T06:30:00+00:00"' in text
        assert '"due_on":"2026-12-09"' in text

    @pytest.mark.parametrize(
        "document",
        [
            "",
            "no json",
            "[]",
            "7",
            "null",
            "{}",
            "[" * 100_000,
            BILL.document()[:-1],
            BILL.document().replace("tenancy_id", "tenancy"),
            BILL.document().replace('"postpaid"', '"free"'),
            BILL.document().replace('"2026-12-09"', '"soon"'),
            BILL.document().replace('"2026-12-09"', "7"),
            BILL.document().replace('"eb"', '"solar"'),
            BILL.document().replace('"whole_days"', '"days"'),
            BILL.document().replace('"register_wh"', '"register"'),
            BILL.document().replace('"estimated_wh"', '"guess"'),
            BILL.document().replace('"tenant"', '"extra":1,"tenant"'),
        ],
    )
    def test_what_is_no_bill_is_damage(self, document: str) -> None:
        """Never another error, never half a bill."""
        with pytest.raises(LedgerError) as caught:
            BillDraft.from_document(document)
        assert caught.value.key == "ledger_damaged"


def test_a_tenants_name_stays_out_of_logs() -> None:
    """A bill may be logged by mistake."""
    stored = StoredBill(number=1, issued_at=NOON, draft=BILL)
    assert BILL.tenant not in f"{stored!r} {stored}"
