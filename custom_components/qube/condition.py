"""Conditions: how a meter is supplied now, and how a tenancy's account stands."""

from typing import Final, override

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .billing.supply_models import SupplyState
from .targets import ACTIVE_TARIFF, LOW_BALANCE, OVERDUE, RELAY, SUPPLY, EntityKind


def _is(kind: EntityKind, wanted: str) -> type[Condition]:
    """Return the condition that an entity has a certain state."""
    domain_specs: dict[str, DomainSpec] = {kind.platform: DomainSpec()}
    states: set[str | bool] = {wanted}

    class IsCondition(EntityStateConditionBase):
        """Hold while the entity has this state."""

        _domain_specs = domain_specs
        _states = states

        @override
        def entity_filter(self, entities: set[str]) -> set[str]:
            """Take only the entities of this kind."""
            return kind.among(self._hass, entities)

    return IsCondition


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_balance_low": _is(LOW_BALANCE, STATE_ON),
    "is_bill_overdue": _is(OVERDUE, STATE_ON),
    "is_on_generator": _is(ACTIVE_TARIFF, "dg"),
    "is_power_cut": _is(SUPPLY, SupplyState.CUT),
    "is_relay_on": _is(RELAY, STATE_ON),
}


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions of this integration."""
    return CONDITIONS
