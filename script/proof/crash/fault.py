"""The fault that the proof has to find: charges and cursor are not committed together."""

from datetime import datetime
from random import random
from time import sleep
from typing import Final

from custom_components.qube.billing import charge_booking, journal
from custom_components.qube.billing.database import writing
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import AccountState, Charged, Reading
from custom_components.qube.billing.tenancy_booking import cursor_values

_LONGEST_PAUSE_S: Final = 2


def commit_apart() -> None:
    """Let every ledger of this process commit charges first, and the cursor some time later."""
    Ledger.post_charges = _post_charges  # type: ignore[method-assign]


def _post_charges(
    self: Ledger,
    tenancy_id: str,
    start: Reading,  # noqa: ARG001
    charged: Charged,
    *,
    now: datetime,
) -> AccountState:
    with writing(self._connection) as connection:
        number = journal.number_of(connection, tenancy_id)
        for one in charged.charges:
            charge_booking._post_charge(connection, number, one, now)  # noqa: SLF001
    sleep(random() * _LONGEST_PAUSE_S)  # noqa: S311
    with writing(self._connection) as connection:
        cursor = {"number": number, **cursor_values(charged.cursor)}
        connection.execute(charge_booking._MOVE_CURSOR, cursor)  # noqa: SLF001
    return self.state(tenancy_id)
