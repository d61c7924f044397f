"""The judge of the crash proof finds each fault that it is given, and none in what is right."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Charge, Charged, Plan, Source, SupplyReason
from custom_components.qube.tenancy_terms import terms_of
from script.proof.crash import fault
from script.proof.crash.judge import Booking, MeterTruth, faults, faults_at_rest
from script.proof.crash.look import look
from script.proof.crash.tenants import Tenant
from script.proof.crash.written import Written
from tests.billing.books import altering, bill_of_first_month
from tests.billing.worlds import reading

BEGIN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PAISA = 1_000_000
TENANT = Tenant(
    tenancy_id="tenancy0",
    device_id="QUBE-ONE-1",
    plan=Plan.PREPAID,
    opened_at=BEGIN,
    opening_wh=1_000,
    opening_credit_paise=150_00,
    millipaise_per_kwh={Source.EB: 650_000, Source.DG: 1_825_000},
    tax_basis_points=1_800,
    monthly_charge_paise=150_00,
)
SHOWN = MeterTruth(register_wh=1_017, has_power=True, is_power_due=True)


def payment(**changed: object) -> Booking:
    """Return the payment of ₹20.00 that was acknowledged."""
    facts: dict[str, Any] = {
        "tenancy_id": "tenancy0",
        "kind": "payment",
        "reference": "R1",
        "amount_paise": 20_00,
        "is_acknowledged": True,
    }
    return Booking(**{**facts, **changed})


def charge(ledger: Ledger, to_wh: int, source: Source, *, after: timedelta) -> None:
    """Charge up to a total, as the tenant agreed to."""
    start = ledger.state("tenancy0").cursor
    cursor = reading(to_wh, BEGIN + after, source)
    one = Charge(
        from_wh=start.total_wh,
        to_wh=to_wh,
        from_at=start.read_at,
        to_at=cursor.read_at,
        device_id=cursor.device_id,
        register_wh=to_wh,
        source=source,
        millipaise_per_kwh=TENANT.millipaise_per_kwh[source],
        tax_basis_points=TENANT.tax_basis_points,
        is_estimated=False,
    )
    ledger.post_charges("tenancy0", start, Charged(charges=(one,), cursor=cursor), now=BEGIN)


def fill(ledger: Ledger) -> None:
    """Write what is right: a tenancy, a payment, charges, a bill, a cut and a restoration."""
    ledger.open_tenancy(terms_of(TENANT.data()).opening("tenancy0", "Room 1"), now=BEGIN)
    ledger.record_payment(
        "tenancy0", amount_paise=20_00, reference="R1", method=None, paid_at=BEGIN, now=BEGIN
    )
    charge(ledger, 1_010, Source.EB, after=timedelta(minutes=1))
    charge(ledger, 1_017, Source.DG, after=timedelta(minutes=2))
    ledger.issue_bill(bill_of_first_month(ledger, "tenancy0"), now=BEGIN)
    for power_on, reason in ((False, SupplyReason.LOW_BALANCE), (True, SupplyReason.PAID)):
        intent = ledger.add_intent("tenancy0", power_on=power_on, reason=reason, now=BEGIN)
        ledger.settle_intent(intent.intent_id, is_confirmed=True, now=BEGIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a ledger that is right, and that nobody has open."""
    path = tmp_path / "ledger"
    with closing(Ledger.open(path, expected_id=None)) as ledger:
        fill(ledger)
    return path


@pytest.fixture
def written(path: Path) -> Written:
    """Return what is written in it."""
    written, wrong = look(path)
    assert written is not None
    assert wrong == []
    return written


def with_charge(written: Written, index: int, **changed: Any) -> Written:  # noqa: ANN401
    """Return it with another charge."""
    charges = list(written.charges)
    charges[index] = replace(charges[index], **changed)
    return replace(written, charges=charges)


def with_account(written: Written, **changed: Any) -> Written:  # noqa: ANN401
    """Return it with another account."""
    account = replace(written.accounts["tenancy0"], **changed)
    return replace(written, accounts={"tenancy0": account})


