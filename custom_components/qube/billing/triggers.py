"""The triggers of the ledger: they let nobody rewrite it, and find where its lines begin.

What is booked is never changed nor deleted; the tables that may change are `meta`, `account`,
`memory`, and of a tenancy its names and its end.
"""

from typing import Final

from .schema import account, bill, charge, device, intent, journal, line, posting, rates, tenancy

_NEVER_CHANGED: Final = (rates, journal, posting, device, charge, line, bill)
_NEVER_DELETED: Final = (*_NEVER_CHANGED, tenancy, account, intent)
_MAY_CHANGE: Final = {
    tenancy: ("tenant", "meter_name", "closed_at"),
    intent: ("settled_at", "is_confirmed"),
}

# The day in India, 5:30 h ahead of UTC; the source and its rate; and the register, which is known
# by its device and the total at which it was at zero.
_KIND: Final = (
    "({0}.from_at + 19800000000) / 86400000000, {0}.source, {0}.millipaise_per_kwh,"
    " {0}.tax_basis_points, {0}.is_estimated, {0}.device, {0}.to_wh - {0}.register_wh"
)


def kind_of(charge_name: str) -> str:
    """Return the SQL of what is the same of all charges of a line; with another, one begins."""
    return _KIND.format(charge_name)


def _refusal(name: str, when: str, condition: str, message: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {when} BEGIN"
        f" SELECT RAISE(ABORT, '{message}') WHERE {condition}; END"
    )


def triggers() -> list[str]:
    """Return the statements that make the triggers."""
    statements = [
        _refusal(f"{table.name}_stays", f"DELETE ON {table.name}", "TRUE", "never deleted")
        for table in _NEVER_DELETED
    ]
    statements += [
        _refusal(
            f"{table.name}_is_written_once", f"UPDATE ON {table.name}", "TRUE", "never changed"
        )
        for table in _NEVER_CHANGED
    ]
    for table, free in _MAY_CHANGE.items():
        fixed = [column.name for column in table.columns if column.name not in free]
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in fixed)
        statements.append(
            _refusal(f"{table.name}_is_fixed", f"UPDATE ON {table.name}", changed, "never changed")
        )
    for table, ended in (
        (tenancy, "OLD.closed_at IS NOT NULL AND OLD.closed_at IS NOT NEW.closed_at"),
        (intent, "OLD.settled_at IS NOT NULL"),
    ):
        statements.append(
            _refusal(f"{table.name}_ends_once", f"UPDATE ON {table.name}", ended, "ended already")
        )
    last = "SELECT {} FROM charge WHERE tenancy = NEW.tenancy ORDER BY from_at DESC, from_wh DESC"
    opened = "SELECT {} FROM tenancy WHERE id = NEW.tenancy"
    follows = " OR ".join(
        f"NEW.from_{unit} {differs} coalesce(({last.format(f'to_{unit}')} LIMIT 1),"
        f" ({opened.format(f'opened_{unit}')}))"
        for unit, differs in (("wh", "<>"), ("at", "<"))
    )
    statements.append(_refusal("charge_follows", "INSERT ON charge", follows, "not contiguous"))
    last_kind = last.format(kind_of("charge"))
    differs = f"({kind_of('NEW')}) IS NOT ({last_kind} LIMIT 1 OFFSET 1)"
    begins = "INSERT INTO line VALUES (NEW.tenancy, NEW.from_at, NEW.from_wh)"
    statements.append(
        "CREATE TRIGGER charge_begins_line AFTER INSERT ON charge"
        f" WHEN {differs} BEGIN {begins}; END"
    )
    statements.append(
        _refusal(
            "cursor_never_falls",
            "UPDATE ON account",
            "NEW.cursor_wh < OLD.cursor_wh OR NEW.cursor_at < OLD.cursor_at",
            "the cursor falls",
        )
    )
    return statements
