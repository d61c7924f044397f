"""What the meters of a space come to together."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum

from .api import Source
from .coordinator import MeterData


@dataclass(frozen=True, kw_only=True, slots=True)
class RollUp:
    """A space at one time; `power_w` is the sum of what is known, None where nothing is."""

    power_w: float | None
    energy_wh: int
    meters_offline: int
    meters_on_generator: int


def roll_up(meters: Iterable[MeterData], energy_wh: int) -> RollUp:
    """Sum up the meters that can be read; `energy_wh` is what the space has used so far."""
    powers_w: list[float] = []
    offline = on_generator = 0
    for meter in meters:
        if (metrics := meter.metrics) is None:
            offline += 1
            continue
        on_generator += metrics.source is Source.DG
        if metrics.power_w is not None:
            powers_w.append(metrics.power_w)
    return RollUp(
        power_w=round(fsum(powers_w), 1) if powers_w else None,
        energy_wh=energy_wh,
        meters_offline=offline,
        meters_on_generator=on_generator,
    )


def used_wh(counted_wh: int | None, total_wh: int) -> int:
    """Return what a meter has used since its total was last counted, in Wh.

    A meter that was never counted has used nothing yet: its register may come from another house.
    Nor has one whose total fell: that was a reset, and counting goes on from there.
    """
    return 0 if counted_wh is None else max(0, total_wh - counted_wh)
