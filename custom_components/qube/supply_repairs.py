"""Repairs about a tenancy's supply: a relay that does not obey, another master, a wrong mode."""

from enum import StrEnum
from typing import TYPE_CHECKING, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)

from .const import DOMAIN

if TYPE_CHECKING:
    from .coordinator import MeterCoordinator
    from .supply import Supply


class SupplyIssue(StrEnum):
    """What can be wrong with a tenancy's supply; the values are the keys of the texts."""

    NOT_CUT = "supply_not_cut"
    NOT_RESTORED = "supply_not_restored"
    CONTESTED = "supply_contested"
    MODE = "supply_mode"


@callback
def async_tell(issue: SupplyIssue, tenancy_id: str, meter: MeterCoordinator) -> None:
    """Tell what is wrong with a tenancy's supply."""
    async_create_issue(
        meter.hass,
        DOMAIN,
        _issue_id(issue, tenancy_id),
        data={"entry_id": meter.config_entry.entry_id, "tenancy_id": tenancy_id},
        is_fixable=issue is SupplyIssue.CONTESTED,
        severity=IssueSeverity.ERROR,
        translation_key=issue,
        translation_placeholders={"meter": meter.name_with_space},
    )


@callback
def async_withdraw(hass: HomeAssistant, tenancy_id: str, *issues: SupplyIssue) -> None:
    """Tell no longer what was wrong with a tenancy's supply."""
    for issue in issues:
        async_delete_issue(hass, DOMAIN, _issue_id(issue, tenancy_id))


def supply_flow(entry: ConfigEntry | None, issue_id: str, tenancy_id: str) -> RepairsFlow | None:
    """Return the flow that lets billing go on, None where the issue is another one."""
    if entry is None or issue_id != _issue_id(SupplyIssue.CONTESTED, tenancy_id):
        return None
    if entry.state is not ConfigEntryState.LOADED:
        return None
    tenancy = entry.runtime_data.tenancies.get(tenancy_id)
    return None if tenancy is None else ContestedSupplyFlow(tenancy.supply)


def _issue_id(issue: SupplyIssue, tenancy_id: str) -> str:
    return f"{issue}_{tenancy_id}"


class ContestedSupplyFlow(ConfirmRepairFlow):
    """Let billing cut again once its owner knows who else switched."""

    def __init__(self, supply: Supply) -> None:
        """Repair one tenancy."""
        super().__init__()
        self._supply = supply

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Go on once the owner has confirmed it."""
        if user_input is not None:
            await self._supply.async_resume()
        return await super().async_step_confirm(user_input)
