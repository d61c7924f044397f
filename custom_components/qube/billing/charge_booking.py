"""How charges are booked: each a transaction, with the cursor moved in the same one."""

from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from . import journal as reading
from .errors import RefusedError
from .models import Account, AccountState, Charge, Charged, Reading, Source, TransactionKind
from .schema import account, charge, device, microseconds
from .tenancy_booking import cursor_values
from .transactions import book

_INSERT_CHARGE: Final = insert(charge)
_DEVICE: Final = select(device.c.id).where(device.c.device_id == bindparam("device_id"))
_TENANCY_NUMBER: Final[BindParameter[int]] = bindparam("number")
_MOVE_CURSOR: Final = update(account).where(account.c.tenancy == _TENANCY_NUMBER)
_ENERGY: Final = {Source.EB: Account.ENERGY_EB, Source.DG: Account.ENERGY_DG}


def post_charges(
    connection: Connection, tenancy_id: str, start: Reading, charged: Charged, now: datetime
) -> AccountState:
    """Book charges and move the cursor; nothing where it is there already."""
    row = reading.tenancy_row(connection, tenancy_id)
    state = reading.state(connection, row.id)
    cursor, target = state.cursor, charged.cursor
    if _position(cursor) != _position(start):
        if cursor.total_wh >= target.total_wh and cursor.read_at >= target.read_at:
            return state
        raise RefusedError("cursor_moved")
    if row.closed_at is not None:
        raise RefusedError("tenancy_closed")
    last_wh = charged.charges[-1].to_wh if charged.charges else cursor.total_wh
    if last_wh != target.total_wh:
        raise RefusedError("charges_not_contiguous")
    for one in charged.charges:
        _post_charge(connection, row.id, one, now)
    connection.execute(_MOVE_CURSOR, {"number": row.id, **cursor_values(target)})
    return reading.state(connection, row.id)


def _position(reading_: Reading) -> tuple[int, datetime]:
    return reading_.total_wh, reading_.read_at


def _post_charge(connection: Connection, number: int, one: Charge, now: datetime) -> None:
    transaction_id = book(
        connection,
        number,
        TransactionKind.CHARGE,
        {_ENERGY[one.source]: one.energy_micropaise, Account.TAX: one.tax_micropaise},
        key=None,
        effective_at=one.from_at,
        now=now,
    )
    connection.execute(
        _INSERT_CHARGE,
        {
            "tenancy": number,
            "from_at": microseconds(one.from_at),
            "from_wh": one.from_wh,
            "to_at": microseconds(one.to_at),
            "to_wh": one.to_wh,
            "device": _device(connection, one.device_id),
            "register_wh": one.register_wh,
            "source": one.source.value,
            "millipaise_per_kwh": one.millipaise_per_kwh,
            "tax_basis_points": one.tax_basis_points,
            "is_estimated": int(one.is_estimated),
            "transaction_id": transaction_id,
        },
    )


def _device(connection: Connection, device_id: str) -> int:
    known = connection.execute(_DEVICE, {"device_id": device_id}).scalar()
    if known is not None:
        return int(known)
    added = connection.execute(insert(device), {"device_id": device_id})
    return int(added.lastrowid)
