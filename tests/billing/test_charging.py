"""Readings become charges: the rules, one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.qube.billing.charging import SEEN_WITHIN, charge, midnights
from custom_components.qube.billing.models import INDIA, Charge, RateTimeline, Reading, Source
from custom_components.qube.billing.money import rupees_of
from tests.billing.worlds import HOUR, MINUTE, NOON, rates, reading

CHEAP_GRID: RateTimeline = (rates(eb=650_000, dg=1_800_000),)
CHEAP_GENERATOR: RateTimeline = (rates(eb=1_800_000, dg=650_000),)
EB, DG = Source.EB, Source.DG


def charges_of(
    *readings: Reading,
    at: RateTimeline = CHEAP_GRID,
    split_at: Iterable[datetime] = (),
) -> list[Charge]:
    """Charge what was used since the first reading."""
    return list(charge(readings[0], readings[1:], at, split_at).charges)


def ranges(charges: Sequence[Charge]) -> list[tuple[int, int]]:
    """Return from which total to which each charge is."""
    return [(each.from_wh, each.to_wh) for each in charges]


def test_the_vendors_prepaid_example() -> None:
    """₹3,000.00 less 11.8 kWh at ₹6.50 are ₹2,923.30."""
    next_day = NOON + 24 * HOUR
    (only,) = charges_of(reading(1_450_000), reading(1_461_800, next_day))
    assert only.energy_wh == 11_800
    assert str(rupees_of(only.amount_micropaise)) == "76.70"
    assert str(rupees_of(3_000_00 * 1_000_000 - only.amount_micropaise)) == "2923.30"


def test_a_charge_says_all_that_a_dispute_needs() -> None:
    """Both registers, both times, the device, the source, the rate and the tax."""
    at = (rates(tax_basis_points=1_800),)
    (only,) = charges_of(
        reading(5_000, register_wh=70), reading(5_012, NOON + HOUR, register_wh=82), at=at
    )
    assert only == Charge(
        from_wh=5_000,
        to_wh=5_012,
        from_at=NOON,
        to_at=NOON + HOUR,
        device_id="QUBE-ONE-1",
        register_wh=82,
        source=EB,
        millipaise_per_kwh=650_000,
        tax_basis_points=1_800,
        is_estimated=False,
    )
    assert only.opening_register_wh == 70
    assert only.energy_micropaise == 12 * 650_000
    assert only.tax_micropaise == 12 * 117_000
    assert only.amount_micropaise == 12 * 767_000


def test_nothing_to_charge() -> None:
    """Without readings the cursor stays; without use it goes on, and nothing is charged."""
    start = reading(100)
    assert charge(start, [], CHEAP_GRID).cursor == start
    later = reading(100, NOON + HOUR)
    charged = charge(start, [later], CHEAP_GRID)
    assert not charged.charges
    assert charged.cursor == later


def test_one_wh_is_charged() -> None:
    """The smallest use there is."""
    assert ranges(charges_of(reading(100), reading(101, NOON + MINUTE))) == [(100, 101)]


class TestReadingsThatDoNotCount:
    """What falls, and what is older than what is charged."""

    def test_a_fall_is_never_charged(self) -> None:
        """Nor is what comes after it, up to where the register had been."""
        fallen = [
            reading(each, NOON + each_at * MINUTE) for each_at, each in enumerate([90, 0, 99], 1)
        ]
        charged = charge(reading(100), fallen, CHEAP_GRID)
        assert not charged.charges
        assert charged.cursor == reading(100)

    def test_use_goes_on_above_the_last_good_reading(self) -> None:
        """From it, not from the reading that fell."""
        charged = charge(
            reading(100), [reading(0, NOON + MINUTE), reading(110, NOON + HOUR)], CHEAP_GRID
        )
        assert ranges(charged.charges) == [(100, 110)]
        assert charged.charges[0].from_at == NOON

    def test_a_reading_before_the_start_is_left_out(self) -> None:
        """Though it is higher: it cannot be."""
        charged = charge(reading(100), [reading(200, NOON - MINUTE)], CHEAP_GRID)
        assert charged.cursor == reading(100)

    def test_a_reading_of_the_moment_of_the_start_counts(self) -> None:
        """A closing reading has often the time of the last one."""
        assert ranges(charges_of(reading(100), reading(110))) == [(100, 110)]

    def test_the_source_of_a_reading_that_fell_says_nothing(self) -> None:
        """It is left out whole."""
        start, fallen, end = reading(100), reading(0, NOON + MINUTE, DG), reading(110, NOON + HOUR)
        (only,) = charges_of(start, fallen, end)
        assert (only.source, only.is_estimated) == (EB, False)


class TestSource:
    """Grid or generator; in doubt the cheaper one."""

    @pytest.mark.parametrize("source", Source)
    def test_one_source_at_both_ends_is_charged(self, source: Source) -> None:
        """Also where it is the dearer one."""
        (only,) = charges_of(reading(0, NOON, source), reading(9, NOON + HOUR, source))
        assert (only.source, only.is_estimated) == (source, False)

    def test_a_source_that_was_not_watched_is_estimated(self) -> None:
        """It may have switched twice in between."""
        (only,) = charges_of(reading(0), reading(9, NOON + HOUR, is_watched=False))
        assert (only.source, only.is_estimated) == (EB, True)

    @pytest.mark.parametrize(
        ("first", "second"),
        [(EB, DG), (DG, EB), (EB, None), (DG, None), (None, EB), (None, DG), (None, None)],
    )
    @pytest.mark.parametrize(("at", "cheaper"), [(CHEAP_GRID, EB), (CHEAP_GENERATOR, DG)])
    @pytest.mark.parametrize("is_watched", [True, False])
    def test_in_doubt_the_cheaper_source_is_charged(
        self,
        first: Source | None,
        second: Source | None,
        at: RateTimeline,
        cheaper: Source,
        is_watched: bool,
    ) -> None:
        """And it is estimated, whatever the caller says that it watched."""
        (only,) = charges_of(
            reading(0, NOON, first), reading(9, NOON + HOUR, second, is_watched=is_watched), at=at
        )
        assert (only.source, only.is_estimated) == (cheaper, True)

    def test_in_doubt_between_equal_rates_it_is_the_grid(self) -> None:
        """For one of them must be named."""
        (only,) = charges_of(reading(0, NOON, DG), reading(9, NOON + HOUR, None), at=(rates(5, 5),))
        assert only.source is EB

    def test_a_gap_takes_the_source_of_both_its_ends(self) -> None:
        """The rows of the cloud's history have none."""
        rows = [reading(each, NOON + each * MINUTE, None, is_watched=False) for each in (10, 20)]
        (only,) = charges_of(reading(0, NOON, DG), *rows, reading(30, NOON + HOUR, DG))[:1]
        assert (only.source, only.is_estimated, only.energy_wh) == (DG, True, 20)

    def test_a_gap_between_two_sources_is_in_doubt_all_along(self) -> None:
        """Not only its last step."""
        rows = [reading(each, NOON + each * MINUTE, None, is_watched=False) for each in (10, 20)]
        (only,) = charges_of(reading(0, NOON, DG), *rows, reading(30, NOON + HOUR, EB))
        assert (only.source, only.is_estimated, only.energy_wh) == (EB, True, 30)

    def test_an_unseen_end_is_in_doubt(self) -> None:
        """It may be the other source by then; the cursor remembers the one that was seen last."""
        charged = charge(reading(0, NOON, DG), [reading(9, NOON + HOUR, None)], CHEAP_GRID)
        assert charged.charges[0].source is EB
        assert charged.cursor == reading(9, NOON + HOUR, DG)

    def test_the_cursor_has_the_newest_source(self) -> None:
        """The one at the start is history."""
        charged = charge(reading(0, NOON, DG), [reading(9, NOON + HOUR, EB)], CHEAP_GRID)
        assert charged.cursor.source is EB

    def test_a_switch_parts_the_charges(self) -> None:
        """Grid, a minute in doubt, generator."""
        charges = charges_of(
            reading(0),
            reading(10, NOON + HOUR),
            reading(11, NOON + HOUR + MINUTE, DG, is_watched=False),
            reading(30, NOON + 2 * HOUR, DG),
        )
        assert [(each.source, each.is_estimated, each.energy_wh) for each in charges] == [
            (EB, False, 10),
            (EB, True, 1),
            (DG, False, 19),
        ]


