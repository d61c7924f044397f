"""What is booked in a ledger, and what it refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.qube.billing.errors import InvalidAmountError, RefusedError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import (
    Account,
    Charged,
    Source,
    SupplyReason,
    TransactionKind,
)
from custom_components.qube.billing.money import MAX_AMOUNT_PAISE
from tests.billing.books import bill_of_first_month, opening, pay, post, use
from tests.billing.worlds import HOUR, NOON, a_charge, rates, reading

ROOM = "room-101"


def balance(ledger: Ledger, tenancy_id: str = ROOM) -> int:
    """Return a balance in paise, which it is in these tests."""
    paise, rest = divmod(ledger.state(tenancy_id).balance_micropaise, 1_000_000)
    assert rest == 0
    return paise


def test_the_vendors_prepaid_example_comes_out_to_the_paisa(ledger: Ledger) -> None:
    """₹3,000.00, 11.8 kWh at ₹6.50, later ₹85.50, and ₹2,000.00 paid."""
    ledger.open_tenancy(
        opening("room-302", total_wh=1_450_000, opening_credit_paise=3_000_00), now=NOON
    )
    assert balance(ledger, "room-302") == 3_000_00
    use(ledger, "room-302", 11_800, hours=24)
    assert balance(ledger, "room-302") == 2_923_30
    # ₹85.50 is no whole number of Wh at ₹6.50 away, so the day it was reached begins anew.
    ledger.open_tenancy(opening("room-303", opening_credit_paise=85_50), now=NOON)
    pay(ledger, "room-303", 2_000_00, "UPI 1")
    assert balance(ledger, "room-303") == 2_085_50


def test_a_charge_is_booked_by_source_and_tax(ledger: Ledger) -> None:
    """The postings say what the landlord has earned of which source."""
    version = rates(650_000, 1_800_000, tax_basis_points=1_800)
    ledger.open_tenancy(opening("taxed", version=version), now=NOON)
    dg = a_charge(0, 2_000, source=Source.DG, millipaise_per_kwh=1_800_000, tax_basis_points=1_800)
    post(ledger, "taxed", dg)
    (booked,) = ledger.transactions("taxed")
    assert booked.kind is TransactionKind.CHARGE
    assert booked.key == "charge:taxed:0"
    assert booked.postings == {
        Account.TENANT: -4_248_000_000,
        Account.ENERGY_DG: 3_600_000_000,
        Account.TAX: 648_000_000,
    }


def test_a_tenancy_opens_once_and_one_meter_has_one(ledger: Ledger) -> None:
    """The same again is the same; another one on its meter has to wait until it is closed."""
    first = ledger.tenancy(ROOM)
    assert first is not None
    assert first.opened == replace(opening(ROOM).opened, is_watched=False)
    assert ledger.open_tenancy(opening(ROOM), now=NOON + HOUR) == first
    assert ledger.running_tenancy_of(first.meter_key) == first
    with pytest.raises(RefusedError, match="meter_has_tenancy"):
        ledger.open_tenancy(opening("next", meter_key=first.meter_key), now=NOON)
    ledger.close_tenancy(ROOM, closed_at=NOON + HOUR)
    ledger.close_tenancy(ROOM, closed_at=NOON + 2 * HOUR)
    assert ledger.running_tenancy_of(first.meter_key) is None
    second = ledger.open_tenancy(opening("next", meter_key=first.meter_key), now=NOON)
    assert [each.closed_at for each in ledger.tenancies()] == [NOON + HOUR, None]
    assert (first.number, second.number) == (1, 2)


def test_names_may_change(ledger: Ledger) -> None:
    """A tenant marries, a room gets another number."""
    ledger.rename(ROOM, tenant="Asha Rao", meter_name="Room 1")
    record = ledger.tenancy(ROOM)
    assert record is not None
    assert (record.tenant, record.meter_name) == ("Asha Rao", "Room 1")


def test_a_tenancy_may_begin_without_a_known_source(ledger: Ledger) -> None:
    """Its meter was offline when the tenant moved in."""
    unseen = replace(opening("next"), opened=reading(0, NOON, None))
    assert ledger.open_tenancy(unseen, now=NOON).opened.source is None
    assert ledger.state("next").cursor.source is None


def test_nobody_is_asked_about_who_is_unknown(ledger: Ledger) -> None:
    """A tenancy that is not there has no account."""
    assert ledger.tenancy("nobody") is None
    assert ledger.bill(1) is None
    with pytest.raises(RefusedError, match="tenancy_unknown"):
        ledger.state("nobody")


def test_charges_are_booked_once_however_often_they_are_given(ledger: Ledger) -> None:
    """A replay after a crash changes nothing."""
    start = ledger.state(ROOM).cursor
    first = a_charge(0, 1_000)
    charged = Charged(charges=(first,), cursor=reading(1_000, NOON + HOUR))
    state = ledger.post_charges(ROOM, start, charged, now=NOON)
    assert ledger.post_charges(ROOM, start, charged, now=NOON + HOUR) == state
    assert balance(ledger) == -6_50
    assert len(ledger.transactions(ROOM)) == 1


def test_charges_from_another_cursor_are_refused(ledger: Ledger) -> None:
    """Two that charge at once cannot both be right."""
    start = ledger.state(ROOM).cursor
    use(ledger, ROOM, 500)
    further = Charged(charges=(a_charge(0, 1_000),), cursor=reading(1_000, NOON + HOUR))
    with pytest.raises(RefusedError, match="cursor_moved"):
        ledger.post_charges(ROOM, start, further, now=NOON)


@pytest.mark.parametrize(
    "charges",
    [
        (a_charge(0, 900),),
        (),
        (a_charge(100, 1_000),),
        (a_charge(0, 500), a_charge(600, 1_000)),
        (a_charge(0, 1_000, NOON - HOUR),),
    ],
)
def test_charges_with_a_gap_or_an_overlap_are_refused(
    ledger: Ledger, charges: tuple[object, ...]
) -> None:
    """Also by the file itself; nothing of them is booked."""
    start = ledger.state(ROOM).cursor
    charged = Charged(charges=charges, cursor=reading(1_000, NOON + HOUR))  # type: ignore[arg-type]
    with pytest.raises(RefusedError):
        ledger.post_charges(ROOM, start, charged, now=NOON)
    assert ledger.state(ROOM).cursor == start
    assert ledger.transactions(ROOM) == []


def test_time_passes_without_use(ledger: Ledger) -> None:
    """The cursor moves, and there is nothing to book."""
    cursor = reading(0, NOON + HOUR)
    state = ledger.post_charges(
        ROOM, ledger.state(ROOM).cursor, Charged(charges=(), cursor=cursor), now=NOON
    )
    assert state.cursor == cursor
    assert ledger.transactions(ROOM) == []


def test_a_closed_tenancy_is_not_charged_but_can_pay(ledger: Ledger) -> None:
    """Debts outlive a tenancy."""
    use(ledger, ROOM, 1_000)
    ledger.close_tenancy(ROOM, closed_at=NOON + HOUR)
    with pytest.raises(RefusedError, match="tenancy_closed"):
        use(ledger, ROOM, 1)
    with pytest.raises(RefusedError, match="tenancy_closed"):
        ledger.add_rates(ROOM, rates(valid_from=NOON + 9 * HOUR), now=NOON)
    with pytest.raises(RefusedError, match="tenancy_closed"):
        ledger.issue_bill(bill_of_first_month(ledger, ROOM), now=NOON)
    pay(ledger, ROOM, 6_50, "last")
    assert balance(ledger) == 0


def test_rates_are_added_and_never_for_what_is_charged(ledger: Ledger) -> None:
    """The newest one again is no new one."""
    use(ledger, ROOM, 100)
    newer = rates(700_000, valid_from=NOON + HOUR)
    ledger.add_rates(ROOM, newer, now=NOON)
    ledger.add_rates(ROOM, newer, now=NOON)
    assert [each.eb_millipaise_per_kwh for each in ledger.rates(ROOM)] == [650_000, 700_000]
    for valid_from in (NOON, NOON + HOUR):
        with pytest.raises(RefusedError, match="rates_in_the_past"):
            ledger.add_rates(ROOM, rates(1, valid_from=valid_from), now=NOON)
    use(ledger, ROOM, 1, hours=9)
    with pytest.raises(RefusedError, match="rates_in_the_past"):
        ledger.add_rates(ROOM, rates(1, valid_from=NOON + 9 * HOUR), now=NOON)


def test_a_payment_reference_twice_is_one_payment(ledger: Ledger) -> None:
    """Whatever its spaces and capitals."""
    first, is_new = pay(ledger, ROOM, 500_00, "UPI 42/a")
    assert is_new
    assert pay(ledger, ROOM, 500_00, " upi  42/A ") == (first, False)
    assert balance(ledger) == 500_00
    assert (first.reference, first.method) == ("UPI 42/a", "UPI")


def test_a_used_reference_is_refused_for_anything_else(ledger: Ledger) -> None:
    """Another amount, or another tenant: somebody has to look."""
    ledger.open_tenancy(opening("other"), now=NOON)
    pay(ledger, ROOM, 500_00, "UPI 42")
    for tenancy_id, amount_paise in ((ROOM, 500_01), ("other", 500_00)):
        with pytest.raises(RefusedError, match="payment_reference_used"):
            pay(ledger, tenancy_id, amount_paise, "UPI 42")
    with pytest.raises(RefusedError, match="reference_missing"):
        pay(ledger, ROOM, 1, "  ")


def test_the_same_amount_again_so_soon_has_to_be_confirmed(ledger: Ledger) -> None:
    """Unless the first one was taken back, or ten minutes have passed, or it is confirmed."""
    first, _ = pay(ledger, ROOM, 500_00, "a")
    with pytest.raises(RefusedError, match="payment_looks_repeated"):
        pay(ledger, ROOM, 500_00, "b", is_confirmed=False)
    assert pay(ledger, ROOM, 500_01, "c", is_confirmed=False)[1]
    assert pay(ledger, ROOM, 500_00, "d", is_confirmed=True)[1]
    later = NOON + timedelta(minutes=10)
    assert pay(ledger, ROOM, 500_00, "e", now=later, is_confirmed=False)[1]
    ledger.open_tenancy(opening("other"), now=NOON)
    other, _ = pay(ledger, "other", 500_00, "f", now=NOON, is_confirmed=False)
    ledger.reverse(other.transaction_id, reason="typed wrong", now=NOON)
    assert pay(ledger, "other", 500_00, "g", is_confirmed=False)[1]
    assert first.amount_micropaise == 500_00 * 1_000_000


@pytest.mark.parametrize("amount_paise", [0, -1, MAX_AMOUNT_PAISE + 1])
def test_a_payment_is_positive_and_bounded(ledger: Ledger, amount_paise: int) -> None:
    """A crore is more than any room costs."""
    with pytest.raises(InvalidAmountError):
        pay(ledger, ROOM, amount_paise, "x")
    assert pay(ledger, ROOM, MAX_AMOUNT_PAISE, "y")[1]


def test_an_adjustment_goes_either_way_once(ledger: Ledger) -> None:
    """Its reference is its own; zero adjusts nothing."""
    pay(ledger, ROOM, 1_00, "same")

    def adjust(amount_paise: int, reference: str = "same", tenancy_id: str = ROOM) -> bool:
        return ledger.record_adjustment(
            tenancy_id, amount_paise=amount_paise, reason="why", reference=reference, now=NOON
        )[1]

    assert adjust(-30_00)
    assert not adjust(-30_00)
    with pytest.raises(RefusedError, match="adjustment_reference_used"):
        adjust(30_00)
    assert adjust(10_00, "other")
    assert adjust(-MAX_AMOUNT_PAISE, "most")
    for amount_paise in (0, MAX_AMOUNT_PAISE + 1, -MAX_AMOUNT_PAISE - 1):
        with pytest.raises(InvalidAmountError):
            adjust(amount_paise, "bad")
    assert balance(ledger) == 1_00 - 20_00 - MAX_AMOUNT_PAISE


def test_a_transaction_is_taken_back_once_and_nets_to_zero(ledger: Ledger) -> None:
    """A charge, too: its range stays charged, only the money comes back."""
    use(ledger, ROOM, 1_000)
    (charge,) = ledger.transactions(ROOM)
    reversal, is_new = ledger.reverse(charge.transaction_id, reason="disputed", now=NOON)
    assert is_new
    assert reversal.postings == {name: -amount for name, amount in charge.postings.items()}
    assert (reversal.reverses, reversal.note) == (charge.transaction_id, "disputed")
    assert ledger.reverse(charge.transaction_id, reason="again", now=NOON) == (reversal, False)
    assert balance(ledger) == 0
    with pytest.raises(RefusedError, match="reversal_not_reversible"):
        ledger.reverse(reversal.transaction_id, reason="no", now=NOON)
    with pytest.raises(RefusedError, match="transaction_unknown"):
        ledger.reverse(999, reason="no", now=NOON)
    ledger.check()


def test_a_bill_is_numbered_booked_and_never_issued_twice(ledger: Ledger) -> None:
    """Numbers count up over all tenancies; the fixed charge is booked with it."""
    version = rates(monthly_charge_paise=310_00, tax_basis_points=1_800)
    for name in ("a", "b"):
        ledger.open_tenancy(opening(name, version=version), now=NOON)
    drafts = {name: bill_of_first_month(ledger, name) for name in ("a", "b")}
    first = ledger.issue_bill(drafts["a"], now=NOON)
    assert ledger.issue_bill(drafts["a"], now=NOON + HOUR) == first
    second = ledger.issue_bill(drafts["b"], now=NOON)
    assert (first.number, second.number) == (1, 2)
    assert ledger.bills("a") == [first]
    assert ledger.bill(2) == second
    # 25 to 31 October: 7 days of 31.
    assert balance(ledger, "a") == -70_00 - 12_60
    (fixed,) = ledger.transactions("a")
    assert fixed.postings[Account.TAX] == 1_260_000_000
    assert fixed.effective_at == drafts["a"].period.end - timedelta(microseconds=1)
    ledger.check()


def test_a_period_that_overlaps_a_bill_is_refused(ledger: Ledger) -> None:
    """Nobody pays for a day twice."""
    draft = bill_of_first_month(ledger, ROOM)
    ledger.issue_bill(draft, now=NOON)
    period = replace(draft.period, start=draft.period.start + HOUR)
    with pytest.raises(RefusedError, match="bill_period_overlaps"):
        ledger.issue_bill(replace(draft, period=period), now=NOON)
    after = replace(draft.period, start=draft.period.end, end=draft.period.end + 24 * HOUR)
    assert ledger.issue_bill(replace(draft, period=after), now=NOON).number == 2


def test_what_was_used_is_told_by_source_and_time(ledger: Ledger) -> None:
    """A charge counts where it begins."""
    post(
        ledger,
        ROOM,
        a_charge(0, 1_000),
        a_charge(1_000, 1_500, NOON + HOUR, NOON + 2 * HOUR, Source.DG, millipaise_per_kwh=9),
    )
    pay(ledger, ROOM, 7_00, "late", now=NOON + 3 * HOUR)
    assert ledger.totals(ROOM, NOON, NOON + 2 * HOUR) == {
        Source.EB: (1_000, 650_000_000),
        Source.DG: (500, 4_500),
    }
    assert ledger.totals(ROOM, NOON + HOUR, NOON + 2 * HOUR) == {Source.DG: (500, 4_500)}
    assert ledger.balance_at(ROOM, NOON) == 0
    assert ledger.balance_at(ROOM, NOON + HOUR) == -650_000_000
    assert ledger.balance_at(ROOM, NOON + 3 * HOUR) == -650_004_500
    assert ledger.balance_at(ROOM, NOON + 4 * HOUR) == ledger.state(ROOM).balance_micropaise
    kinds = [each.kind for each in ledger.transactions(ROOM)]
    assert kinds == [TransactionKind.CHARGE] * 2 + [TransactionKind.PAYMENT]
    (paid,) = ledger.transactions(ROOM, with_charges=False)
    assert paid.kind is TransactionKind.PAYMENT


def test_the_charges_of_a_day_are_put_together(ledger: Ledger) -> None:
    """What is of another day, source, rate, device or certainty is a line of its own."""
    hours = [NOON + hour * HOUR for hour in range(8)]
    charges = [
        a_charge(0, 10, hours[0], hours[1]),
        a_charge(10, 30, hours[1], hours[2]),
        a_charge(30, 40, hours[2], hours[3], Source.DG),
        a_charge(40, 50, hours[3], hours[4], is_estimated=True),
        a_charge(50, 60, hours[4], hours[5], millipaise_per_kwh=1),
        a_charge(60, 70, hours[5], hours[6], millipaise_per_kwh=1, device_id="new"),
        a_charge(70, 90, hours[6], NOON + 14 * HOUR, device_id="new"),
        # 02:00 on the next day in India, though it is the same day in UTC.
        a_charge(90, 95, NOON + 14 * HOUR, NOON + 15 * HOUR, device_id="new"),
    ]
    post(ledger, ROOM, *charges)
    lines = ledger.charge_lines(ROOM)
    assert [(line.from_wh, line.to_wh) for line in lines] == [
        *((0, 30), (30, 40), (40, 50), (50, 60), (60, 70), (70, 90), (90, 95))
    ]
    assert lines[0] == replace(charges[0], to_wh=30, to_at=hours[2], register_wh=30)
    assert lines[1:] == charges[2:]
    assert ledger.charge_lines(ROOM, hours[2], hours[4]) == charges[2:4]


def test_intents_are_kept_until_they_are_settled(ledger: Ledger) -> None:
    """What became of one is written once."""
    assert ledger.last_intent(ROOM) is None
    cut = ledger.add_intent(ROOM, power_on=False, reason=SupplyReason.LOW_BALANCE, now=NOON)
    assert ledger.open_intents() == [cut]
    assert ledger.last_intent(ROOM) == cut
    ledger.settle_intent(cut.intent_id, is_confirmed=True, now=NOON + HOUR)
    ledger.settle_intent(cut.intent_id, is_confirmed=False, now=NOON + 2 * HOUR)
    settled = replace(cut, is_confirmed=True, settled_at=NOON + HOUR)
    assert ledger.last_intent(ROOM) == settled
    assert ledger.open_intents() == []
    with pytest.raises(RefusedError, match="intent_unknown"):
        ledger.settle_intent(99, is_confirmed=True, now=NOON)


def test_a_hold_and_other_memories_are_set_and_forgotten(ledger: Ledger) -> None:
    """They belong to one tenancy."""
    ledger.open_tenancy(opening("other"), now=NOON)
    ledger.set_hold(ROOM, is_held=True)
    assert ledger.is_held(ROOM)
    assert not ledger.is_held("other")
    ledger.set_hold(ROOM, is_held=False)
    assert not ledger.is_held(ROOM)
    ledger.set_memory(ROOM, "warned", "100")
    ledger.set_memory(ROOM, "warned", "50")
    assert ledger.get_memory(ROOM, "warned") == "50"


def test_use_that_costs_nothing_is_booked_as_used(ledger: Ledger) -> None:
    """Its range is charged, without a posting."""
    post(ledger, ROOM, a_charge(0, 1_000, millipaise_per_kwh=0))
    (booked,) = ledger.transactions(ROOM)
    assert booked.postings == {}
    assert booked.amount_micropaise == 0
    assert ledger.state(ROOM).cursor.total_wh == 1_000
    ledger.check()
