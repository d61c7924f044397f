"""The tables of the ledger.

Times are microseconds since 1970 in UTC, amounts micropaise, energy Wh. What may change in them is
in `triggers.py`.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

# "QUBE", so that another program's file is not taken for a ledger.
APPLICATION_ID: Final = 0x51554245

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

METADATA: Final = MetaData()


def microseconds(time: datetime) -> int:
    """Return an aware time as it is stored."""
    return (time - _EPOCH) // _MICROSECOND


def instant(stored: int) -> datetime:
    """Return a stored time, in UTC."""
    return _EPOCH + stored * _MICROSECOND


def _integer(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _number() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _of(table: str, name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{table}.id"), nullable=nullable)


# Facts about this very file: `ledger_id`, `is_in_backup`, `is_restored`.
meta: Final = Table(
    "meta",
    METADATA,
    Column("name", Text, primary_key=True),
    _text("value"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

tenancy: Final = Table(
    "tenancy",
    METADATA,
    _number(),
    Column("tenancy_id", Text, nullable=False, unique=True),
    _text("tenant"),
    _text("meter_key"),
    _text("meter_name"),
    _text("plan"),
    _integer("opened_wh"),
    _integer("opened_at"),
    _text("opened_device_id"),
    _integer("opened_register_wh"),
    _text("opened_source", nullable=True),
    _integer("closed_at", nullable=True),
    sqlite_strict=True,
)
Index("running", tenancy.c.meter_key, unique=True, sqlite_where=tenancy.c.closed_at.is_(None))

# What follows from the journal, kept so that it needs no adding up.
account: Final = Table(
    "account",
    METADATA,
    Column("tenancy", Integer, ForeignKey("tenancy.id"), primary_key=True),
    _integer("balance_micropaise"),
    _integer("cursor_wh"),
    _integer("cursor_at"),
    _text("cursor_device_id"),
    _integer("cursor_register_wh"),
    _text("cursor_source", nullable=True),
    _integer("cursor_is_watched"),
    sqlite_strict=True,
)

rates: Final = Table(
    "rates",
    METADATA,
    _number(),
    _of("tenancy", "tenancy"),
    _integer("valid_from"),
    _integer("eb_millipaise_per_kwh"),
    _integer("dg_millipaise_per_kwh"),
    _integer("monthly_charge_paise"),
    _integer("tax_basis_points"),
    _integer("recorded_at"),
    UniqueConstraint("tenancy", "valid_from"),
    sqlite_strict=True,
)

# A transaction. Charges have no key: theirs is the range of the register.
journal: Final = Table(
    "journal",
    METADATA,
    _number(),
    _of("tenancy", "tenancy"),
    _text("kind"),
    _text("key", nullable=True),
    _integer("effective_at"),
    _integer("recorded_at"),
    _text("reference", nullable=True),
    _text("method", nullable=True),
    _text("note", nullable=True),
    _of("journal", "reverses", nullable=True),
    CheckConstraint("(kind = 'charge') = (key IS NULL)"),
    CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)"),
    sqlite_strict=True,
)
HAS_KEY: Final = journal.c.key.is_not(None)
Index("journal_key", journal.c.key, unique=True, sqlite_where=HAS_KEY)
Index("journal_time", journal.c.tenancy, journal.c.effective_at, sqlite_where=HAS_KEY)
Index(
    "journal_reverses",
    journal.c.reverses,
    unique=True,
    sqlite_where=journal.c.reverses.is_not(None),
)

posting: Final = Table(
    "posting",
    METADATA,
    Column("transaction_id", Integer, ForeignKey("journal.id"), primary_key=True),
    Column("account", Text, primary_key=True),
    _integer("micropaise"),
    CheckConstraint("micropaise <> 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Qube devices by number: their ids are long, and charges are many.
device: Final = Table(
    "device",
    METADATA,
    _number(),
    Column("device_id", Text, nullable=False, unique=True),
    sqlite_strict=True,
)

charge: Final = Table(
    "charge",
    METADATA,
    Column("tenancy", Integer, ForeignKey("tenancy.id"), primary_key=True),
    Column("from_at", Integer, primary_key=True),
    Column("from_wh", Integer, primary_key=True),
    _integer("to_at"),
    _integer("to_wh"),
    _of("device", "device"),
    _integer("register_wh"),
    _text("source"),
    _integer("millipaise_per_kwh"),
    _integer("tax_basis_points"),
    _integer("is_estimated"),
    _of("journal", "transaction_id"),
    CheckConstraint("to_wh > from_wh"),
    CheckConstraint("to_at >= from_at"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# An index of the charges with which a line of a statement begins; a trigger makes it. To find them
# among all charges takes longer than the rest of a statement of ten years.
line: Final = Table(
    "line",
    METADATA,
    Column("tenancy", Integer, primary_key=True),
    Column("from_at", Integer, primary_key=True),
    Column("from_wh", Integer, primary_key=True),
    ForeignKeyConstraint(
        ["tenancy", "from_at", "from_wh"], ["charge.tenancy", "charge.from_at", "charge.from_wh"]
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

bill: Final = Table(
    "bill",
    METADATA,
    _number(),
    _of("tenancy", "tenancy"),
    _integer("period_start"),
    _integer("period_end"),
    _integer("issued_at"),
    _of("journal", "transaction_id", nullable=True),
    _text("document"),
    UniqueConstraint("tenancy", "period_start"),
    sqlite_strict=True,
)

intent: Final = Table(
    "intent",
    METADATA,
    _number(),
    _of("tenancy", "tenancy"),
    _integer("power_on"),
    _text("reason"),
    _integer("created_at"),
    _integer("settled_at", nullable=True),
    _integer("is_confirmed", nullable=True),
    CheckConstraint("(settled_at IS NULL) = (is_confirmed IS NULL)"),
    sqlite_strict=True,
)
Index("intent_tenancy", intent.c.tenancy)
Index("intent_open", intent.c.id, sqlite_where=intent.c.settled_at.is_(None))

# Small things that supply has to remember, and that may change.
memory: Final = Table(
    "memory",
    METADATA,
    Column("tenancy", Integer, ForeignKey("tenancy.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    _text("value"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
