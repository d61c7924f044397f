"""The repair of a main meter whose credentials FlatPeak refuses."""

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)

from .const import DOMAIN
from .site_access import RENEW_SCHEMA, async_try_access, entered_access

if TYPE_CHECKING:
    from .site_meter import SiteMeter


@callback
def async_tell_rejected(site: SiteMeter) -> None:
    """Ask for new credentials of a main meter."""
    async_create_issue(
        site.hass,
        DOMAIN,
        _issue_id(site.site_id),
        data={"entry_id": site.config_entry.entry_id, "site_id": site.site_id},
        is_fixable=True,
        severity=IssueSeverity.ERROR,
        translation_key="site_key_rejected",
        translation_placeholders={"site": site.title},
    )


@callback
def async_withdraw_rejected(hass: HomeAssistant, site_id: str) -> None:
    """Ask no longer."""
    async_delete_issue(hass, DOMAIN, _issue_id(site_id))


def rejected_site_flow(
    entry: ConfigEntry | None, issue_id: str, site_id: str
) -> RepairsFlow | None:
    """Return the flow that takes new credentials, None where the issue is another one."""
    if entry is None or issue_id != _issue_id(site_id):
        return None
    subentry = entry.subentries.get(site_id)
    return None if subentry is None else RejectedSiteFlow(entry, subentry)


def _issue_id(site_id: str) -> str:
    return f"site_key_rejected_{site_id}"


class RejectedSiteFlow(RepairsFlow):
    """Take new credentials of a main meter, and try them."""

    def __init__(self, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
        """Repair one main meter."""
        super().__init__()
        self._entry = entry
        self._subentry = subentry

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the form."""
        return await self.async_step_renew()

    async def async_step_renew(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a key or a token, of the same host."""
        known = self._subentry.data
        errors: dict[str, str] = {}
        if user_input is not None:
            access, errors = entered_access(user_input, known)
            if not errors:
                _, errors = await async_try_access(self.hass, access)
            if not errors:
                self.hass.config_entries.async_update_subentry(
                    self._entry, self._subentry, data={**known, **access}
                )
                self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
                return self.async_create_entry(data={})
        shown = user_input or {"account_id": known["account_id"] or ""}
        return self.async_show_form(
            step_id="renew",
            data_schema=self.add_suggested_values_to_schema(RENEW_SCHEMA, shown),
            errors=errors,
            description_placeholders={"site": self._subentry.title},
        )
