"""Charges put together into lines: never two that differ, never one that could be joined."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import INDIA, Charge, Source
from tests.billing.books import opening, post
from tests.billing.worlds import HOUR, NOON, a_charge

ROOM = "room-101"


def lines_of(charges: list[Charge], start: datetime, end: datetime) -> list[Charge]:
    """Return the lines as one would make them by hand."""
    lines: list[Charge] = []
    for one in charges:
        if not start <= one.from_at < end:
            continue
        last = lines[-1] if lines else None
        if last is not None and kind_of(last) == kind_of(one):
            lines[-1] = replace(last, to_wh=one.to_wh, to_at=one.to_at, register_wh=one.register_wh)
        else:
            lines.append(one)
    return lines


def kind_of(one: Charge) -> tuple[object, ...]:
    """Return what is the same of all charges of a line."""
    return (
        one.from_at.astimezone(INDIA).date(),
        one.device_id,
        one.to_wh - one.register_wh,
        one.source,
        one.millipaise_per_kwh,
        one.tax_basis_points,
        one.is_estimated,
    )


def test_a_register_that_began_anew_on_the_same_device_is_another_line(ledger: Ledger) -> None:
    """Else the line would say a register that the device never showed."""
    post(
        ledger,
        ROOM,
        a_charge(0, 9_000),
        a_charge(9_000, 9_500, NOON + HOUR, NOON + 2 * HOUR, register_wh=500),
    )
    before, after = ledger.charge_lines(ROOM)
    assert (before.opening_register_wh, before.register_wh) == (0, 9_000)
    assert (after.opening_register_wh, after.register_wh) == (0, 500)


def test_a_tenancy_without_use_has_no_lines(ledger: Ledger) -> None:
    """Nor has a time before its first use."""
    assert ledger.charge_lines(ROOM) == []
    post(ledger, ROOM, a_charge(0, 1_000))
    assert ledger.charge_lines(ROOM, NOON - HOUR, NOON) == []


@st.composite
def charges(draw: st.DrawFn) -> list[Charge]:
    """Return charges that follow each other, few of which differ from the one before."""
    made: list[Charge] = []
    last = a_charge(0, 1, NOON, NOON)
    for _ in range(draw(st.integers(1, 12))):
        began_at = last.to_at + draw(st.sampled_from((0, 0, 0, 5))) * HOUR
        energy_wh = draw(st.integers(1, 3))
        is_new_register = draw(st.sampled_from((False, False, False, True)))
        last = a_charge(
            last.to_wh if made else 0,
            (last.to_wh if made else 0) + energy_wh,
            began_at,
            began_at + draw(st.sampled_from((0, 1, 6))) * HOUR,
            draw(st.sampled_from((last.source, last.source, *Source))),
            device_id=draw(st.sampled_from((last.device_id, last.device_id, "x"))),
            register_wh=energy_wh + (0 if is_new_register or not made else last.register_wh),
            millipaise_per_kwh=draw(st.sampled_from((100, 100, 100, 200))),
            tax_basis_points=draw(st.sampled_from((0, 0, 0, 1_000))),
            is_estimated=draw(st.sampled_from((False, False, False, True))),
        )
        made.append(last)
    return made


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(made=charges(), first_hour=st.integers(-1, 40), hours=st.integers(0, 60))
def test_lines_are_what_one_would_make_by_hand(
    ledger: Ledger, made: list[Charge], first_hour: int, hours: int
) -> None:
    """Of all charges, and of those of any time."""
    names = [f"{place} {len(ledger.tenancies())}" for place in ("before", "here", "after")]
    # A neighbour's charges lie on either side in the file.
    for name in names:
        ledger.open_tenancy(opening(name), now=NOON)
        post(ledger, name, *made)
    start = NOON + timedelta(hours=first_hour)
    end = start + timedelta(hours=hours)
    assert ledger.charge_lines(names[1]) == lines_of(made, NOON, NOON + timedelta(days=999))
    assert ledger.charge_lines(names[1], start, end) == lines_of(made, start, end)
