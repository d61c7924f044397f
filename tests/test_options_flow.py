"""The owner says how often meters are read, and how much history is wanted."""

from datetime import timedelta

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)

from custom_components.qube.const import CONF_HISTORY_DAYS, CONF_READING_INTERVAL


async def open_settings(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the options and choose the settings."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "init")
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "settings"}
    )


async def intervals(entry: MockConfigEntry) -> set[timedelta | None]:
    """Read all meters once more, and return the waits that follow."""
    meters = entry.runtime_data.devices.meters.values()
    for meter in meters:
        await meter.async_refresh()
    return {meter.update_interval for meter in meters}


async def test_the_menu_has_settings_and_wifi(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """What is asked of an owner seldom does not stand in the way of what is asked often."""
    menu = await hass.config_entries.options.async_init(loaded.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["settings", "wifi"]


async def test_a_minute_is_the_default(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """It is what the form offers, and what is done without it."""
    assert await intervals(loaded) == {timedelta(seconds=60)}
    form = await open_settings(hass, loaded)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "settings")
    assert form["data_schema"] is not None
    assert form["data_schema"]({}) == {CONF_READING_INTERVAL: 60, CONF_HISTORY_DAYS: 365}


@pytest.mark.parametrize("seconds", [30, 45.0, 900])
async def test_another_interval_applies_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, seconds: float
) -> None:
    """The account is loaded again, and the form remembers."""
    form = await open_settings(hass, loaded)
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {CONF_READING_INTERVAL: seconds}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert loaded.options == {CONF_READING_INTERVAL: seconds, CONF_HISTORY_DAYS: 365}
    assert isinstance(loaded.options[CONF_READING_INTERVAL], int)
    assert await intervals(loaded) == {timedelta(seconds=seconds)}
    form = await open_settings(hass, loaded)
    assert form["data_schema"] is not None
    suggested = get_schema_suggested_value(form["data_schema"].schema, CONF_READING_INTERVAL)
    assert suggested == seconds


@pytest.mark.parametrize("seconds", [29, 901, 0, -60, "often"])
async def test_an_interval_out_of_bounds_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, seconds: float | str
) -> None:
    """Neither the cloud is to be flooded nor the meter forgotten."""
    form = await open_settings(hass, loaded)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            form["flow_id"], {CONF_READING_INTERVAL: seconds}
        )
    assert loaded.options == {}


@pytest.mark.parametrize("days", [0, 30.0, 3650])
async def test_other_days_of_history_are_kept(
    hass: HomeAssistant, loaded: MockConfigEntry, days: float
) -> None:
    """As whole days, and the interval stays what it was."""
    form = await open_settings(hass, loaded)
    await hass.config_entries.options.async_configure(form["flow_id"], {CONF_HISTORY_DAYS: days})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded.options == {CONF_READING_INTERVAL: 60, CONF_HISTORY_DAYS: days}
    assert isinstance(loaded.options[CONF_HISTORY_DAYS], int)


@pytest.mark.parametrize("days", [-1, 3651, "all"])
async def test_days_of_history_out_of_bounds_are_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, days: float | str
) -> None:
    """Ten years are more than any of these meters has."""
    form = await open_settings(hass, loaded)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            form["flow_id"], {CONF_HISTORY_DAYS: days}
        )