def test_what_is_right_has_no_faults(written: Written) -> None:
    """Of 17 Wh at two rates, with tax, and a payment: nothing is wrong."""
    assert (written.bills, written.unbilled) == (1, 0)
    assert [each.micropaise for each in written.charges] == [-10 * 767_000, -7 * 2_153_500]
    assert list(faults(written, [TENANT], [payment()])) == []
    assert list(faults_at_rest(written, [payment()], {"tenancy0": SHOWN})) == []


def test_nothing_is_wrong_with_what_is_not_there_yet(tmp_path: Path) -> None:
    """A kill may come before there is a ledger, or anything in it, or an answer."""
    assert look(tmp_path / "ledger") == (None, [])
    (tmp_path / "ledger").touch()
    assert look(tmp_path / "ledger") == (None, [])
    empty = Written(
        accounts={}, charges=[], bookings=[], intents=[], bills=0, unbilled=0, is_restored=False
    )
    assert list(faults(empty, [TENANT], [payment(is_acknowledged=False)])) == []
    assert list(faults(empty, [TENANT], [payment()])) == [
        "payment R1 was acknowledged and is lost",
        "tenancy0 has no account",
    ]


@pytest.mark.parametrize(
    ("bookings", "fault_told"),
    [
        ([payment(), payment(reference="R2")], "payment R2 was acknowledged and is lost"),
        ([payment(amount_paise=21_00)], "payment R1 was acknowledged and is lost"),
        ([payment(tenancy_id="tenancy1")], "payment R1 was acknowledged and is lost"),
        ([payment(kind="adjustment")], "adjustment R1 was acknowledged and is lost"),
        ([], "payment R1 is not what was posted"),
    ],
)
def test_a_payment_that_is_lost_or_made_up(
    written: Written, bookings: list[Booking], fault_told: str
) -> None:
    """What was acknowledged is there as it was posted, and nothing else is."""
    assert fault_told in list(faults(written, [TENANT], bookings))


def test_a_payment_without_an_answer_may_be_booked_or_not(written: Written) -> None:
    """Whoever got no answer knows nothing; but in the end there is one."""
    unanswered = [payment(is_acknowledged=False), payment(reference="R2", is_acknowledged=False)]
    assert list(faults(written, [TENANT], unanswered)) == []
    assert list(faults_at_rest(written, unanswered, {"tenancy0": SHOWN})) == [
        "payment R1 was never acknowledged",
        "payment R2 was never acknowledged",
    ]


def test_a_payment_that_is_booked_twice(written: Written) -> None:
    """The same reference is one payment; the balance shows the other one, too."""
    (booking,) = written.bookings
    twice = replace(written, bookings=[booking, booking])
    told = list(faults(twice, [TENANT], [payment()]))
    assert "payment R1 is booked 2 times" in told
    assert any("has a balance of" in each for each in told)


@pytest.mark.parametrize(
    ("change", "fault_told"),
    [
        (
            lambda it: with_charge(it, 1, from_wh=1_009),
            "tenancy0 is charged twice from 1009 to 1010 Wh",
        ),
        (
            lambda it: replace(it, charges=[*it.charges, it.charges[1]]),
            "tenancy0 is charged twice from 1010 to 1017 Wh",
        ),
        (
            lambda it: with_charge(it, 1, from_wh=1_012),
            "tenancy0 is not charged from 1010 to 1012 Wh",
        ),
        (
            lambda it: replace(it, charges=it.charges[1:]),
            "tenancy0 is not charged from 1000 to 1010 Wh",
        ),
        (
            lambda it: replace(it, charges=it.charges[:1]),
            "tenancy0 is charged up to 1010 Wh, its cursor is at 1017 Wh",
        ),
        (
            lambda it: with_account(it, cursor_wh=1_010),
            "tenancy0 is charged up to 1017 Wh, its cursor is at 1010 Wh",
        ),
        (
            lambda it: with_account(it, opened_wh=999),
            "tenancy0 begins at 999 Wh, not at 1000 Wh",
        ),
        (lambda it: replace(it, is_restored=True), "the ledger is taken for an older copy"),
        (lambda it: replace(it, unbilled=1), "fixed charges without a bill: 1"),
    ],
)
def test_a_ledger_that_is_wrong(
    written: Written, change: Callable[[Written], Written], fault_told: str
) -> None:
    """Charges reach from the opening to the cursor, each Wh once, and fixed charges are billed."""
    assert fault_told in list(faults(change(written), [TENANT], [payment()]))


