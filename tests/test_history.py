"""Rows follow from readings alone: in any order, again, late, with gaps and with nonsense."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
import gc
from itertools import pairwise
from random import Random
from typing import NamedTuple

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.api import Source
from custom_components.qube.const import INDIA
from custom_components.qube.epochs import Epoch, Epochs
from custom_components.qube.history import (
    HOUR,
    HourRow,
    Readings,
    hour_of,
    hourly_rows,
    plausible,
    taken_back,
    totals_of,
)
from custom_components.qube.register import Register
from custom_components.qube.tariffs import Pricing, TariffSight

DEVICE = "QUBE-ONE-1a2b"
EPOCHS: Epochs = (Epoch(device_id=DEVICE),)
MIDNIGHT = datetime(2026, 5, 13, tzinfo=INDIA)
FREE = Pricing([])


def sight(total_wh: int, tariff_paise: int) -> TariffSight:
    """Return a first sight of a grid tariff, at a total."""
    return TariffSight(
        seen_at=MIDNIGHT,
        total_wh=total_wh,
        eb_tariff_paise=tariff_paise,
        dg_tariff_paise=None,
        source=Source.EB,
    )


TARIFFS = Pricing([sight(5_000, 650), sight(9_000, 1800), sight(20_000, 700)])


class Reading(NamedTuple):
    """One reading of a device, in Wh."""

    device_id: str
    energy_wh: int
    read_at: datetime


def rows_of(
    readings: Iterable[Reading], known: Sequence[HourRow], pricing: Pricing, epochs: Epochs
) -> list[HourRow]:
    """Return the rows of readings, in the order in which those come."""
    each = [
        Readings(device_id=reading.device_id, energy_wh={reading.read_at: reading.energy_wh})
        for reading in readings
    ]
    return [*hourly_rows(totals_of(each, epochs), known, pricing)]


def reading(hour: int, energy_wh: int, device_id: str = DEVICE) -> Reading:
    """Return the reading at the last second of an hour after midnight."""
    read_at = MIDNIGHT + (hour + 1) * HOUR - timedelta(seconds=1)
    return Reading(device_id=device_id, energy_wh=energy_wh, read_at=read_at)


def readings(registers_wh: Sequence[int | None]) -> list[Reading]:
    """Return one reading an hour from midnight on, None being an hour without one."""
    return [reading(hour, wh) for hour, wh in enumerate(registers_wh) if wh is not None]


def used(rows: Sequence[HourRow]) -> dict[int, int]:
    """Return the use up to each hour after midnight."""
    return {(row.start - MIDNIGHT) // HOUR: row.use_wh for row in rows}


def put(known: Sequence[HourRow], rows: Sequence[HourRow]) -> list[HourRow]:
    """Return the rows of before with the new and changed ones, as the recorder keeps them."""
    by_start = {row.start: row for row in [*known, *rows]}
    return [by_start[start] for start in sorted(by_start)]


def test_use_is_counted_from_the_first_row() -> None:
    """Otherwise the dashboard would show the whole register as the use of the first hour."""
    assert used(rows_of(readings([7_000, 7_250, 7_300]), [], FREE, EPOCHS)) == {
        0: 0,
        1: 250,
        2: 300,
    }


def test_a_stamp_closes_the_hour_before_it() -> None:
    """By the last second or by the full hour, in India and said in whatever zone."""
    nine = MIDNIGHT + 9 * HOUR
    assert hour_of(nine + HOUR) == nine
    assert hour_of(nine + HOUR - timedelta(seconds=1)) == nine
    assert hour_of((nine + HOUR).astimezone(UTC)) == nine
    assert hour_of(nine + timedelta(minutes=15)) == nine
    assert hour_of(MIDNIGHT + timedelta(hours=23, minutes=59, seconds=59)).day == MIDNIGHT.day


def test_rows_start_on_the_indian_hour() -> None:
    """As the recorder demands: the top of an hour in the zone of the time itself."""
    for row in rows_of(readings([1, 2, 3]), [], FREE, EPOCHS):
        assert (row.start.minute, row.start.tzinfo) == (0, INDIA)


def test_the_last_reading_of_an_hour_counts() -> None:
    """Whatever the interval in which they come."""
    quarters = [
        Reading(
            device_id=DEVICE,
            energy_wh=1_000 + 100 * quarter,
            read_at=MIDNIGHT + timedelta(minutes=15 * quarter),
        )
        for quarter in range(1, 9)
    ]
    assert used(rows_of(quarters, [], FREE, EPOCHS)) == {0: 0, 1: 400}


def test_a_gap_has_no_rows_and_its_use_comes_after_it() -> None:
    """What was used in a gap is known, but not when."""
    rows = rows_of(readings([1_000, 1_100, None, None, 1_900]), [], FREE, EPOCHS)
    assert used(rows) == {0: 0, 1: 100, 4: 900}


@pytest.mark.parametrize(
    "registers_wh",
    [
        pytest.param([1_000, 1_100, 0, 1_200], id="a fall to zero"),
        pytest.param([1_000, 1_100, 900, 1_200], id="a fall"),
        pytest.param([1_000, 1_100, 1_190, 1_200], id="nothing odd"),
        pytest.param([1_000, 1_100, 5_000_000, 1_200], id="a jump"),
    ],
)
def test_odd_readings_make_no_use(registers_wh: list[int]) -> None:
    """The hour is left out, and the next good reading has its use."""
    rows = used(rows_of(readings(registers_wh), [], FREE, EPOCHS))
    assert rows[3] == 200
    assert rows.get(2, 190) == 190


def test_a_register_that_was_zero_for_a_while_at_first_is_left_out() -> None:
    """Its end would be a jump by everything the meter ever measured."""
    rows = rows_of(readings([0, 0, 900_000, 900_100, 900_200]), [], FREE, EPOCHS)
    assert used(rows) == {2: 0, 3: 100, 4: 200}


def test_nothing_but_nonsense_makes_no_rows() -> None:
    """Below what is known already no reading can be."""
    known = rows_of(readings([9_000]), [], FREE, EPOCHS)
    assert rows_of([reading(3, 8_000), reading(4, 8_100)], known, FREE, EPOCHS) == []


def test_the_nearest_known_rows_bound_the_readings() -> None:
    """Not those far away, between which much more would be possible."""
    known = rows_of(readings([0, 9_000, None, None, 9_500, 99_000]), [], FREE, EPOCHS)
    for impossible_wh in (8_900, 9_600):
        assert rows_of([reading(2, impossible_wh)], known, FREE, EPOCHS) == []
    assert used(rows_of([reading(2, 9_200)], known, FREE, EPOCHS)) == {2: 9_200}


def test_known_rows_need_not_begin_at_zero() -> None:
    """Where the first row of all lies before them, use is counted from there."""
    known = rows_of(readings([1_000, 1_400, 1_500]), [], FREE, EPOCHS)[1:]
    assert used(rows_of([reading(3, 1_700)], known, FREE, EPOCHS)) == {3: 700}


def test_what_is_taken_back_stands_still() -> None:
    """From the hour in which it happened; rows that are not above the total stay."""
    known = rows_of(readings([5_000, 5_100, 5_400, 9_000]), [], TARIFFS, EPOCHS)
    since = MIDNIGHT + 1.5 * HOUR
    rows = taken_back(known, since, 5_200, TARIFFS)
    assert used(rows) == {2: 200, 3: 200}
    assert [row.cost_millipaise for row in rows] == [200 * 650] * 2
    assert used(taken_back(known, since, 5_050, TARIFFS)) == {1: 50, 2: 50, 3: 50}
    assert used(taken_back(known, MIDNIGHT + 2 * HOUR, 5_050, TARIFFS)) == {2: 50, 3: 50}
    assert taken_back([], since, 5_200, TARIFFS) == []


def test_a_day_of_readings_is_that_of_their_hours() -> None:
    """A reading at midnight closes the last hour of the day that ends."""
    midnights = {MIDNIGHT + days * 24 * HOUR: days for days in range(3)}
    each = Readings(device_id=DEVICE, energy_wh=midnights)
    assert each.of_day(MIDNIGHT.date()).energy_wh == {MIDNIGHT + 24 * HOUR: 1}
    assert each.of_day(MIDNIGHT.date()).device_id == DEVICE


def test_of_two_readings_of_one_instant_the_later_one_counts() -> None:
    """The hours of a day are asked for after the days, and say it more exactly."""
    both = [reading(0, 1_000), reading(1, 1_400), reading(1, 1_300)]
    assert used(rows_of(both, [], FREE, EPOCHS)) == {0: 0, 1: 300}


def test_a_late_reading_corrects_the_hours_after_it() -> None:
    """The hour after the gap had all of its use; now each has its own."""
    known = rows_of(readings([1_000, None, 1_500]), [], FREE, EPOCHS)
    rows = rows_of([reading(1, 1_400)], known, FREE, EPOCHS)
    assert used(rows) == {1: 400}
    assert used(put(known, rows)) == {0: 0, 1: 400, 2: 500}


def test_an_hour_that_lost_its_reading_keeps_its_row() -> None:
    """A cloud that answers in part takes nothing away."""
    known = rows_of(readings([1_000, 1_100, 1_200]), [], FREE, EPOCHS)
    assert rows_of(readings([1_000, None, 1_200]), known, FREE, EPOCHS) == []


def test_a_row_that_turns_out_wrong_is_pulled_between_its_neighbours() -> None:
    """A reading that the cloud took back leaves no fall behind."""
    known = rows_of(readings([1_000, 1_300]), [], FREE, EPOCHS)
    rows = rows_of(readings([1_000, None, 1_200]), known, FREE, EPOCHS)
    assert used(rows) == {1: 200, 2: 200}


def test_a_row_that_lies_too_low_now_is_pulled_up() -> None:
    """The reading before it was corrected, and the hour itself has no reading any more."""
    known = rows_of(readings([1_000, 1_200, 1_300, 1_500]), [], FREE, EPOCHS)
    rows = rows_of(readings([1_000, 1_350, None, 1_500]), known, FREE, EPOCHS)
    assert used(rows) == {1: 350, 2: 350}


def test_readings_older_than_the_first_row_move_the_beginning() -> None:
    """All rows are counted from the new first one, in energy and in money."""
    known = rows_of([reading(5, 2_000), reading(6, 2_100)], [], TARIFFS, EPOCHS)
    rows = put(known, rows_of([reading(0, 1_000)], known, TARIFFS, EPOCHS))
    assert used(rows) == {0: 0, 5: 1_000, 6: 1_100}
    assert [row.cost_millipaise for row in rows] == [0, 650_000, 715_000]


def test_cost_follows_the_tariff_at_the_register() -> None:
    """4 kWh before the first sight at its tariff, 4 at 6.50, 11 at 18.00, 1 at 7.00."""
    rows = rows_of(readings([1_000, 5_000, 9_000, 20_000, 21_000]), [], TARIFFS, EPOCHS)
    steps = [0, 4_000 * 650, 4_000 * 650, 11_000 * 1800, 1_000 * 700]
    assert [row.cost_millipaise for row in rows] == [sum(steps[: i + 1]) for i in range(5)]


def test_without_a_tariff_there_is_no_cost() -> None:
    """No number is better than a wrong one."""
    assert {row.cost_millipaise for row in rows_of(readings([1, 2]), [], FREE, EPOCHS)} == {None}


def test_rows_without_cost_get_it_once_a_tariff_is_known() -> None:
    """A meter that was offline at first shows its tariff later."""
    known = rows_of(readings([1_000, 2_000]), [], FREE, EPOCHS)
    rows = rows_of(readings([1_000, 2_000]), known, TARIFFS, EPOCHS)
    assert [row.cost_millipaise for row in rows] == [0, 650_000]


def test_a_replaced_device_goes_on_where_the_old_one_ended() -> None:
    """Nothing is ever subtracted across two registers."""
    since = reading(1, 0).read_at
    epochs = (
        Epoch(device_id="old"),
        Epoch(device_id="new", since=since, register_wh=5_000_000, total_wh=1_500),
    )
    both = [
        reading(0, 1_000, "old"),
        reading(1, 1_500, "old"),
        reading(2, 5_000_200, "new"),
        reading(3, 5_000_300, "new"),
    ]
    assert used(rows_of(both, [], FREE, epochs)) == {0: 0, 1: 500, 2: 700, 3: 800}


def test_a_device_says_nothing_about_the_time_of_another() -> None:
    """The new one hung elsewhere before, and the old one may be measuring somebody else now."""
    epochs = (
        Epoch(device_id="old"),
        Epoch(device_id="new", since=reading(1, 0).read_at, register_wh=100, total_wh=1_500),
    )
    strange = [reading(0, 40, "new"), reading(2, 1_600, "old"), reading(3, 300, "new")]
    assert used(rows_of([reading(1, 1_500, "old"), *strange], [], FREE, epochs)) == {
        1: 0,
        3: 200,
    }


def test_an_epoch_whose_beginning_is_unknown_has_no_rows() -> None:
    """What came before its first reading was not used here."""
    epochs = (
        Epoch(device_id="old"),
        Epoch(device_id="new", since=reading(0, 0).read_at, register_wh=None, total_wh=1_000),
    )
    rows = rows_of([reading(0, 1_000, "old"), reading(1, 1_007, "new")], [], FREE, epochs)
    assert used(rows) == {0: 0}


def test_a_month_on_its_way_is_few_objects() -> None:
    """More than Python's garbage collector waits for would bring it to look through the house."""
    month = {MIDNIGHT + hour * HOUR: 100 * hour for hour in range(30 * 24)}
    gc.collect()
    before = len(gc.get_objects())
    totals = totals_of([Readings(device_id=DEVICE, energy_wh=month)], EPOCHS)
    rows = hourly_rows(totals, [], TARIFFS)
    next(rows)
    assert len(gc.get_objects()) - before < 50
    assert len([*rows]) == 30 * 24 - 1


