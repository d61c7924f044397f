"""Switches: the relay and the payment gateway, and the hold of a tenancy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import (
    SwitchEntity,
    SwitchEntityDescription,
)
from homeassistant.components.switch.const import SwitchDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import commands
from .coordinator import MeterCoordinator
from .entity import QubeEntity, QubeEntityDescription, async_add_meter_entities, live
from .runtime import QubeConfigEntry
from .tenancy_switch import async_add_hold_switches

# The account's own limit on requests decides how many commands run at once.
PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class QubeSwitchDescription(QubeEntityDescription[bool], SwitchEntityDescription):
    """A switch of a meter, and the command that sets it."""

    command_fn: Callable[[bool], commands.Command]
    has_fn: Callable[[MeterCoordinator], bool] = lambda _: True


SWITCHES: Final = (
    QubeSwitchDescription(
        key="relay",
        translation_key="relay",
        device_class=SwitchDeviceClass.SWITCH,
        has_fn=lambda meter: "relay" in meter.abilities,
        value_fn=live(lambda metrics: metrics.relay_closed),
        command_fn=lambda on: commands.relay(closed=on),
    ),
    QubeSwitchDescription(
        key="payment_gateway",
        translation_key="payment_gateway",
        entity_category=EntityCategory.CONFIG,
        value_fn=live(lambda metrics: metrics.gateway_enabled),
        command_fn=lambda on: commands.payment_gateway(enabled=on),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches of an account."""
    async_add_meter_entities(
        hass,
        entry,
        async_add_entities,
        lambda meter: (QubeSwitch(meter, each) for each in SWITCHES if each.has_fn(meter)),
    )
    async_add_hold_switches(hass, entry, async_add_entities)


class QubeSwitch(QubeEntity[bool], SwitchEntity):
    """A switch of a meter."""

    entity_description: QubeSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is on."""
        return self._value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn it on, and wait until the meter shows it."""
        await self._async_switch(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn it off, and wait until the meter shows it."""
        await self._async_switch(on=False)

    async def _async_switch(self, *, on: bool) -> None:
        await commands.async_execute(self.coordinator, self.entity_description.command_fn(on))
