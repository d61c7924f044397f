"""A new register goes on where the old one ended, and can be taken off again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.qube.epochs import (
    Epoch,
    Epochs,
    with_new_register,
    with_opening,
    without_last_device,
)
from custom_components.qube.register import Register

NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST: Epochs = (Epoch(device_id="A"),)
READ = Register(energy_wh=1_461_800, read_at=NOON)


def test_a_new_register_begins_at_the_last_good_reading() -> None:
    """In time and in energy; what it shows itself is not known yet."""
    epochs = with_new_register(FIRST, "B", READ, NOON + HOUR)
    opened = Epoch(device_id="B", since=NOON, register_wh=None, total_wh=1_461_800)
    assert epochs == (*FIRST, opened)
    assert opened.total_of(7) is None


def test_a_meter_that_was_never_read_begins_now() -> None:
    """Nothing was measured, so nothing is carried over."""
    assert with_new_register(FIRST, "B", None, NOON)[-1] == Epoch(
        device_id="B", since=NOON, register_wh=None, total_wh=0
    )


def test_a_device_that_was_never_read_measured_nothing() -> None:
    """The one after it takes over where it began, and no use is invented."""
    unread = with_new_register(FIRST, "B", READ, NOON)
    third = with_new_register(unread, "C", None, NOON + HOUR)[-1]
    assert (third.since, third.total_wh, third.register_wh) == (NOON, 1_461_800, None)


def test_a_reading_before_the_opening_is_known_counts_nothing() -> None:
    """It cannot be told from where it counts."""
    unread = with_new_register(FIRST, "B", READ, NOON)
    late = Register(energy_wh=9, read_at=NOON + HOUR)
    third = with_new_register(unread, "C", late, NOON + HOUR)[-1]
    assert (third.since, third.total_wh) == (NOON + HOUR, 1_461_800)


def test_the_opening_is_said_once() -> None:
    """From then on the total runs; a second answer changes nothing."""
    epochs = with_opening(with_new_register(FIRST, "B", READ, NOON), 5_000_000)
    assert epochs[-1].total_of(5_000_250) == 1_462_050
    assert with_opening(epochs, 1) == epochs


def test_the_last_device_goes_with_all_its_registers() -> None:
    """It may have been reset; the device before it is as it was."""
    epochs = with_new_register(FIRST, "B", READ, NOON)
    reset = with_new_register(epochs, "B", replace(READ, energy_wh=3), NOON)
    assert without_last_device(reset) == without_last_device(epochs) == FIRST
    assert without_last_device(with_new_register(reset, "A", None, NOON)) == reset
    assert without_last_device(FIRST) == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), max_size=5)),
        min_size=1,
        max_size=6,
    )
)
def test_totals_never_fall_and_count_what_each_device_counted(
    devices: list[tuple[int, list[int]]],
) -> None:
    """Wherever the registers of the devices begin."""
    epochs: Epochs = FIRST
    total_wh, register_wh, now = 0, 0, NOON
    for number, (opening_wh, uses_wh) in enumerate(devices):
        if number:
            last = Register(energy_wh=register_wh, read_at=now)
            epochs = with_opening(
                with_new_register(epochs, f"device-{number}", last, now), opening_wh
            )
            register_wh = opening_wh
        for use_wh in uses_wh:
            register_wh, total_wh, now = register_wh + use_wh, total_wh + use_wh, now + HOUR
            assert epochs[-1].total_of(register_wh) == total_wh
