"""The tariffs that were seen, and what energy cost by them."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.api import Metrics, Source
from custom_components.qube.tariffs import Pricing, TariffSight, newly_seen

NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)
METRICS = Metrics(
    energy_wh=1_000,
    power_w=None,
    voltage_v=None,
    balance_paise=None,
    eb_tariff_paise=650,
    dg_tariff_paise=1800,
    source=Source.EB,
    mode=None,
    relay_closed=None,
    gateway_enabled=None,
)
FIRST = TariffSight(
    seen_at=NOON, total_wh=1_000, eb_tariff_paise=650, dg_tariff_paise=1800, source=Source.EB
)


def seen(last: TariffSight | None, metrics: Metrics, total_wh: int = 2_000) -> TariffSight | None:
    """Return what a later reading adds."""
    return newly_seen(last, metrics, total_wh=total_wh, seen_at=NOON)


def test_the_first_reading_begins_the_timeline() -> None:
    """With all it shows."""
    assert seen(None, METRICS, 1_000) == FIRST


@pytest.mark.parametrize(
    "metrics",
    [
        pytest.param(replace(METRICS, source=None), id="no source"),
        pytest.param(replace(METRICS, eb_tariff_paise=None), id="no tariff of the source"),
    ],
)
def test_without_a_tariff_in_force_it_does_not_begin(metrics: Metrics) -> None:
    """All that came before would get its price from there."""
    assert seen(None, metrics) is None


def test_what_stays_the_same_adds_nothing() -> None:
    """However far the register went on."""
    assert seen(FIRST, METRICS) is None


@pytest.mark.parametrize(
    ("change", "tariff_paise"),
    [
        ({"eb_tariff_paise": 700}, 700),
        ({"eb_tariff_paise": 0}, 0),
        ({"dg_tariff_paise": 1900}, 650),
        ({"source": Source.DG}, 1800),
        ({"source": Source.DG, "dg_tariff_paise": 0}, 0),
    ],
)
def test_each_change_is_kept(change: dict[str, int], tariff_paise: int) -> None:
    """Of either tariff and of the source; nothing is a price, too."""
    sight = seen(FIRST, replace(METRICS, **change))  # type: ignore[arg-type]
    assert sight == replace(FIRST, total_wh=2_000, **change)  # type: ignore[arg-type]
    assert sight.tariff_paise == tariff_paise


def test_a_change_has_the_time_at_which_it_was_seen() -> None:
    """Not that of the sight before it."""
    later = NOON.replace(hour=13)
    metrics = replace(METRICS, eb_tariff_paise=700)
    sight = newly_seen(FIRST, metrics, total_wh=2_000, seen_at=later)
    assert sight is not None
    assert sight.seen_at == later


def test_a_source_without_a_tariff_is_seen_once() -> None:
    """It has no price, and is not seen anew at each poll until it has one."""
    grid_only = replace(FIRST, dg_tariff_paise=None)
    generator = replace(METRICS, dg_tariff_paise=None, source=Source.DG)
    sight = seen(grid_only, generator)
    assert sight is not None
    assert sight.tariff_paise is None
    assert seen(sight, generator) is None


@pytest.mark.parametrize("field", ["eb_tariff_paise", "dg_tariff_paise", "source"])
def test_what_a_meter_leaves_out_stays_as_it_was(field: str) -> None:
    """A null in one answer is no change of the tariff."""
    assert seen(FIRST, replace(METRICS, **{field: None})) is None


def test_nothing_seen_has_no_price() -> None:
    """And so no cost."""
    assert not Pricing([]).is_known
    assert not Pricing([replace(FIRST, source=None)]).is_known
    assert Pricing([FIRST]).is_known


def test_each_part_costs_what_its_tariff_says() -> None:
    """From one register to the other, across all changes between them."""
    pricing = Pricing([FIRST, replace(FIRST, total_wh=3_000, source=Source.DG)])
    assert pricing.cost_millipaise(0, 1_000) == 1_000 * 650
    assert pricing.cost_millipaise(2_500, 3_500) == 500 * 650 + 500 * 1800
    assert pricing.cost_millipaise(3_500, 3_500) == 0


def test_totals_that_begin_anew_take_the_place_of_those_that_were_undone() -> None:
    """A replacement was taken back: the meter goes on where its own device is."""
    timeline = [
        FIRST,
        replace(FIRST, total_wh=9_000, eb_tariff_paise=700),
        replace(FIRST, total_wh=4_000, eb_tariff_paise=800),
    ]
    assert Pricing(timeline).cost_millipaise(3_000, 10_000) == 1_000 * 650 + 6_000 * 800


SIGHTS = st.lists(
    st.builds(
        TariffSight,
        seen_at=st.just(NOON),
        total_wh=st.integers(0, 100_000),
        eb_tariff_paise=st.integers(0, 100_000),
        dg_tariff_paise=st.none(),
        source=st.just(Source.EB),
    ),
    min_size=1,
    max_size=20,
).map(lambda sights: sorted(sights, key=lambda sight: sight.total_wh))
TOTALS = st.integers(0, 120_000)


@given(SIGHTS, TOTALS, TOTALS, TOTALS)
def test_cost_adds_up_and_never_falls(
    timeline: list[TariffSight], low: int, middle: int, high: int
) -> None:
    """The parts of a stretch cost together what the whole costs."""
    low, middle, high = sorted((low, middle, high))
    pricing = Pricing(timeline)
    parts = pricing.cost_millipaise(low, middle), pricing.cost_millipaise(middle, high)
    assert min(parts) >= 0
    assert sum(parts) == pricing.cost_millipaise(low, high)


@given(SIGHTS, TOTALS)
def test_a_watt_hour_costs_the_last_tariff_seen_before_it(
    timeline: list[TariffSight], total_wh: int
) -> None:
    """Counted the slow way, one by one."""
    before = [sight for sight in timeline if sight.total_wh <= total_wh] or timeline[:1]
    tariff_paise = Pricing(timeline).cost_millipaise(total_wh, total_wh + 1)
    expected = [sight for sight in timeline if sight.total_wh == before[-1].total_wh][-1]
    assert tariff_paise == expected.tariff_paise
