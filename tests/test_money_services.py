"""An administrator books money of a tenant, whose account may not be loaded."""

from datetime import UTC, datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.qube.billing.models import TransactionKind
from custom_components.qube.books import ledger_path
from custom_components.qube.const import CONF_LEDGER_ID
from tests.tenants import Tenants, draft

# 18:00 in India.
NOW = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)
BALANCE = 3000 - 11.8 * 6.5 - 2 * 18.25
PAYMENT: dict[str, object] = {"amount": 2000, "reference": "UPI 412345", "method": "upi"}
ADJUSTMENT: dict[str, object] = {"amount": "-150.50", "reason": "Pump", "reference": "ADJ 1"}
# What to send so that nothing but the caller is wrong.
CHANGES: dict[str, dict[str, object]] = {
    "record_payment": PAYMENT,
    "record_adjustment": ADJUSTMENT,
    "reverse_transaction": {"transaction_id": 1, "reason": "A mistake"},
    "set_rates": {"eb_rate": 7},
    "issue_bill": {},
    "close_tenancy": {},
}


@pytest.fixture(autouse=True)
def standing_time(freezer: FrozenDateTimeFactory) -> None:
    """Let the time stand still."""
    freezer.move_to(NOW)


async def refusal(tenants: Tenants, action: str, /, **data: object) -> ServiceValidationError:
    """Call an action and return the error."""
    with pytest.raises(ServiceValidationError) as raised:
        await tenants.call(action, **data)
    return raised.value


def payments(tenants: Tenants, tenancy_id: str = "first") -> list[Any]:
    """Return the payments in the ledger that were recorded by an action."""
    booked = tenants.in_ledger(lambda ledger: ledger.transactions(tenancy_id, with_charges=False))
    return [each for each in booked if each.kind is TransactionKind.PAYMENT and each.reference]


async def test_a_payment_is_in_the_ledger_when_it_is_answered(tenants: Tenants) -> None:
    """With its balance, as in the vendor's example plus the generator."""
    answer = await tenants.call("record_payment", **PAYMENT, note="First of May")
    assert answer == {
        "account_number": 1,
        "is_new": True,
        "transaction_id": answer["transaction_id"],
        "kind": "payment",
        "amount": 2000.0,
        "time": "2026-05-13T18:00:00+05:30",
        "reference": "UPI 412345",
        "balance": pytest.approx(BALANCE + 2000),
    }
    (payment,) = payments(tenants)
    assert payment.transaction_id == answer["transaction_id"]
    assert (payment.reference, payment.method, payment.note) == (
        "UPI 412345",
        "upi",
        "First of May",
    )
    assert payment.effective_at == NOW


async def test_a_reference_twice_is_one_payment(tenants: Tenants) -> None:
    """Whoever is not sure that it arrived sends it again."""
    first = await tenants.call("record_payment", **PAYMENT)
    again = await tenants.call("record_payment", **{**PAYMENT, "reference": " upi  412345 "})
    assert again == {**first, "is_new": False}
    assert len(payments(tenants)) == 1


async def test_a_reference_with_another_amount_is_refused(tenants: Tenants) -> None:
    """And for another tenant, too."""
    await tenants.call("record_payment", **PAYMENT)
    error = await refusal(tenants, "record_payment", **{**PAYMENT, "amount": 200})
    assert error.translation_key == "payment_reference_used"
    assert error.translation_placeholders == {"reference": "UPI 412345"}
    error = await refusal(tenants, "record_payment", **PAYMENT, account_number=2)
    assert error.translation_key == "payment_reference_used"
    assert len(payments(tenants)) == 1


async def test_what_looks_like_the_same_payment_has_to_be_confirmed(tenants: Tenants) -> None:
    """The same amount a moment later, with another reference."""
    await tenants.call("record_payment", **PAYMENT)
    other = {**PAYMENT, "reference": "UPI 412346"}
    assert (await refusal(tenants, "record_payment", **other)).translation_key == (
        "payment_looks_repeated"
    )
    assert (await tenants.call("record_payment", **other, is_confirmed=True))["is_new"]
    assert len(payments(tenants)) == 2


async def test_a_payment_has_the_day_on_which_it_came(
    tenants: Tenants, freezer: FrozenDateTimeFactory
) -> None:
    """Today is now, a day before is its noon, and after it there is none; by India's calendar."""
    answer = await tenants.call("record_payment", **PAYMENT, date="2026-05-11")
    assert answer["time"] == "2026-05-11T12:00:00+05:30"
    # 01:00 on the 14th in India.
    freezer.move_to(datetime(2026, 5, 13, 19, 30, tzinfo=UTC))
    answer = await tenants.call(
        "record_payment", amount=1, reference="b", method="cash", date="2026-05-14"
    )
    assert answer["time"] == "2026-05-14T01:00:00+05:30"
    error = await refusal(tenants, "record_payment", **PAYMENT, date="2026-05-15")
    assert error.translation_key == "payment_in_the_future"
    assert error.translation_placeholders == {"date": "2026-05-15", "today": "2026-05-14"}


