"""A tenancy's charges put together into the lines of a statement."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from .journal import span_of
from .models import Charge, Source
from .schema import instant

# What was used on one day at one rate of one source on one device is one line, unless something
# else lies between. A day is India's. A line, then, is a charge of its own.
_LINES: Final = text("""
    WITH day_part AS (
        SELECT *, (from_at + 19800000000) / 86400000000 AS day FROM charge
        WHERE tenancy = :number AND from_at >= :start AND from_at < :end
    ), compared AS (
        SELECT *, day <> lag(day) OVER earlier
            OR source <> lag(source) OVER earlier
            OR device <> lag(device) OVER earlier
            OR millipaise_per_kwh <> lag(millipaise_per_kwh) OVER earlier
            OR tax_basis_points <> lag(tax_basis_points) OVER earlier
            OR is_estimated <> lag(is_estimated) OVER earlier AS begins
        FROM day_part WINDOW earlier AS (ORDER BY from_at, from_wh)
    ), numbered AS (
        SELECT *, sum(begins) OVER (ORDER BY from_at, from_wh) AS line FROM compared
    )
    SELECT min(from_wh), max(to_wh), min(from_at), max(to_at), device.device_id,
        max(register_wh), source, millipaise_per_kwh, tax_basis_points, is_estimated
    FROM numbered JOIN device ON device.id = numbered.device
    GROUP BY line ORDER BY line
""")


def charge_lines(
    connection: Connection, number: int, start: datetime | None, end: datetime | None
) -> list[Charge]:
    """Return the charges that begin in a time, put together."""
    return [
        Charge(
            from_wh=from_wh,
            to_wh=to_wh,
            from_at=instant(from_at),
            to_at=instant(to_at),
            device_id=device_id,
            register_wh=register_wh,
            source=Source(source),
            millipaise_per_kwh=millipaise_per_kwh,
            tax_basis_points=tax_basis_points,
            is_estimated=bool(is_estimated),
        )
        for (
            from_wh,
            to_wh,
            from_at,
            to_at,
            device_id,
            register_wh,
            source,
            millipaise_per_kwh,
            tax_basis_points,
            is_estimated,
        ) in connection.execute(_LINES, span_of(number, start, end))
    ]
