"""Qube: smart prepaid electricity meters, live and controllable."""

from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .api import QubeClient
from .back_fill import BackFill
from .bill_page import BillView
from .books import Books
from .clock_watch import ClockWatch
from .const import DOMAIN
from .devices import Devices
from .history_import import HistoryImport
from .history_store import HistoryStore
from .identity import IdentityStore
from .inventory import InventoryCoordinator
from .money_services import async_setup_money_services
from .outage import OutageWatch
from .registries import Registries
from .registry_services import async_setup_registry_services
from .runtime import QubeConfigEntry, QubeRuntimeData
from .services import async_setup_services
from .site_meters import SiteMeters
from .site_services import async_setup_site_services
from .space_energy import SpaceEnergy
from .tenancies import Tenancies
from .tenancy_reports import async_setup_tenancy_reports
from .tenancy_services import async_setup_tenancy_services

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions and the page of bills, which are there before any account is loaded."""
    async_setup_services(hass)
    async_setup_money_services(hass)
    async_setup_tenancy_services(hass)
    async_setup_tenancy_reports(hass)
    async_setup_registry_services(hass)
    async_setup_site_services(hass)
    hass.http.register_view(BillView())
    return True


async def async_setup_entry(hass: HomeAssistant, entry: QubeConfigEntry) -> bool:
    """Set up one account: read its spaces now, and its meters in the background."""
    client = QubeClient(
        async_get_clientsession(hass), entry.data[CONF_API_KEY], entry.data[CONF_URL]
    )
    identities = IdentityStore(hass, entry.entry_id)
    await identities.async_load()
    space_energy = SpaceEnergy(hass, entry.entry_id)
    await space_energy.async_load()
    inventory = InventoryCoordinator(hass, entry, client)
    await inventory.async_config_entry_first_refresh()
    devices = Devices(hass, inventory, identities, space_energy)
    history = HistoryStore(hass, entry.entry_id)
    await history.async_load()
    importer = HistoryImport(hass=hass, client=client, identities=identities, store=history)
    back_fill = BackFill(hass, entry, importer)
    books = Books(hass, entry)
    tenancies = Tenancies(hass, entry, books, devices)
    registries = Registries(hass, entry, devices)
    entry.runtime_data = QubeRuntimeData(
        identities=identities,
        inventory=inventory,
        devices=devices,
        space_energy=space_energy,
        history=history,
        back_fill=back_fill,
        books=books,
        tenancies=tenancies,
        registries=registries,
        site_meters=SiteMeters(hass, entry),
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    back_fill.async_start(inventory)
    devices.async_follow()
    tenancies.async_follow()
    registries.async_follow()
    entry.runtime_data.site_meters.async_follow()
    OutageWatch(hass, inventory).async_follow()
    ClockWatch(hass, inventory).async_follow()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: QubeConfigEntry) -> bool:
    """Unload one account."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.site_meters.async_stop()
        await entry.runtime_data.identities.async_save()
        await entry.runtime_data.space_energy.async_save()
        await entry.runtime_data.history.async_save()
        await entry.runtime_data.books.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: QubeConfigEntry) -> None:
    """Delete what was stored for an account; the ledger stays, it is nobody's to delete."""
    await IdentityStore(hass, entry.entry_id).async_remove()
    await SpaceEnergy(hass, entry.entry_id).async_remove()
    await HistoryStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: QubeConfigEntry, device: DeviceEntry
) -> bool:
    """Let a person remove a device that the cloud no longer lists."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    return entry.runtime_data.devices.async_remove(device)