@pytest.mark.parametrize("day", ["0001-01-01", "0026-05-01", "2025-04-23"])
async def test_a_payment_is_not_from_long_before_the_tenancy(tenants: Tenants, day: str) -> None:
    """An advance may be up to a year older; what is older has to be a slip."""
    error = await refusal(tenants, "record_payment", **PAYMENT, date=day)
    assert error.translation_key == "day_not_plausible"
    assert error.translation_placeholders == {
        "date": day,
        "first": "2025-04-24",
        "last": "2026-05-13",
    }
    assert "{" not in str(error)
    assert payments(tenants) == []
    assert (await tenants.call("record_payment", **PAYMENT, date="2025-04-24"))["is_new"]


@pytest.mark.parametrize(
    ("amount", "paise"),
    [(2000, 200_000), (76.7, 7_670), ("76.70", 7_670), (" ₹1,23,456.78", 12_345_678), (0.01, 1)],
)
async def test_an_amount_is_a_text_or_a_number(
    tenants: Tenants, amount: object, paise: int
) -> None:
    """To the paisa."""
    await tenants.call("record_payment", **{**PAYMENT, "amount": amount})
    (payment,) = payments(tenants)
    assert payment.amount_micropaise == paise * 1_000_000


@pytest.mark.parametrize(
    ("amount", "key"),
    [
        ("two thousand", "amount_not_a_number"),
        ("", "amount_not_a_number"),
        ("nan", "amount_not_a_number"),
        (True, "amount_not_a_number"),
        (0, "amount_too_small"),
        (-5, "amount_too_small"),
        (10_000_000.01, "amount_too_large"),
        ("1" * 30, "amount_too_large"),
        (76.705, "amount_too_many_decimals"),
        (0.1 + 0.2, "amount_too_many_decimals"),
    ],
)
async def test_an_amount_that_cannot_be_is_refused(
    tenants: Tenants, amount: object, key: str
) -> None:
    """With the field that is to be changed, and nothing is booked."""
    error = await refusal(tenants, "record_payment", **{**PAYMENT, "amount": amount})
    assert error.translation_key == key
    assert error.translation_placeholders is not None
    assert error.translation_placeholders["field"] == "amount"
    assert "amount: " in str(error)
    assert "{" not in str(error)
    assert payments(tenants) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "barter"},
        {"date": "yesterday"},
        {"reference": "  "},
        {"reference": "x" * 201},
        {"note": "x" * 201},
        {"amount": [1]},
        {"amount": None},
        {"account_number": 1.5},
        {"account_number": "1.2"},
        {"account_number": -1},
        {"tenant": "somebody"},
    ],
)
async def test_what_the_form_does_not_take_is_refused(
    tenants: Tenants, wrong: dict[str, object]
) -> None:
    """Also fields that there are none of."""
    with pytest.raises(probatio.Invalid):
        await tenants.call("record_payment", **{**PAYMENT, **wrong})
    assert payments(tenants) == []


async def test_an_adjustment_goes_either_way(tenants: Tenants) -> None:
    """A plus is for the tenant; the same reference again changes nothing."""
    taken = await tenants.call("record_adjustment", **ADJUSTMENT)
    assert (taken["kind"], taken["amount"]) == ("adjustment", -150.5)
    assert taken["balance"] == pytest.approx(BALANCE - 150.5)
    given = await tenants.call("record_adjustment", amount=10, reason="Sorry", reference="ADJ 2")
    assert given["balance"] == pytest.approx(BALANCE - 140.5)
    again = await tenants.call("record_adjustment", **ADJUSTMENT)
    assert (again["transaction_id"], again["is_new"]) == (taken["transaction_id"], False)
    error = await refusal(tenants, "record_adjustment", **{**ADJUSTMENT, "amount": 1})
    assert error.translation_key == "adjustment_reference_used"


@pytest.mark.parametrize(
    ("amount", "key"),
    [
        ("0.00", "amount_is_zero"),
        (-10_000_000.01, "amount_too_small"),
        (10_000_000.01, "amount_too_large"),
        ("-1.005", "amount_too_many_decimals"),
    ],
)
async def test_an_adjustment_has_its_bounds_too(tenants: Tenants, amount: object, key: str) -> None:
    """On both sides."""
    error = await refusal(tenants, "record_adjustment", **{**ADJUSTMENT, "amount": amount})
    assert error.translation_key == key
    assert "{" not in str(error)