@pytest.mark.parametrize(
    "change",
    [
        lambda it: with_charge(it, 0, micropaise=-7_669_999),
        lambda it: with_charge(it, 0, source="dg"),
        lambda it: with_account(it, balance_micropaise=170 * 100 * PAISA),
        lambda it: with_account(it, posted_micropaise=0),
        lambda it: with_account(it, fixed_micropaise=-1),
    ],
)
def test_a_sum_that_is_wrong(written: Written, change: Callable[[Written], Written]) -> None:
    """Each charge is its Wh times the rate that was agreed on, and all add up to the balance."""
    told = list(faults(change(written), [TENANT], [payment()]))
    assert told
    assert all(" pays " in each or " has a balance of " in each for each in told)


@pytest.mark.parametrize(
    ("truth", "fault_told"),
    [
        (
            replace(SHOWN, register_wh=1_018),
            "tenancy0 is charged up to 1017 Wh, its register shows 1018 Wh",
        ),
        (replace(SHOWN, has_power=False), "tenancy0 has power: False, due: True"),
        (
            replace(SHOWN, has_power=False, is_power_due=False),
            "the last order to the relay of tenancy0 is not what it shows",
        ),
    ],
)
def test_a_meter_that_is_not_as_the_ledger_says(
    written: Written, truth: MeterTruth, fault_told: str
) -> None:
    """In the end the cursor is the register, and the relay is as was decided."""
    assert fault_told in list(faults_at_rest(written, [payment()], {"tenancy0": truth}))


def test_an_order_that_nobody_followed_up(written: Written) -> None:
    """In the end it is known of each order what became of it."""
    *earlier, last = written.intents
    is_open = replace(written, intents=[*earlier, replace(last, is_confirmed=None)])
    told = list(faults_at_rest(is_open, [payment()], {"tenancy0": SHOWN}))
    assert "an order to the relay of tenancy0 is not settled" in told


def test_a_tenancy_that_is_not_there_in_the_end(written: Written) -> None:
    """Every tenancy has an account."""
    truth = {"tenancy1": SHOWN}
    assert "tenancy1 has no account" in list(faults_at_rest(written, [payment()], truth))


def test_a_fixed_charge_without_its_bill(path: Path) -> None:
    """Both are one transaction."""
    with altering(path, with_triggers=False) as connection:
        connection.execute("DELETE FROM bill")
    written, _ = look(path)
    assert written is not None
    assert list(faults(written, [TENANT], [payment()])) == ["fixed charges without a bill: 1"]


def test_a_file_that_is_behind_its_mark(path: Path) -> None:
    """Home Assistant would take it for an older copy, and stop to cut."""
    mark = path.with_name("ledger.mark")
    ledger_id, _ = mark.read_text().split()
    mark.write_text(f"{ledger_id} 1000\n")
    assert look(path)[1] == ["the ledger will be taken for an older copy"]


def test_charges_and_cursor_committed_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a kill between the two commits is found, and so is the ledger by itself."""

    class KilledError(Exception):
        """Home Assistant is gone."""

    def kill(_pause_s: float) -> None:
        raise KilledError

    monkeypatch.setattr(Ledger, "post_charges", Ledger.post_charges)
    monkeypatch.setattr(fault, "sleep", kill)
    fault.commit_apart()
    with closing(Ledger.open(path, expected_id=None)) as ledger, pytest.raises(KilledError):
        charge(ledger, 1_020, Source.EB, after=timedelta(minutes=3))
    written, wrong = look(path)
    assert written is not None
    (told,) = wrong
    assert "an account is not charged up to its cursor" in told
    assert list(faults(written, [TENANT], [payment()])) == [
        "tenancy0 is charged up to 1020 Wh, its cursor is at 1017 Wh"
    ]
