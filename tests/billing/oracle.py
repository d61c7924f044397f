"""What a tenant must pay, worked out one watt-hour after the other in exact fractions.

Written without looking at how `charging` does it: slow, and with nothing to get wrong but the
rules themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor

from custom_components.qube.billing.models import Charge, Rates, Reading, Source
from tests.billing.worlds import NOON, World

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class WattHour:
    """One Wh: what it costs, what the device showed when it was over, and its part of the time."""

    source: Source
    millipaise_per_kwh: int
    tax_basis_points: int
    device_id: str
    register_wh: int
    is_estimated: bool
    splits_before: int


def expected(world: World) -> dict[int, WattHour]:
    """Return each Wh of a world by the meter's total after it."""
    truth: dict[int, WattHour] = {}
    believed = [world.start, *believable(world)]
    for index in range(1, len(believed)):
        truth.update(_between(world, believed, index))
    return truth


def believable(world: World) -> list[Reading]:
    """Return the readings that count: none before another that is higher and earlier."""
    later = [each for each in world.readings if each.read_at >= world.start.read_at]
    return [
        each
        for index, each in enumerate(later)
        if each.total_wh >= max(other.total_wh for other in [world.start, *later[:index]])
    ]


def charged(charges: Iterable[Charge], splits: Sequence[datetime]) -> dict[int, WattHour]:
    """Return each Wh of some charges by the meter's total after it."""
    return {
        total_wh: WattHour(
            source=charge.source,
            millipaise_per_kwh=charge.millipaise_per_kwh,
            tax_basis_points=charge.tax_basis_points,
            device_id=charge.device_id,
            register_wh=charge.register_wh - (charge.to_wh - total_wh),
            is_estimated=charge.is_estimated,
            splits_before=sum(split <= charge.from_at for split in set(splits)),
        )
        for charge in charges
        for total_wh in range(charge.from_wh + 1, charge.to_wh + 1)
    }


def _between(
    world: World, believed: Sequence[Reading], index: int
) -> Iterator[tuple[int, WattHour]]:
    before, after = believed[index - 1], believed[index]
    if before.total_wh == after.total_wh:
        return
    zero_wh = after.total_wh - after.register_wh
    is_one_register = (before.device_id, before.total_wh - before.register_wh) == (
        after.device_id,
        zero_wh,
    )
    pieces = [(before.total_wh, _us(before.read_at), after.total_wh, _us(after.read_at), after)]
    if not is_one_register:
        middle_wh = max(before.total_wh, zero_wh)
        share = Fraction(middle_wh - before.total_wh, after.total_wh - before.total_wh)
        middle = floor(_us(before.read_at) + share * (_us(after.read_at) - _us(before.read_at)))
        pieces = [
            (before.total_wh, _us(before.read_at), middle_wh, middle, before),
            (middle_wh, middle, after.total_wh, _us(after.read_at), after),
        ]
    source = _source(believed, index)
    is_seen = after.is_watched and source is not None and is_one_register
    for from_wh, from_us, to_wh, to_us, shown in pieces:
        guessed = not is_seen or _is_guessed(world, from_us, to_us, source)
        for total_wh in range(from_wh + 1, to_wh + 1):
            over = from_us + Fraction(total_wh - from_wh, to_wh - from_wh) * (to_us - from_us)
            version = _version(world, over, from_us)
            paid = source or _cheaper(version)
            yield (
                total_wh,
                WattHour(
                    source=paid,
                    millipaise_per_kwh=_rate(version, paid),
                    tax_basis_points=version.tax_basis_points,
                    device_id=shown.device_id,
                    register_wh=shown.register_wh + total_wh - shown.total_wh,
                    is_estimated=guessed,
                    splits_before=sum(
                        _us(split) < over or _us(split) <= from_us for split in set(world.split_at)
                    ),
                ),
            )


def _us(moment: datetime) -> int:
    return (moment - NOON) // _MICROSECOND


def _source(believed: Sequence[Reading], index: int) -> Source | None:
    """Return what was seen on both sides, as near as it was seen."""
    left = [each.source for each in believed[:index] if each.source is not None]
    right = [each.source for each in believed[index:] if each.source is not None]
    return left[-1] if left and right and left[-1] == right[0] else None


def _is_guessed(world: World, from_us: int, to_us: int, source: Source | None) -> bool:
    """Return whether the price changed in between, or it is unclear on which day use was."""
    versions = [_version(world, from_us, from_us)]
    versions += [each for each in world.rates if from_us < _us(each.valid_from) < to_us]
    prices = {
        (_rate(each, source or _cheaper(each)), source or _cheaper(each), each.tax_basis_points)
        for each in versions
    }
    is_split = any(from_us < _us(split) < to_us for split in world.split_at)
    return len(prices) > 1 or (is_split and to_us - from_us > 900 * 1_000_000)


def _version(world: World, over: Fraction | int, from_us: int) -> Rates:
    """Return what was in force just before a Wh was over; at the reading, what began then, too."""
    return [
        each
        for number, each in enumerate(world.rates)
        if number == 0 or _us(each.valid_from) < over or _us(each.valid_from) <= from_us
    ][-1]


def _cheaper(version: Rates) -> Source:
    is_dg = version.dg_millipaise_per_kwh < version.eb_millipaise_per_kwh
    return Source.DG if is_dg else Source.EB


def _rate(version: Rates, source: Source) -> int:
    return {
        Source.EB: version.eb_millipaise_per_kwh,
        Source.DG: version.dg_millipaise_per_kwh,
    }[source]
