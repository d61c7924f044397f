"""The forms of a meter registry: what is asked, and whether the registry accepts it."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from .api import DEFAULT_PHY_URL, MeterType, Organization, PhyClient, QubeError
from .registry_errors import registry_translation_of
from .registry_settings import (
    DEFAULT_PUBLISH_INTERVAL_MIN,
    MAX_PUBLISH_INTERVAL_MIN,
    MIN_PUBLISH_INTERVAL_MIN,
    UNIT_UNKNOWN,
    UNITS,
    StoredCredentials,
    credentials_of,
)

type UserInput = dict[str, Any]
type Failure = tuple[str, dict[str, str]]
type Form = dict[probatio.Marker, object]

CONF_ORGANIZATION: Final = "organization"
CONF_PUBLISHES: Final = "publishes"
CONF_PUBLISH_INTERVAL: Final = "publish_interval"
SECTION_UNITS: Final = "units"

_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_EMAIL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="off"))
_SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_MINUTES: Final = probatio.All(
    NumberSelector(
        NumberSelectorConfig(
            min=MIN_PUBLISH_INTERVAL_MIN,
            max=MAX_PUBLISH_INTERVAL_MIN,
            step=1,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement="min",
        )
    ),
    probatio.Coerce(int),
)

_LOGIN: Final[Form] = {
    probatio.Optional(CONF_EMAIL): _EMAIL,
    probatio.Optional(CONF_PASSWORD): _SECRET,
    probatio.Optional(CONF_TOKEN): _SECRET,
}


def _units(meter_type: MeterType) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=UNIT_UNKNOWN, label="?"),
                *(SelectOptionDict(value=unit, label=unit) for unit in UNITS[meter_type]),
            ],
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


_SETTINGS: Final[Form] = {
    probatio.Required(SECTION_UNITS): section(
        probatio.Schema(
            {probatio.Required(each.lower(), default=UNIT_UNKNOWN): _units(each) for each in UNITS}
        )
    ),
    probatio.Required(CONF_PUBLISHES, default=False): BooleanSelector(),
    probatio.Required(CONF_PUBLISH_INTERVAL, default=DEFAULT_PUBLISH_INTERVAL_MIN): _MINUTES,
}

LOGIN_SCHEMA: Final = probatio.Schema(_LOGIN)
CONNECT_SCHEMA: Final = probatio.Schema(
    {probatio.Required(CONF_URL, default=DEFAULT_PHY_URL): _URL, **_LOGIN}
)
SETTINGS_SCHEMA: Final = probatio.Schema(_SETTINGS)
RECONFIGURE_SCHEMA: Final = probatio.Schema(
    {probatio.Required(CONF_URL): _URL, **_LOGIN, **_SETTINGS}
)


def organization_schema(organizations: list[Organization]) -> probatio.Schema:
    """Return the form with the organisations that the login sees; another can be typed."""
    options = [SelectOptionDict(value=o.account_id, label=o.name) for o in organizations]
    selector = SelectSelector(SelectSelectorConfig(options=options, custom_value=True))
    return probatio.Schema({probatio.Required(CONF_ORGANIZATION): selector})


def entered_credentials(
    user_input: UserInput,
) -> tuple[StoredCredentials | None, dict[str, str]]:
    """Return the login or the token that was entered, or what is wrong with it."""
    email = user_input.get(CONF_EMAIL, "").strip()
    # A password may begin or end with a blank.
    password = user_input.get(CONF_PASSWORD, "")
    token = user_input.get(CONF_TOKEN, "").strip()
    if token and not (email or password):
        # What cannot stand in an HTTP header is no token.
        if token.isascii() and token.isprintable():
            return {"token": token}, {}
        return None, {CONF_TOKEN: "registry_login_rejected"}
    if email and password and not token:
        return {"email": email, "password": password}, {}
    return None, {"base": "registry_login_or_token"}


def without_secrets(user_input: UserInput) -> UserInput:
    """Return what a form that comes back shows again."""
    return {key: user_input[key] for key in user_input if key not in (CONF_PASSWORD, CONF_TOKEN)}


def entered_settings(
    user_input: UserInput,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings as they are stored, and what is wrong with them."""
    chosen = user_input[SECTION_UNITS]
    units = {
        each.value: chosen[each.lower()] for each in UNITS if chosen[each.lower()] != UNIT_UNKNOWN
    }
    errors = {}
    if user_input[CONF_PUBLISHES] and MeterType.ELECTRICITY not in units:
        errors["base"] = "registry_publish_needs_unit"
    settings = {
        "publishes": user_input[CONF_PUBLISHES],
        "publish_interval_min": user_input[CONF_PUBLISH_INTERVAL],
        "units": units,
    }
    return settings, errors


def settings_shown(data: Mapping[str, Any]) -> UserInput:
    """Return what the form shows of what was chosen before; nothing secret is in it."""
    return {
        CONF_URL: data["url"],
        CONF_EMAIL: data["credentials"].get("email"),
        SECTION_UNITS: {each.lower(): data["units"].get(each, UNIT_UNKNOWN) for each in UNITS},
        CONF_PUBLISHES: data["publishes"],
        CONF_PUBLISH_INTERVAL: data["publish_interval_min"],
    }


async def async_try_credentials(
    hass: HomeAssistant, url: str, credentials: StoredCredentials, account_id: str
) -> Failure | None:
    """Return why the meters of an organisation cannot be listed, None where they can."""
    client = PhyClient(async_get_clientsession(hass), credentials_of(credentials), url)
    try:
        await client.page(account_id, limit=1)
    except QubeError as err:
        return registry_translation_of(err)
    return None
