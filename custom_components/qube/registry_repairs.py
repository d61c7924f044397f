"""The repair that asks for another login of a meter registry."""

from typing import TYPE_CHECKING, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)

from .const import DOMAIN
from .registry_forms import LOGIN_SCHEMA, UserInput, async_try_credentials, entered_credentials
from .registry_settings import SUBENTRY_METER_REGISTRY

if TYPE_CHECKING:
    from .runtime import QubeConfigEntry

_LOGIN: Final = "registry_login_"


@callback
def async_ask_login(
    hass: HomeAssistant, entry: QubeConfigEntry, registry_id: str, title: str
) -> None:
    """Ask for another login."""
    async_create_issue(
        hass,
        DOMAIN,
        f"{_LOGIN}{registry_id}",
        data={"entry_id": entry.entry_id, "registry_id": registry_id},
        is_fixable=True,
        severity=IssueSeverity.ERROR,
        translation_key="registry_login",
        translation_placeholders={"registry": title},
    )


@callback
def async_withdraw_login(hass: HomeAssistant, registry_id: str) -> None:
    """Ask no longer for a login."""
    async_delete_issue(hass, DOMAIN, f"{_LOGIN}{registry_id}")


def registry_flow(entry: ConfigEntry | None, issue_id: str, registry_id: str) -> RepairsFlow | None:
    """Return the flow that asks for a login, None where the issue is another one."""
    if entry is None or issue_id != f"{_LOGIN}{registry_id}":
        return None
    subentry = entry.subentries.get(registry_id)
    if subentry is None or subentry.subentry_type != SUBENTRY_METER_REGISTRY:
        return None
    return RegistryLoginFlow(entry, registry_id)


class RegistryLoginFlow(RepairsFlow):
    """Enter a login, or a token, that the registry accepts."""

    def __init__(self, entry: ConfigEntry, registry_id: str) -> None:
        """Repair one registry."""
        super().__init__()
        self._entry = entry
        self._registry_id = registry_id

    async def async_step_init(self, _user_input: UserInput | None = None) -> RepairsFlowResult:
        """Begin with the form."""
        return await self.async_step_login()

    async def async_step_login(self, user_input: UserInput | None = None) -> RepairsFlowResult:
        """Ask for a login, and try it on the registry's own organisation."""
        subentry = self._entry.subentries.get(self._registry_id)
        if subentry is None:
            return self.async_abort(reason="registry_gone")
        errors: dict[str, str] = {}
        placeholders = {"registry": subentry.title, "reason": "", "seconds": ""}
        if user_input is not None:
            credentials, errors = entered_credentials(user_input)
            if credentials is not None:
                failure = await async_try_credentials(
                    self.hass, subentry.data["url"], credentials, subentry.data["account_id"]
                )
                if failure is None:
                    self.hass.config_entries.async_update_subentry(
                        self._entry,
                        subentry,
                        data={**subentry.data, "credentials": credentials},
                    )
                    return self.async_create_entry(data={})
                key, further = failure
                errors, placeholders = {"base": key}, {**placeholders, **further}
        return self.async_show_form(
            step_id="login",
            data_schema=LOGIN_SCHEMA,
            errors=errors,
            description_placeholders=placeholders,
        )
