"""Whether a reading of the register can be true, by table and by every sequence there is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.register import (
    MARGIN_WH,
    MAX_POWER_W,
    ODD_READINGS_BEFORE_ASKING,
    Register,
    RegisterGuard,
    Verdict,
    judge,
)

START = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)
LAST = Register(energy_wh=1_000_000, read_at=START)


def reading(energy_wh: int, after_s: float = 60) -> Register:
    """Return a reading some seconds after the start."""
    return Register(energy_wh=energy_wh, read_at=START + timedelta(seconds=after_s))


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        (reading(1_000_000), Verdict.GOOD),
        (reading(1_000_001), Verdict.GOOD),
        (reading(999_999), Verdict.FELL),
        (reading(0), Verdict.FELL),
        (reading(0, after_s=10**9), Verdict.FELL),
        # One minute at 100 kW is 1666.7 Wh, and 1 kWh is the margin.
        (reading(1_002_666), Verdict.GOOD),
        (reading(1_002_667), Verdict.JUMPED),
        (reading(1_001_000, after_s=0), Verdict.GOOD),
        (reading(1_001_001, after_s=0), Verdict.JUMPED),
        # A clock that was set back takes nothing away from the margin.
        (reading(1_001_000, after_s=-3600), Verdict.GOOD),
        (reading(1_001_001, after_s=-3600), Verdict.JUMPED),
        # After a week without a reading there may be as much as a week can carry.
        (reading(1_000_000 + 7 * 24 * 100_000, after_s=7 * 86_400), Verdict.GOOD),
        (reading(1_001_001 + 7 * 24 * 100_000, after_s=7 * 86_400), Verdict.JUMPED),
    ],
)
def test_a_reading_is_judged_by_the_last_good_one(new: Register, verdict: Verdict) -> None:
    """A register never runs backwards, nor faster than a meter can carry."""
    assert judge(LAST, new) is verdict


def test_the_first_reading_is_good() -> None:
    """There is nothing to judge it by."""
    assert judge(None, reading(0)) is Verdict.GOOD
    guard = RegisterGuard(None)
    assert guard.observe(reading(5)) == reading(5)
    assert guard.held is None


def test_an_odd_reading_is_held_back_and_the_next_good_one_goes_on() -> None:
    """A passing zero leaves no trace."""
    guard = RegisterGuard(LAST)
    assert guard.observe(reading(0)) == LAST
    assert (guard.held, guard.verdict) == (reading(0), Verdict.FELL)
    assert guard.observe(reading(1_000_100)) == reading(1_000_100)
    assert (guard.held, guard.verdict) == (None, Verdict.GOOD)


def test_the_owner_is_asked_only_when_odd_readings_come_in_a_row() -> None:
    """Two, a good one, and two again are not three."""
    guard = RegisterGuard(LAST)
    for _ in range(2):
        guard.observe(reading(0))
        guard.observe(reading(1))
        assert not guard.must_ask
        guard.observe(reading(1_000_000))
    for count in range(1, 2 * ODD_READINGS_BEFORE_ASKING):
        guard.observe(reading(count))
        assert guard.must_ask is (count >= ODD_READINGS_BEFORE_ASKING)


def test_what_is_accepted_is_the_new_beginning() -> None:
    """From the newest reading that was held back counting goes on."""
    guard = RegisterGuard(LAST)
    for energy_wh in (0, 1, 2):
        guard.observe(reading(energy_wh))
    assert guard.accept() == reading(2)
    assert (guard.held, guard.verdict, guard.must_ask) == (None, Verdict.GOOD, False)
    assert guard.observe(reading(3)) == reading(3)
    assert guard.observe(reading(1)) == reading(3)


def test_there_is_nothing_to_accept_where_nothing_is_held_back() -> None:
    """A confirmation that comes too late changes nothing."""
    guard = RegisterGuard(LAST)
    assert guard.accept() is None
    assert guard.last == LAST


def test_a_jump_is_not_released_by_waiting() -> None:
    """It was impossible when it came; that time passes since makes it no truer."""
    guard = RegisterGuard(LAST)
    guard.observe(reading(1_500_000))
    assert guard.observe(reading(1_500_100, after_s=86_400)) == LAST
    assert guard.verdict is Verdict.JUMPED
    assert guard.observe(reading(1_000_500, after_s=86_460)).energy_wh == 1_000_500


READINGS = st.lists(
    st.tuples(st.integers(0, 10**8), st.floats(-600, 864_000)), min_size=1, max_size=30
)


@given(READINGS)
def test_what_is_shown_never_falls_and_is_always_one_of_the_readings(
    readings: list[tuple[int, float]],
) -> None:
    """Whatever a meter sends, in whatever order of times."""
    guard = RegisterGuard(None)
    shown = 0
    for energy_wh, after_s in readings:
        register = guard.observe(reading(energy_wh, after_s))
        assert register.energy_wh >= shown
        assert register.energy_wh in {energy for energy, _ in readings}
        assert (guard.held is None) is (register == reading(energy_wh, after_s))
        shown = register.energy_wh


@given(st.integers(0, 10**8), st.floats(0, 10**8), st.floats(0, 1))
def test_what_a_meter_can_carry_always_passes(energy_wh: int, after_s: float, part: float) -> None:
    """From no load to 100 kW, over any time."""
    used_wh = int(part * MAX_POWER_W * after_s / 3600)
    last = Register(energy_wh=energy_wh, read_at=START)
    assert judge(last, reading(energy_wh + used_wh, after_s)) is Verdict.GOOD


@given(st.integers(0, 10**8), st.floats(0, 10**8), st.integers(2, 10**9))
def test_what_no_meter_can_carry_never_passes(
    energy_wh: int, after_s: float, excess_wh: int
) -> None:
    """One watt-hour too much for the time and the margin is too much."""
    used_wh = int(MAX_POWER_W * after_s / 3600) + MARGIN_WH + excess_wh
    last = Register(energy_wh=energy_wh, read_at=START)
    assert judge(last, reading(energy_wh + used_wh, after_s)) is Verdict.JUMPED
