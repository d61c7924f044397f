"""One meter registry: its meters, read every 15 minutes, and which of them are Qube's."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import TimestampDataUpdateCoordinator

from .api import PhyClient, QubeAuthenticationError, QubeError, RegistryMeter
from .const import LOGGER
from .devices import Devices
from .registry_devices import async_known_meters
from .registry_errors import registry_update_failed
from .registry_match import matches
from .registry_repairs import async_ask_login, async_withdraw_login
from .registry_settings import RegistrySettings
from .runtime import QubeConfigEntry

REGISTRY_INTERVAL: Final = timedelta(minutes=15)
# One list without a meter proves nothing: a page can shift while it is read.
ABSENCES_BEFORE_REMOVAL: Final = 3


class Registry(TimestampDataUpdateCoordinator[Mapping[int, RegistryMeter]]):
    """Read the meters of one organisation, by id."""

    config_entry: QubeConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QubeConfigEntry,
        devices: Devices,
        *,
        registry_id: str,
        title: str,
        settings: RegistrySettings,
    ) -> None:
        """Read with the given settings; `registry_id` is the id of the subentry."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            # Without its title: that may be anybody's name.
            name="the meter registry",
            update_interval=REGISTRY_INTERVAL,
        )
        self.data = {}
        self.registry_id = registry_id
        self.title = title
        self.settings = settings
        self.client = self._new_client()
        self.is_login_rejected = False
        self._devices = devices
        self._absences: Counter[int] = Counter()

    @property
    def gone(self) -> frozenset[int]:
        """Return the meters that the registry has no more."""
        return frozenset(
            meter_id
            for meter_id, times in self._absences.items()
            if times >= ABSENCES_BEFORE_REMOVAL
        )

    def matches(self) -> dict[int, str]:
        """Return the key of the Qube meter that each meter is, where it is one."""
        meters = self._devices.meters.items()
        return matches(
            {meter_id: meter.serial_number for meter_id, meter in self.data.items()},
            {key: meter.identity.device_id for key, meter in meters},
        )

    @callback
    def async_take_settings(self, title: str, settings: RegistrySettings) -> bool:
        """Go on with other settings; return whether they are other ones."""
        self.title = title
        if settings == self.settings:
            return False
        self.settings = settings
        self.client = self._new_client()
        self.async_withdraw()
        return True

    @callback
    def async_withdraw(self) -> None:
        """Ask no longer for a login."""
        self.is_login_rejected = False
        async_withdraw_login(self.hass, self.registry_id)

    @callback
    def async_reject_login(self, client: PhyClient) -> None:
        """Stop asking the registry until its owner gives another login than this client's."""
        if client is not self.client:
            return
        self.is_login_rejected = True
        async_ask_login(self.hass, self.config_entry, self.registry_id, self.title)

    @callback
    def async_keep(self, meter: RegistryMeter) -> None:
        """Keep a meter as the registry answered out of turn, to be shown with the next ones."""
        self._absences.pop(meter.meter_id, None)
        self.data = {**self.data, meter.meter_id: meter}

    @callback
    def async_show(self, meter: RegistryMeter) -> None:
        """Show a meter as the registry answered out of turn."""
        self.async_keep(meter)
        self.async_update_listeners()

    @callback
    def async_forget(self, meter_id: int) -> None:
        """Show a meter no more: it was deleted."""
        self.data = {each: meter for each, meter in self.data.items() if each != meter_id}
        self._absences[meter_id] = ABSENCES_BEFORE_REMOVAL
        self.async_update_listeners()

    @override
    async def _async_update_data(self) -> Mapping[int, RegistryMeter]:
        if self.is_login_rejected:
            # A wrong password that is tried again and again could lock the account.
            raise registry_update_failed(QubeAuthenticationError("login", "was refused before"))
        client = self.client
        try:
            meters = await client.meters(self.settings.account_id)
        except QubeError as err:
            if isinstance(err, QubeAuthenticationError):
                self.async_reject_login(client)
            raise registry_update_failed(err) from err
        found = {meter.meter_id: meter for meter in meters}
        self._count_absences(found)
        return found

    def _count_absences(self, found: Mapping[int, RegistryMeter]) -> None:
        known = async_known_meters(self.hass, self.config_entry, self.registry_id)
        absent = known - found.keys()
        self._absences = Counter({each: self._absences[each] + 1 for each in absent})

    def _new_client(self) -> PhyClient:
        settings = self.settings
        return PhyClient(async_get_clientsession(self.hass), settings.credentials, settings.url)
