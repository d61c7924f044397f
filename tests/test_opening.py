"""From where a new register counts: all its use since the change, and nothing before."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.opening import opening_wh
from custom_components.qube.register import Register, Verdict, judge

NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def rows(values: Sequence[int]) -> list[Register]:
    """Return one row a quarter of an hour, from noon on."""
    return [
        Register(energy_wh=value, read_at=NOON + number * QUARTER)
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("history", "polled", "opening"),
    [
        ([], 700, 700),
        ([0, 100, 450], 700, 0),
        ([5_000_000, 5_000_000, 5_000_120], 5_000_200, 5_000_000),
        ([700, 700], 700, 700),
        ([300, 0, 350, 400], 700, 300),
        ([0, 100, 9_000_000, 450], 700, 0),
        ([0, 100, 450, 60, 70], 700, 0),
        ([3_200, 3_200, 3_200, 0, 100], 700, 0),
        ([0, 0, 0, 0, 5_000_000, 5_000_100], 5_000_200, 5_000_000),
        ([0, 0, 40_000, 40_100], 40_200, 40_000),
        ([8_000, 9_000], 700, 700),
    ],
    ids=[
        *("no history", "a new device", "a used device", "one that stood still"),
        *("a zero in between", "a spike", "a dip of two rows", "reset before it was hung"),
        *("zeros before it knew its register", "zeros before a small one", "nothing that fits"),
    ],
)
def test_the_opening_is_where_the_register_began(
    history: list[int], polled: int, opening: int
) -> None:
    """Whatever the history holds beside it."""
    *before, last = rows([*history, polled])
    assert opening_wh(before, last) == opening


@given(st.lists(st.integers(0, 60_000), max_size=12), st.integers(0, 60_000))
def test_the_opening_is_a_row_that_leads_to_what_was_polled(
    history: list[int], polled: int
) -> None:
    """It is never above the polled register, and is a row or that register itself."""
    *before, last = rows([*history, polled])
    opening = opening_wh(before, last)
    assert opening <= polled
    assert opening in {*history, polled}


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=12), st.integers(0, 10**7))
def test_a_register_that_runs_true_is_counted_whole(uses_wh: list[int], start_wh: int) -> None:
    """From its first row on."""
    values = [start_wh]
    for use_wh in uses_wh:
        values.append(values[-1] + use_wh)
    *before, last = rows(values)
    assert all(judge(a, b) is Verdict.GOOD for a, b in pairwise([*before, last]))
    assert opening_wh(before, last) == start_wh


def longest_rise_length(values: Sequence[int]) -> int:
    """Return the length of the longest chain that never falls, the plain way."""
    lengths: list[int] = []
    for index, value in enumerate(values):
        before = (lengths[earlier] for earlier in range(index) if values[earlier] <= value)
        lengths.append(1 + max(before, default=0))
    return max(lengths, default=0)


@given(st.lists(st.integers(0, 900), max_size=12))
def test_no_more_rows_could_be_true(history: list[int]) -> None:
    """With small steps, which any meter can make, the longest chain ends in the opening."""
    *before, last = rows([*history, 1_000])
    opening = opening_wh(before, last)
    longest = longest_rise_length(history)
    openings = {
        history[index]
        for index in range(len(history))
        if longest_rise_length([v for v in history[index:] if v >= history[index]]) == longest
    }
    assert opening == max(openings, default=1_000)
