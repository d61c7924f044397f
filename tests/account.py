"""One account as a test sees it: the cloud's truth on one side, Home Assistant on the other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import DOMAIN
from custom_components.qube.coordinator import MeterCoordinator
from custom_components.qube.entity_budget import ORDER
from custom_components.qube.inventory import InventoryCoordinator
from custom_components.qube.spaces import SpaceCoordinator
from tests.simulator import (
    Endpoint,
    Fault,
    FaultKind,
    SimulatedCloud,
    SimulatedMeter,
    SimulatedSpace,
)
from tests.simulator.protocol import Json

type Value = bool | str | float


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def trouble_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of the log at WARNING or above since the last time.

    Without asyncio's, which only tell that the machine is busy.
    """
    found = [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name != "asyncio"
    ]
    caplog.clear()
    return found


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account that is set up, and the cloud behind it."""

    hass: HomeAssistant
    entry: MockConfigEntry
    cloud: SimulatedCloud

    def meter(self, index: int = 0) -> SimulatedMeter:
        """Return a meter by its place in the population; see `population.py` for their sorts."""
        return list(self.cloud.meters.values())[index]

    @property
    def inventory(self) -> InventoryCoordinator:
        """Return what reads the spaces."""
        inventory: InventoryCoordinator = self.entry.runtime_data.inventory
        return inventory

    def coordinator(self, meter: SimulatedMeter) -> MeterCoordinator:
        """Return what reads a meter."""
        coordinator: MeterCoordinator = self.entry.runtime_data.devices.meters[meter.device_id]
        return coordinator

    @property
    def coordinators(self) -> list[MeterCoordinator]:
        """Return what reads the meters, of all of them."""
        return list(self.entry.runtime_data.devices.meters.values())

    def device_id(self, meter: SimulatedMeter) -> str:
        """Return the device of a meter in Home Assistant."""
        return self._device_id(meter.device_id)

    def space_device_id(self, space_id: int) -> str:
        """Return the device of a space in Home Assistant."""
        return self._device_id(f"space_{space_id}")

    def _device_id(self, identifier: str) -> str:
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, identifier), self.entry.entry_id
        )
        assert device is not None, identifier
        return device.id

    def entity_id(self, meter: SimulatedMeter, key: str) -> str:
        """Return the entity that shows something of a meter."""
        platform = ORDER.get(key, "sensor")
        unique_id = f"{meter.device_id}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert entity_id is not None, unique_id
        return entity_id

    def state(self, meter: SimulatedMeter, key: str) -> str:
        """Return what Home Assistant shows."""
        state = self.hass.states.get(self.entity_id(meter, key))
        assert state is not None, key
        return state.state

    def space(self, index: int = 0) -> SimulatedSpace:
        """Return a space by its place in the population."""
        return list(self.cloud.spaces.values())[index]

    @property
    def space_coordinators(self) -> list[SpaceCoordinator]:
        """Return what sums up the spaces; nothing does while the account is not loaded."""
        if not hasattr(self.entry, "runtime_data"):
            return []
        return list(self.entry.runtime_data.devices.spaces.values())

    def space_entity_id(self, space: SimulatedSpace, key: str) -> str:
        """Return the entity that shows something of a space."""
        unique_id = f"space_{space.space_id}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, unique_id)
        assert entity_id is not None, unique_id
        return entity_id

    def space_state(self, space: SimulatedSpace, key: str) -> str:
        """Return what Home Assistant shows of a space."""
        state = self.hass.states.get(self.space_entity_id(space, key))
        assert state is not None, key
        return state.state

    def available(self, key: str = "power") -> list[SimulatedMeter]:
        """Return the meters that show something under a key."""
        meters = self.cloud.meters.values()
        return [meter for meter in meters if self.state(meter, key) != "unavailable"]

    async def poll(self, *meters: SimulatedMeter) -> None:
        """Read these meters again, all of them where none is named."""
        coordinators = [self.coordinator(meter) for meter in meters] or self.coordinators
        await asyncio.gather(*(coordinator.async_refresh() for coordinator in coordinators))
        await self.settle()

    async def poll_spaces(self) -> None:
        """Read the spaces again."""
        await self.inventory.async_refresh()
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything under way is done."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        await until(lambda: not any(space.is_changed for space in self.space_coordinators))

    async def order(self, meter: SimulatedMeter, key: str, value: Value) -> None:
        """Give a command through Home Assistant's action, and wait for its outcome."""
        platform = ORDER[key]
        action, data = {
            "switch": ("turn_on" if value else "turn_off", {}),
            "select": ("select_option", {"option": value}),
            "number": ("set_value", {"value": value}),
        }[platform]
        target = {"entity_id": self.entity_id(meter, key)}
        await self.hass.services.async_call(platform, action, {**target, **data}, blocking=True)

    def begin(self, meter: SimulatedMeter, key: str, value: Value) -> asyncio.Task[None]:
        """Give a command and do not wait for it."""
        return self.hass.async_create_task(self.order(meter, key, value))

    def break_down(
        self,
        kind: FaultKind,
        endpoint: Endpoint | None = None,
        meter: SimulatedMeter | None = None,
        *,
        times: int | None = None,
        seconds: float = 1.0,
    ) -> None:
        """Let the cloud fail at an endpoint and a meter, or at all of them."""
        device_id = meter.device_id if meter else None
        self.cloud.faults.add(
            Fault(kind=kind, endpoint=endpoint, device_id=device_id, times=times, seconds=seconds)
        )

    def answer_once(self, endpoint: Endpoint, meter: SimulatedMeter, data: Json) -> None:
        """Let the next answer of a meter carry this in the place of its own data."""
        self.cloud.faults.add(
            Fault(
                kind=FaultKind.WRONG_TYPES,
                endpoint=endpoint,
                device_id=meter.device_id,
                times=1,
                data=data,
            )
        )

    @property
    def asked(self) -> list[Endpoint]:
        """Return what the cloud was asked, in this order."""
        return [endpoint for endpoint, _ in self.cloud.requests.log]

    def forget_requests(self) -> None:
        """Count the requests from now on."""
        self.cloud.requests.reset()
