"""What is booked says all that was said, once, and what is refused says why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.qube.billing.errors import BillingError, RefusedError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import (
    Account,
    AccountState,
    Charged,
    Intent,
    SupplyReason,
    TransactionKind,
)
from custom_components.qube.billing.postpaid import period_at
from tests.billing.books import bill_of_first_month, content, opening, pay, use
from tests.billing.worlds import HOUR, NOON, a_charge, rates, reading

ROOM = "room-101"
DAY = timedelta(days=1)


def adjust(ledger: Ledger, amount_paise: int, reference: str) -> int:
    """Give credit, and return the number of the transaction."""
    transaction, _ = ledger.record_adjustment(
        ROOM, amount_paise=amount_paise, reason="The lift's light", reference=reference, now=NOON
    )
    return transaction.transaction_id


def charge(
    ledger: Ledger, total_wh: int, *, begins_wh: int = 0, ends_wh: int | None = None
) -> AccountState:
    """Book one charge up to a total, from a cursor that is given."""
    one = a_charge(begins_wh, total_wh if ends_wh is None else ends_wh)
    charged = Charged(charges=(one,), cursor=reading(total_wh, NOON + HOUR))
    return ledger.post_charges(ROOM, reading(begins_wh, NOON), charged, now=NOON)


def test_an_adjustment_keeps_its_reason_and_its_reference(ledger: Ledger) -> None:
    """They are what a tenant asks for."""
    adjust(ledger, 5_000, "May 1")
    (booked,) = ledger.transactions(ROOM)
    assert booked.kind is TransactionKind.ADJUSTMENT
    assert booked.key == "adjustment:may 1"
    assert (booked.reference, booked.note) == ("May 1", "The lift's light")


def test_a_payment_keeps_what_was_said_of_it(ledger: Ledger) -> None:
    """And has to be confirmed only where it looks like the one before."""

    def record(reference: str) -> None:
        ledger.record_payment(
            ROOM,
            amount_paise=5_000,
            reference=reference,
            method="UPI",
            paid_at=NOON - HOUR,
            now=NOON,
            note="By his brother",
        )

    record("UPI  4711 a")
    with pytest.raises(RefusedError, match="payment_looks_repeated"):
        record("UPI 4712")
    (booked,) = ledger.transactions(ROOM)
    assert booked.key == "payment:upi 4711 a"
    assert (booked.reference, booked.method, booked.note) == (
        "UPI  4711 a",
        "UPI",
        "By his brother",
    )
    assert (booked.effective_at, booked.recorded_at) == (NOON - HOUR, NOON)


def test_a_payment_and_an_adjustment_may_have_one_reference(ledger: Ledger) -> None:
    """And the same amount: neither looks like the other one again."""
    adjust(ledger, 5_000, "A")
    _, is_new = pay(ledger, ROOM, 5_000, "A", is_confirmed=False)
    assert is_new
    assert ledger.state(ROOM).balance_micropaise == 10_000 * 1_000_000


@pytest.mark.parametrize(
    ("key", "placeholders", "do"),
    [
        (
            "payment_reference_used",
            {"reference": "A"},
            lambda ledger: [pay(ledger, ROOM, amount, "A") for amount in (1, 2)],
        ),
        (
            "payment_looks_repeated",
            {},
            lambda ledger: [pay(ledger, ROOM, 1, name, is_confirmed=False) for name in "AB"],
        ),
        ("reference_missing", {}, lambda ledger: pay(ledger, ROOM, 1, " ")),
        (
            "amount_too_large",
            {"limit": "₹1,00,00,000.00"},
            lambda ledger: pay(ledger, ROOM, 1_000_000_001, "A"),
        ),
        ("amount_too_small", {"limit": "₹0.01"}, lambda ledger: pay(ledger, ROOM, 0, "A")),
        (
            "adjustment_reference_used",
            {"reference": "A"},
            lambda ledger: [adjust(ledger, amount, "A") for amount in (1, 2)],
        ),
        (
            "transaction_unknown",
            {},
            lambda ledger: ledger.reverse(99, reason="No", now=NOON),
        ),
        (
            "reversal_not_reversible",
            {},
            lambda ledger: ledger.reverse(
                ledger.reverse(adjust(ledger, 1, "A"), reason="No", now=NOON)[0].transaction_id,
                reason="No",
                now=NOON,
            ),
        ),
        (
            "rates_in_the_past",
            {},
            lambda ledger: ledger.add_rates(ROOM, rates(1, valid_from=NOON - HOUR), now=NOON),
        ),
        (
            "intent_unknown",
            {},
            lambda ledger: ledger.settle_intent(99, is_confirmed=True, now=NOON),
        ),
        (
            "meter_has_tenancy",
            {"meter": "Meter of next"},
            lambda ledger: ledger.open_tenancy(
                opening("next", meter_key=f"meter of {ROOM}"), now=NOON
            ),
        ),
        ("tenancy_unknown", {}, lambda ledger: ledger.state("nobody")),
        ("cursor_moved", {}, lambda ledger: charge(ledger, 1_000, begins_wh=500)),
        ("charges_not_contiguous", {}, lambda ledger: charge(ledger, 1_000, ends_wh=900)),
        (
            "tenancy_closed",
            {},
            lambda ledger: [
                ledger.close_tenancy(ROOM, closed_at=NOON),
                charge(ledger, 1_000),
            ],
        ),
    ],
)
def test_a_refusal_has_the_key_of_its_message(
    ledger: Ledger, key: str, placeholders: dict[str, str], do: Callable[[Ledger], object]
) -> None:
    """The whole key, and what stands in the message."""
    with pytest.raises(BillingError) as refused:
        do(ledger)
    assert (refused.value.key, refused.value.placeholders) == (key, placeholders)


def test_nothing_is_added_to_a_closed_account(ledger: Ledger) -> None:
    """Neither rates nor bills."""
    draft = bill_of_first_month(ledger, ROOM)
    ledger.close_tenancy(ROOM, closed_at=NOON)
    with pytest.raises(RefusedError) as refused:
        ledger.add_rates(ROOM, rates(1, valid_from=NOON + HOUR), now=NOON)
    assert refused.value.key == "tenancy_closed"
    with pytest.raises(RefusedError) as refused:
        ledger.issue_bill(draft, now=NOON)
    assert refused.value.key == "tenancy_closed"


def test_a_fixed_charge_without_tax_is_booked_and_the_bill_knows_it(
    ledger: Ledger, path: Path
) -> None:
    """The row of the bill names the transaction."""
    adjust(ledger, 1, "A")
    draft = replace(bill_of_first_month(ledger, ROOM), fixed_charge_paise=15_000)
    ledger.issue_bill(draft, now=NOON)
    fixed = ledger.transactions(ROOM)[-1]
    assert fixed.postings == {
        Account.TENANT: -15_000_000_000,
        Account.FIXED_CHARGE: 15_000_000_000,
    }
    (row,) = content(path)["bill"]
    assert row[-2] == fixed.transaction_id


def test_a_bill_may_overlap_none_of_those_before(ledger: Ledger) -> None:
    """The newest one decides, however many there are."""
    first = bill_of_first_month(ledger, ROOM)
    second = replace(first, period=period_at(1, first.period.end))
    third = replace(first, period=period_at(1, second.period.end))
    for draft in (first, second, third):
        ledger.issue_bill(draft, now=NOON)
    within = replace(third.period, start=third.period.start + DAY)
    with pytest.raises(RefusedError) as refused:
        ledger.issue_bill(replace(first, period=within), now=NOON)
    assert refused.value.key == "bill_period_overlaps"
    assert ledger.last_bill(ROOM) == ledger.bills(ROOM)[-1]


def test_the_last_bill_that_was_to_be_paid_may_be_an_earlier_one(ledger: Ledger) -> None:
    """One without a date never was."""
    assert ledger.last_bill(ROOM) is None
    first = replace(bill_of_first_month(ledger, ROOM), due_on=(NOON + DAY).date())
    second = replace(first, period=period_at(1, first.period.end), due_on=None)
    bills = [ledger.issue_bill(draft, now=NOON) for draft in (first, second)]
    due_at = first.due_at
    assert due_at is not None
    assert ledger.last_bill(ROOM) == bills[1]
    assert ledger.last_bill(ROOM, due_by=due_at) == bills[0]
    assert ledger.last_bill(ROOM, due_by=due_at - timedelta(microseconds=1)) is None


def test_transactions_are_told_by_their_time_and_their_number(ledger: Ledger) -> None:
    """The start is included, the end is not; those of before may be left out."""
    use(ledger, ROOM, 1_000)
    paid = [
        pay(ledger, ROOM, 100 + hour, f"payment {hour}", now=NOON + hour * HOUR)[0].transaction_id
        for hour in range(3)
    ]

    def told(start: int | None = None, end: int | None = None, after_id: int = 0) -> list[int]:
        span = [None if hour is None else NOON + hour * HOUR for hour in (start, end)]
        found = ledger.transactions(ROOM, *span, with_charges=False, after_id=after_id)
        return [each.transaction_id for each in found]

    assert told() == paid
    assert told(start=1) == paid[1:]
    assert told(end=1) == paid[:1]
    assert told(after_id=paid[0]) == paid[1:]
    everything = ledger.transactions(ROOM, after_id=paid[0] - 1)
    assert [each.transaction_id for each in everything] == paid
    assert ledger.totals(ROOM, NOON - HOUR, NOON) == {}


def test_what_is_read_at_once_is_of_one_state(ledger: Ledger) -> None:
    """Within it everything can be read, and after it written again."""
    with ledger.one_state():
        assert ledger.state(ROOM).balance_micropaise == 0
        assert ledger.bills(ROOM) == []
    _, is_new = pay(ledger, ROOM, 100, "after")
    assert is_new


def test_an_intent_is_read_as_it_was_written(ledger: Ledger) -> None:
    """Each of its words, before it is settled and after."""
    ledger.open_tenancy(opening("other"), now=NOON)
    written = Intent(
        intent_id=1,
        tenancy_id="other",
        power_on=True,
        reason=SupplyReason.PAID,
        created_at=NOON,
    )
    ledger.add_intent("other", power_on=True, reason=SupplyReason.PAID, now=NOON)
    assert ledger.open_intents() == [written]
    ledger.settle_intent(1, is_confirmed=False, now=NOON + HOUR)
    assert ledger.last_intent("other") == replace(
        written, settled_at=NOON + HOUR, is_confirmed=False
    )


def test_what_is_forgotten_is_one_thing_of_one_tenancy(ledger: Ledger) -> None:
    """All others remember."""
    ledger.open_tenancy(opening("other"), now=NOON)
    for name in (ROOM, "other"):
        ledger.set_memory(name, "warned", "50")
        ledger.set_memory(name, "told", "1")
    ledger.set_memory(ROOM, "warned", None)
    assert ledger.memory(ROOM) == {"told": "1"}
    assert ledger.memory("other") == {"told": "1", "warned": "50"}
