"""What helps to find a fault, and gives nobody away.

Each field is named here; what is not named stays out. So there are no names, descriptions, tags
and UDFs (they may be those of tenants), no balances, tariffs, readings and relay states (what
somebody owes and uses, and when they are at home), no free text of the cloud, and no API key. Of a
tenancy there is neither a name nor an amount, of the ledger only whether it is sound, of a main
meter no energy, no price and no account, of a meter registry no login and nothing that its meters
say.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceEntry
from yarl import URL

from .api import Device, Metrics, QubeApiError, Space
from .books import Books
from .const import CONF_READING_INTERVAL, DEFAULT_READING_INTERVAL_S
from .coordinator import MeterCoordinator
from .devices import meter_identifier, site_identifier, space_identifier, tenancy_identifier
from .inventory import InventoryCoordinator
from .registries import RunningRegistry
from .registry import Registry
from .registry_facts import registry_facts
from .runtime import QubeConfigEntry
from .site_meter import SiteMeter
from .tenancy import Tenancy

type Facts = Mapping[str, object]

# Its owner finds the meter by them, among the serial numbers; nobody else has the whole one.
SHOWN_OF_DEVICE_ID: Final = 6


async def async_get_config_entry_diagnostics(_hass: HomeAssistant, entry: QubeConfigEntry) -> Facts:
    """Return the facts of an account, of all its spaces, meters and tenancies."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"account": _settings(entry)}
    runtime = entry.runtime_data
    return _facts(
        entry,
        spaces=list(runtime.inventory.data.values()),
        meters=list(runtime.devices.meters.values()),
        tenancies=list(runtime.tenancies),
        sites=list(runtime.site_meters),
        registries=list(runtime.registries),
    )


