"""Which tariff was in force at which reading, as far as it was seen."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .api import Metrics, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class TariffSight:
    """The tariffs of a meter as first seen at an aware time, in paise per kWh.

    `total_wh` is what the meter had measured in all by then.
    """

    seen_at: datetime
    total_wh: int
    eb_tariff_paise: int | None
    dg_tariff_paise: int | None
    source: Source | None

    @property
    def tariff_paise(self) -> int | None:
        """Return the tariff in force, in paise per kWh."""
        match self.source:
            case Source.EB:
                return self.eb_tariff_paise
            case Source.DG:
                return self.dg_tariff_paise
        return None


type TariffTimeline = tuple[TariffSight, ...]


def newly_seen(
    last: TariffSight | None, metrics: Metrics, *, total_wh: int, seen_at: datetime
) -> TariffSight | None:
    """Return what a reading adds to the timeline, None where it shows nothing new.

    What the meter leaves out stays as it was; the timeline begins once there is a tariff in force.
    """
    eb_paise, dg_paise, source = metrics.eb_tariff_paise, metrics.dg_tariff_paise, metrics.source
    if last is not None:
        eb_paise = last.eb_tariff_paise if eb_paise is None else eb_paise
        dg_paise = last.dg_tariff_paise if dg_paise is None else dg_paise
        source = last.source if source is None else source
        before = last.eb_tariff_paise, last.dg_tariff_paise, last.source
        if (eb_paise, dg_paise, source) == before:
            return None
    seen = TariffSight(
        seen_at=seen_at,
        total_wh=total_wh,
        eb_tariff_paise=eb_paise,
        dg_tariff_paise=dg_paise,
        source=source,
    )
    return None if last is None and seen.tariff_paise is None else seen


class Pricing:
    """The cost of energy by the tariff that was in force when it was used.

    What lies before the first sight costs what was seen first, for nobody knows better.
    """

    def __init__(self, timeline: Iterable[TariffSight]) -> None:
        """Take the timeline in the order in which it was seen."""
        # From which total each tariff holds, and what was spent by then.
        self._from_wh: list[int] = []
        self._tariffs_paise: list[int] = []
        self._spent_millipaise: list[int] = []
        for sight in timeline:
            if sight.tariff_paise is not None:
                self._append(sight.total_wh, sight.tariff_paise)

    def _append(self, total_wh: int, tariff_paise: int) -> None:
        # After a replacement that was undone the totals go on from a lower one.
        while self._from_wh and self._from_wh[-1] >= total_wh:
            self._from_wh.pop()
            self._tariffs_paise.pop()
            self._spent_millipaise.pop()
        self._spent_millipaise.append(self._from_first(total_wh) if self._from_wh else 0)
        self._from_wh.append(total_wh)
        self._tariffs_paise.append(tariff_paise)

    @property
    def is_known(self) -> bool:
        """Return whether any tariff was ever seen."""
        return bool(self._from_wh)

    def cost_millipaise(self, from_wh: int, to_wh: int) -> int:
        """Return what the energy between two totals cost, exactly, in thousandths of a paisa."""
        return self._from_first(to_wh) - self._from_first(from_wh)

    def _from_first(self, total_wh: int) -> int:
        """Return the cost since the first sight, negative before it."""
        step = max(0, bisect_right(self._from_wh, total_wh) - 1)
        used_wh = total_wh - self._from_wh[step]
        return self._spent_millipaise[step] + used_wh * self._tariffs_paise[step]