class TestChangesOfRates:
    """Each use has the rate of its time."""

    RISE = (rates(eb=600_000), rates(eb=700_000, valid_from=NOON + HOUR))

    def test_use_is_split_by_time(self) -> None:
        """A quarter of the time is a quarter of the use, and both parts are estimated."""
        charges = charges_of(reading(0), reading(100, NOON + 4 * HOUR), at=self.RISE)
        assert [(each.energy_wh, each.millipaise_per_kwh) for each in charges] == [
            (25, 600_000),
            (75, 700_000),
        ]
        assert [each.is_estimated for each in charges] == [True, True]
        assert charges[0].to_at == charges[1].from_at == NOON + HOUR
        assert charges[0].register_wh == charges[1].opening_register_wh == 25

    def test_a_wh_under_way_is_of_the_later_rate(self) -> None:
        """Whole Wh are rounded down before the change."""
        charges = charges_of(reading(0), reading(7, NOON + 4 * HOUR), at=self.RISE)
        assert [each.energy_wh for each in charges] == [1, 6]

    def test_no_charge_is_empty(self) -> None:
        """Where all use is after the change there is one charge, of which that is a guess."""
        (only,) = charges_of(reading(0), reading(3, NOON + 4 * HOUR), at=self.RISE)
        assert (only.millipaise_per_kwh, only.is_estimated) == (700_000, True)

    @pytest.mark.parametrize(
        ("start", "end", "rate"),
        [(NOON, NOON + HOUR, 600_000), (NOON + HOUR, NOON + 2 * HOUR, 700_000)],
    )
    def test_a_reading_at_the_change_needs_no_split(
        self, start: datetime, end: datetime, rate: int
    ) -> None:
        """To the moment."""
        (only,) = charges_of(reading(0, start), reading(9, end), at=self.RISE)
        assert (only.millipaise_per_kwh, only.is_estimated) == (rate, False)

    @pytest.mark.parametrize("before_change", [True, False])
    def test_a_microsecond_is_enough_to_split(self, before_change: bool) -> None:
        """At either end."""
        at, moment = self.RISE, NOON + HOUR
        tick = timedelta(microseconds=1)
        first, last = (
            (moment - HOUR, moment + tick) if before_change else (moment - tick, moment + HOUR)
        )
        assert all(
            each.is_estimated for each in charges_of(reading(0, first), reading(9, last), at=at)
        )

    def test_a_change_that_does_not_touch_the_use_is_none(self) -> None:
        """Another monthly charge, or another rate of the other source."""
        at = (
            rates(),
            rates(monthly_charge_paise=500, valid_from=NOON + HOUR),
            rates(dg=1, monthly_charge_paise=500, valid_from=NOON + 2 * HOUR),
        )
        (only,) = charges_of(reading(0), reading(9, NOON + 4 * HOUR), at=at)
        assert not only.is_estimated

    def test_a_change_of_tax_is_a_change(self) -> None:
        """It is part of the price."""
        at = (rates(), rates(tax_basis_points=500, valid_from=NOON + HOUR))
        charges = charges_of(reading(0), reading(10, NOON + 2 * HOUR), at=at)
        assert [each.tax_basis_points for each in charges] == [0, 500]
        assert all(each.is_estimated for each in charges)

    def test_in_doubt_each_time_has_its_own_cheaper_source(self) -> None:
        """What was cheaper before the change may not be after it."""
        at = (rates(5, 6), rates(6, 5, valid_from=NOON + HOUR))
        charges = charges_of(reading(0), reading(10, NOON + 2 * HOUR, DG), at=at)
        assert [(each.source, each.millipaise_per_kwh) for each in charges] == [(EB, 5), (DG, 5)]

    def test_the_first_rates_hold_from_the_beginning(self) -> None:
        """Whatever their date."""
        (only,) = charges_of(
            reading(0, NOON - HOUR), reading(9), at=(rates(7, valid_from=NOON + HOUR),)
        )
        assert (only.millipaise_per_kwh, only.is_estimated) == (7, False)