async def async_get_device_diagnostics(
    _hass: HomeAssistant, entry: QubeConfigEntry, device: DeviceEntry
) -> Facts:
    """Return the facts of a space, a meter, a tenancy or a main meter, and of what is below it."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"account": _settings(entry)}
    runtime = entry.runtime_data
    spaces = [
        space
        for space in runtime.inventory.data.values()
        if space_identifier(space.space_id) in device.identifiers
    ]
    in_spaces = {device.device_id for space in spaces for device in space.devices}
    meters = [
        meter
        for meter in runtime.devices.meters.values()
        if meter_identifier(meter.key) in device.identifiers
        or meter.identity.device_id in in_spaces
    ]
    keys = {meter.key for meter in meters}
    tenancies = [
        tenancy
        for tenancy in runtime.tenancies
        if tenancy_identifier(tenancy.tenancy_id) in device.identifiers or tenancy.meter_key in keys
    ]
    registries = [
        running
        for running in runtime.registries
        if running.registry.registry_id == device.config_subentry_id
    ]
    space_ids = {space.space_id for space in spaces}
    sites = [
        site
        for site in runtime.site_meters
        if site_identifier(site.site_id) in device.identifiers or site.terms.space_id in space_ids
    ]
    return _facts(
        entry,
        spaces=spaces,
        meters=meters,
        tenancies=tenancies,
        sites=sites,
        registries=registries,
    )


def _facts(
    entry: QubeConfigEntry,
    *,
    spaces: Collection[Space],
    meters: Collection[MeterCoordinator],
    tenancies: Collection[Tenancy],
    sites: Collection[SiteMeter],
    registries: Collection[RunningRegistry],
) -> Facts:
    runtime = entry.runtime_data
    everywhere = runtime.devices.meters.values()
    return {
        "account": {
            **_settings(entry),
            **_polling(runtime.inventory),
            "is_key_rejected": runtime.inventory.is_key_rejected,
            "spaces": len(runtime.inventory.data),
            "meters": len(everywhere),
            "meters_online": sum(meter.is_online for meter in everywhere),
            "meters_failing": sum(not meter.last_update_success for meter in everywhere),
            "tenancies": len(list(runtime.tenancies)),
            "tenancies_charging": sum(each.view.is_charging for each in runtime.tenancies),
            "ledger": _ledger(runtime.books),
        },
        "spaces": [_space(space) for space in spaces],
        "meters": [_meter(meter) for meter in meters],
        "tenancies": [_tenancy(tenancy) for tenancy in tenancies],
        "registries": [{**registry_facts(each), **_polling(each.registry)} for each in registries],
        "main_meters": [_site(site) for site in sites],
    }


def _ledger(books: Books) -> Facts:
    """Return whether money can be booked, and why it cannot."""
    return {
        "is_sound": books.is_sound,
        "is_restored": books.is_restored,
        "error": books.error and books.error.key,
    }


def _settings(entry: QubeConfigEntry) -> Facts:
    return {
        "state": entry.state.value,
        "setup_error": entry.error_reason_translation_key,
        "host": URL(entry.data[CONF_URL]).host,
        "reading_interval_s": entry.options.get(CONF_READING_INTERVAL, DEFAULT_READING_INTERVAL_S),
    }


def _polling(
    coordinator: InventoryCoordinator | MeterCoordinator | SiteMeter | Registry,
) -> Facts:
    """Return how reading goes; of an error only its sort, as its text may quote anything."""
    error, success = coordinator.last_exception, coordinator.last_update_success_time
    cause = error.__cause__ or error if error else None
    return {
        "polls_every": str(coordinator.update_interval),
        "last_success": success and success.isoformat(timespec="seconds"),
        "is_failing": not coordinator.last_update_success,
        "last_error": cause and type(cause).__name__,
        "last_error_code": cause.code if isinstance(cause, QubeApiError) else None,
        "last_error_text": error.translation_key if isinstance(error, HomeAssistantError) else None,
    }


def _space(space: Space) -> Facts:
    """Return what the list says of a space; its number opens nothing without the key."""
    return {
        "space_id": space.space_id,
        "meters": len(space.devices),
        "is_complete": space.is_complete,
    }


def _meter(meter: MeterCoordinator) -> Facts:
    identity, guard, data = meter.identity, meter.register_guard, meter.data
    return {
        "device_id": _shortened(identity.device_id),
        "has_other_device_than_first": identity.device_id != meter.key,
        "epochs": len(identity.epochs),
        "filled_udfs": [position for position, udf in enumerate(identity.udfs, 1) if udf],
        "entities_on_by_default": meter.enabled_entities,
        "register": {
            "verdict": guard.verdict.value,
            "is_held_back": guard.held is not None,
            "must_ask": guard.must_ask,
        },
        "history": _history(meter),
        **_polling(meter),
        **(_details(data.device) if data else {}),
        **(_metrics(data.metrics) if data and data.metrics else {}),
    }


def _tenancy(tenancy: Tenancy) -> Facts:
    """Return how charging and supply go; its meter is found by the end of its key."""
    view = tenancy.view
    charged_until = view.charged_until
    return {
        "meter": _shortened(tenancy.meter_key),
        "plan": tenancy.plan.value,
        "supply": view.supply and view.supply.value,
        "is_held": view.is_held,
        "is_closed": tenancy.is_closed,
        "is_charging": view.is_charging,
        "charged_until": charged_until and charged_until.isoformat(timespec="seconds"),
    }


def _site(site: SiteMeter) -> Facts:
    """Return how a main meter is read, and why it cannot be reconciled where it cannot."""
    view = site.data if site.last_update_success else None
    return {
        "device_id": _shortened(site.terms.device_id),
        "space_id": site.terms.space_id,
        "unit": site.terms.unit.value,
        "flows": [flow.value for flow in site.terms.flows],
        "has_price": site.terms.price_millipaise_per_kwh is not None,
        "is_key_rejected": site.is_rejected,
        "is_history_imported": site.is_filled,
        "latest_record": view and view.latest_at and view.latest_at.isoformat(),
        "reconciled_yesterday": view and view.yesterday.completeness.value,
        "reconciled_month": view and view.month.completeness.value,
        **_polling(site),
    }


def _history(meter: MeterCoordinator) -> Facts:
    """Return how far the back-fill is, None where none is wanted, and how often tariffs changed."""
    runtime = meter.config_entry.runtime_data
    is_wanted = runtime.back_fill.is_wanted
    return {
        "progress": round(runtime.back_fill.progress(meter.key), 2) if is_wanted else None,
        "tariff_sights": len(runtime.history[meter.key].timeline),
    }


def _details(device: Device) -> Facts:
    """Return what a meter can do; the words in it are Qube's, not the owner's."""
    return {
        "space_id": device.space_id,
        "is_online": device.is_online,
        "has_relay": device.has_relay,
        "mode": device.active_mode,
        "properties": [
            {
                "property_id": reading.property_id,
                "context_type": reading.context_type,
                "unit": reading.unit,
            }
            for reading in device.readings
        ],
    }


def _metrics(metrics: Metrics) -> Facts:
    """Return how a meter is run now, and which of its values are missing."""
    return {
        "mode": metrics.mode,
        "source": metrics.source and metrics.source.name,
        "without_value": [
            field.name for field in fields(metrics) if getattr(metrics, field.name) is None
        ],
    }


def _shortened(device_id: str) -> str:
    """Return the end of an id, at most half of it."""
    return f"…{device_id[-min(SHOWN_OF_DEVICE_ID, len(device_id) // 2) :]}"
