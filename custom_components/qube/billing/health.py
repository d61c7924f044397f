"""Whether a ledger is sound: the file, and the sums in it."""

from typing import Final

from sqlalchemy import Connection

from .errors import LedgerError
from .triggers import kind_of

# Each finds what may not be; the first row found is told.
_CONTRADICTIONS: Final = {
    "postings do not sum to zero": """
        SELECT transaction_id FROM posting GROUP BY transaction_id HAVING sum(micropaise) <> 0
    """,
    "a balance is not the sum of its postings": """
        SELECT account.tenancy FROM account
        LEFT JOIN (
            SELECT journal.tenancy, sum(posting.micropaise) AS derived
            FROM posting JOIN journal ON journal.id = posting.transaction_id
            WHERE posting.account = 'tenant' GROUP BY journal.tenancy
        ) AS sums ON sums.tenancy = account.tenancy
        WHERE account.balance_micropaise <> coalesce(sums.derived, 0)
    """,
    "a tenancy has no account": """
        SELECT id FROM tenancy WHERE id NOT IN (SELECT tenancy FROM account)
        UNION ALL SELECT id FROM tenancy WHERE id NOT IN (SELECT tenancy FROM rates)
    """,
    "charges are not contiguous": """
        SELECT tenancy FROM (
            SELECT charge.tenancy, from_wh, from_at,
                lag(to_wh, 1, opened_wh) OVER earlier AS last_wh,
                lag(to_at, 1, opened_at) OVER earlier AS last_at
            FROM charge JOIN tenancy ON tenancy.id = charge.tenancy
            WINDOW earlier AS (PARTITION BY charge.tenancy ORDER BY from_at, from_wh)
        ) WHERE from_wh <> last_wh OR from_at < last_at
    """,
    "a line does not begin where charges differ": f"""
        SELECT id FROM tenancy WHERE
            (SELECT from_wh FROM charge WHERE tenancy = id ORDER BY from_at, from_wh LIMIT 1)
            IS NOT
            (SELECT from_wh FROM line WHERE tenancy = id ORDER BY from_at, from_wh LIMIT 1)
        UNION ALL
        SELECT tenancy FROM line JOIN charge AS first USING (tenancy, from_at, from_wh) WHERE
            (SELECT other.from_wh FROM charge AS other WHERE other.tenancy = line.tenancy
                AND (other.from_at, other.from_wh) > (line.from_at, line.from_wh)
                AND ({kind_of("other")}) <> ({kind_of("first")})
                ORDER BY other.from_at, other.from_wh LIMIT 1)
            IS NOT
            (SELECT next.from_wh FROM line AS next WHERE next.tenancy = line.tenancy
                AND (next.from_at, next.from_wh) > (line.from_at, line.from_wh)
                ORDER BY next.from_at, next.from_wh LIMIT 1)
    """,  # noqa: S608
    "an account is not charged up to its cursor": """
        SELECT account.tenancy FROM account JOIN tenancy ON tenancy.id = account.tenancy
        WHERE cursor_wh <> coalesce(
            (SELECT max(to_wh) FROM charge WHERE charge.tenancy = account.tenancy), opened_wh)
    """,
    "a charge is not booked as it is": """
        SELECT journal.id FROM journal
        LEFT JOIN charge ON charge.tenancy = journal.tenancy
            AND charge.from_at = journal.effective_at AND charge.transaction_id = journal.id
        WHERE journal.kind = 'charge' AND coalesce(
            (SELECT sum(micropaise) FROM posting
                WHERE transaction_id = journal.id AND account = 'tenant'), 0)
            IS NOT -(to_wh - from_wh)
                * (millipaise_per_kwh + millipaise_per_kwh * tax_basis_points / 10000)
        UNION ALL SELECT transaction_id FROM charge GROUP BY transaction_id HAVING count(*) > 1
        UNION ALL SELECT transaction_id FROM charge JOIN journal ON journal.id = transaction_id
            WHERE journal.kind <> 'charge' OR journal.tenancy <> charge.tenancy
    """,
    "a reversal does not cancel what it reverses": """
        SELECT reversal.id FROM journal AS reversal JOIN journal AS original
            ON original.id = reversal.reverses
        WHERE reversal.tenancy <> original.tenancy OR original.kind = 'reversal' OR EXISTS (
            SELECT account FROM posting WHERE transaction_id IN (reversal.id, original.id)
            GROUP BY account HAVING sum(micropaise) <> 0)
    """,
    "numbers of bills are missing": """
        SELECT count(*) FROM bill HAVING count(*) <> coalesce(max(id), 0)
    """,
}


def check(connection: Connection) -> None:
    """Raise LedgerError with what is wrong, if anything is."""
    check_file(connection)
    for reason, query in _CONTRADICTIONS.items():
        if connection.exec_driver_sql(f"{query} LIMIT 1").first() is not None:
            raise LedgerError("ledger_damaged", {"reason": reason})


def check_file(connection: Connection) -> None:
    """Raise LedgerError where the file is broken, whatever the version of its schema."""
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    if found == "ok" and (row := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        found = f"a row of {row[0]} refers to one that is missing"
    if found != "ok":
        raise LedgerError("ledger_damaged", {"reason": str(found)})
