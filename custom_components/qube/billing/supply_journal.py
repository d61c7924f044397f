"""What supply has to remember: intents before commands, holds, and small things by name."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from .errors import RefusedError
from .models import Intent, SupplyReason
from .schema import instant, intent, memory, microseconds, tenancy

_INTENTS: Final = select(intent, tenancy.c.tenancy_id).join_from(intent, tenancy)
_OPEN: Final = _INTENTS.where(intent.c.settled_at.is_(None)).order_by(intent.c.id)
_ONE: Final = _INTENTS.where(intent.c.id == bindparam("number"))
_LAST: Final = (
    _INTENTS.where(intent.c.tenancy == bindparam("number")).order_by(intent.c.id.desc()).limit(1)
)
_MEMORY: Final = select(memory.c.value).where(
    memory.c.tenancy == bindparam("number"), memory.c.name == bindparam("memory")
)
_ALL_MEMORY: Final = select(memory.c.name, memory.c.value).where(
    memory.c.tenancy == bindparam("number")
)


def add_intent(
    connection: Connection, number: int, *, power_on: bool, reason: SupplyReason, now: datetime
) -> Intent:
    """Write down what is wanted of a relay."""
    added = connection.execute(
        insert(intent),
        {
            "tenancy": number,
            "power_on": int(power_on),
            "reason": reason.value,
            "created_at": microseconds(now),
        },
    )
    return _intent(connection.execute(_ONE, {"number": added.lastrowid}).one())


def settle_intent(
    connection: Connection, intent_id: int, *, is_confirmed: bool, now: datetime
) -> None:
    """Write down what became of it, unless that is written."""
    row = connection.execute(_ONE, {"number": intent_id}).first()
    if row is None:
        raise RefusedError("intent_unknown")
    if row.settled_at is None:
        connection.execute(
            update(intent)
            .where(intent.c.id == intent_id)
            .values(settled_at=microseconds(now), is_confirmed=int(is_confirmed))
        )


def last_intent(connection: Connection, number: int) -> Intent | None:
    """Return the newest intent of a tenancy."""
    row = connection.execute(_LAST, {"number": number}).first()
    return None if row is None else _intent(row)


def open_intents(connection: Connection) -> list[Intent]:
    """Return all intents that are not settled."""
    return [_intent(row) for row in connection.execute(_OPEN)]


def _intent(row: Row[Any]) -> Intent:
    return Intent(
        intent_id=row.id,
        tenancy_id=row.tenancy_id,
        power_on=bool(row.power_on),
        reason=SupplyReason(row.reason),
        created_at=instant(row.created_at),
        settled_at=None if row.settled_at is None else instant(row.settled_at),
        is_confirmed=None if row.is_confirmed is None else bool(row.is_confirmed),
    )


def get_memory(connection: Connection, number: int, name: str) -> str | None:
    """Return what is remembered under a name."""
    value: str | None = connection.execute(_MEMORY, {"number": number, "memory": name}).scalar()
    return value


def all_memory(connection: Connection, number: int) -> dict[str, str]:
    """Return all that is remembered, by name."""
    return {row.name: row.value for row in connection.execute(_ALL_MEMORY, {"number": number})}


def set_memory(connection: Connection, number: int, name: str, value: str | None) -> None:
    """Remember something under a name; None forgets it."""
    if value is None:
        connection.execute(delete(memory).where(memory.c.tenancy == number, memory.c.name == name))
        return
    statement = upsert(memory).values(tenancy=number, name=name, value=value)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenancy", "name"], set_={"value": statement.excluded.value}
        )
    )