class TestSplits:
    """Midnights and the ends of periods part charges that cost the same."""

    MIDNIGHT = datetime(2026, 10, 26, tzinfo=INDIA)

    def test_a_split_between_near_readings_is_no_estimate(self) -> None:
        """Within the time in which readings come."""
        start, end = self.MIDNIGHT - 10 * MINUTE, self.MIDNIGHT - 10 * MINUTE + SEEN_WITHIN
        charges = charges_of(reading(0, start), reading(15, end), split_at=[self.MIDNIGHT])
        assert ranges(charges) == [(0, 10), (10, 15)]
        assert not any(each.is_estimated for each in charges)

    def test_a_split_between_far_readings_is_an_estimate(self) -> None:
        """On which day the use was nobody saw."""
        start = self.MIDNIGHT - 10 * MINUTE
        end = start + SEEN_WITHIN + timedelta(seconds=1)
        charges = charges_of(reading(0, start), reading(15, end), split_at=[self.MIDNIGHT])
        assert len(charges) == 2
        assert all(each.is_estimated for each in charges)

    def test_far_readings_without_a_split_are_no_estimate(self) -> None:
        """A day of one source at one rate is exact."""
        (only,) = charges_of(reading(0), reading(15, NOON + 9 * HOUR), split_at=[self.MIDNIGHT])
        assert not only.is_estimated

    def test_a_reading_at_the_split_parts_charges(self) -> None:
        """They are not joined again."""
        charges = charges_of(
            reading(0),
            reading(10, self.MIDNIGHT),
            reading(30, self.MIDNIGHT + HOUR),
            split_at=[self.MIDNIGHT],
        )
        assert ranges(charges) == [(0, 10), (10, 30)]
        assert not any(each.is_estimated for each in charges)

    def test_a_split_in_a_time_without_use_parts_charges(self) -> None:
        """The next use is of the next day."""
        charges = charges_of(
            reading(0),
            reading(10, self.MIDNIGHT - HOUR),
            reading(10, self.MIDNIGHT + HOUR),
            reading(30, self.MIDNIGHT + 2 * HOUR),
            split_at=[self.MIDNIGHT],
        )
        assert ranges(charges) == [(0, 10), (10, 30)]

    def test_splits_elsewhere_part_nothing(self) -> None:
        """Before, after, at both ends, given in any order and twice."""
        day = 24 * HOUR
        splits = [
            self.MIDNIGHT + day,
            NOON - day,
            NOON,
            self.MIDNIGHT,
            self.MIDNIGHT,
            NOON + HOUR + day,
        ]
        charges = charges_of(
            reading(0), reading(10, NOON + HOUR), reading(30, self.MIDNIGHT), split_at=splits
        )
        assert ranges(charges) == [(0, 30)]

    def test_many_splits_in_one_gap(self) -> None:
        """A week without readings is charged day by day."""
        splits = list(midnights(NOON, NOON + 7 * 24 * HOUR))
        charges = charges_of(
            reading(0), reading(7_000, NOON + 7 * 24 * HOUR), split_at=iter(splits)
        )
        assert [each.energy_wh for each in charges] == [500, *[1_000] * 6, 500]

    def test_midnights_are_those_of_india(self) -> None:
        """Whatever the zone of the times; strictly between them."""
        utc = datetime(2026, 10, 25, 18, 30, tzinfo=UTC)
        assert list(midnights(utc, utc + 24 * HOUR)) == []
        tick = timedelta(microseconds=1)
        assert list(midnights(utc - tick, utc + 24 * HOUR + tick)) == [
            self.MIDNIGHT,
            self.MIDNIGHT + 24 * HOUR,
        ]


