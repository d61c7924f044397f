"""How a tenancy begins, gets other rates or another name, and ends."""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from . import journal as reading
from .errors import RefusedError
from .models import Account, Opening, Rates, Reading, TenancyRecord, TransactionKind
from .money import MICROPAISE_PER_PAISA
from .schema import account, microseconds, rates, tenancy
from .transactions import book, running_number


def open_tenancy(connection: Connection, opening: Opening, now: datetime) -> TenancyRecord:
    """Begin a tenancy, its account and its rates, unless it is there."""
    known = reading.tenancy_of(connection, opening.tenancy_id)
    if known is not None:
        return known
    if reading.running_tenancy_of(connection, opening.meter_key) is not None:
        raise RefusedError("meter_has_tenancy", {"meter": opening.meter_name})
    opened = opening.opened
    number = int(
        connection.execute(
            insert(tenancy).returning(tenancy.c.id),
            {
                "tenancy_id": opening.tenancy_id,
                "tenant": opening.tenant,
                "meter_key": opening.meter_key,
                "meter_name": opening.meter_name,
                "plan": opening.plan.value,
                "opened_wh": opened.total_wh,
                "opened_at": microseconds(opened.read_at),
                "opened_device_id": opened.device_id,
                "opened_register_wh": opened.register_wh,
                "opened_source": opened.source,
            },
        ).scalar_one()
    )
    connection.execute(
        insert(account), {"tenancy": number, "balance_micropaise": 0, **cursor_values(opened)}
    )
    _insert_rates(connection, number, opening.rates, now)
    if opening.opening_credit_paise:
        book(
            connection,
            number,
            TransactionKind.PAYMENT,
            {Account.MONEY_RECEIVED: -opening.opening_credit_paise * MICROPAISE_PER_PAISA},
            key=f"opening:{opening.tenancy_id}",
            effective_at=opened.read_at,
            now=now,
        )
    return reading.record_of(reading.tenancy_row(connection, opening.tenancy_id))


def close_tenancy(connection: Connection, tenancy_id: str, closed_at: datetime) -> None:
    """End a tenancy, unless it has ended."""
    row = reading.tenancy_row(connection, tenancy_id)
    if row.closed_at is None:
        connection.execute(
            update(tenancy).where(tenancy.c.id == row.id).values(closed_at=microseconds(closed_at))
        )


def rename(connection: Connection, tenancy_id: str, tenant: str, meter_name: str) -> None:
    """Change names."""
    number = reading.number_of(connection, tenancy_id)
    connection.execute(
        update(tenancy).where(tenancy.c.id == number).values(tenant=tenant, meter_name=meter_name)
    )


def add_rates(connection: Connection, tenancy_id: str, version: Rates, now: datetime) -> None:
    """Add a version of the rates, unless it is the newest already."""
    number = running_number(connection, tenancy_id)
    newest = reading.rate_timeline(connection, number)[-1]
    if newest == version:
        return
    charged_until = reading.state(connection, number).cursor.read_at
    if version.valid_from < charged_until or version.valid_from <= newest.valid_from:
        raise RefusedError("rates_in_the_past")
    _insert_rates(connection, number, version, now)


def _insert_rates(connection: Connection, number: int, version: Rates, now: datetime) -> None:
    connection.execute(
        insert(rates),
        {
            "tenancy": number,
            "valid_from": microseconds(version.valid_from),
            "eb_millipaise_per_kwh": version.eb_millipaise_per_kwh,
            "dg_millipaise_per_kwh": version.dg_millipaise_per_kwh,
            "monthly_charge_paise": version.monthly_charge_paise,
            "tax_basis_points": version.tax_basis_points,
            "recorded_at": microseconds(now),
        },
    )


def cursor_values(cursor: Reading) -> dict[str, int | str | None]:
    """Return a cursor as an account's row holds it."""
    return {
        "cursor_wh": cursor.total_wh,
        "cursor_at": microseconds(cursor.read_at),
        "cursor_device_id": cursor.device_id,
        "cursor_register_wh": cursor.register_wh,
        "cursor_source": cursor.source,
        "cursor_is_watched": int(cursor.is_watched),
    }