# Registers of up to three days: steps of up to 10 kWh an hour, and hours without a reading.
STEPS = st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), min_size=2, max_size=72)


def registers(steps: Sequence[tuple[int, bool]]) -> list[Reading]:
    """Return readings that rise by steps, where they are there."""
    total_wh, found = 1_000_000, []
    for hour, (step_wh, is_there) in enumerate(steps):
        total_wh += step_wh
        if is_there:
            found.append(reading(hour, total_wh))
    return found


@given(STEPS)
def test_running_twice_changes_nothing(steps: list[tuple[int, bool]]) -> None:
    """Nothing is written again."""
    there = registers(steps)
    known = rows_of(there, [], TARIFFS, EPOCHS)
    assert rows_of(there, known, TARIFFS, EPOCHS) == []


@given(STEPS, st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(
    steps: list[tuple[int, bool]], random: Random
) -> None:
    """The cloud promises neither."""
    there = registers(steps)
    mixed = there * 2
    random.shuffle(mixed)
    assert rows_of(mixed, [], TARIFFS, EPOCHS) == rows_of(there, [], TARIFFS, EPOCHS)


@given(STEPS, st.lists(st.integers(1, 71), max_size=6), st.randoms(use_true_random=False))
def test_windows_in_any_order_make_the_same_rows(
    steps: list[tuple[int, bool]], cuts: list[int], random: Random
) -> None:
    """As long as each is computed with the rows that are there."""
    there = registers(steps)
    bounds = [0, *sorted(set(cuts)), len(steps)]
    windows = [
        [each for each in there if low <= (hour_of(each.read_at) - MIDNIGHT) // HOUR < high]
        for low, high in pairwise(bounds)
    ]
    random.shuffle(windows)
    known: list[HourRow] = []
    for window in windows:
        known = put(known, rows_of(window, known, TARIFFS, EPOCHS))
    assert known == rows_of(there, [], TARIFFS, EPOCHS)


@given(STEPS, st.lists(st.tuples(st.integers(0, 71), st.integers(0, 20_000_000)), max_size=12))
def test_nothing_falls_and_nothing_is_invented(
    steps: list[tuple[int, bool]], odd: list[tuple[int, int]]
) -> None:
    """Whatever stands among the readings: no hour is negative or more than a meter can carry."""
    mixed = [*registers(steps), *(reading(hour, wh) for hour, wh in odd)]
    rows = rows_of(mixed, [], TARIFFS, EPOCHS)
    for last, row in pairwise(rows):
        hours = (row.start - last.start) // HOUR
        assert 0 <= row.use_wh - last.use_wh <= 1_000 + 100_000 * hours
        assert (row.cost_millipaise or 0) >= (last.cost_millipaise or 0)


@given(STEPS, st.data())
def test_a_late_reading_ends_in_the_same_rows(
    steps: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """As if it had been there from the beginning."""
    there = registers(steps)
    if not there:
        return
    late = data.draw(st.sampled_from(there))
    known = rows_of([each for each in there if each != late], [], TARIFFS, EPOCHS)
    known = put(known, rows_of([late], known, TARIFFS, EPOCHS))
    assert known == rows_of(there, [], TARIFFS, EPOCHS)


def test_the_longest_chain_wins_and_fits_between_its_ends() -> None:
    """Most readings are right, and those that are known already bound the others."""

    def register(hour: int, energy_wh: int) -> Register:
        return Register(energy_wh=energy_wh, read_at=MIDNIGHT + hour * HOUR)

    def good(before: Register | None, after: Register | None) -> list[int]:
        return [*plausible(there, before=before, after=after).values()]

    there = {MIDNIGHT + hour * HOUR: wh for hour, wh in enumerate([100, 90, 110, 95, 120, 300])}
    assert good(None, None) == [100, 110, 120, 300]
    assert good(register(-1, 92), register(6, 250)) == [100, 110, 120]
    assert good(register(-1, 400), None) == []
    assert plausible({}, before=None, after=None) == {}
    there[MIDNIGHT + 6 * HOUR] = 5
    assert good(None, None) == [100, 110, 120, 300]
