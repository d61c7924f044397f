"""What really happened in a year: use, generator hours, gaps, new devices, tenants and money.

Times are whole seconds since `START`, energy is in Wh. Polls come at even seconds of a quarter
hour and checks at full ones; what people do and what is agreed comes at odd seconds, so that no
two of them are at the same time.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from custom_components.qube.billing.models import INDIA, Plan, Source
from custom_components.qube.billing.terms import CheckEvery

START: Final = datetime(2026, 4, 1, tzinfo=INDIA)
QUARTER_S: Final = 900
HOUR_S: Final = 3_600
DAY_S: Final = 86_400

_TAXES: Final = (0, 500, 1_800)
_MOVES_OUT: Final = 0.2
# The quarters from 06:00 to 23:00.
_WAKING: Final = range(24, 92)


def moment(at_s: int) -> datetime:
    """Return a time as the integration knows it."""
    return START + timedelta(seconds=at_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What is agreed from a time on; it was said at another one, before."""

    since_s: int
    said_s: int
    eb_millipaise: int
    dg_millipaise: int
    monthly_paise: int
    tax_basis_points: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Money:
    """What somebody books; `reverses` is the reference of what is taken back, else empty."""

    at_s: int
    reference: str
    amount_paise: int
    is_payment: bool = False
    reverses: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """One tenant in one room."""

    name: str
    begins_s: int
    ends_s: int | None
    plan: Plan
    checks: CheckEvery
    billing_day: int
    due_days: int
    opening_paise: int
    cut_off_paise: int
    emergency_paise: int
    # Hours of the day, the first of which may be the later one, and a weekday.
    protected_hours: tuple[int, int] | None
    protected_weekday: int
    prices: Sequence[Price]
    money: Sequence[Money]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A time without polls: the meter is offline, or Home Assistant is off."""

    from_s: int
    to_s: int
    is_off: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDevice:
    """A device that took the place of another; its register may have counted elsewhere."""

    at_s: int
    register_wh: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter:
    """What one meter went through."""

    name: str
    days: int
    poll_offset_s: int
    # What it had measured at each full quarter of an hour.
    totals_wh: Sequence[int]
    # When the source switched: to the generator, back to the grid, and so on.
    switches_s: Sequence[int]
    gaps: Sequence[Gap]
    new_devices: Sequence[NewDevice]
    stays: Sequence[Stay]

    def total_wh(self, at_s: int) -> int:
        """Return what it has measured at a time."""
        cell, rest_s = divmod(at_s, QUARTER_S)
        before_wh = self.totals_wh[cell]
        return before_wh + (self.totals_wh[cell + 1] - before_wh) * rest_s // QUARTER_S

    def source(self, at_s: int) -> Source:
        """Return where the power came from at a time."""
        return Source.DG if bisect_right(self.switches_s, at_s) % 2 else Source.EB

    def gap(self, at_s: int) -> Gap | None:
        """Return the gap in which a time lies."""
        return next((gap for gap in self.gaps if gap.from_s <= at_s < gap.to_s), None)

    def polls(self, from_s: int, to_s: int) -> Iterator[int]:
        """Yield when it was polled between two times."""
        first_s = from_s + 1 + (self.poll_offset_s - from_s - 1) % QUARTER_S
        for at_s in range(first_s, to_s, QUARTER_S):
            if self.gap(at_s) is None:
                yield at_s


def meters(tenancies: int, days: int, seed: int) -> list[Meter]:
    """Return the meters of so many tenancies: the same ones for the same seed."""
    made: list[Meter] = []
    wanted = tenancies
    while wanted:
        meter = _meter(len(made), wanted, days, Random(f"{seed} {len(made)}"))  # noqa: S311
        made.append(meter)
        wanted -= len(meter.stays)
    return made


def _odd(random: Random, from_s: int, to_s: int) -> int:
    return random.randrange(from_s // 2, to_s // 2) * 2 + 1


def _meter(number: int, wanted: int, days: int, random: Random) -> Meter:
    end_s = days * DAY_S
    name = f"meter-{number:03}"
    switches = sorted(
        at_s
        for day in range(days)
        if random.random() < 0.4  # noqa: PLR2004
        for began_s in [day * DAY_S + random.randrange(20 * HOUR_S)]
        for at_s in (began_s, began_s + random.randrange(1_200, 3 * HOUR_S))
    )
    gaps = _gaps(days, random)
    new_devices = [
        NewDevice(at_s=day * DAY_S + 12 * HOUR_S + 1, register_wh=random.choice((0, 0, 734)))
        for day in sorted(random.sample(range(3, days), random.choice((0, 0, 1, 2))))
        if not any(gap.from_s < (day + 1) * DAY_S and gap.to_s > day * DAY_S for gap in gaps)
    ]
    free = [
        day for day in range(5, days - 2) if not any(
            gap.from_s < (day + 2) * DAY_S and gap.to_s > (day - 1) * DAY_S for gap in gaps
        )
    ]  # fmt: skip
    cuts: list[int] = []
    if wanted > 1 and free and random.random() < _MOVES_OUT:
        cuts = [random.choice(free) * DAY_S + _odd(random, 8 * HOUR_S, 20 * HOUR_S)]
    begins = [_odd(random, 0, 2 * DAY_S), *(cut + 2 * random.randrange(DAY_S) for cut in cuts)]
    # Moved in at the very second, sometimes; never into a gap.
    begins = [next(at_s for at_s in range(begin, end_s, 7_200) if _is_clear(at_s, gaps))
              for begin in begins]  # fmt: skip
    ends = [*cuts, None]
    keeps = [
        _stay(f"{name}-{index}", begin, end, days, random)
        for index, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]
    return Meter(
        name=name,
        days=days,
        poll_offset_s=2 * random.randrange(1, QUARTER_S // 2),
        totals_wh=_totals(days, random),
        switches_s=switches,
        gaps=gaps,
        new_devices=new_devices,
        stays=keeps,
    )


def _is_clear(at_s: int, gaps: Sequence[Gap]) -> bool:
    return not any(gap.from_s - HOUR_S < at_s < gap.to_s + HOUR_S for gap in gaps)


def _totals(days: int, random: Random) -> Sequence[int]:
    """Return the register at each quarter: a standby, evenings, air conditioning, days away."""
    total_wh = random.randrange(5_000_000)
    totals = array("q", [total_wh])
    standby, peak, cooling = random.randrange(9), random.randrange(30, 300), random.random()
    for day in range(days + 1):
        if random.random() < 0.04:  # noqa: PLR2004
            loads = [standby] * 96
        else:
            hot = 500 if random.random() < cooling else 0
            loads = [
                standby + int(random.random() * (peak if cell in _WAKING else hot))
                for cell in range(96)
            ]
        for load in loads:
            total_wh += load
            totals.append(total_wh)
        if day == days:
            break
    return totals


def _gaps(days: int, random: Random) -> list[Gap]:
    gaps: list[Gap] = []
    at_s = random.randrange(2 * DAY_S, 60 * DAY_S)
    while at_s < (days - 2) * DAY_S:
        longest_s = random.choice((HOUR_S, DAY_S, 3 * DAY_S, 3 * DAY_S, 31 * DAY_S))
        to_s = at_s + random.randrange(QUARTER_S, longest_s)
        if to_s < (days - 1) * DAY_S:
            gaps.append(Gap(from_s=at_s, to_s=to_s, is_off=random.random() < 0.5))  # noqa: PLR2004
        at_s = to_s + random.randrange(4 * DAY_S, 90 * DAY_S)
    return gaps


def _stay(name: str, begins_s: int, ends_s: int | None, days: int, random: Random) -> Stay:
    until_s = ends_s or days * DAY_S
    plan = random.choice((Plan.PREPAID, Plan.PREPAID, Plan.POSTPAID))
    is_prepaid = plan is Plan.PREPAID
    return Stay(
        name=name,
        begins_s=begins_s,
        ends_s=ends_s,
        plan=plan,
        checks=CheckEvery.QUARTER_HOUR if random.random() < 0.05 else CheckEvery.HOUR,  # noqa: PLR2004
        billing_day=1 if is_prepaid else random.choice((1, 5, 15, 28, 29, 30, 31)),
        due_days=random.choice((0, 7, 15, 40)),
        opening_paise=random.randrange(500_000) if is_prepaid else 0,
        cut_off_paise=random.choice((0, 10_000, -5_000)),
        emergency_paise=random.choice((0, 20_000)),
        protected_hours=random.choice((None, (22, 7), (0, 12))),
        protected_weekday=random.randrange(7),
        prices=_prices(begins_s, until_s, random),
        money=_money(name, begins_s, until_s, days, random),
    )


def _prices(begins_s: int, until_s: int, random: Random) -> list[Price]:
    prices: list[Price] = []
    since_s = said_s = begins_s
    while since_s < until_s:
        eb_millipaise = random.randrange(40, 100) * 10_000
        prices.append(
            Price(
                since_s=since_s,
                said_s=said_s,
                eb_millipaise=eb_millipaise,
                # The generator is the cheaper one in a few houses.
                dg_millipaise=random.choice((eb_millipaise - 200_000, 1_800_000, 2_115_000)),
                monthly_paise=random.choice((0, 15_000, 19_999)),
                tax_basis_points=random.choice(_TAXES),
            )
        )
        said_s = since_s + _odd(random, 10 * DAY_S, 150 * DAY_S) + 1
        since_s = said_s + 2 * random.randrange(4 * DAY_S)
    return prices


def _money(name: str, begins_s: int, until_s: int, days: int, random: Random) -> list[Money]:
    booked: list[Money] = []
    at_s = begins_s + 2 * random.randrange(10 * DAY_S)
    # One or two may come when the tenant has gone.
    while at_s < min(until_s + 30 * DAY_S, days * DAY_S):
        kind = random.random()
        reference = f"{name} {len(booked)}"
        undone = {each.reverses for each in booked}
        free = [each for each in booked if not each.reverses and each.reference not in undone]
        if kind < 0.85 or not free:  # noqa: PLR2004
            booked.append(
                Money(
                    at_s=at_s,
                    reference=reference,
                    amount_paise=random.randrange(1, 400_000),
                    is_payment=True,
                )
            )
        elif kind < 0.93:  # noqa: PLR2004
            amount_paise = random.choice((-1, 1)) * random.randrange(1, 50_000)
            booked.append(Money(at_s=at_s, reference=reference, amount_paise=amount_paise))
        else:
            taken = random.choice(free)
            booked.append(
                Money(
                    at_s=at_s,
                    reference=reference,
                    amount_paise=-taken.amount_paise,
                    reverses=taken.reference,
                    is_payment=taken.is_payment,
                )
            )
        at_s += 2 * random.randrange(1, 10 * DAY_S)
    return booked
