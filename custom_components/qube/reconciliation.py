"""A main meter against the meters behind it: losses and unmetered use. Pure.

A figure is worked out only where nothing is missing; else it is said what is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .billing.money import to_paise


class Completeness(StrEnum):
    """Whether a span of time can be reconciled, and what is missing where it cannot."""

    COMPLETE = "complete"
    NOT_OVER = "not_over"
    NO_METERS = "no_meters"
    MAIN_METER_MISSING = "main_meter_missing"
    METERS_MISSING = "meters_missing"
    BOTH_MISSING = "both_missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """A span of time: what the main meter let through, what the meters measured, what is between.

    Energy in Wh, `missing` the keys of meters without a reading at its beginning or its end. What
    is lost is negative where the meters measured more than came in: then something is wrong, or
    something else feeds them.
    """

    completeness: Completeness
    main_wh: int | None = None
    meters_wh: int | None = None
    missing: tuple[str, ...] = ()
    price_millipaise_per_kwh: int | None = None

    @property
    def lost_wh(self) -> int | None:
        """Return losses and unmetered use, None unless the span is complete."""
        if (
            self.completeness is not Completeness.COMPLETE
            or self.main_wh is None
            or self.meters_wh is None
        ):
            return None
        return self.main_wh - self.meters_wh

    @property
    def lost_basis_points(self) -> int | None:
        """Return them in hundredths of a percent of what came in, None where nothing did."""
        lost_wh = self.lost_wh
        if lost_wh is None or not self.main_wh or self.main_wh < 0:
            return None
        return round(lost_wh * 10_000 / self.main_wh)

    @property
    def lost_paise(self) -> int | None:
        """Return what they cost at the main meter's price, None where that is not known."""
        if self.lost_wh is None or self.price_millipaise_per_kwh is None:
            return None
        # Wh times millipaise per kWh are micropaise.
        return to_paise(self.lost_wh * self.price_millipaise_per_kwh)


def reconcile(
    *,
    main_wh: int | None,
    keys: Iterable[str],
    opening_wh: Mapping[str, int],
    closing_wh: Mapping[str, int],
    price_millipaise_per_kwh: int | None,
) -> Reconciliation:
    """Return the main meter's energy against the totals of these meters at both ends, in Wh."""
    keys = tuple(keys)
    missing = tuple(key for key in keys if key not in opening_wh or key not in closing_wh)
    return Reconciliation(
        completeness=_completeness(is_main_known=main_wh is not None, keys=keys, missing=missing),
        main_wh=main_wh,
        meters_wh=None if missing else sum(closing_wh[key] - opening_wh[key] for key in keys),
        missing=missing,
        price_millipaise_per_kwh=price_millipaise_per_kwh,
    )


def _completeness(
    *, is_main_known: bool, keys: tuple[str, ...], missing: tuple[str, ...]
) -> Completeness:
    if not keys:
        return Completeness.NO_METERS
    if is_main_known:
        return Completeness.METERS_MISSING if missing else Completeness.COMPLETE
    return Completeness.BOTH_MISSING if missing else Completeness.MAIN_METER_MISSING
