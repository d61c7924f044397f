"""The files with diagnostics, as an administrator downloads them."""

from http import HTTPStatus
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

type Content = dict[str, Any]


class Downloads:
    """What an administrator downloads."""

    def __init__(self, hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
        """Use an authenticated client."""
        self._hass = hass
        self._hass_client = hass_client

    async def text(self, entry: MockConfigEntry, device: tuple[str, str] | None = None) -> str:
        """Return the whole file, of an account or of one device."""
        assert await async_setup_component(self._hass, "diagnostics", {})
        path = f"/api/diagnostics/config_entry/{entry.entry_id}"
        if device is not None:
            registry = dr.async_get(self._hass)
            found = registry.async_get_device_by_identifier(device, entry.entry_id)
            assert found is not None
            path += f"/device/{found.id}"
        response = await (await self._hass_client()).get(path)
        assert response.status == HTTPStatus.OK
        return await response.text()

    async def data(self, entry: MockConfigEntry, device: tuple[str, str] | None = None) -> Content:
        """Return the part of the file that this integration wrote."""
        data: Content = json.loads(await self.text(entry, device))["data"]
        return data
