"""What Home Assistant's page of repairs and system information says of Qube."""

from collections.abc import Awaitable

from homeassistant.components.system_health import (
    SystemHealthRegistration,
    async_check_can_reach_url,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from yarl import URL

from .const import DOMAIN
from .runtime import QubeConfigEntry


@callback
def async_register(_hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register what is told."""
    register.async_register_info(async_system_health_info)


async def async_system_health_info(
    hass: HomeAssistant,
) -> dict[str, int | Awaitable[str | dict[str, str]]]:
    """Return whether each server answers, and how many accounts and meters there are."""
    entries: list[QubeConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    meters = [
        meter
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
        for meter in entry.runtime_data.devices.meters.values()
    ]
    return {
        **_servers(hass, {URL(entry.data[CONF_URL]).origin() for entry in entries}),
        "accounts": len(entries),
        "meters": len(meters),
        "meters_online": sum(meter.is_online for meter in meters),
    }


def _servers(hass: HomeAssistant, origins: set[URL]) -> dict[str, Awaitable[str | dict[str, str]]]:
    """Ask each server without the API key; where there are several, each is shown by its name."""
    is_only = len(origins) == 1
    return {
        "can_reach_server" if is_only else origin.authority: async_check_can_reach_url(
            hass, str(origin)
        )
        for origin in sorted(origins)
    }
