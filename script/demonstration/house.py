"""The simulated house, months after its tenants moved in: its account with their ledger."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import ClientSession
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigSubentryDataWithId
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.helpers.storage import STORAGE_DIR

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.config_flow import QubeConfigFlow
from custom_components.qube.const import CONF_LEDGER_ID, DOMAIN
from custom_components.qube.tenancy_terms import SUBENTRY_TENANCY

from .cloud import Account, let_measure, read_past, read_spaces, read_truth
from .instance import write_entry
from .leases import Lease, begin_of, leases, rented
from .past import live_through

_ENTRY_ID: Final = "demo-account"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rented:
    """A tenancy that was there before Home Assistant started, and its balance then."""

    lease: Lease
    balance_paise: int


async def let_house(session: ClientSession, account: Account, config: Path) -> list[Rented]:
    """Let the house months ago: write an account into a configuration, and its tenants' ledger."""
    truth = await read_truth(session, account.url)
    today = datetime.now(UTC)
    device_ids = {index: str(truth[index]["device_id"]) for index in rented(len(truth))}
    for device_id in device_ids.values():
        await let_measure(session, account.url, device_id)
    pasts = {
        index: await read_past(session, account.url, device_id, begin_of(index, today))
        for index, device_id in device_ids.items()
    }
    # Not before the newest of the readings, which are then charged too.
    now = datetime.now(UTC)
    spaces = await read_spaces(session, account.url)
    let = leases(truth, spaces, pasts, now)
    ledger_id, balances = await asyncio.to_thread(_write_ledger, config, let, now)
    await write_entry(config, _entry(account, ledger_id, let, len(spaces)))
    return [Rented(lease=lease, balance_paise=balances[lease.tenancy_id]) for lease in let]


def _write_ledger(config: Path, let: Sequence[Lease], now: datetime) -> tuple[str, dict[str, int]]:
    path = config / STORAGE_DIR / f"{DOMAIN}.{_ENTRY_ID}.ledger"
    ledger = Ledger.open(path, expected_id=None)
    try:
        return ledger.ledger_id, live_through(ledger, let, now)
    finally:
        ledger.close()


def _entry(account: Account, ledger_id: str, let: Sequence[Lease], spaces: int) -> ConfigEntry:
    return ConfigEntry(
        entry_id=_ENTRY_ID,
        domain=DOMAIN,
        title=f"{spaces} spaces",
        data={
            CONF_API_KEY: account.api_key,
            CONF_URL: account.url,
            CONF_LEDGER_ID: ledger_id,
        },
        options=None,
        source=SOURCE_USER,
        unique_id=None,
        version=QubeConfigFlow.VERSION,
        minor_version=QubeConfigFlow.MINOR_VERSION,
        discovery_keys=MappingProxyType({}),
        subentries_data=[
            ConfigSubentryDataWithId(
                subentry_id=lease.tenancy_id,
                subentry_type=SUBENTRY_TENANCY,
                title=lease.title,
                unique_id=None,
                data=lease.data,
            )
            for lease in let
        ],
    )
