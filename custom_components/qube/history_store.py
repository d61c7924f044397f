"""What is known of each meter's tariffs, and how far its history has been fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .api import Metrics, Source
from .const import DOMAIN
from .days import Days
from .tariffs import Pricing, TariffSight, TariffTimeline, newly_seen

STORAGE_VERSION: Final = 1
# A sight that is lost in a crash is seen again at the next poll.
SAVE_DELAY_S: Final = 600

type StoredSight = tuple[str, int, int | None, int | None, int | None]


class StoredHistory(TypedDict):
    """A meter as the store holds it: sights are lists, for there can be thousands."""

    timeline: list[StoredSight]
    planned_from: str | None
    open_windows: list[tuple[str, str]]
    windows: int


class StoredHistories(TypedDict):
    """The content of the store, by meter key."""

    meters: dict[str, StoredHistory]


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterHistory:
    """A meter's tariffs, and the plan for its back-fill: nothing is planned before the first one.

    `open_windows` are those that were not yet fetched, of `windows` in all.
    """

    timeline: TariffTimeline = ()
    planned_from: date | None = None
    open_windows: tuple[Days, ...] = ()
    windows: int = 0


class HistoryStore:
    """Keep tariffs and plans of an account's meters across restarts."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the store of one config entry."""
        self._store = Store[StoredHistories](hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.history")
        self._meters: dict[str, MeterHistory] = {}
        self._pricings: dict[str, Pricing] = {}
        self._save_is_due = False
        self._is_closed = False

    async def async_load(self) -> None:
        """Load what was known before."""
        stored = await self._store.async_load()
        meters: Mapping[str, StoredHistory] = stored["meters"] if stored else {}
        self._meters = {key: _from_stored(meter) for key, meter in meters.items()}

    async def async_save(self) -> None:
        """Save now, and no more: the entry is being unloaded."""
        self._is_closed = True
        await self._store.async_save(self._as_stored())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def __getitem__(self, key: str) -> MeterHistory:
        """Return what is known of a meter."""
        return self._meters.get(key, _UNKNOWN)

    def pricing(self, key: str) -> Pricing:
        """Return what a meter's energy cost, by the tariffs seen so far."""
        if key not in self._pricings:
            self._pricings[key] = Pricing(self[key].timeline)
        return self._pricings[key]

    @callback
    def see(self, key: str, metrics: Metrics, *, total_wh: int, seen_at: datetime) -> None:
        """Add the tariffs of a reading to the timeline where they are new."""
        known = self[key]
        last = known.timeline[-1] if known.timeline else None
        sight = newly_seen(last, metrics, total_wh=total_wh, seen_at=seen_at)
        if sight is None:
            return
        self._put(key, replace(known, timeline=(*known.timeline, sight)))
        self._pricings.pop(key, None)
        if last is None:
            # What was imported before has no cost yet.
            self.forget_plan(key)

    @callback
    def plan(self, key: str, windows: tuple[Days, ...], *, planned_from: date) -> None:
        """Remember what there is to fetch, from a day on, beside what is open already."""
        known = self[key]
        self._put(
            key,
            replace(
                known,
                planned_from=planned_from,
                open_windows=(*known.open_windows, *windows),
                windows=known.windows + len(windows),
            ),
        )

    @callback
    def forget_plan(self, key: str) -> None:
        """Begin again."""
        self._put(key, replace(self[key], planned_from=None, open_windows=(), windows=0))

    @callback
    def close_window(self, key: str, window: Days) -> None:
        """Remember that a window was fetched."""
        known = self[key]
        if window in known.open_windows:
            left = tuple(each for each in known.open_windows if each != window)
            self._put(key, replace(known, open_windows=left))

    @callback
    def forget(self, key: str) -> None:
        """Forget a meter that its owner removed."""
        self._pricings.pop(key, None)
        if self._meters.pop(key, None) is not None:
            self._save_later()

    def _put(self, key: str, history: MeterHistory) -> None:
        if history != self._meters.get(key):
            self._meters[key] = history
            self._save_later()

    def _save_later(self) -> None:
        # Asking again would push the moment back, with every change, for ever.
        if not self._save_is_due and not self._is_closed:
            self._save_is_due = True
            self._store.async_delay_save(self._as_stored, SAVE_DELAY_S)

    def _as_stored(self) -> StoredHistories:
        self._save_is_due = False
        return {"meters": {key: _as_stored(meter) for key, meter in self._meters.items()}}


_UNKNOWN: Final = MeterHistory()


def _as_stored(history: MeterHistory) -> StoredHistory:
    return {
        "timeline": [
            (
                sight.seen_at.isoformat(),
                sight.total_wh,
                sight.eb_tariff_paise,
                sight.dg_tariff_paise,
                sight.source,
            )
            for sight in history.timeline
        ],
        "planned_from": history.planned_from.isoformat() if history.planned_from else None,
        "open_windows": [
            (window.first.isoformat(), window.last.isoformat()) for window in history.open_windows
        ],
        "windows": history.windows,
    }


def _from_stored(stored: StoredHistory) -> MeterHistory:
    planned_from = stored["planned_from"]
    return MeterHistory(
        timeline=tuple(_sight_from_stored(sight) for sight in stored["timeline"]),
        planned_from=date.fromisoformat(planned_from) if planned_from else None,
        open_windows=tuple(
            Days(first=date.fromisoformat(first), last=date.fromisoformat(last))
            for first, last in stored["open_windows"]
        ),
        windows=stored["windows"],
    )


def _sight_from_stored(stored: StoredSight) -> TariffSight:
    seen_at, total_wh, eb_tariff_paise, dg_tariff_paise, source = stored
    return TariffSight(
        seen_at=datetime.fromisoformat(seen_at),
        total_wh=total_wh,
        eb_tariff_paise=eb_tariff_paise,
        dg_tariff_paise=dg_tariff_paise,
        source=None if source is None else Source(source),
    )
