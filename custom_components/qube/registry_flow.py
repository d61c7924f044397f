"""What an owner enters for a meter registry: where it is, the login, the organisation."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN, CONF_URL
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import probatio

from .addresses import is_other_host, is_safe
from .api import Organization, PhyClient, QubeApiError, QubeAuthenticationError, QubeError
from .api.phy_rules import account_id_of
from .registry_errors import registry_translation_of
from .registry_forms import (
    CONF_ORGANIZATION,
    CONNECT_SCHEMA,
    RECONFIGURE_SCHEMA,
    SETTINGS_SCHEMA,
    UserInput,
    async_try_credentials,
    entered_credentials,
    entered_settings,
    organization_schema,
    settings_shown,
    without_secrets,
)
from .registry_settings import StoredCredentials, credentials_of

# What every form may be filled with, whatever it says.
_NO_PLACEHOLDERS: Final = {"reason": "", "seconds": ""}


class RegistryFlow(ConfigSubentryFlow):
    """Connect a meter registry, or change how it is connected."""

    _url: str
    _credentials: StoredCredentials
    _organizations: list[Organization]
    _account_id: str
    _title: str

    async def async_step_user(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask for the address and a login, and look which organisations it sees."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._url = _cleaned(user_input[CONF_URL])
            credentials, errors = entered_credentials(user_input)
            if not is_safe(self._url):
                errors = {CONF_URL: "registry_unsafe_url"}
            if not errors and credentials is not None:
                self._credentials = credentials
                errors, placeholders = await self._async_list_organizations()
            if not errors:
                return await self.async_step_organization()
        shown = None if user_input is None else without_secrets(user_input)
        return self._form("user", CONNECT_SCHEMA, shown, errors, placeholders)

    async def _async_list_organizations(self) -> tuple[dict[str, str], dict[str, str]]:
        """Keep the organisations that the login sees; where none are listed, one is typed."""
        session = async_get_clientsession(self.hass)
        client = PhyClient(session, credentials_of(self._credentials), self._url)
        self._organizations = []
        try:
            self._organizations = await client.organizations()
        except QubeError as err:
            if isinstance(err, QubeApiError) and not isinstance(err, QubeAuthenticationError):
                return {}, {}
            key, placeholders = registry_translation_of(err)
            return {"base": key}, placeholders
        return {}, {}

    async def async_step_organization(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Ask for the organisation, and try to list its meters."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                self._account_id = account_id_of(user_input[CONF_ORGANIZATION])
            except ValueError:
                errors = {CONF_ORGANIZATION: "registry_not_a_uuid"}
            if not errors:
                self._abort_if_known()
                errors, placeholders = await self._async_try(
                    self._url, self._credentials, self._account_id
                )
            if not errors:
                names = {each.account_id: each.name for each in self._organizations}
                self._title = names.get(user_input[CONF_ORGANIZATION], "Meter registry")
                return await self.async_step_settings()
        schema = organization_schema(self._organizations)
        return self._form("organization", schema, user_input, errors, placeholders)

    async def async_step_settings(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask for the units of the readings, and whether Qube's are published."""
        errors: dict[str, str] = {}
        if user_input is not None:
            settings, errors = entered_settings(user_input)
            if not errors:
                self._abort_if_known()
                return self.async_create_entry(
                    title=self._title,
                    data={
                        "url": self._url,
                        "credentials": self._credentials,
                        "account_id": self._account_id,
                        **settings,
                    },
                    unique_id=self._account_id,
                )
        return self._form("settings", SETTINGS_SCHEMA, user_input, errors, {})

    async def async_step_reconfigure(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Change all but the organisation, and see whether its meters can still be listed."""
        subentry = self._get_reconfigure_subentry()
        known = subentry.data
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            url = _cleaned(user_input[CONF_URL])
            credentials, errors = _changed_credentials(user_input, url, known)
            settings, problems = entered_settings(user_input)
            errors |= problems
            if not errors:
                errors, placeholders = await self._async_try(url, credentials, known["account_id"])
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(),
                    subentry,
                    data_updates={"url": url, "credentials": credentials, **settings},
                )
        shown = settings_shown(known) if user_input is None else without_secrets(user_input)
        return self._form("reconfigure", RECONFIGURE_SCHEMA, shown, errors, placeholders)

    async def _async_try(
        self, url: str, credentials: StoredCredentials, account_id: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        failure = await async_try_credentials(self.hass, url, credentials, account_id)
        return ({}, {}) if failure is None else ({"base": failure[0]}, failure[1])

    def _abort_if_known(self) -> None:
        """Abort where the organisation is there already: its meters would be shown twice."""
        if any(
            each.unique_id == self._account_id for each in self._get_entry().subentries.values()
        ):
            raise AbortFlow("already_configured")

    def _form(
        self,
        step_id: str,
        schema: probatio.Schema,
        suggested: UserInput | None,
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders={**_NO_PLACEHOLDERS, **placeholders},
        )


def _changed_credentials(
    user_input: UserInput, url: str, known: Mapping[str, Any]
) -> tuple[StoredCredentials, dict[str, str]]:
    """Return the login that was entered, or else the known one, and what is wrong.

    The known one is never sent to a host that it was not given for.
    """
    old: StoredCredentials = known["credentials"]
    if not is_safe(url):
        return old, {CONF_URL: "registry_unsafe_url"}
    is_new = user_input.get(CONF_PASSWORD) or user_input.get(CONF_TOKEN)
    if is_new or user_input.get(CONF_EMAIL, old.get("email")) != old.get("email"):
        entered, errors = entered_credentials(user_input)
        return entered or old, errors
    return old, {"base": "registry_login_for_new_host"} if is_other_host(url, known["url"]) else {}


def _cleaned(url: str) -> str:
    return url.strip().rstrip("/")
