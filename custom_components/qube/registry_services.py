"""The actions on a meter registry, for administrators only: they change a shared system."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr, service
from homeassistant.util import dt as dt_util
import probatio

from .api import QubeAuthenticationError, SortOrder
from .api.phy import MAX_PAGE_SIZE
from .api.phy_rules import CREATABLE, IMMUTABLE, MUTABLE
from .const import DOMAIN
from .registry import Registry
from .registry_devices import meter_id_of, registry_identifier
from .registry_errors import registry_errors_for_people
from .registry_template import fields_of
from .runtime import QubeConfigEntry
from .services import meter_of

ATTR_LAST_READING_AT: Final = "last_reading_at"
ATTR_LIMIT: Final = "limit"
ATTR_PAGE: Final = "page"
ATTR_QUBE_METER: Final = "qube_meter"
ATTR_QUERY: Final = "query"
ATTR_SERIAL_NUMBER: Final = "serial_number"
ATTR_SORT_BY: Final = "sort_by"
ATTR_SORT_ORDER: Final = "sort_order"

# What each may hold is `api.phy_rules`' to say, and null is a value.
_ANYTHING: Final = object

LIST_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_DEVICE_ID): cv.string,
        probatio.Optional(ATTR_QUERY): cv.string,
        probatio.Optional(ATTR_SORT_BY, default="created_at"): probatio.All(
            cv.string, probatio.Match(r"^[a-z_]{1,40}$")
        ),
        probatio.Optional(ATTR_SORT_ORDER, default=SortOrder.DESCENDING.value): probatio.Coerce(
            SortOrder
        ),
        probatio.Optional(ATTR_PAGE): probatio.All(probatio.Coerce(int), probatio.Range(min=1)),
        probatio.Optional(ATTR_LIMIT, default=MAX_PAGE_SIZE): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=MAX_PAGE_SIZE)
        ),
    }
)
CREATE_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_DEVICE_ID): cv.string,
        probatio.Optional(ATTR_QUBE_METER): cv.string,
        **{probatio.Optional(field): _ANYTHING for field in CREATABLE},
    }
)
METER_SCHEMA: Final = probatio.Schema({probatio.Required(ATTR_DEVICE_ID): cv.string})
# Those that are immutable, too, so that it can be said that they are.
_NAMEABLE: Final = (*MUTABLE, *sorted(IMMUTABLE))
UPDATE_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        # Those that are immutable, too, so that it can be said that they are.
        **{
            probatio.Optional(field): _ANYTHING for field in {**MUTABLE, **dict.fromkeys(IMMUTABLE)}
        },
    }
)
DELETE_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Required(ATTR_SERIAL_NUMBER): probatio.All(cv.string, str.strip),
    }
)


@callback
def async_setup_registry_services(hass: HomeAssistant) -> None:
    """Register the actions; each answers."""
    for name, handler, schema, response in (
        ("list_registry_meters", _async_list, LIST_SCHEMA, SupportsResponse.ONLY),
        ("get_registry_meter", _async_get, METER_SCHEMA, SupportsResponse.ONLY),
        ("create_registry_meter", _async_create, CREATE_SCHEMA, SupportsResponse.OPTIONAL),
        ("update_registry_meter", _async_update, UPDATE_SCHEMA, SupportsResponse.OPTIONAL),
        ("delete_registry_meter", _async_delete, DELETE_SCHEMA, SupportsResponse.OPTIONAL),
    ):
        service.async_register_admin_service(hass, DOMAIN, name, handler, schema, response)


async def _async_list(call: ServiceCall) -> ServiceResponse:
    """List one page, or all meters where no page is named."""
    registry, data = _registry_of(call), call.data
    wanted = {
        "query": data.get(ATTR_QUERY),
        "sort_by": data[ATTR_SORT_BY],
        "sort_order": data[ATTR_SORT_ORDER],
    }
    account_id = registry.settings.account_id
    with _speaking_to(registry):
        if ATTR_PAGE in data:
            page = await registry.client.page(
                account_id, page=data[ATTR_PAGE], limit=data[ATTR_LIMIT], **wanted
            )
            return {"meters": [each.as_json() for each in page.meters], "count": page.count}
        meters = await registry.client.meters(account_id, **wanted)
    return {"meters": [each.as_json() for each in meters], "count": len(meters)}


async def _async_get(call: ServiceCall) -> ServiceResponse:
    registry, meter_id = _meter_of(call)
    with _speaking_to(registry):
        meter = await registry.client.meter(registry.settings.account_id, meter_id)
    registry.async_show(meter)
    return {**meter.as_json()}


async def _async_create(call: ServiceCall) -> ServiceResponse:
    """Create a meter, unless there is one with its serial number."""
    registry = _registry_of(call)
    fields = _fields_in(call, CREATABLE)
    if (device_id := call.data.get(ATTR_QUBE_METER)) is not None:
        entry, qube_meter = meter_of(call.hass, device_id)
        spaces = entry.runtime_data.inventory.data
        fields = {**fields_of(qube_meter.identity, spaces), **fields}
    with _speaking_to(registry):
        await _async_check_serial_number(registry, fields.get(ATTR_SERIAL_NUMBER))
        meter = await registry.client.create(registry.settings.account_id, fields)
    registry.async_show(meter)
    return {**meter.as_json()}


async def _async_update(call: ServiceCall) -> ServiceResponse:
    registry, meter_id = _meter_of(call)
    fields = _fields_in(call, _NAMEABLE)
    if not fields:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="registry_nothing_to_change"
        )
    with _speaking_to(registry):
        meter = await registry.client.update(registry.settings.account_id, meter_id, fields)
    registry.async_show(meter)
    return {**meter.as_json()}


async def _async_delete(call: ServiceCall) -> ServiceResponse:
    """Delete a meter, if its serial number as it is now was typed."""
    registry, meter_id = _meter_of(call)
    account_id = registry.settings.account_id
    with _speaking_to(registry):
        meter = await registry.client.meter(account_id, meter_id)
        if meter.serial_number != call.data[ATTR_SERIAL_NUMBER]:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="registry_serial_number_differs",
                translation_placeholders={"meter": meter.name},
            )
        await registry.client.delete(account_id, meter_id)
    registry.async_forget(meter_id)
    return {**meter.as_json()}


async def _async_check_serial_number(registry: Registry, serial_number: object) -> None:
    """Raise ServiceValidationError where it is there: an answer that was lost asks for a second."""
    wanted = str(serial_number or "").strip()
    if not wanted:
        # Said by the rules, together with all else that is missing.
        return
    found = await registry.client.meters(registry.settings.account_id, query=wanted)
    if any(meter.serial_number == wanted for meter in found):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="registry_serial_number_known",
            translation_placeholders={"serial_number": wanted},
        )


@contextmanager
def _speaking_to(registry: Registry) -> Iterator[None]:
    """Raise errors as people understand them; a login that is refused is asked for."""
    client = registry.client
    with registry_errors_for_people():
        try:
            yield
        except QubeAuthenticationError:
            registry.async_reject_login(client)
            raise


def _fields_in(call: ServiceCall, known: Iterable[str]) -> dict[str, object]:
    """Return the fields of a meter that an action names; a time without its offset is local."""
    fields = {field: call.data[field] for field in known if field in call.data}
    if isinstance(at := fields.get(ATTR_LAST_READING_AT), str):
        fields[ATTR_LAST_READING_AT] = dt_util.parse_datetime(at) or at
    if isinstance(at := fields.get(ATTR_LAST_READING_AT), datetime):
        fields[ATTR_LAST_READING_AT] = dt_util.as_local(at)
    return fields


def _registry_of(call: ServiceCall) -> Registry:
    """Return the registry that a call names, or the only one there is."""
    hass = call.hass
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        device, registry = _device_of(hass, device_id)
        if registry is not None and registry_identifier(registry.registry_id) in device.identifiers:
            return registry
        raise _not_it("registry_not_a_registry", device)
    entries: list[QubeConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    loaded = (entry for entry in entries if entry.state is ConfigEntryState.LOADED)
    registries = [each.registry for entry in loaded for each in entry.runtime_data.registries]
    if len(registries) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="registry_choose",
            translation_placeholders={"registries": str(len(registries))},
        )
    return registries[0]


def _meter_of(call: ServiceCall) -> tuple[Registry, int]:
    """Return the registry and the id of its meter that a call names."""
    device, registry = _device_of(call.hass, call.data[ATTR_DEVICE_ID])
    if registry is not None:
        meter_id = meter_id_of(registry.registry_id, device)
        if meter_id is not None:
            return registry, meter_id
    raise _not_it("registry_not_a_meter", device)


def _device_of(hass: HomeAssistant, device_id: str) -> tuple[dr.DeviceEntry, Registry | None]:
    device, entry = service.async_get_device_and_config_entry(
        hass, DOMAIN, device_id, include_child_devices=False
    )
    running = entry.runtime_data.registries.get(device.config_subentry_id or "")
    return device, running and running.registry


def _not_it(key: str, device: dr.DeviceEntry) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )
