"""What each space has used, counted from the differences of its meters' totals."""

from collections import Counter
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .roll_up import used_wh

STORAGE_VERSION: Final = 1
# What a crash loses is counted again: sums and what they were counted from are one file.
SAVE_DELAY_S: Final = 600


class StoredEnergy(TypedDict):
    """The content of the store: Wh by space id, and counted totals in Wh by meter key."""

    spaces: dict[str, int]
    meters: dict[str, int]


class SpaceEnergy:
    """Keep the energy of an account's spaces across restarts."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the store of one config entry."""
        self._store = Store[StoredEnergy](hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.spaces")
        self._used_wh: Counter[int] = Counter()
        self._counted_wh: dict[str, int] = {}
        self._save_is_due = False
        self._is_closed = False

    async def async_load(self) -> None:
        """Load what was counted before."""
        if (stored := await self._store.async_load()) is not None:
            self._used_wh.update({int(key): wh for key, wh in stored["spaces"].items()})
            self._counted_wh.update(stored["meters"])

    async def async_save(self) -> None:
        """Save now, and no more: the entry is being unloaded."""
        self._is_closed = True
        await self._store.async_save(self._as_stored())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def __getitem__(self, space_id: int) -> int:
        """Return what a space has used since it was first seen, in Wh."""
        return self._used_wh[space_id]

    @callback
    def count(self, space_id: int, key: str, total_wh: int) -> None:
        """Add to a space what one of its meters has used since it was last counted."""
        counted_wh = self._counted_wh.get(key)
        if counted_wh == total_wh:
            return
        self._used_wh[space_id] += used_wh(counted_wh, total_wh)
        self._counted_wh[key] = total_wh
        # Asking again would push the moment back, with every poll, for ever.
        if not self._save_is_due and not self._is_closed:
            self._save_is_due = True
            self._store.async_delay_save(self._as_stored, SAVE_DELAY_S)

    @callback
    def forget(self, key: str) -> None:
        """Forget a meter that its owner removed; what it has used stays."""
        self._counted_wh.pop(key, None)

    def _as_stored(self) -> StoredEnergy:
        self._save_is_due = False
        return {
            "spaces": {str(space_id): wh for space_id, wh in self._used_wh.items()},
            "meters": dict(self._counted_wh),
        }
