"""What Home Assistant shows of the tenancies, and whether that is so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import tenancy_identifier

from .home import Home
from .house import Rented

# What may have been used since it was written down.
_PAISE_SINCE: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTenancy:
    """A tenancy's entities and their states, by the entity's key."""

    rented: Rented
    entities: Mapping[str, str]
    states: Mapping[str, str]


async def read_tenancies(home: Home, rented: Sequence[Rented]) -> list[ShownTenancy]:
    """Return all tenancies as Home Assistant shows them."""
    (entries,) = await home.ask({"type": "config/entity_registry/list"})
    states = await home.states()
    shown: list[ShownTenancy] = []
    for each in rented:
        prefix = f"{tenancy_identifier(each.lease.tenancy_id)[1]}_"
        entities = {
            entry["unique_id"].removeprefix(prefix): entry["entity_id"]
            for entry in entries
            if entry["platform"] == DOMAIN
            and entry["unique_id"].startswith(prefix)
            and entry["disabled_by"] is None
        }
        known = {
            key: states[entity_id]["state"]
            for key, entity_id in entities.items()
            if entity_id in states
        }
        shown.append(ShownTenancy(rented=each, entities=entities, states=known))
    return shown


def tenancy_problems(shown: Sequence[ShownTenancy]) -> Iterator[str]:
    """Yield what is missing or wrong, by what was written into the ledger."""
    for each in shown:
        lease = each.rented.lease
        yield from (f"{lease.tenancy_id}: {what}" for what in _lies(each))


def _lies(shown: ShownTenancy) -> Iterator[str]:
    tenant = shown.rented.lease.tenant
    if missing := shown.entities.keys() - shown.states.keys():
        yield f"{', '.join(sorted(missing))} without a state"
    balance = shown.states.get("balance", "unknown")
    before_paise = shown.rented.balance_paise
    lowest_paise = before_paise if tenant.until_days else before_paise - _PAISE_SINCE
    try:
        balance_paise = round(float(balance) * 100)
    except ValueError:
        balance_paise = None
    if balance_paise is None or not lowest_paise <= balance_paise <= before_paise:
        yield f"balance is {balance}, of {before_paise} paise before"
    if not tenant.until_days and shown.states.get("supply") != tenant.supply:
        yield f"supply is {shown.states.get('supply')}, not {tenant.supply}"
    if tenant.owes_last and shown.states.get("overdue") != "on":
        yield f"overdue is {shown.states.get('overdue')}"
