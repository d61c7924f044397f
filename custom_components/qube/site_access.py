"""How to get in at FlatPeak: the form, and whether what was entered can work and does."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_API_KEY, CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from .addresses import is_other_host, is_safe
from .api import (
    DEFAULT_FLATPEAK_URL,
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
    SiteDevice,
)
from .site_terms import StoredAccess, site_client

CONF_ACCOUNT_ID: Final = "account_id"
SECTION_ADVANCED: Final = "advanced"

_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
_SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

ACCESS: Final[dict[probatio.Marker, object]] = {
    probatio.Optional(CONF_ACCOUNT_ID): _TEXT,
    probatio.Optional(CONF_API_KEY): _SECRET,
    probatio.Optional(CONF_TOKEN): _SECRET,
    probatio.Required(SECTION_ADVANCED): section(
        probatio.Schema({probatio.Required(CONF_URL, default=DEFAULT_FLATPEAK_URL): _URL}),
        {"collapsed": True},
    ),
}
ACCESS_SCHEMA: Final = probatio.Schema(ACCESS)
RENEW_SCHEMA: Final = probatio.Schema(
    {key: selector for key, selector in ACCESS.items() if key != SECTION_ADVANCED}
)


def entered_access(
    user_input: Mapping[str, Any], known: Mapping[str, Any] | None = None
) -> tuple[StoredAccess, dict[str, str]]:
    """Return what was entered, and what is wrong with it by field.

    What was left out stays as it is known, unless the other way in was entered; a known secret is
    not sent to another host.
    """
    advanced = user_input.get(SECTION_ADVANCED) or {}
    url = str(advanced.get(CONF_URL) or (known or {})[CONF_URL]).strip().rstrip("/")
    account_id, api_key, token = (
        str(user_input.get(field) or "").strip() or None
        for field in (CONF_ACCOUNT_ID, CONF_API_KEY, CONF_TOKEN)
    )
    access = StoredAccess(url=url, account_id=account_id, api_key=api_key, token=token)
    if not is_safe(url):
        return access, {"base": "unsafe_url"}
    if known is not None and not (api_key or token):
        if is_other_host(url, known[CONF_URL]):
            return access, {"base": "key_for_new_host"}
        access = StoredAccess(
            url=url,
            account_id=account_id or known[CONF_ACCOUNT_ID],
            api_key=known[CONF_API_KEY],
            token=known[CONF_TOKEN],
        )
    elif known is not None and api_key and not account_id:
        access["account_id"] = known[CONF_ACCOUNT_ID]
    return access, _problem(access)


def _problem(access: StoredAccess) -> dict[str, str]:
    account_id, api_key, token = access["account_id"], access["api_key"], access["token"]
    if token and api_key:
        return {"base": "key_and_token"}
    if not token and not (account_id and api_key):
        return {"base": "no_credentials"}
    # What cannot stand in an HTTP header is no key.
    for field, text in (
        (CONF_ACCOUNT_ID, account_id),
        (CONF_API_KEY, api_key),
        (CONF_TOKEN, token),
    ):
        if text and not (text.isascii() and text.isprintable()):
            return {field: "invalid_auth"}
    return {}


async def async_try_access(
    hass: HomeAssistant, access: StoredAccess
) -> tuple[list[SiteDevice], dict[str, str]]:
    """Return the devices that can be chosen, none where the cloud has no list; or what is wrong."""
    try:
        return await site_client(hass, access).devices(), {}
    except QubeError as err:
        if isinstance(err, QubeApiError) and not isinstance(err, QubeAuthenticationError):
            # The login was accepted, which is all that is asked here.
            return [], {}
        return [], {"base": access_error(err)}


def access_error(error: QubeError) -> str:
    """Return the key of a form's text about an error."""
    match error:
        case QubeAuthenticationError():
            return "invalid_auth"
        case QubeRateLimitError():
            return "rate_limited"
        case QubeConnectionError():
            return "cannot_connect"
        case _:
            return "not_flatpeak"
