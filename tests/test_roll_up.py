"""The arithmetic of a space: sums of what is known, and energy that is never invented."""

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.api import Device, Metrics, Source
from custom_components.qube.coordinator import MeterData
from custom_components.qube.roll_up import RollUp, roll_up, used_wh


def meter(*, power_w: float | None = None, source: Source | None = Source.EB) -> MeterData:
    """Return a meter that is online."""
    metrics = Metrics.from_json(
        {"active_power": power_w, "active_tariff": source and source.value}, "QUBE-ONE-1"
    )
    return MeterData(device=offline().device, metrics=metrics, energy_wh=1000)


def offline() -> MeterData:
    """Return a meter that is not connected."""
    device = Device.from_json({"is_online": False}, "QUBE-ONE-1")
    return MeterData(device=device, metrics=None, energy_wh=None)


def test_a_space_without_meters() -> None:
    """It counts none; a power of nothing is unknown."""
    assert roll_up([], 0) == RollUp(
        power_w=None, energy_wh=0, meters_offline=0, meters_on_generator=0
    )


def test_what_is_known_is_summed_up() -> None:
    """A meter without power is left out, and so is one that is offline."""
    meters = [meter(power_w=0.1), meter(power_w=0.2), meter(power_w=None), offline()]
    assert roll_up(meters, 12) == RollUp(
        power_w=0.3, energy_wh=12, meters_offline=1, meters_on_generator=0
    )


def test_no_load_is_a_power() -> None:
    """Zero is known; it is not the same as nothing known."""
    assert roll_up([meter(power_w=0.0)], 0).power_w == 0
    assert roll_up([meter(), offline()], 0).power_w is None


def test_meters_on_the_generator_are_counted() -> None:
    """An unknown source is not the generator, and an offline meter has none."""
    meters = [meter(source=each) for each in (Source.DG, Source.EB, None, Source.DG)]
    assert roll_up([*meters, offline()], 0).meters_on_generator == 2


@pytest.mark.parametrize(
    ("counted_wh", "total_wh", "expected"),
    [(None, 5_000_000, 0), (0, 0, 0), (100, 100, 0), (100, 101, 1), (0, 7, 7), (5_000_000, 3, 0)],
)
def test_energy_is_a_difference(counted_wh: int | None, total_wh: int, expected: int) -> None:
    """A first total is none, and a fall is none either."""
    assert used_wh(counted_wh, total_wh) == expected


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1))
def test_steps_come_to_the_whole(totals_wh: list[int]) -> None:
    """However often a rising total is counted, what was used is its last value less its first."""
    totals_wh.sort()
    counted = [None, *totals_wh]
    steps = sum(used_wh(before, now) for before, now in zip(counted, totals_wh, strict=False))
    assert steps == totals_wh[-1] - totals_wh[0]
