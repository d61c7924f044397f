"""Losses are a figure only where nothing is missing; else it is said what is."""

from collections.abc import Mapping

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.reconciliation import Completeness, Reconciliation, reconcile

PRICE = 825_000
energies = st.integers(0, 10**10)
totals = st.dictionaries(st.sampled_from("abcdef"), st.tuples(energies, energies), min_size=1)


def of(
    main_wh: int | None,
    meters: Mapping[str, tuple[int | None, int | None]],
    price: int | None = PRICE,
) -> Reconciliation:
    """Reconcile meters by their opening and closing totals, None where there is none."""
    return reconcile(
        main_wh=main_wh,
        keys=list(meters),
        opening_wh={key: at for key, (at, _) in meters.items() if at is not None},
        closing_wh={key: at for key, (_, at) in meters.items() if at is not None},
        price_millipaise_per_kwh=price,
    )


@given(energies, totals)
def test_all_that_came_in_was_measured_or_lost(
    main_wh: int, used: dict[str, tuple[int, int]]
) -> None:
    """To the watt-hour, and priced to the paisa."""
    meters = {key: (opening, opening + use) for key, (opening, use) in used.items()}
    found = of(main_wh, meters)
    assert found.completeness is Completeness.COMPLETE
    assert found.lost_wh is not None
    assert found.meters_wh is not None
    assert found.lost_wh + found.meters_wh == main_wh
    assert found.meters_wh == sum(use for _, use in used.values())
    assert found.lost_paise is not None
    # Half a paisa off at most.
    assert abs(found.lost_paise * 1_000_000 - found.lost_wh * PRICE) <= 500_000


@given(energies, totals, st.data())
def test_one_missing_reading_leaves_no_figure(
    main_wh: int, used: dict[str, tuple[int, int]], data: st.DataObject
) -> None:
    """At the beginning, at the end, or both; and it is said of which meter."""
    meters: dict[str, tuple[int | None, int | None]] = {**used}
    gone = data.draw(st.sampled_from(sorted(used)))
    opening, closing = used[gone]
    meters[gone] = data.draw(st.sampled_from([(None, closing), (opening, None), (None, None)]))
    found = of(main_wh, meters)
    assert (found.completeness, found.missing) == (Completeness.METERS_MISSING, (gone,))
    assert found.lost_wh is found.lost_basis_points is found.lost_paise is found.meters_wh is None


@pytest.mark.parametrize(
    ("main_wh", "meters", "expected"),
    [
        (5, {"a": (1, 2)}, Completeness.COMPLETE),
        (0, {"a": (1, 1)}, Completeness.COMPLETE),
        (None, {"a": (1, 2)}, Completeness.MAIN_METER_MISSING),
        (5, {"a": (1, None)}, Completeness.METERS_MISSING),
        (None, {"a": (None, 2)}, Completeness.BOTH_MISSING),
        (5, {}, Completeness.NO_METERS),
        (None, {}, Completeness.NO_METERS),
    ],
)
def test_what_is_missing_is_said(
    main_wh: int | None, meters: dict[str, tuple[int | None, int | None]], expected: Completeness
) -> None:
    """A figure goes with completeness, and with nothing else."""
    found = of(main_wh, meters)
    assert found.completeness is expected
    assert (found.lost_wh is not None) is (expected is Completeness.COMPLETE)


def test_the_worked_example() -> None:
    """1,250 kWh came in, 1,175.5 kWh were measured, at ₹8.25 a kWh."""
    found = of(1_250_000, {"a": (0, 1_000_000), "b": (50, 175_550)})
    assert (found.lost_wh, found.lost_basis_points, found.lost_paise) == (74_500, 596, 61_463)


def test_more_measured_than_came_in_is_shown_as_it_is() -> None:
    """A negative loss tells that something is wrong, or that something else feeds the meters."""
    found = of(1_000, {"a": (0, 1_500)})
    assert (found.lost_wh, found.lost_basis_points, found.lost_paise) == (-500, -5_000, -413)


def test_of_nothing_there_is_no_share() -> None:
    """Nor of a building that fed back more than it drew."""
    assert of(0, {"a": (0, 0)}).lost_basis_points is None
    assert of(-10, {"a": (0, 5)}).lost_basis_points is None


def test_without_a_price_nothing_is_priced() -> None:
    """It is asked for, never guessed."""
    assert of(10, {"a": (0, 5)}, price=None).lost_paise is None
