"""A tenancy's charges put together into the lines of a statement."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from .journal import span_of
from .models import Charge, Source
from .schema import instant

# What was used on one day in India at one rate of one source on one register is one line, unless
# something else lies between; a line, then, is a charge of its own. The first charge of the time
# begins one, wherever it lies in its own. `ended_at` is when the charge before ended, `zero_wh` the
# total at which the register was at zero.
_BEGINNINGS: Final = text("""
    SELECT from_wh,
        (SELECT before.to_at FROM charge AS before
            WHERE before.tenancy = :number
                AND (before.from_at, before.from_wh) < (beginning.from_at, beginning.from_wh)
            ORDER BY before.from_at DESC, before.from_wh DESC LIMIT 1) AS ended_at,
        from_at, device.device_id, to_wh - register_wh AS zero_wh,
        source, millipaise_per_kwh, tax_basis_points, is_estimated
    FROM (
        SELECT * FROM (
            SELECT from_at, from_wh FROM charge
            WHERE tenancy = :number AND from_at >= :start AND from_at < :end
            ORDER BY from_at, from_wh LIMIT 1
        )
        UNION
        SELECT from_at, from_wh FROM line
        WHERE tenancy = :number AND from_at >= :start AND from_at < :end
    ) AS beginning
    JOIN charge USING (from_at, from_wh)
    JOIN device ON device.id = charge.device
    WHERE charge.tenancy = :number
    ORDER BY from_at, from_wh
""")
_END: Final = text("""
    SELECT to_wh, to_at FROM charge
    WHERE tenancy = :number AND from_at >= :start AND from_at < :end
    ORDER BY from_at DESC, from_wh DESC LIMIT 1
""")


def charge_lines(
    connection: Connection, number: int, start: datetime | None, end: datetime | None
) -> list[Charge]:
    """Return the charges that begin in a time, put together."""
    span = span_of(number, start, end)
    lines = connection.execute(_BEGINNINGS, span).all()
    # Each line reaches to where the next one begins: charges are contiguous.
    ends = [line[:2] for line in lines[1:]]
    ends += connection.execute(_END, span)
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
                _,
                from_at,
                device_id,
                zero_wh,
                source,
                millipaise_per_kwh,
                tax_basis_points,
                is_estimated,
            ),
            (to_wh, to_at),
        ) in zip(lines, ends, strict=True)
    ]
