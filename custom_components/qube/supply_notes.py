"""What a supply writes down and reads in the ledger's thread."""

from datetime import datetime
from typing import Final

from .billing.ledger import Ledger
from .billing.models import Intent
from .relay_owner import Order, RelayOwner, SupplyMemory

MEMORY: Final = "supply"


def read_owner(ledger: Ledger, tenancy_id: str, now: datetime) -> RelayOwner:
    """Return who owns the relay of a tenancy's meter, as far as it is written down.

    Of orders that were replaced when Home Assistant stopped only the last one is open.
    """
    memory = read_memory(ledger, tenancy_id)
    intent = ledger.last_intent(tenancy_id)
    if intent is None:
        return RelayOwner(_earlier_cut(ledger, tenancy_id), memory)
    for each in ledger.open_intents():
        if each.tenancy_id == tenancy_id and each.intent_id != intent.intent_id:
            ledger.settle_intent(each.intent_id, is_confirmed=False, now=now)
    return RelayOwner(_order_of(intent), memory)


def read_memory(ledger: Ledger, tenancy_id: str) -> SupplyMemory:
    """Return what is remembered of a tenancy's supply."""
    return SupplyMemory.from_text(ledger.get_memory(tenancy_id, MEMORY))


def write_memory(ledger: Ledger, tenancy_id: str, memory: SupplyMemory) -> None:
    """Remember something of a tenancy's supply."""
    ledger.set_memory(tenancy_id, MEMORY, memory.as_text())


def write_order(
    ledger: Ledger, tenancy_id: str, order: Order, replaced: Order | None, now: datetime
) -> int:
    """Write down an order before it is given, and return the number of its intent.

    The one that it replaces is settled after it: were it the other way round, a crash between the
    two could lose both.
    """
    intent = ledger.add_intent(tenancy_id, power_on=order.power_on, reason=order.reason, now=now)
    if replaced is not None:
        settle(ledger, replaced, now)
    return intent.intent_id


def settle(ledger: Ledger, order: Order, now: datetime) -> None:
    """Write down what became of an order."""
    if order.intent_id is not None:
        is_confirmed = order.confirmed_at is not None
        ledger.settle_intent(order.intent_id, is_confirmed=is_confirmed, now=now)


def _order_of(intent: Intent) -> Order | None:
    if intent.is_confirmed is False:
        return None
    return Order(
        power_on=intent.power_on,
        reason=intent.reason,
        intent_id=intent.intent_id,
        confirmed_at=intent.settled_at,
    )


def _earlier_cut(ledger: Ledger, tenancy_id: str) -> Order | None:
    """Return the cut that an earlier tenant of the meter has left behind.

    Nothing is switched when an account is closed, so the next tenant would stay in the dark. So it
    is where power was to be restored then, and was not seen to be.
    """
    record = ledger.tenancy(tenancy_id)
    earlier = [
        each
        for each in ledger.tenancies()
        if record is not None and each.meter_key == record.meter_key and each.number < record.number
    ]
    if not earlier:
        return None
    last = earlier[-1].tenancy_id
    intent = ledger.last_intent(last)
    if intent is None or intent.is_confirmed is False or (intent.power_on and intent.is_confirmed):
        return None
    if read_memory(ledger, last).switched_to is not None:
        return None
    confirmed_at = intent.settled_at or intent.created_at
    return Order(power_on=False, reason=intent.reason, confirmed_at=confirmed_at)
