"""Handing new meters over to the platforms, once each was read for the first time."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .coordinator import MeterCoordinator, meters_signal

if TYPE_CHECKING:
    from .runtime import QubeConfigEntry

# Meters that are read within this time go to the platforms together.
HAND_OVER_DELAY_S: Final = 0.1


class HandOver:
    """Read new meters of one account all at once; a slow one holds up no other."""

    def __init__(self, hass: HomeAssistant, entry: QubeConfigEntry) -> None:
        """Hand over to the platforms of this account."""
        self._hass = hass
        self._entry = entry
        self._read: list[MeterCoordinator] = []

    async def async_read(self, meters: Iterable[MeterCoordinator]) -> None:
        """Read meters, and hand over each soon after it was read."""
        async with asyncio.TaskGroup() as group:
            for meter in meters:
                group.create_task(self._async_read_one(meter))

    async def _async_read_one(self, meter: MeterCoordinator) -> None:
        await meter.async_refresh()
        self._read.append(meter)
        if len(self._read) == 1:
            await asyncio.sleep(HAND_OVER_DELAY_S)
            read, self._read = self._read, []
            for each in read:
                each.async_announced()
            async_dispatcher_send(self._hass, meters_signal(self._entry), read)