class TestJoining:
    """A day of polls is one line."""

    def test_equal_neighbours_are_one_charge(self) -> None:
        """With the registers and times of the first and the last."""
        polls = [reading(each, NOON + each * MINUTE) for each in range(61)]
        (only,) = charges_of(*polls)
        assert (only.from_wh, only.to_wh, only.register_wh, only.opening_register_wh) == (
            0,
            60,
            60,
            0,
        )
        assert (only.from_at, only.to_at) == (NOON, NOON + HOUR)

    def test_an_estimate_does_not_spread(self) -> None:
        """It stays apart from what was seen."""
        charges = charges_of(
            reading(0),
            reading(10, NOON + MINUTE),
            reading(20, NOON + 2 * MINUTE, is_watched=False),
            reading(30, NOON + 3 * MINUTE),
        )
        assert [each.is_estimated for each in charges] == [False, True, False]

    @pytest.mark.parametrize("changed", [{"eb": 1}, {"tax_basis_points": 500}])
    def test_another_price_parts_charges(self, changed: dict[str, int]) -> None:
        """With a reading at the moment of the change."""
        at = (rates(), rates(**changed, valid_from=NOON + HOUR))
        charges = charges_of(
            reading(0), reading(10, NOON + HOUR), reading(20, NOON + 2 * HOUR), at=at
        )
        assert ranges(charges) == [(0, 10), (10, 20)]

    @pytest.mark.parametrize(("first", "second"), [(EB, DG), (DG, EB)])
    def test_another_source_of_the_same_rate_parts_charges(
        self, first: Source, second: Source
    ) -> None:
        """A bill names each source; a switch to the moment is no doubt."""
        polls = [
            reading(0, NOON, first),
            reading(10, NOON + HOUR, first),
            reading(10, NOON + HOUR, second),
            reading(20, NOON + 2 * HOUR, second),
        ]
        charges = charges_of(*polls, at=(rates(5, 5),))
        assert [each.source for each in charges] == [first, second]
        assert not any(each.is_estimated for each in charges)


