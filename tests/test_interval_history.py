"""From records to hourly rows: any records, any order, and no watt-hour lost or told twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.const import INDIA
from custom_components.qube.history import HOUR, HourRow
from custom_components.qube.interval_history import (
    Span,
    Told,
    disjoint,
    hourly_use,
    summed_rows,
)

START = datetime(2026, 5, 1, tzinfo=INDIA)
MINUTE = timedelta(minutes=1)
HALF = 30 * MINUTE


def at(minute: int) -> datetime:
    """Return a time by its minutes since the start."""
    return START + minute * MINUTE


def span(first: int, last: int) -> Span:
    """Return a span by its minutes since the start."""
    return at(first), at(last)


spans = st.tuples(st.integers(0, 5000), st.integers(1, 300)).map(
    lambda pair: span(pair[0], pair[0] + pair[1])
)
anything = st.dictionaries(spans, st.integers(0, 10**7), max_size=30)
# Without gaps, of any lengths.
lengths = st.lists(st.tuples(st.integers(1, 200), st.integers(0, 10**6)), min_size=1, max_size=30)


def contiguous(parts: list[tuple[int, int]]) -> dict[Span, int]:
    """Return intervals of these minutes and Wh, one after the other."""
    intervals: dict[Span, int] = {}
    minute = 0
    for length, energy_wh in parts:
        intervals[span(minute, minute + length)] = energy_wh
        minute += length
    return intervals


@given(anything)
def test_what_is_disjoint_overlaps_nowhere(intervals: dict[Span, int]) -> None:
    """By time, with the energy it had."""
    kept = list(disjoint(intervals).items())
    assert all(first[0][1] <= second[0][0] for first, second in pairwise(kept))
    assert dict(kept).items() <= intervals.items()


def test_what_is_told_twice_counts_once() -> None:
    """An hour and the first half of it: of the hour nothing more is certain."""
    told = Told({span(0, 60): 10, span(0, 30): 4})
    assert told.intervals == {span(0, 30): 4}
    assert told.energy_wh(at(0), at(30)) == 4
    assert told.energy_wh(at(0), at(60)) is None


@given(anything)
def test_hours_have_all_that_is_told(intervals: dict[Span, int]) -> None:
    """To the watt-hour, also where a record reaches over several hours."""
    assert sum(hourly_use(disjoint(intervals)).values()) == sum(disjoint(intervals).values())


@given(anything)
def test_hours_are_those_of_india(intervals: dict[Span, int]) -> None:
    """Half an hour beside those of UTC, in whichever zone the records are."""
    in_utc = {
        (first.astimezone(UTC), last.astimezone(UTC)): energy_wh
        for (first, last), energy_wh in intervals.items()
    }
    used = hourly_use(in_utc)
    assert used == hourly_use(intervals)
    assert {start.minute for start in used} <= {0}
    assert {start.tzinfo for start in used} <= {INDIA}


@given(lengths, st.data())
def test_the_parts_of_a_time_are_the_whole(
    parts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Wherever it is cut."""
    told = Told(contiguous(parts))
    last = sum(length for length, _ in parts)
    cut = data.draw(st.integers(0, last))
    pieces = [told.energy_wh(at(0), at(cut)) if cut else 0]
    pieces.append(told.energy_wh(at(cut), at(last)) if cut < last else 0)
    assert None not in pieces
    assert sum(filter(None, pieces)) == sum(energy_wh for _, energy_wh in parts)
    assert told.until == at(last)


@given(lengths, st.data())
def test_a_time_of_which_a_part_is_not_told_has_no_energy(
    parts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """A gap within it, before it or behind it."""
    intervals = contiguous(parts)
    last = sum(length for length, _ in parts)
    gone = data.draw(st.sampled_from(sorted(intervals)))
    del intervals[gone]
    told = Told(intervals)
    assert told.energy_wh(at(0), at(last)) is None
    assert told.energy_wh(at(0), at(last + 1)) is None
    assert told.energy_wh(at(-1), at(last)) is None


def test_nothing_is_told_of_nothing() -> None:
    """No records, no end, no rows."""
    told = Told({})
    assert (told.until, told.energy_wh(at(0), at(1))) == (None, None)
    assert hourly_use({}) == {}
    assert summed_rows({}, [row(0, 5)]) == []


def row(hour: int, total_wh: int) -> HourRow:
    """Return the row of an hour since the start."""
    return HourRow(
        start=START + hour * HOUR, total_wh=total_wh, use_wh=total_wh, cost_millipaise=None
    )


uses = st.dictionaries(st.integers(0, 60), st.integers(0, 10**6), min_size=1, max_size=40)


def stored(uses_wh: dict[int, int]) -> list[HourRow]:
    """Return the rows that hold these uses by the hour."""
    total_wh = 0
    rows = []
    for hour in sorted(uses_wh):
        total_wh += uses_wh[hour]
        rows.append(row(hour, total_wh))
    return rows


def by_hour(uses_wh: dict[int, int]) -> dict[datetime, int]:
    """Return uses by the time of their hours."""
    return {START + hour * HOUR: use_wh for hour, use_wh in uses_wh.items()}


@given(uses)
def test_the_first_import_is_the_sum_of_all_hours(uses_wh: dict[int, int]) -> None:
    """What the first row shows counts from nothing."""
    assert summed_rows(by_hour(uses_wh), []) == stored(uses_wh)


@given(uses, uses)
def test_whatever_comes_later_is_as_if_it_had_been_there(
    before: dict[int, int], later: dict[int, int]
) -> None:
    """Late, corrected, older than all, or again: the rows are those of all uses at once."""
    known = stored(before)
    first = min(later)
    # What the caller reads: from one before the first hour on, or from the very first one.
    start = max((each.start for each in known if each.start < START + first * HOUR), default=START)
    changed = summed_rows(by_hour(later), [each for each in known if each.start >= start])
    rows = {each.start: each for each in known} | {each.start: each for each in changed}
    assert [rows[start] for start in sorted(rows)] == stored(before | later)
    assert all(each not in known for each in changed)


@given(uses)
def test_importing_again_changes_nothing(uses_wh: dict[int, int]) -> None:
    """Each hour is found as it was left."""
    assert summed_rows(by_hour(uses_wh), stored(uses_wh)) == []


@pytest.mark.parametrize("minutes", [15, 30, 60, 90, 1440])
def test_a_day_is_a_day_by_records_of_any_length(minutes: int) -> None:
    """By the quarter of an hour, or one for the whole day."""
    intervals = {span(minute, minute + minutes): minutes for minute in range(0, 1440, minutes)}
    used = hourly_use(intervals)
    assert set(used.values()) == {60}
    assert len(used) == 24
    assert Told(intervals).energy_wh(START, START + 24 * HOUR) == 1440
