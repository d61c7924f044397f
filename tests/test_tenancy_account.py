"""An account is closed once, with one final bill, also where that was broken off."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.qube.billing.errors import LedgerError, RefusedError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Plan
from custom_components.qube.billing.terms import CheckEvery, CheckInterval, PrepaidTerms
from custom_components.qube.tenancy_account import (
    charge_account,
    close_account,
    issue_bills,
    look_at,
    open_account,
    post,
)
from custom_components.qube.tenancy_terms import TenancyTerms
from tests.billing.worlds import HOUR, NOON, rates, reading

ROOM = "room-101"
LATER = NOON + timedelta(days=40)
TERMS = TenancyTerms(
    tenant="Asha",
    meter_key="meter-1",
    plan=Plan.PREPAID,
    started_at=NOON,
    opened=reading(0, NOON),
    rates=rates(valid_from=NOON),
    opening_credit_paise=0,
    billing_day=1,
    supply=PrepaidTerms(cut_off_paise=0),
    checks=CheckInterval(every=CheckEvery.HOUR),
    holidays=None,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger in which the room is let."""
    ledger = Ledger.open(tmp_path / "ledger", expected_id=None)
    open_account(ledger, TERMS.opening(ROOM, "Room 101"), listed=[ROOM], now=NOON)
    yield ledger
    ledger.close()


@pytest.mark.parametrize("step", ["issue_bill", "close_tenancy"])
def test_a_closing_that_was_broken_off_is_made_good(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """At the next check, by the readings of the day it was closed; what came later is not his."""

    def fail(*_: object, **__: object) -> None:
        raise LedgerError("ledger_unwritable")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, step, fail)
        with pytest.raises(LedgerError):
            close_account(ledger, ROOM, [reading(5_000, LATER)], TERMS, LATER)
    later = LATER + HOUR
    outcome = charge_account(ledger, ROOM, [reading(9_000, later)], TERMS, later)
    assert (outcome.look.record.closed_at, outcome.charges) == (LATER, ())
    bills = ledger.bills(ROOM)
    assert [bill.draft.period.end for bill in bills][-1] == LATER
    # Of the rest of October, of November, and of the first days of December.
    assert len({bill.draft.period.start for bill in bills}) == len(bills) == 3
    assert sum(line.energy_wh for bill in bills for line in bill.draft.lines) == 5_000


def test_an_account_that_ended_without_a_bill_gets_none(ledger: Ledger) -> None:
    """Its owner deleted it, and another tenant moved in."""
    post(ledger, ROOM, [reading(5_000, LATER)], LATER)
    opening = replace(TERMS, started_at=LATER, opened=reading(5_000, LATER)).opening("next", "Room")
    open_account(ledger, opening, listed=["next"], now=LATER)
    assert issue_bills(ledger, ROOM, TERMS, LATER) == []
    record = ledger.tenancy(ROOM)
    assert record is not None
    assert record.closed_at == LATER


def test_an_account_that_is_not_there_is_told(ledger: Ledger) -> None:
    """Nothing is begun in its place."""
    with pytest.raises(RefusedError, match="tenancy_unknown"):
        look_at(ledger, "nobody", TERMS, NOON)
    assert ledger.tenancy("nobody") is None
