"""Repairs about meters that have another device: what was done, and what only the owner knows."""

from typing import TYPE_CHECKING, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
    async_get as async_get_issue_registry,
)
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN

if TYPE_CHECKING:
    from .meter_identity import MeterIdentity, Replacement
    from .replacements import Replacements
    from .runtime import QubeConfigEntry

FIELD_ORIGIN: Final = "origin"
NEW_METER: Final = "new_meter"

_REPLACED: Final = "meter_replaced_"
_ORIGIN: Final = "meter_origin_"


@callback
def async_tell_replacement(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    meter: MeterIdentity,
    replacement: Replacement,
    place: str,
) -> None:
    """Tell that a meter has another device, until the owner agrees."""
    seen_at = dt_util.as_local(replacement.seen_at)
    async_create_issue(
        hass,
        DOMAIN,
        f"{_REPLACED}{meter.key}",
        data={"entry_id": entry.entry_id, "key": meter.key},
        is_fixable=True,
        severity=IssueSeverity.WARNING,
        translation_key="meter_replaced",
        translation_placeholders={
            "meter": place,
            "old": replacement.device_id,
            "new": meter.device_id,
            "time": f"{seen_at:%Y-%m-%d %H:%M}",
        },
    )


@callback
def async_ask_origin(
    hass: HomeAssistant, entry: QubeConfigEntry, meter: MeterIdentity, place: str
) -> None:
    """Ask whether a meter is a new one, or the new device of another one."""
    async_create_issue(
        hass,
        DOMAIN,
        f"{_ORIGIN}{meter.key}",
        data={"entry_id": entry.entry_id, "key": meter.key},
        is_fixable=True,
        severity=IssueSeverity.WARNING,
        translation_key="meter_origin",
        translation_placeholders={"meter": place, "device": meter.device_id},
    )


@callback
def async_withdraw_replacement(hass: HomeAssistant, key: str) -> None:
    """Tell no longer that a meter has another device."""
    async_delete_issue(hass, DOMAIN, f"{_REPLACED}{key}")


@callback
def async_withdraw_origin(hass: HomeAssistant, key: str) -> None:
    """Ask no longer what a meter is."""
    async_delete_issue(hass, DOMAIN, f"{_ORIGIN}{key}")


def replacement_flow(entry: QubeConfigEntry | None, issue_id: str, key: str) -> RepairsFlow | None:
    """Return the flow for one of these repairs, None for any other."""
    if issue_id.startswith(_REPLACED):
        return ReplacementRepairFlow(entry, key)
    return OriginRepairFlow(entry, key) if issue_id.startswith(_ORIGIN) else None


def _replacements(entry: QubeConfigEntry | None) -> Replacements | None:
    """Return what decides for an account, None while it is not loaded."""
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    return entry.runtime_data.devices.replacements


def _placeholders(flow: RepairsFlow) -> dict[str, str] | None:
    """Return what fills the texts of a repair, those of its steps as well."""
    issue = async_get_issue_registry(flow.hass).async_get_issue(DOMAIN, flow.issue_id)
    return issue.translation_placeholders if issue else None


class ReplacementRepairFlow(RepairsFlow):
    """Let the owner agree to a replacement, or undo it."""

    def __init__(self, entry: QubeConfigEntry | None, key: str) -> None:
        """Ask about one meter of an account."""
        self._entry = entry
        self._key = key

    async def async_step_init(self, _user_input: object = None) -> RepairsFlowResult:
        """Offer the choice."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["agree", "undo"],
            description_placeholders=_placeholders(self),
        )

    async def async_step_agree(self, _user_input: object = None) -> RepairsFlowResult:
        """Take the replacement for final."""
        replacements = _replacements(self._entry)
        if replacements is None:
            return self.async_abort(reason="not_now")
        replacements.async_agree(self._key)
        return self.async_create_entry(data={})

    async def async_step_undo(self, _user_input: object = None) -> RepairsFlowResult:
        """Give the meter its old device back."""
        replacements = _replacements(self._entry)
        if replacements is None:
            return self.async_abort(reason="not_now")
        if not replacements.async_undo(self._key):
            return self.async_abort(reason="undo_impossible")
        return self.async_create_entry(data={})


class OriginRepairFlow(RepairsFlow):
    """Let the owner say whether a meter is the new device of another one."""

    def __init__(self, entry: QubeConfigEntry | None, key: str) -> None:
        """Ask about one meter of an account."""
        self._entry = entry
        self._key = key

    async def async_step_init(self, _user_input: object = None) -> RepairsFlowResult:
        """Begin with the question; Home Assistant calls this step with the repair's id."""
        return await self.async_step_origin()

    async def async_step_origin(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, and do what the answer says."""
        replacements = _replacements(self._entry)
        candidates = replacements.candidates_of(self._key) if replacements else {}
        if replacements is None or not candidates:
            return self.async_abort(reason="not_now")
        if user_input is None:
            return self.async_show_form(
                step_id="origin",
                data_schema=origin_schema(candidates),
                description_placeholders=_placeholders(self),
            )
        if (choice := user_input[FIELD_ORIGIN]) == NEW_METER:
            replacements.async_keep(self._key)
        elif choice in candidates:
            replacements.async_merge(self._key, choice)
        else:
            return self.async_abort(reason="not_now")
        return self.async_create_entry(data={})


def origin_schema(candidates: dict[str, str]) -> probatio.Schema:
    """Return the form for meters that may have been replaced: their names by their keys."""
    options = [
        *(SelectOptionDict(value=key, label=name) for key, name in candidates.items()),
        # Its label comes from the translations.
        SelectOptionDict(value=NEW_METER, label=NEW_METER),
    ]
    selector = SelectSelector(
        SelectSelectorConfig(
            options=options, mode=SelectSelectorMode.LIST, translation_key=FIELD_ORIGIN
        )
    )
    return probatio.Schema({probatio.Required(FIELD_ORIGIN): selector})
