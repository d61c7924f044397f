"""Charging holds its promises in every world that Hypothesis can think of."""

from bisect import bisect_left, bisect_right
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from custom_components.qube.billing.charging import charge
from custom_components.qube.billing.models import Charge, Reading
from tests.billing import oracle
from tests.billing.worlds import RATES, World, rates, reading, worlds


def charges_of(world: World) -> list[Charge]:
    """Charge a world in one go."""
    return list(charge(world.start, world.readings, world.rates, world.split_at).charges)


def in_parts(world: World, cuts: set[int]) -> tuple[list[Charge], Reading]:
    """Charge a world in parts that begin at some of its readings."""
    cursor, charges = world.start, list[Charge]()
    ends = [*sorted(cuts), len(world.readings)]
    for first, end in pairwise([0, *ends]):
        charged = charge(cursor, world.readings[first:end], world.rates, world.split_at)
        charges += charged.charges
        cursor = charged.cursor
    return charges, cursor


@settings(max_examples=400)
@given(worlds(min_minutes=1))
def test_each_watt_hour_is_charged_as_the_oracle_says(world: World) -> None:
    """Its source, rate, tax, device, register, part of the time, and whether it is estimated."""
    assert oracle.charged(charges_of(world), world.split_at) == oracle.expected(world)


@given(worlds(min_minutes=1))
def test_the_amount_is_that_of_the_oracle(world: World) -> None:
    """Energy and tax, each by itself, in whole micropaise."""
    charges, truth = charges_of(world), oracle.expected(world).values()
    assert sum(each.energy_micropaise for each in charges) == sum(
        each.millipaise_per_kwh for each in truth
    )
    assert sum(each.tax_micropaise for each in charges) * 10_000 == sum(
        each.millipaise_per_kwh * each.tax_basis_points for each in truth
    )


@given(worlds())
def test_charges_follow_each_other_up_to_the_cursor(world: World) -> None:
    """No Wh is left out, none charged twice, and time never runs back."""
    charged = charge(world.start, world.readings, world.rates, world.split_at)
    ends_wh = [world.start.total_wh, *(each.to_wh for each in charged.charges)]
    assert [each.from_wh for each in charged.charges] == ends_wh[:-1]
    assert ends_wh[-1] == charged.cursor.total_wh
    assert all(each.energy_wh > 0 for each in charged.charges)
    times = [world.start.read_at]
    for each in charged.charges:
        times += each.from_at, each.to_at
    assert [*times, charged.cursor.read_at] == sorted([*times, charged.cursor.read_at])


@given(worlds())
def test_no_device_shows_less_than_nothing(world: World) -> None:
    """Wherever one register took over from another."""
    assert all(each.opening_register_wh >= 0 for each in charges_of(world))


@given(worlds())
def test_no_charge_runs_over_a_split_and_none_is_shorter_than_it_must_be(world: World) -> None:
    """Equal neighbours are one charge, unless a split parts them."""
    charges, splits = charges_of(world), sorted(world.split_at)
    for each in charges:
        assert not [split for split in splits if each.from_at < split < each.to_at]
    for last, new in pairwise(charges):
        is_same = (
            (last.source, last.millipaise_per_kwh, last.tax_basis_points, last.is_estimated)
            == (new.source, new.millipaise_per_kwh, new.tax_basis_points, new.is_estimated)
            and last.device_id == new.device_id
            and last.register_wh == new.opening_register_wh
        )
        is_parted = bisect_left(splits, last.to_at) < bisect_right(splits, new.from_at)
        assert is_parted or not is_same


@given(worlds(), st.data())
def test_the_order_of_readings_changes_nothing(world: World, data: st.DataObject) -> None:
    """Nor does it that some are given twice."""
    repeated = data.draw(st.lists(st.sampled_from(world.readings))) if world.readings else []
    shuffled = data.draw(st.permutations([*world.readings, *repeated]))
    assert charge(world.start, shuffled, world.rates, world.split_at) == charge(
        world.start, world.readings, world.rates, world.split_at
    )


@given(worlds(min_minutes=1), st.data())
def test_parts_that_end_with_a_seen_source_change_nothing(
    world: World, data: st.DataObject
) -> None:
    """Each Wh is charged alike, and the cursor is the same."""
    good = oracle.believable(world)
    seen = [
        index + 1
        for index, each in enumerate(world.readings)
        if each in good and each.source is not None
    ]
    cuts = data.draw(st.sets(st.sampled_from(seen))) if seen else set()
    charges, cursor = in_parts(world, cuts)
    assert oracle.charged(charges, world.split_at) == oracle.expected(world)
    assert cursor == charge(world.start, world.readings, world.rates, world.split_at).cursor


@given(worlds(min_minutes=1), st.sets(st.integers(0, 7)))
def test_any_parts_charge_the_same_energy_and_never_more_money(
    world: World, cuts: set[int]
) -> None:
    """Where the source was not seen, nobody knows yet what comes next: the tenant gains."""
    charges, cursor = in_parts(world, {cut for cut in cuts if cut < len(world.readings)})
    whole = charge(world.start, world.readings, world.rates, world.split_at)
    assert cursor == whole.cursor
    assert {*oracle.charged(charges, ())} == {*oracle.charged(whole.charges, ())}
    assert sum(each.amount_micropaise for each in charges) <= sum(
        each.amount_micropaise for each in whole.charges
    )


@given(worlds())
def test_what_was_charged_is_not_charged_again(world: World) -> None:
    """Charging the same readings from the cursor on charges nothing."""
    cursor = charge(world.start, world.readings, world.rates, world.split_at).cursor
    again = charge(cursor, world.readings, world.rates, world.split_at)
    assert not again.charges
    assert (again.cursor.total_wh, again.cursor.read_at) == (cursor.total_wh, cursor.read_at)


@given(st.lists(st.integers(0, 10**12), min_size=1), RATES)
def test_use_times_rate_is_the_amount_however_large(totals_wh: list[int], eb: int) -> None:
    """Integers do not run out of digits."""
    start, *later = (reading(total_wh) for total_wh in sorted(totals_wh))
    charges = charge(start, later, (rates(eb),)).charges
    used_wh = max(totals_wh) - min(totals_wh)
    assert sum(each.amount_micropaise for each in charges) == used_wh * eb
