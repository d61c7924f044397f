"""What an account is made of while it runs, and the type of its config entry."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    from .back_fill import BackFill
    from .books import Books
    from .devices import Devices
    from .history_store import HistoryStore
    from .identity import IdentityStore
    from .inventory import InventoryCoordinator
    from .registries import Registries
    from .site_meters import SiteMeters
    from .space_energy import SpaceEnergy
    from .tenancies import Tenancies

type QubeConfigEntry = ConfigEntry[QubeRuntimeData]


@dataclass(frozen=True, kw_only=True)
class QubeRuntimeData:
    """What an account is made of while it runs."""

    identities: IdentityStore
    inventory: InventoryCoordinator
    devices: Devices
    space_energy: SpaceEnergy
    history: HistoryStore
    back_fill: BackFill
    books: Books
    tenancies: Tenancies
    registries: Registries
    site_meters: SiteMeters
    changing_metadata: asyncio.Lock = field(default_factory=asyncio.Lock)
