"""Meters, readings and rates made up for tests of billing, as a story or by Hypothesis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from custom_components.qube.billing.models import (
    INDIA,
    Account,
    Charge,
    Rates,
    RateTimeline,
    Reading,
    Source,
    Transaction,
    TransactionKind,
)

NOON: Final = datetime(2026, 10, 25, 12, 0, tzinfo=INDIA)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def reading(
    total_wh: int,
    read_at: datetime = NOON,
    source: Source | None = Source.EB,
    *,
    device_id: str = "QUBE-ONE-1",
    register_wh: int | None = None,
    is_watched: bool = True,
) -> Reading:
    """Return a reading of a device that has always been there, and whose source was seen."""
    return Reading(
        total_wh=total_wh,
        read_at=read_at,
        device_id=device_id,
        register_wh=total_wh if register_wh is None else register_wh,
        source=source,
        is_watched=is_watched,
    )


def rates(
    eb: int = 650_000,
    dg: int = 1_800_000,
    *,
    valid_from: datetime = NOON,
    monthly_charge_paise: int = 0,
    tax_basis_points: int = 0,
) -> Rates:
    """Return rates in millipaise per kWh."""
    return Rates(
        valid_from=valid_from,
        eb_millipaise_per_kwh=eb,
        dg_millipaise_per_kwh=dg,
        monthly_charge_paise=monthly_charge_paise,
        tax_basis_points=tax_basis_points,
    )


def a_charge(
    from_wh: int = 0,
    to_wh: int = 1_000,
    from_at: datetime = NOON,
    to_at: datetime = NOON + HOUR,
    source: Source = Source.EB,
    *,
    device_id: str = "QUBE-ONE-1",
    register_wh: int | None = None,
    millipaise_per_kwh: int = 650_000,
    tax_basis_points: int = 0,
    is_estimated: bool = False,
) -> Charge:
    """Return a charge on a device that has always been there."""
    return Charge(
        from_wh=from_wh,
        to_wh=to_wh,
        from_at=from_at,
        to_at=to_at,
        device_id=device_id,
        register_wh=to_wh if register_wh is None else register_wh,
        source=source,
        millipaise_per_kwh=millipaise_per_kwh,
        tax_basis_points=tax_basis_points,
        is_estimated=is_estimated,
    )


def transaction(
    transaction_id: int,
    kind: TransactionKind,
    amount_micropaise: int,
    other: Account,
    *,
    effective_at: datetime = NOON,
    reference: str | None = None,
    method: str | None = None,
    note: str | None = None,
) -> Transaction:
    """Return a transaction that adds an amount to the tenant's balance."""
    return Transaction(
        transaction_id=transaction_id,
        tenancy_id="tenancy",
        kind=kind,
        key=f"key {transaction_id}",
        effective_at=effective_at,
        recorded_at=effective_at,
        postings={Account.TENANT: amount_micropaise, other: -amount_micropaise},
        reference=reference,
        method=method,
        note=note,
    )


def payment(transaction_id: int, paise: int, effective_at: datetime = NOON) -> Transaction:
    """Return a payment."""
    return transaction(
        transaction_id,
        TransactionKind.PAYMENT,
        paise * 1_000_000,
        Account.MONEY_RECEIVED,
        effective_at=effective_at,
        reference=f"UPI {transaction_id}",
        method="UPI",
    )


@dataclass(frozen=True, kw_only=True)
class World:
    """What a meter did, and what its use costs."""

    start: Reading
    readings: Sequence[Reading]
    rates: RateTimeline
    split_at: Sequence[datetime]


SOURCES: Final = st.sampled_from([Source.EB, Source.EB, Source.DG, None])
# Ten kilo-millipaise: each is exact with every tax. Few, so that some are equal.
RATES: Final = st.integers(0, 3).map(lambda step: step * 10_000)


@st.composite
def worlds(draw: st.DrawFn, *, min_minutes: int = 0) -> World:
    """Return a world of some hours, with all that can go wrong with readings."""
    start = reading(
        1_000, NOON, draw(SOURCES), device_id="QUBE-ONE-B", register_wh=draw(st.integers(0, 9))
    )
    readings = [start]
    # What the device and its register were at last, and the true total.
    device_id, register_wh, total_wh, now = start.device_id, start.register_wh, 1_000, NOON
    for _ in range(draw(st.integers(0, 7))):
        now += MINUTE * draw(st.integers(min_minutes, 20))
        used_wh = draw(st.integers(0, 30))
        total_wh += used_wh
        register_wh += used_wh
        if draw(st.integers(0, 5)) == 0:
            device_id = draw(st.sampled_from(["QUBE-ONE-A", "QUBE-ONE-B", "QUBE-ONE-C"]))
            used_wh = draw(st.integers(0, 30))
            total_wh += used_wh
            register_wh = draw(st.sampled_from([0, 700])) + used_wh
        shown_wh = draw(st.sampled_from([0, 0, 0, 0, 0, -1, -40]))
        readings.append(
            Reading(
                total_wh=total_wh + shown_wh,
                read_at=now,
                device_id=device_id,
                register_wh=max(0, register_wh + shown_wh),
                source=draw(SOURCES),
                is_watched=draw(st.booleans()),
            )
        )
    moments = st.integers(-600, 7_200).map(lambda seconds: NOON + timedelta(seconds=seconds))
    # On the readings' own moments as often as between them.
    on_readings = st.sampled_from([each.read_at for each in readings])
    changes = draw(st.lists(moments | on_readings, max_size=3, unique=True))
    timeline = tuple(
        rates(
            draw(RATES),
            draw(RATES),
            valid_from=valid_from,
            tax_basis_points=draw(st.sampled_from([0, 1_800])),
        )
        for valid_from in [NOON - 24 * HOUR, *sorted(changes)]
    )
    splits = draw(st.lists(moments | on_readings, max_size=3))
    return World(start=start, readings=readings[1:], rates=timeline, split_at=splits)
