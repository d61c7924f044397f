"""A tenancy's charges put together into the lines of a statement."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from .journal import span_of
from .models import Charge, Source
from .schema import instant

# What was used on one day in India at one rate of one source on one register is one line, unless
# something else lies between; a line, then, is a charge of its own. From the first charge of a line
# SQLite looks for the first one that differs: that takes half as long as to compare all neighbours
# in a window, and a statement may be of ten years of hours. `zero_wh` is the total at which the
# register was at zero, `ended_at` when the line before ended.
_BEGINNINGS: Final = text("""
    WITH RECURSIVE line AS (
        SELECT * FROM (
            SELECT from_wh, from_at, device, to_wh - register_wh AS zero_wh,
                source, millipaise_per_kwh, tax_basis_points, is_estimated,
                from_at - (from_at + :offset) % :day + :day AS midnight
            FROM charge
            WHERE tenancy = :number AND from_at >= :start AND from_at < :end
            ORDER BY from_at, from_wh LIMIT 1
        )
        UNION ALL
        SELECT next.from_wh, next.from_at, next.device, next.to_wh - next.register_wh,
            next.source, next.millipaise_per_kwh, next.tax_basis_points, next.is_estimated,
            next.from_at - (next.from_at + :offset) % :day + :day
        FROM line JOIN charge AS next ON next.tenancy = :number
            AND (next.from_at, next.from_wh) = (
                SELECT other.from_at, other.from_wh FROM charge AS other
                WHERE other.tenancy = :number
                    AND other.from_at >= line.from_at AND other.from_at < :end
                    AND (other.from_at, other.from_wh) > (line.from_at, line.from_wh)
                    AND (other.from_at >= line.midnight
                        OR other.device <> line.device
                        OR other.to_wh - other.register_wh <> line.zero_wh
                        OR other.source <> line.source
                        OR other.millipaise_per_kwh <> line.millipaise_per_kwh
                        OR other.tax_basis_points <> line.tax_basis_points
                        OR other.is_estimated <> line.is_estimated)
                ORDER BY other.from_at, other.from_wh LIMIT 1
            )
    )
    SELECT from_wh, from_at, device.device_id, zero_wh,
        source, millipaise_per_kwh, tax_basis_points, is_estimated,
        (SELECT before.to_at FROM charge AS before
            WHERE before.tenancy = :number AND before.from_at <= line.from_at
                AND (before.from_at, before.from_wh) < (line.from_at, line.from_wh)
            ORDER BY before.from_at DESC, before.from_wh DESC LIMIT 1) AS ended_at
    FROM line JOIN device ON device.id = line.device
""")
_END: Final = text("""
    SELECT to_wh, to_at FROM charge
    WHERE tenancy = :number AND from_at >= :start AND from_at < :end
    ORDER BY from_at DESC, from_wh DESC LIMIT 1
""")
_CLOCK: Final = {"offset": 19_800_000_000, "day": 86_400_000_000}


def charge_lines(
    connection: Connection, number: int, start: datetime | None, end: datetime | None
) -> list[Charge]:
    """Return the charges that begin in a time, put together."""
    span = span_of(number, start, end)
    lines = connection.execute(_BEGINNINGS, span | _CLOCK).all()
    # Each line reaches to where the next one begins: charges are contiguous.
    ends = [(line.from_wh, line.ended_at) for line in lines[1:]]
    ends += [(to_wh, to_at) for to_wh, to_at in connection.execute(_END, span)]
    return [
        Charge(
            from_wh=from_wh,
            to_wh=to_wh,
            from_at=instant(from_at),
            to_at=instant(to_at),
            device_id=device_id,
            register_wh=to_wh - zero_wh,
            source=Source(source),
            millipaise_per_kwh=millipaise_per_kwh,
            tax_basis_points=tax_basis_points,
            is_estimated=bool(is_estimated),
        )
        for (
            (
                from_wh,
                from_at,
                device_id,
                zero_wh,
                source,
                millipaise_per_kwh,
                tax_basis_points,
                is_estimated,
                _,
            ),
            (to_wh, to_at),
        ) in zip(lines, ends, strict=True)
    ]
