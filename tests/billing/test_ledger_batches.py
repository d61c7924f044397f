"""In which order tenancies are charged, and in how many parts, changes nothing."""

from dataclasses import asdict
from datetime import datetime

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.qube.billing.charging import charge
from custom_components.qube.billing.errors import RefusedError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Reading, Source
from tests.billing.books import opening
from tests.billing.worlds import HOUR, NOON, rates, reading

LATE: datetime = NOON + 999 * HOUR

type Uses = list[tuple[int, Source]]
USES = st.lists(st.tuples(st.integers(0, 5_000), st.sampled_from(Source)), min_size=1, max_size=8)


def readings(uses: Uses) -> list[Reading]:
    """Return hourly readings after such use."""
    found: list[Reading] = []
    total_wh = 0
    for number, (energy_wh, source) in enumerate(uses, start=1):
        total_wh += energy_wh
        found.append(reading(total_wh, NOON + number * HOUR, source))
    return found


def give(ledger: Ledger, name: str, part: list[Reading]) -> None:
    """Charge readings from where the ledger is."""
    start = ledger.state(name).cursor
    charged = charge(start, part, ledger.rates(name))
    ledger.post_charges(name, start, charged, now=NOON)


def outcome(ledger: Ledger, name: str) -> tuple[object, ...]:
    """Return all that a tenant would see of it."""
    return (
        asdict(ledger.state(name)),
        ledger.charge_lines(name),
        ledger.totals(name, NOON, LATE),
        ledger.balance_at(name, LATE),
    )


def rooms(ledger: Ledger) -> list[str]:
    """Return two new tenancies."""
    version = rates(650_000, 1_800_000, tax_basis_points=1_800)
    names = [f"{room} {len(ledger.tenancies())}" for room in ("a", "b")]
    for name in names:
        ledger.open_tenancy(opening(name, version=version), now=NOON)
    return names


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(uses=st.tuples(USES, USES), data=st.data())
def test_order_and_size_of_batches_change_nothing(
    ledger: Ledger, uses: tuple[Uses, Uses], data: st.DataObject
) -> None:
    """Each at once, or reading by reading in turns, some of them given again later."""
    found = [readings(each) for each in uses]
    at_once = rooms(ledger)
    for name, part in zip(at_once, found, strict=True):
        give(ledger, name, part)
    in_parts = rooms(ledger)
    waiting = dict(zip(in_parts, found, strict=True))
    given_before: list[tuple[str, Reading, list[Reading]]] = []
    while any(waiting.values()):
        name = data.draw(st.sampled_from([name for name in in_parts if waiting[name]]))
        size = data.draw(st.integers(1, len(waiting[name])))
        part, waiting[name] = waiting[name][:size], waiting[name][size:]
        given_before.append((name, ledger.state(name).cursor, part))
        give(ledger, name, part)
        name, start, part = data.draw(st.sampled_from(given_before))
        before = outcome(ledger, name)
        again = charge(start, part, ledger.rates(name))
        ledger.post_charges(name, start, again, now=NOON)
        assert outcome(ledger, name) == before
    assert [outcome(ledger, name) for name in in_parts] == [
        outcome(ledger, name) for name in at_once
    ]
    ledger.check()


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(uses=USES, skipped=st.integers(1, 4))
def test_a_batch_that_comes_before_its_turn_is_refused(
    ledger: Ledger, uses: Uses, skipped: int
) -> None:
    """What lies between would never be charged."""
    found = readings([(1 + energy_wh, source) for energy_wh, source in uses])
    first, later = found[:skipped], found[skipped:]
    name = rooms(ledger)[0]
    before = outcome(ledger, name)
    too_early = charge(first[-1], later, ledger.rates(name))
    with pytest.raises(RefusedError, match="cursor_moved"):
        ledger.post_charges(name, first[-1], too_early, now=NOON)
    assert outcome(ledger, name) == before
