"""What is known of tariffs and plans outlives a restart, and is asked for only once."""

from datetime import UTC, date, datetime
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.qube.api import Metrics, Source
from custom_components.qube.days import Days
from custom_components.qube.history_store import HistoryStore, MeterHistory

KEY = "QUBE-ONE-1a2b"
NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)
MAY = Days(first=date(2026, 5, 1), last=date(2026, 5, 30))
APRIL = Days(first=date(2026, 4, 1), last=date(2026, 4, 30))


def metrics(source: Source = Source.EB) -> Metrics:
    """Return a reading that shows tariffs."""
    return Metrics(
        energy_wh=1_000,
        power_w=None,
        voltage_v=None,
        balance_paise=None,
        eb_tariff_paise=650,
        dg_tariff_paise=1800,
        source=source,
        mode=None,
        relay_closed=None,
        gateway_enabled=None,
    )


@pytest.fixture
def store(hass: HomeAssistant, hass_storage: dict[str, Any]) -> HistoryStore:
    """Return an empty store."""
    return HistoryStore(hass, "entry")


async def reloaded(hass: HomeAssistant, store: HistoryStore) -> HistoryStore:
    """Return what the next start finds."""
    await store.async_save()
    again = HistoryStore(hass, "entry")
    await again.async_load()
    return again


async def test_all_outlives_a_restart(hass: HomeAssistant, store: HistoryStore) -> None:
    """Timeline, plan, and what of it is done."""
    store.see(KEY, metrics(), total_wh=1_000, seen_at=NOON)
    store.see(KEY, metrics(Source.DG), total_wh=2_000, seen_at=NOON)
    store.plan(KEY, (MAY, APRIL), planned_from=APRIL.first)
    store.close_window(KEY, MAY)
    again = await reloaded(hass, store)
    assert again[KEY] == store[KEY]
    assert [sight.source for sight in again[KEY].timeline] == [Source.EB, Source.DG]
    assert again[KEY].open_windows == (APRIL,)
    assert (again[KEY].windows, again[KEY].planned_from) == (2, APRIL.first)
    assert again.pricing(KEY).cost_millipaise(0, 3_000) == 2_000 * 650 + 1_000 * 1800


def test_of_a_strange_meter_nothing_is_known(store: HistoryStore) -> None:
    """It is no error to ask."""
    assert store[KEY] == MeterHistory()
    assert not store.pricing(KEY).is_known


def test_the_first_tariff_begins_the_plan_again(store: HistoryStore) -> None:
    """What was imported without a price gets one; later tariffs leave the past alone."""
    store.plan(KEY, (MAY,), planned_from=MAY.first)
    store.see(KEY, metrics(), total_wh=1_000, seen_at=NOON)
    assert store[KEY].planned_from is None
    store.plan(KEY, (MAY,), planned_from=MAY.first)
    store.see(KEY, metrics(Source.DG), total_wh=2_000, seen_at=NOON)
    assert store[KEY].open_windows == (MAY,)


def test_a_new_tariff_is_in_the_price_at_once(store: HistoryStore) -> None:
    """The prices are not those of the last time somebody asked."""
    store.see(KEY, metrics(), total_wh=1_000, seen_at=NOON)
    assert store.pricing(KEY).cost_millipaise(2_000, 2_001) == 650
    store.see(KEY, metrics(Source.DG), total_wh=2_000, seen_at=NOON)
    assert store.pricing(KEY).cost_millipaise(2_000, 2_001) == 1800


def test_a_window_that_was_not_planned_closes_nothing(store: HistoryStore) -> None:
    """Such as one of a plan that was begun again meanwhile."""
    store.plan(KEY, (MAY,), planned_from=MAY.first)
    store.close_window(KEY, APRIL)
    assert store[KEY].open_windows == (MAY,)


async def test_a_forgotten_meter_leaves_nothing(hass: HomeAssistant, store: HistoryStore) -> None:
    """Its owner removed it."""
    store.see(KEY, metrics(), total_wh=1_000, seen_at=NOON)
    store.forget(KEY)
    store.forget(KEY)
    assert (await reloaded(hass, store))[KEY] == MeterHistory()


async def test_the_file_can_be_removed(
    hass: HomeAssistant, store: HistoryStore, hass_storage: dict[str, Any]
) -> None:
    """With the account."""
    store.see(KEY, metrics(), total_wh=1_000, seen_at=NOON)
    await store.async_save()
    assert "qube.entry.history" in hass_storage
    await store.async_remove()
    assert "qube.entry.history" not in hass_storage
