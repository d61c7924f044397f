"""When the cloud is asked for its spaces: every five minutes, and when a meter is in trouble."""

import asyncio
from collections.abc import Mapping
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import TimestampDataUpdateCoordinator, UpdateFailed

from .api import QubeAuthenticationError, QubeClient, QubeError, Space
from .const import DOMAIN, INVENTORY_INTERVAL, LOGGER
from .errors import update_failed
from .runtime import QubeConfigEntry


class InventoryCoordinator(TimestampDataUpdateCoordinator[Mapping[int, Space]]):
    """Read the account's spaces, by id, and tell a meter's trouble from the whole cloud's."""

    config_entry: QubeConfigEntry

    def __init__(self, hass: HomeAssistant, entry: QubeConfigEntry, client: QubeClient) -> None:
        """Read through the given client."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name="the account's spaces",
            update_interval=INVENTORY_INTERVAL,
        )
        self.client = client
        self.is_key_rejected = False
        self._check = asyncio.Lock()
        self._checked_at = 0.0
        self._is_cloud_down = False

    @override
    async def _async_update_data(self) -> Mapping[int, Space]:
        try:
            spaces = await self.client.spaces()
        except QubeAuthenticationError as err:
            self.is_key_rejected = True
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="key_rejected"
            ) from err
        except QubeError as err:
            raise update_failed(err) from err
        if not spaces:
            # Rather a fault of the cloud than all houses sold at once.
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="no_spaces")
        return {space.space_id: space for space in spaces}

    @callback
    def async_show_space(self, space: Space) -> None:
        """Take over a space that was read out of turn; what counts absences hears nothing of it."""
        self.data = {**self.data, space.space_id: space}

    async def async_is_cloud_down(self) -> bool:
        """Find out whether a meter's trouble is everybody's; many askers share one request."""
        asked_at = self.hass.loop.time()
        async with self._check:
            if self._checked_at < asked_at and not self.is_key_rejected:
                try:
                    await self.client.spaces()
                except QubeError:
                    # Says so once, and asks for a new key where that is the reason.
                    await self.async_refresh()
                    self._is_cloud_down = not self.last_update_success
                else:
                    self._is_cloud_down = False
                self._checked_at = self.hass.loop.time()
        return self._is_cloud_down or self.is_key_rejected
