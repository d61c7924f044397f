"""What an owner changes later: how often meters are read, and the Wi-Fi of a meter."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_PASSWORD, UnitOfTime
from homeassistant.helpers.selector import (
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

from .api import (
    QubeAuthenticationError,
    QubeConnectionError,
    QubeError,
    QubeResponseError,
    Wifi,
)
from .const import (
    CONF_HISTORY_DAYS,
    CONF_READING_INTERVAL,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_READING_INTERVAL_S,
    MAX_HISTORY_DAYS,
    MAX_READING_INTERVAL_S,
    MIN_READING_INTERVAL_S,
)
from .coordinator import MeterCoordinator
from .errors import translation_of
from .runtime import QubeConfigEntry

CONF_METER: Final = "meter"
CONF_SSID: Final = "ssid"

# A network's name is 32 bytes on the air; the vendor writes characters, and is asked for no more.
MAX_SSID_BYTES: Final = 32
# The vendor documents no lower limit: open and old networks have shorter ones than WPA's eight.
MAX_PASSWORD_LENGTH: Final = 64


def _whole_number(lowest: int, highest: int, unit: UnitOfTime) -> probatio.All[int]:
    config = NumberSelectorConfig(
        min=lowest, max=highest, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement=unit
    )
    return probatio.All(NumberSelector(config), probatio.Coerce(int))


SETTINGS_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_READING_INTERVAL, default=DEFAULT_READING_INTERVAL_S): _whole_number(
            MIN_READING_INTERVAL_S, MAX_READING_INTERVAL_S, UnitOfTime.SECONDS
        ),
        probatio.Required(CONF_HISTORY_DAYS, default=DEFAULT_HISTORY_DAYS): _whole_number(
            0, MAX_HISTORY_DAYS, UnitOfTime.DAYS
        ),
    }
)
NETWORK_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_SSID): TextSelector(TextSelectorConfig(autocomplete="off")),
        # Browsers fill in a password of Home Assistant where they are only told "off".
        probatio.Optional(CONF_PASSWORD): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
        ),
    }
)
CONFIRM_SCHEMA: Final = probatio.Schema({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """The network that a meter is to join; the password is in no repr."""

    ssid: str
    password: str = field(repr=False)


class QubeOptionsFlow(OptionsFlowWithReload):
    """Change how often meters are read, or tell a meter to join another Wi-Fi network."""

    config_entry: QubeConfigEntry
    _meter: MeterCoordinator
    _device_id: str
    _network: Network

    def __init__(self) -> None:
        """Begin without anything to say about a network."""
        self._placeholders: dict[str, str] = {}

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to change."""
        return self.async_show_menu(step_id="init", menu_options=["settings", "wifi"])

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how often to read, and how much history is wanted."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                SETTINGS_SCHEMA, self.config_entry.options
            ),
        )

    async def async_step_wifi(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which meter, and read the network that it is on."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        meters = self.config_entry.runtime_data.devices.meters
        online = {key: meter for key, meter in meters.items() if meter.is_online}
        if not online:
            return self.async_abort(reason="no_meter_online")
        errors: dict[str, str] = {}
        if user_input is not None:
            if (meter := online.get(user_input[CONF_METER])) is None:
                errors = {"base": "meter_offline"}
            elif not (errors := await self._async_choose(meter)):
                return await self.async_step_wifi_network()
        return self.async_show_form(
            step_id="wifi",
            data_schema=self.add_suggested_values_to_schema(meter_schema(online), user_input),
            description_placeholders=self._placeholders,
            errors=errors,
        )

    async def async_step_wifi_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new network."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._network = Network(
                ssid=user_input[CONF_SSID], password=user_input.get(CONF_PASSWORD) or ""
            )
            if not (errors := problems_of(self._network)):
                return await self.async_step_wifi_confirm()
        return self._show_network_form(errors)

    async def async_step_wifi_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Warn of what a wrong password does, then send the network to the meter."""
        placeholders = {**self._placeholders, "new_ssid": self._network.ssid}
        if user_input is None:
            return self.async_show_form(
                step_id="wifi_confirm",
                data_schema=CONFIRM_SCHEMA,
                description_placeholders=placeholders,
            )
        if errors := await self._async_send(self._network):
            return self._show_network_form(errors)
        return self.async_abort(reason="wifi_sent", description_placeholders=placeholders)

    def _show_network_form(self, errors: dict[str, str]) -> ConfigFlowResult:
        """Ask for the network, and always for its password: what was entered is dropped."""
        self._network = replace(self._network, password="")
        return self.async_show_form(
            step_id="wifi_network",
            data_schema=self.add_suggested_values_to_schema(
                NETWORK_SCHEMA, {CONF_SSID: self._network.ssid}
            ),
            description_placeholders=self._placeholders,
            errors=errors,
        )

    async def _async_choose(self, meter: MeterCoordinator) -> dict[str, str]:
        """Take a meter and what may be shown of its network; return what is wrong, by field."""
        self._meter, self._device_id = meter, meter.identity.device_id
        try:
            wifi = await meter.client.wifi(self._device_id)
        except QubeError as err:
            return self._problem(err)
        self._network = Network(ssid=wifi.ssid or "", password="")
        self._placeholders = {
            "meter": meter.name_with_space,
            "device_id": self._device_id,
            **shown_of(wifi),
        }
        return {}

    async def _async_send(self, network: Network) -> dict[str, str]:
        """Send the network to the meter; return what went wrong, by field."""
        try:
            await self._meter.client.set_wifi(
                self._device_id, ssid=network.ssid, password=network.password
            )
        except (QubeConnectionError, QubeResponseError) as err:
            self._problem(err)
            return {"base": "perhaps_sent"}
        except QubeError as err:
            return self._problem(err)
        return {}

    def _problem(self, error: QubeError) -> dict[str, str]:
        """Return an error of the cloud, by field; ask for a new key where that is the reason."""
        if isinstance(error, QubeAuthenticationError):
            self.config_entry.async_start_reauth(self.hass)
        key, placeholders = translation_of(error)
        self._placeholders |= placeholders
        return {"base": key}


def meter_schema(meters: dict[str, MeterCoordinator]) -> probatio.Schema:
    """Return the form that asks for one of these meters, by key."""
    options = [
        SelectOptionDict(value=key, label=meter.name_with_space) for key, meter in meters.items()
    ]
    return probatio.Schema(
        {
            probatio.Required(CONF_METER): SelectSelector(
                SelectSelectorConfig(
                    options=sorted(options, key=lambda option: option["label"]),
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        }
    )


def problems_of(network: Network) -> dict[str, str]:
    """Return what no meter could take, by field."""
    errors: dict[str, str] = {}
    if not 1 <= len(network.ssid.encode()) <= MAX_SSID_BYTES:
        errors[CONF_SSID] = "ssid_length"
    if len(network.password) > MAX_PASSWORD_LENGTH:
        errors[CONF_PASSWORD] = "password_length"
    return errors


def shown_of(wifi: Wifi) -> dict[str, str]:
    """Return what may be shown of a meter's network: all but its password."""
    signal = "-" if wifi.rssi_dbm is None else f"{wifi.rssi_dbm} dBm"
    return {CONF_SSID: wifi.ssid or "-", "type": wifi.type or "-", "signal": signal}
