"""What a supply knows after a restart, and of the tenant before."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Opening, Plan, Rates, Reading, SupplyReason
from custom_components.qube.relay_owner import Order, SupplyMemory
from custom_components.qube.supply_notes import read_owner, settle, write_memory, write_order

NOW = datetime(2026, 5, 13, 12, tzinfo=UTC)
CUT = Order(power_on=False, reason=SupplyReason.LOW_BALANCE)
RESTORE = Order(power_on=True, reason=SupplyReason.PAID)


def move_in(ledger: Ledger, tenancy_id: str, meter_key: str = "Q1") -> None:
    """Begin a tenancy."""
    opened = Reading(total_wh=0, read_at=NOW, device_id="Q1", register_wh=0)
    rates = Rates(valid_from=NOW, eb_millipaise_per_kwh=650_000, dg_millipaise_per_kwh=1_800_000)
    opening = Opening(
        tenancy_id=tenancy_id,
        tenant="Rinkesh Agrawal",
        meter_key=meter_key,
        meter_name="Room 302",
        plan=Plan.PREPAID,
        opened=opened,
        rates=rates,
    )
    ledger.open_tenancy(opening, now=NOW)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with a tenancy that ran on the meter, and one on another."""
    ledger = Ledger.open(tmp_path / "ledger", expected_id=None)
    move_in(ledger, "other", "Q2")
    write_order(ledger, "other", CUT, None, NOW)
    move_in(ledger, "first")
    yield ledger
    ledger.close()


def next_tenant(ledger: Ledger) -> Order | None:
    """Let the next tenant move in, and return the order that stands."""
    ledger.close_tenancy("first", closed_at=NOW)
    move_in(ledger, "next")
    return read_owner(ledger, "next", NOW).order


def give(ledger: Ledger, order: Order, *, is_confirmed: bool | None) -> None:
    """Write down an order, and what became of it."""
    number = write_order(ledger, "first", order, None, NOW)
    if is_confirmed is not None:
        ledger.settle_intent(number, is_confirmed=is_confirmed, now=NOW)


@pytest.mark.parametrize("is_confirmed", [True, None])
def test_the_next_tenant_takes_a_cut_over(ledger: Ledger, is_confirmed: bool | None) -> None:
    """One that was not seen to be carried out may have been."""
    give(ledger, CUT, is_confirmed=is_confirmed)
    order = next_tenant(ledger)
    assert order == Order(power_on=False, reason=SupplyReason.LOW_BALANCE, confirmed_at=NOW)


def test_the_next_tenant_has_nothing_to_do_with_what_was_restored(ledger: Ledger) -> None:
    """The last order counts."""
    give(ledger, CUT, is_confirmed=True)
    give(ledger, RESTORE, is_confirmed=True)
    assert next_tenant(ledger) is None


def test_the_next_tenant_takes_a_cut_over_that_was_to_be_restored(ledger: Ledger) -> None:
    """The meter was offline when the last one paid and left: it may be dark still."""
    give(ledger, CUT, is_confirmed=True)
    give(ledger, RESTORE, is_confirmed=None)
    order = next_tenant(ledger)
    assert order is not None
    assert (order.power_on, order.confirmed_at) == (False, NOW)


def test_the_next_tenant_has_nothing_to_do_with_a_cut_that_was_given_up(ledger: Ledger) -> None:
    """Somebody else had the last word."""
    give(ledger, CUT, is_confirmed=False)
    assert next_tenant(ledger) is None


def test_the_next_tenant_has_nothing_to_do_with_what_somebody_switched(ledger: Ledger) -> None:
    """Nor when it was off in the end."""
    give(ledger, CUT, is_confirmed=True)
    write_memory(ledger, "first", SupplyMemory(switched_to=False))
    assert next_tenant(ledger) is None


def test_the_first_tenant_of_a_meter_begins_with_nothing(ledger: Ledger) -> None:
    """Whatever was done on other meters, and where the last tenant was never cut."""
    assert read_owner(ledger, "first", NOW).order is None
    assert next_tenant(ledger) is None


def test_an_order_that_was_given_up_is_none(ledger: Ledger) -> None:
    """Nobody owns the relay."""
    give(ledger, CUT, is_confirmed=False)
    owner = read_owner(ledger, "first", NOW)
    assert (owner.order, owner.ordered) == (None, None)


def test_an_order_that_could_not_be_written_is_not_settled_either(ledger: Ledger) -> None:
    """There is nothing to settle; the others stay as they are."""
    settle(ledger, RESTORE, NOW)
    assert [each.tenancy_id for each in ledger.open_intents()] == ["other"]


def test_an_order_and_a_memory_come_back(ledger: Ledger) -> None:
    """As they were written."""
    memory = SupplyMemory(switched_to=True, is_against_cut=True, warned_paise=200_00)
    give(ledger, CUT, is_confirmed=True)
    write_memory(ledger, "first", memory)
    owner = read_owner(ledger, "first", NOW)
    assert owner.memory == memory
    assert owner.order is not None
    assert owner.order.confirmed_at == NOW
    assert owner.is_on_by_hand
