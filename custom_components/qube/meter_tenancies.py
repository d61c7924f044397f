"""Which tenants a meter has, and had."""

from .billing.ledger import Ledger
from .billing.models import Reading
from .runtime import QubeConfigEntry
from .tenancy_terms import SUBENTRY_TENANCY


def is_taken(account: QubeConfigEntry, key: str) -> bool:
    """Return whether a meter has a tenancy that is not known to be closed."""
    tenancies = account.runtime_data.tenancies
    for subentry in account.get_subentries_of_type(SUBENTRY_TENANCY):
        if subentry.data["meter_key"] == key:
            tenancy = tenancies.get(subentry.subentry_id)
            if tenancy is None or not tenancy.is_closed:
                return True
    return False


async def async_last_charged(account: QubeConfigEntry, key: str) -> Reading | None:
    """Return the last reading that any tenant of a meter was charged to, None without one.

    Raises LedgerError where nobody can tell.
    """
    books = account.runtime_data.books
    if not books.has_ledger:
        return None
    await books.async_open()
    return await books.async_run(lambda ledger: _last_charged(ledger, key))


def _last_charged(ledger: Ledger, key: str) -> Reading | None:
    tenants = (each for each in ledger.tenancies() if each.meter_key == key)
    cursors = (ledger.state(each.tenancy_id).cursor for each in tenants)
    return max(cursors, key=lambda cursor: cursor.total_wh, default=None)
