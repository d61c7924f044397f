"""Triggers: what happens to a meter or a tenancy, as the people who look after it would say it."""

import abc
from collections.abc import Mapping
from typing import ClassVar, Final, override

from homeassistant.components.event.const import ATTR_EVENT_TYPE
from homeassistant.const import CONF_OPTIONS, STATE_OFF, STATE_ON
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
import probatio

from .targets import ACTIVE_TARIFF, ACTIVITY, BALANCE, LOW_BALANCE, ONLINE, EntityKind
from .tenancy_events import TenancyEventKind

CONF_THRESHOLD: Final = "threshold"

_BALANCE_SCHEMA: Final = ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR.extend(
    {
        probatio.Required(CONF_OPTIONS, default={}): {
            probatio.Required(CONF_THRESHOLD): probatio.Coerce(float),
        }
    }
)


class MeterTrigger(EntityTriggerBase):
    """Fire when something of a meter becomes so, also where it was unknown in between.

    Home Assistant's own triggers ignore a change that a gap hides. Here the gap is the rule: when
    the grid fails, the router that the meter talks through often fails with it, and the meter
    comes back on the generator. What was known before the gap decides; without it nothing fires.
    """

    _kind: ClassVar[EntityKind]
    _excluded_from_states: ClassVar[frozenset[str]] = frozenset()
    # Online is a diagnostic entity.
    _primary_entities_only: ClassVar[bool] = False

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Know nothing yet."""
        super().__init__(hass, config)
        self._before_gap: dict[str, State] = {}

    @abc.abstractmethod
    def _is_so(self, state: State) -> bool:
        """Return whether a known state is the one that is waited for."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Take only the entities of this kind."""
        return self._kind.among(self._hass, entities)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether it is so now."""
        return self._is_so(state)

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether it was not so when it was last known."""
        is_known = from_state.state not in self._excluded_states
        known = from_state if is_known else self._before_gap.get(from_state.entity_id)
        return known is not None and not self._is_so(known)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Fire from now on, and remember what gaps hide."""
        stop_remembering = await async_track_target_selector_state_change_event(
            self._hass,
            self._target,
            self._async_remember,
            self.entity_filter,
            self._async_forget,
            primary_entities_only=self._primary_entities_only,
        )
        stop_firing = await super().async_attach_runner(run_action, did_not_trigger)

        @callback
        def stop() -> None:
            stop_firing()
            stop_remembering()

        return stop

    @callback
    def _async_remember(self, change: TargetStateChangedData) -> None:
        old, new = (change.state_change_event.data[key] for key in ("old_state", "new_state"))
        is_gap = new is None or new.state in self._excluded_states
        if old is not None and is_gap and old.state not in self._excluded_states:
            self._before_gap[old.entity_id] = old

    @callback
    def _async_forget(
        self, _added: set[str], removed: set[str], _states: Mapping[str, State | None]
    ) -> None:
        for entity_id in removed:
            self._before_gap.pop(entity_id, None)


def _became(kind: EntityKind, wanted: str) -> type[Trigger]:
    """Return the trigger for an entity that gets a certain state."""

    class BecameTrigger(MeterTrigger):
        """Fire when the entity gets this state."""

        _kind = kind

        @override
        def _is_so(self, state: State) -> bool:
            return state.state == wanted

    return BecameTrigger


class BalanceFellBelowTrigger(MeterTrigger):
    """Fire when a balance is lower than a threshold in ₹, and was not before."""

    _kind = BALANCE
    _schema = _BALANCE_SCHEMA

    @override
    def _is_so(self, state: State) -> bool:
        threshold: float = self._options[CONF_THRESHOLD]
        return float(state.state) < threshold


def _happened(kind: TenancyEventKind) -> type[Trigger]:
    """Return the trigger for something that happens in a tenancy."""

    class HappenedTrigger(StatelessEntityTriggerBase):
        """Fire each time it happens; a restart or a reload does not make it happen again."""

        @override
        def entity_filter(self, entities: set[str]) -> set[str]:
            """Take only the activities of tenancies."""
            return ACTIVITY.among(self._hass, entities)

        @override
        def is_valid_state(
            self, state: State, report_not_triggered: NotTriggeredReasonReporter
        ) -> bool:
            """Return whether it is this that has happened last."""
            return bool(state.attributes[ATTR_EVENT_TYPE] == kind)

    return HappenedTrigger


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "balance_became_low": _became(LOW_BALANCE, STATE_ON),
    "balance_fell_below": BalanceFellBelowTrigger,
    "bill_became_overdue": _happened(TenancyEventKind.OVERDUE),
    "bill_was_issued": _happened(TenancyEventKind.BILL_ISSUED),
    "came_back_online": _became(ONLINE, STATE_ON),
    "power_was_cut": _happened(TenancyEventKind.CUT),
    "power_was_restored": _happened(TenancyEventKind.RESTORED),
    "switched_to_generator": _became(ACTIVE_TARIFF, "dg"),
    "switched_to_grid": _became(ACTIVE_TARIFF, "eb"),
    "went_offline": _became(ONLINE, STATE_OFF),
}


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
