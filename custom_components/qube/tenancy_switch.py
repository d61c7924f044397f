"""The switch of a tenancy: hold, that is, do not cut whatever the balance."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .errors import billing_errors_for_people
from .runtime import QubeConfigEntry
from .tenancy_entity import (
    TenancyValueDescription,
    TenancyValueEntity,
    async_add_tenancy_entities,
)


@dataclass(frozen=True, kw_only=True)
class TenancySwitchDescription(TenancyValueDescription[bool], SwitchEntityDescription):
    """A switch of a tenancy."""


HOLD: Final = TenancySwitchDescription(
    key="hold", translation_key="hold", value_fn=lambda view: view.is_held
)


@callback
def async_add_hold_switches(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switch of each tenancy when it begins."""
    async_add_tenancy_entities(hass, entry, async_add_entities, (HOLD,), HoldSwitch)


class HoldSwitch(TenancyValueEntity[bool], SwitchEntity):
    """Whether a tenancy is held: its power is not cut."""

    _platform = Platform.SWITCH
    entity_description: TenancySwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is held."""
        return self._value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Hold it, from now on until it is turned off."""
        await self._async_hold(is_held=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Hold it no longer."""
        await self._async_hold(is_held=False)

    async def _async_hold(self, *, is_held: bool) -> None:
        with billing_errors_for_people():
            await self._tenancy.async_hold(is_held=is_held)
