"""The actions: metadata of meters and spaces, what a meter recorded, and its statistics."""

from typing import Final

from homeassistant.components.recorder.const import DOMAIN as RECORDER
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
from homeassistant.util.json import JsonValueType
import probatio

from .api import Interval, Space
from .const import ATTR_FROM, ATTR_TO, DOMAIN, INDIA
from .coordinator import MeterCoordinator
from .days import Days
from .devices import meter_identifier, space_identifier
from .errors import errors_for_people
from .hourly_statistics import cost_statistic_id, energy_statistic_id
from .metadata import FIELDS, async_change_meter, async_change_space, check
from .recorded import async_recorded, check_days, check_range
from .runtime import QubeConfigEntry

ATTR_INTERVAL: Final = "interval"
ATTR_PROPERTY: Final = "property"

METADATA_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        **{probatio.Optional(field): probatio.All(cv.string, str.strip) for field in FIELDS},
    }
)
HISTORY_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Optional(ATTR_PROPERTY, default="energy"): cv.string,
        probatio.Required(ATTR_FROM): cv.date,
        probatio.Required(ATTR_TO): cv.date,
        probatio.Optional(ATTR_INTERVAL, default=Interval.HOUR.value): probatio.Coerce(Interval),
    }
)
IMPORT_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string]),
        probatio.Required(ATTR_FROM): cv.date,
        probatio.Required(ATTR_TO): cv.date,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; what changes something is for administrators."""
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "update_meter",
        _async_update_meter,
        METADATA_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "update_space",
        _async_update_space,
        METADATA_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "import_history",
        _async_import_history,
        IMPORT_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN, "get_history", _async_get_history, HISTORY_SCHEMA, SupportsResponse.ONLY
    )


async def _async_update_meter(call: ServiceCall) -> ServiceResponse:
    entry, meter = meter_of(call.hass, call.data[ATTR_DEVICE_ID])
    changes = _changes_of(call)
    check(changes)
    with errors_for_people(call.hass, entry):
        metadata = await async_change_meter(entry.runtime_data, meter, changes)
    return {**metadata.as_json()}


async def _async_update_space(call: ServiceCall) -> ServiceResponse:
    entry, space = _space_of(call.hass, call.data[ATTR_DEVICE_ID])
    changes = _changes_of(call)
    check(changes)
    with errors_for_people(call.hass, entry):
        metadata = await async_change_space(entry.runtime_data, space.space_id, changes)
    return {**metadata.as_json()}


async def _async_get_history(call: ServiceCall) -> ServiceResponse:
    entry, meter = meter_of(call.hass, call.data[ATTR_DEVICE_ID])
    days = Days(first=call.data[ATTR_FROM], last=call.data[ATTR_TO])
    property_id, interval = call.data[ATTR_PROPERTY], call.data[ATTR_INTERVAL]
    check_days(days, interval, dt_util.utcnow())
    with errors_for_people(call.hass, entry):
        rows = await async_recorded(meter, property_id, days, interval)
    return {
        "meter": meter.name_of_place,
        "property": property_id,
        "interval": interval.value,
        "readings": [
            {
                "time": row.ended_at.astimezone(INDIA).isoformat(),
                "value": float(row.value),
                "unit": row.unit,
            }
            for row in rows
        ],
    }


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Import the meters one after the other; what came before an error stays."""
    days = Days(first=call.data[ATTR_FROM], last=call.data[ATTR_TO])
    check_range(days, dt_util.utcnow())
    meters = [meter_of(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]]
    if RECORDER not in call.hass.config.components:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recorder")
    imported: list[JsonValueType] = []
    for entry, meter in meters:
        with errors_for_people(call.hass, entry):
            done = await entry.runtime_data.back_fill.async_import(meter, days)
        imported.append(
            {
                "meter": meter.name_of_place,
                "energy": energy_statistic_id(meter.key),
                "cost": cost_statistic_id(meter.key),
                "rows": sum(done.values()),
                "ranges": [
                    {"from": part.first.isoformat(), "to": part.last.isoformat(), "rows": rows}
                    for part, rows in sorted(done.items())
                ],
            }
        )
    return {"meters": imported}


def _changes_of(call: ServiceCall) -> dict[str, str]:
    return {field: call.data[field] for field in FIELDS if field in call.data}


def meter_of(hass: HomeAssistant, device_id: str) -> tuple[QubeConfigEntry, MeterCoordinator]:
    """Return the account and the meter; raises ServiceValidationError where it is none."""
    device, entry = _device_of(hass, device_id)
    for meter in entry.runtime_data.devices.meters.values():
        if meter_identifier(meter.key) in device.identifiers:
            return entry, meter
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_meter",
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )


def _space_of(hass: HomeAssistant, device_id: str) -> tuple[QubeConfigEntry, Space]:
    """Return the account and the space; raises ServiceValidationError where it is none."""
    device, entry = _device_of(hass, device_id)
    for space in entry.runtime_data.inventory.data.values():
        if space_identifier(space.space_id) in device.identifiers:
            return entry, space
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_space",
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )


def _device_of(hass: HomeAssistant, device_id: str) -> tuple[dr.DeviceEntry, QubeConfigEntry]:
    return service.async_get_device_and_config_entry(
        hass, DOMAIN, device_id, include_child_devices=False
    )
