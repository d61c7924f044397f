"""What a person enters to connect: the API key and the address."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from .addresses import is_other_host, is_safe
from .api import (
    DEFAULT_URL,
    QubeApiError,
    QubeAuthenticationError,
    QubeClient,
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
    Space,
)
from .const import DOMAIN
from .devices import space_identifier
from .options_flow import QubeOptionsFlow
from .registry_flow import RegistryFlow
from .registry_settings import SUBENTRY_METER_REGISTRY
from .site_flow import SiteMeterFlow
from .site_terms import SUBENTRY_SITE_METER
from .subentry_flow import TenancyFlow
from .tenancy_terms import SUBENTRY_TENANCY

SECTION_ADVANCED: Final = "advanced"

_KEY: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

REAUTH_SCHEMA: Final = probatio.Schema({probatio.Required(CONF_API_KEY): _KEY})
RECONFIGURE_SCHEMA: Final = probatio.Schema(
    {probatio.Optional(CONF_API_KEY): _KEY, probatio.Required(CONF_URL): _URL}
)


class QubeConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, renew its key, or change its address."""

    VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> QubeOptionsFlow:
        """Return the options flow."""
        return QubeOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows of what an account can have."""
        return {
            SUBENTRY_TENANCY: TenancyFlow,
            SUBENTRY_SITE_METER: SiteMeterFlow,
            SUBENTRY_METER_REGISTRY: RegistryFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the key, and try it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _cleaned(user_input[CONF_API_KEY], user_input[SECTION_ADVANCED][CONF_URL])
            self._async_abort_entries_match({CONF_API_KEY: data[CONF_API_KEY]})
            spaces, errors = await _async_try(self.hass, data)
            if spaces:
                self._abort_if_spaces_are_known(spaces)
                return self.async_create_entry(title=_title(spaces), data=data)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(user_schema(user_input), user_input),
            errors=errors,
        )

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start again with a key that the cloud refuses."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a new key of the same account."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _cleaned(user_input[CONF_API_KEY], entry.data[CONF_URL])
            self._async_abort_entries_match({CONF_API_KEY: data[CONF_API_KEY]})
            errors = await self._async_try_again(entry, data)
            if not errors:
                return self.async_update_reload_and_abort(entry, data_updates=data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(REAUTH_SCHEMA, user_input),
            description_placeholders={"account": entry.title},
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another key or address; a key is never sent to a host it was not given for."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            known_key = entry.data[CONF_API_KEY]
            data = _cleaned(user_input.get(CONF_API_KEY) or known_key, user_input[CONF_URL])
            self._async_abort_entries_match({CONF_API_KEY: data[CONF_API_KEY]})
            errors = _problem(data)
            if (
                not errors
                and not user_input.get(CONF_API_KEY)
                and is_other_host(data[CONF_URL], entry.data[CONF_URL])
            ):
                errors = {CONF_API_KEY: "key_for_new_host"}
            errors = errors or await self._async_try_again(entry, data)
            if not errors:
                return self.async_update_reload_and_abort(entry, data_updates=data)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_SCHEMA, user_input or {CONF_URL: entry.data[CONF_URL]}
            ),
            description_placeholders={"account": entry.title},
            errors=errors,
        )

    async def _async_try_again(self, entry: ConfigEntry, data: dict[str, str]) -> dict[str, str]:
        """Try new data for a known account; refuse those of another account."""
        spaces, errors = await _async_try(self.hass, data)
        known = _known_spaces(self.hass, entry)
        if spaces and known and known.isdisjoint(space_identifier(s.space_id) for s in spaces):
            return {"base": "another_account"}
        return errors

    def _abort_if_spaces_are_known(self, spaces: list[Space]) -> None:
        """Abort where another entry has one of the spaces: a meter can hang on one entry only."""
        seen = {space_identifier(space.space_id) for space in spaces}
        for entry in self._async_current_entries(include_ignore=False):
            if not seen.isdisjoint(_known_spaces(self.hass, entry)):
                raise AbortFlow("spaces_already_configured", {"account": entry.title})


def user_schema(user_input: dict[str, Any] | None) -> probatio.Schema:
    """Return the first form; an address that was changed stays in sight."""
    is_default = user_input is None or user_input[SECTION_ADVANCED][CONF_URL] == DEFAULT_URL
    return probatio.Schema(
        {
            probatio.Required(CONF_API_KEY): _KEY,
            probatio.Required(SECTION_ADVANCED): section(
                probatio.Schema({probatio.Required(CONF_URL, default=DEFAULT_URL): _URL}),
                {"collapsed": is_default},
            ),
        }
    )


async def _async_try(
    hass: HomeAssistant, data: dict[str, str]
) -> tuple[list[Space], dict[str, str]]:
    """Return the spaces that a key sees, or what is wrong, by field."""
    if problem := _problem(data):
        return [], problem
    client = QubeClient(async_get_clientsession(hass), data[CONF_API_KEY], data[CONF_URL])
    try:
        spaces = await client.spaces()
    except QubeError as err:
        return [], _errors_of(err)
    return spaces, {} if spaces else {"base": "no_spaces"}


def _problem(data: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong before anything is sent, by field."""
    if not is_safe(data[CONF_URL]):
        return {"base": "unsafe_url"}
    # What cannot stand in an HTTP header is no key.
    key = data[CONF_API_KEY]
    return {} if key and key.isascii() and key.isprintable() else {CONF_API_KEY: "invalid_auth"}


def _errors_of(error: QubeError) -> dict[str, str]:
    match error:
        case QubeAuthenticationError():
            return {CONF_API_KEY: "invalid_auth"}
        case QubeConnectionError():
            return {"base": "cannot_connect"}
        case QubeRateLimitError():
            return {"base": "rate_limited"}
        case QubeApiError():
            return {"base": "refused"}
        case _:
            return {"base": "not_qube_api"}


def _cleaned(api_key: str, url: str) -> dict[str, str]:
    return {CONF_API_KEY: api_key.strip(), CONF_URL: url.strip().rstrip("/")}


def _title(spaces: list[Space]) -> str:
    return spaces[0].name if len(spaces) == 1 else f"{len(spaces)} spaces"


def _known_spaces(hass: HomeAssistant, entry: ConfigEntry) -> set[tuple[str, str]]:
    """Return the identifiers of the space devices that an entry has."""
    return {
        identifier
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        if device.entry_type is dr.DeviceEntryType.SERVICE
        for identifier in device.identifiers
    }
