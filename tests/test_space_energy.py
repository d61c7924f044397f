"""The energy of spaces is kept across restarts, and belongs to where it was used."""

from typing import Any

from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.qube.space_energy import SpaceEnergy

HOUSE, ANNEXE = 123, 124


@pytest.fixture
def energy(hass: HomeAssistant) -> SpaceEnergy:
    """Return an account's counters, new."""
    return SpaceEnergy(hass, "entry")


def test_a_meter_brings_no_energy_with_it(energy: SpaceEnergy) -> None:
    """Only what it uses here counts here, whatever its register says."""
    energy.count(HOUSE, "a", 5_000_000)
    assert energy[HOUSE] == 0
    energy.count(HOUSE, "a", 5_000_250)
    assert energy[HOUSE] == 250


def test_a_meter_that_moves_leaves_its_use_behind(energy: SpaceEnergy) -> None:
    """Each house has what was used in it."""
    for total_wh in (1000, 1400):
        energy.count(HOUSE, "a", total_wh)
    for total_wh in (1500, 1700):
        energy.count(ANNEXE, "a", total_wh)
    assert (energy[HOUSE], energy[ANNEXE]) == (400, 300)


def test_a_total_that_falls_is_counted_from_there(energy: SpaceEnergy) -> None:
    """After a confirmed reset, or when a replacement is undone."""
    for total_wh in (1000, 1400, 10, 60):
        energy.count(HOUSE, "a", total_wh)
    assert energy[HOUSE] == 450


async def test_what_was_used_while_nobody_looked_is_counted(
    hass: HomeAssistant, hass_storage: dict[str, Any], energy: SpaceEnergy
) -> None:
    """The totals that were counted are kept with the sums."""
    energy.count(HOUSE, "a", 1000)
    energy.count(HOUSE, "a", 1400)
    await energy.async_save()
    again = SpaceEnergy(hass, "entry")
    await again.async_load()
    assert again[HOUSE] == 400
    again.count(HOUSE, "a", 1900)
    assert again[HOUSE] == 900


async def test_nothing_was_stored_before(energy: SpaceEnergy) -> None:
    """A new account begins at nothing."""
    await energy.async_load()
    assert energy[HOUSE] == 0


def test_a_forgotten_meter_is_new_when_it_comes_back(energy: SpaceEnergy) -> None:
    """What it has used stays; what it used elsewhere is none of this account's."""
    for total_wh in (1000, 1400):
        energy.count(HOUSE, "a", total_wh)
    energy.forget("a")
    energy.forget("never seen")
    energy.count(HOUSE, "a", 9000)
    assert energy[HOUSE] == 400


async def test_it_is_saved_once_in_a_while(
    hass: HomeAssistant, hass_storage: dict[str, Any], energy: SpaceEnergy
) -> None:
    """And no more after the account was unloaded: a file would come back after its removal."""
    saves: list[object] = []
    energy._store.async_delay_save = lambda *args: saves.append(args)  # type: ignore[method-assign]
    for total_wh in (1000, 1000, 1400, 1500):
        energy.count(HOUSE, "a", total_wh)
    assert len(saves) == 1
    await energy.async_save()
    energy.count(HOUSE, "a", 1600)
    assert len(saves) == 1
    await energy.async_remove()
    assert "qube.entry.spaces" not in hass_storage


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((HOUSE, ANNEXE)),
            st.sampled_from("abc"),
            st.integers(min_value=0, max_value=10**7),
        )
    )
)
def test_no_space_ever_falls(hass: HomeAssistant, events: list[tuple[int, str, int]]) -> None:
    """Whichever meter shows what, wherever."""
    energy = SpaceEnergy(hass, "entry")
    energy._store.async_delay_save = lambda *_: None  # type: ignore[method-assign]
    for space_id, key, total_wh in events:
        before = energy[HOUSE], energy[ANNEXE]
        energy.count(space_id, key, total_wh)
        assert energy[HOUSE] >= before[0]
        assert energy[ANNEXE] >= before[1]