async def test_a_payment_is_taken_back_once(tenants: Tenants) -> None:
    """The balance is as before, and both stay in the ledger."""
    paid = (await tenants.call("record_payment", **PAYMENT))["transaction_id"]
    back = await tenants.call("reverse_transaction", transaction_id=paid, reason="Bounced")
    assert (back["kind"], back["amount"], back["is_new"]) == ("reversal", -2000.0, True)
    assert back["balance"] == pytest.approx(BALANCE)
    again = await tenants.call("reverse_transaction", transaction_id=paid, reason="Bounced")
    assert again == {**back, "is_new": False}
    error = await refusal(
        tenants, "reverse_transaction", transaction_id=back["transaction_id"], reason="No"
    )
    assert error.translation_key == "reversal_not_reversible"


async def test_only_money_of_this_tenant_is_taken_back(tenants: Tenants) -> None:
    """Not what was charged, and nothing of somebody else."""
    charges = tenants.in_ledger(lambda ledger: ledger.transactions("first"))
    charge = next(each for each in charges if each.kind is TransactionKind.CHARGE)
    error = await refusal(
        tenants, "reverse_transaction", transaction_id=charge.transaction_id, reason="No"
    )
    assert error.translation_key == "transaction_unknown"
    bill = draft(fixed_charge_paise=3_000)
    tenants.in_ledger(lambda ledger: ledger.issue_bill(bill, now=NOW))
    fixed = tenants.in_ledger(lambda ledger: ledger.transactions("first", with_charges=False))[-1]
    assert fixed.kind is TransactionKind.FIXED_CHARGE
    error = await refusal(
        tenants, "reverse_transaction", transaction_id=fixed.transaction_id, reason="No"
    )
    assert error.translation_key == "transaction_not_reversible"
    theirs = await tenants.call("record_payment", **PAYMENT, account_number=2)
    error = await refusal(
        tenants, "reverse_transaction", transaction_id=theirs["transaction_id"], reason="No"
    )
    assert error.translation_key == "transaction_unknown"
    assert len(payments(tenants, "gone")) == 1


async def test_money_comes_and_goes_where_the_tenancy_was_deleted(tenants: Tenants) -> None:
    """By the number of the account."""
    paid = await tenants.call("record_payment", **PAYMENT, account_number=2.0)
    assert (paid["account_number"], paid["balance"]) == (2, 5000.0)
    owed = await tenants.call("record_adjustment", **ADJUSTMENT, account_number=2)
    assert owed["balance"] == 4849.5
    back = await tenants.call(
        "reverse_transaction", account_number=2, transaction_id=paid["transaction_id"], reason="x"
    )
    assert back["balance"] == 2849.5


@pytest.mark.parametrize("action", ["set_rates", "issue_bill", "close_tenancy"])
async def test_what_a_tenancy_does_itself_needs_a_running_one(
    tenants: Tenants, action: str
) -> None:
    """While the account is not loaded, its money can come in, but nothing else happens."""
    error = await refusal(tenants, action, **CHANGES[action])
    assert error.translation_key == "tenancy_not_running"


@pytest.mark.parametrize("action", CHANGES)
async def test_only_administrators_change_something(
    tenants: Tenants, hass_read_only_user: MockUser, action: str
) -> None:
    """Checked on the server, before anything else is."""
    before = tenants.in_ledger(lambda ledger: ledger.transactions("first"))
    with pytest.raises(Unauthorized):
        await tenants.call_as(hass_read_only_user.id, action, **CHANGES[action])
    assert tenants.in_ledger(lambda ledger: ledger.transactions("first")) == before


async def test_a_ledger_that_is_missing_is_told(hass: HomeAssistant, tenants: Tenants) -> None:
    """It is never begun anew, and the error is no fault of the person's."""
    ledger_path(hass, tenants.entry.entry_id).unlink()
    with pytest.raises(HomeAssistantError) as raised:
        await tenants.call("record_payment", **PAYMENT)
    assert not isinstance(raised.value, ServiceValidationError)
    assert raised.value.translation_key == "ledger_missing"
    assert not ledger_path(hass, tenants.entry.entry_id).exists()


async def test_an_account_without_any_tenancy_has_no_ledger(
    hass: HomeAssistant, tenants: Tenants
) -> None:
    """And none is made by asking."""
    data = {**tenants.entry.data}
    del data[CONF_LEDGER_ID]
    hass.config_entries.async_update_entry(tenants.entry, data=data)
    ledger_path(hass, tenants.entry.entry_id).unlink()
    error = await refusal(tenants, "record_payment", **PAYMENT, account_number=1)
    assert error.translation_key == "no_ledger"
    assert not ledger_path(hass, tenants.entry.entry_id).exists()