class TestNewRegisters:
    """A replaced device and a reset register keep the evidence right."""

    def test_a_closing_and_an_opening_reading_leave_no_doubt(self) -> None:
        """Each device shows what it showed."""
        charges = charges_of(
            reading(5_000, register_wh=1_000),
            reading(5_040, NOON + HOUR, register_wh=1_040),
            reading(5_040, NOON + HOUR, device_id="QUBE-ONE-0", register_wh=300),
            reading(5_060, NOON + 2 * HOUR, device_id="QUBE-ONE-0", register_wh=320),
        )
        assert [
            (each.device_id, each.opening_register_wh, each.register_wh, each.is_estimated)
            for each in charges
        ] == [("QUBE-ONE-1", 1_000, 1_040, False), ("QUBE-ONE-0", 300, 320, False)]

    @pytest.mark.parametrize("device_id", ["QUBE-ONE-1", "QUBE-ONE-2"])
    def test_without_them_the_old_register_goes_as_far_as_the_new_one_cannot(
        self, device_id: str
    ) -> None:
        """Of 60 Wh the new one, at 15, can have counted only 15; when, is taken from the use."""
        charges = charges_of(
            reading(5_000, register_wh=1_000),
            reading(5_060, NOON + 4 * HOUR, device_id=device_id, register_wh=15),
        )
        assert [
            (each.device_id, each.opening_register_wh, each.register_wh, each.to_at)
            for each in charges
        ] == [
            ("QUBE-ONE-1", 1_000, 1_045, NOON + 3 * HOUR),
            (device_id, 0, 15, NOON + 4 * HOUR),
        ]
        assert all(each.is_estimated for each in charges)

    def test_a_new_register_may_have_counted_all_of_it(self) -> None:
        """Then the old one went no further than it was seen."""
        (only,) = charges_of(
            reading(5_000, register_wh=1_000),
            reading(5_060, NOON + HOUR, device_id="QUBE-ONE-2", register_wh=700),
        )
        assert (only.device_id, only.opening_register_wh, only.register_wh) == (
            "QUBE-ONE-2",
            640,
            700,
        )
        assert (only.from_at, only.is_estimated) == (NOON, True)

    def test_a_reset_parts_charges_of_one_device(self) -> None:
        """A line of a bill cannot go over it."""
        charges = charges_of(
            reading(5_000, register_wh=1_000),
            reading(5_010, NOON + HOUR, register_wh=1_010),
            reading(5_010, NOON + HOUR, register_wh=0),
            reading(5_020, NOON + 2 * HOUR, register_wh=10),
        )
        assert [(each.opening_register_wh, each.register_wh) for each in charges] == [
            (1_000, 1_010),
            (0, 10),
        ]
        assert not any(each.is_estimated for each in charges)

    @pytest.mark.parametrize("names", ["ABC", "CBA", "BAC", "ABA"])
    def test_closing_readings_come_before_opening_ones(self, names: str) -> None:
        """However the devices are called, and in whatever order they are given."""
        first, second, third = list(names)
        readings = [
            reading(10, NOON + HOUR, device_id=first),
            reading(10, NOON + HOUR, device_id=second, register_wh=0),
            reading(20, NOON + 2 * HOUR, device_id=second, register_wh=10),
            reading(20, NOON + 2 * HOUR, device_id=third, register_wh=5),
            reading(30, NOON + 3 * HOUR, device_id=third, register_wh=15),
        ]
        charges = charges_of(reading(0, device_id=first), *reversed(readings))
        assert [(each.device_id, each.opening_register_wh) for each in charges] == [
            (first, 0),
            (second, 0),
            (third, 5),
        ]
        assert not any(each.is_estimated for each in charges)


@pytest.mark.parametrize("source", [EB, None])
def test_of_readings_of_one_moment_a_watched_one_comes_first(source: Source | None) -> None:
    """A row of the history says less than the poll of the same moment."""
    poll, row = reading(10, NOON + HOUR), reading(10, NOON + HOUR, source, is_watched=False)
    for pair in ([poll, row], [row, poll]):
        (only,) = charges_of(reading(0), *pair)
        assert not only.is_estimated


def test_two_sources_of_one_moment_have_an_order() -> None:
    """It does not matter which, but it is always the same one."""
    grid, generator = reading(10, NOON + HOUR, EB), reading(10, NOON + HOUR, DG)
    start = reading(0, NOON, None)
    assert charge(start, [grid, generator], CHEAP_GRID) == charge(
        start, [generator, grid], CHEAP_GRID
    )


def test_readings_are_any_iterable() -> None:
    """A generator is read once."""
    later = (replace(reading(each), read_at=NOON + each * MINUTE) for each in (10, 20))
    assert charge(reading(0), later, CHEAP_GRID).cursor.total_wh == 20
