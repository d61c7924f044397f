"""Tenant and owner are told what happens, once."""

from collections.abc import Mapping

import pytest

from custom_components.qube.tenancy_events import EventValue, TenancyEventKind
from tests.account import Account
from tests.shown_tenancy import ShownTenancy, announce, begin

from .home import TELL, automate, named

type Details = Mapping[str, EventValue]

BILL: Details = {"number": 12, "amount": 2206.75, "amount_due": 2206.75, "due_on": "2026-06-12"}
SAID: dict[str, tuple[Details, str]] = {
    "warning": ({"balance": 85.5}, "The balance is low. The balance is ₹85.50."),
    "cut": ({"reason": "low_balance"}, "Power was cut, because the balance is too low."),
    "restored": ({"reason": "paid"}, "Power is on again."),
    "bill_issued": (BILL, "Bill 12: ₹2206.75 to pay until 2026-06-12."),
    "overdue": ({"number": 12, "amount_due": 206.75}, "Bill 12 is overdue: ₹206.75 to pay."),
    "payment": (
        {"amount": 2000.0, "balance": 2085.5, "method": "upi"},
        "₹2000.00 was paid. The balance is ₹2085.50.",
    ),
}
FAIL = [{"action": "notify.nobody", "data": {"message": "{{ message }}"}}]


async def watch(home: Account, *tenancies: ShownTenancy, **inputs: object) -> None:
    """Tell of the activities of tenancies."""
    activities = [tenancy.entity_id("activity") for tenancy in tenancies]
    await automate(home, "tenancy_notices", activities=activities, **inputs)


@pytest.mark.parametrize("kind", SAID)
async def test_what_happened_is_told_in_words(home: Account, told: list[str], kind: str) -> None:
    """To the tenant and to the owner, with the name of the tenancy."""
    (tenancy,) = await begin(home, named(home, "Prepaid"))
    await watch(home, tenancy, kinds=list(SAID), tenant=TELL, owner=TELL)
    details, text = SAID[kind]
    await tenancy.happen(TenancyEventKind(kind), **details)
    await home.settle()
    assert told == [f"Asha Rao · Prepaid: {text}"] * 2


async def test_a_bill_without_a_date_and_other_reasons_of_a_cut_are_told_too(
    home: Account, told: list[str]
) -> None:
    """Who pays before has nothing to pay until a day."""
    (tenancy,) = await begin(home, named(home, "Prepaid"))
    await watch(home, tenancy, owner=TELL)
    await tenancy.happen(TenancyEventKind.BILL_ISSUED, **{**BILL, "due_on": None})
    for reason in ("overdue", "something_new"):
        await tenancy.happen(TenancyEventKind.CUT, reason=reason)
    await home.settle()
    assert told == [
        "Asha Rao · Prepaid: Bill 12: ₹2206.75 to pay.",
        "Asha Rao · Prepaid: Power was cut, because a bill is overdue.",
        "Asha Rao · Prepaid: Power was cut, because money is owed.",
    ]


async def test_only_what_was_chosen_is_told(home: Account, told: list[str]) -> None:
    """Not each charge, and not what happens to others."""
    first, second = await begin(home, named(home, "Prepaid"), named(home, "Postpaid"))
    await watch(home, first, owner=TELL)
    await first.happen(TenancyEventKind.CHARGE, amount=1.0, balance=99.0)
    await first.happen(TenancyEventKind.PAYMENT, amount=1.0, balance=100.0)
    await second.happen(TenancyEventKind.CUT)
    await home.settle()
    assert told == []


async def test_the_owner_is_told_though_the_tenant_cannot_be(
    home: Account, told: list[str]
) -> None:
    """A phone that was given away must not hide a cut."""
    (tenancy,) = await begin(home, named(home, "Prepaid"))
    await watch(home, tenancy, tenant=FAIL, owner=TELL)
    await tenancy.happen(TenancyEventKind.CUT, reason="low_balance")
    await home.settle()
    assert len(told) == 1


async def test_a_reload_tells_nothing_again(home: Account, told: list[str]) -> None:
    """What happened is still shown, but did not happen again."""
    (tenancy,) = await begin(home, named(home, "Prepaid"))
    await tenancy.happen(TenancyEventKind.CUT, reason="low_balance")
    await watch(home, tenancy, owner=TELL)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    announce(home, [tenancy])
    await home.settle()
    assert told == []
