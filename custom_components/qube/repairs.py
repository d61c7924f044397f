"""What only the owner can decide, asked as repairs."""

from typing import TYPE_CHECKING, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)

from .const import DOMAIN
from .ledger_repairs import ledger_flow
from .registry_repairs import registry_flow
from .replacement_repairs import replacement_flow
from .site_repairs import rejected_site_flow
from .supply_repairs import supply_flow

if TYPE_CHECKING:
    from .coordinator import MeterCoordinator


@callback
def async_review_register(meter: MeterCoordinator) -> None:
    """Ask about a meter's register that stays impossible; withdraw the question when it is not."""
    guard = meter.register_guard
    if guard.held is None or guard.last is None:
        async_withdraw_register(meter)
    elif guard.must_ask:
        async_create_issue(
            meter.hass,
            DOMAIN,
            _register_issue_id(meter),
            data={"entry_id": meter.config_entry.entry_id, "key": meter.key},
            is_fixable=True,
            severity=IssueSeverity.ERROR,
            translation_key=f"register_{guard.verdict}",
            translation_placeholders={
                "meter": meter.name_with_space,
                "good": f"{guard.last.energy_wh / 1000:.3f}",
                "held": f"{guard.held.energy_wh / 1000:.3f}",
            },
        )


@callback
def async_withdraw_register(meter: MeterCoordinator) -> None:
    """Withdraw the question about a meter's register."""
    async_delete_issue(meter.hass, DOMAIN, _register_issue_id(meter))


def _register_issue_id(meter: MeterCoordinator) -> str:
    return f"register_{meter.key}"


class RegisterRepairFlow(ConfirmRepairFlow):
    """Take a register that fell or jumped for the truth."""

    def __init__(self, meter: MeterCoordinator) -> None:
        """Repair one meter."""
        super().__init__()
        self._meter = meter

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Accept the register once the owner has confirmed it."""
        if user_input is not None:
            await self._meter.async_accept_register()
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue of this integration."""
    content = data or {}
    entry = hass.config_entries.async_get_entry(str(content.get("entry_id")))
    key = str(content.get("key"))
    flow = (
        ledger_flow(entry, issue_id)
        or replacement_flow(entry, issue_id, key)
        or supply_flow(entry, issue_id, str(content.get("tenancy_id")))
        or rejected_site_flow(entry, issue_id, str(content.get("site_id")))
        or registry_flow(entry, issue_id, str(content.get("registry_id")))
    )
    if flow is not None:
        return flow
    if entry is not None and entry.state is ConfigEntryState.LOADED:
        meter = entry.runtime_data.devices.meters.get(key)
        if meter is not None:
            return RegisterRepairFlow(meter)
    # What it was about is gone, and the question with it.
    return ConfirmRepairFlow()
