"""The actions: metadata of meters and spaces, and what a meter recorded."""

from typing import Final

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

from .api import Interval, Space
from .const import DOMAIN, INDIA
from .coordinator import MeterCoordinator, QubeConfigEntry
from .devices import meter_identifier, space_identifier
from .errors import errors_for_people
from .metadata import FIELDS, async_change_meter, async_change_space, check
from .recorded import Days, async_recorded, check_days

ATTR_FROM: Final = "from"
ATTR_TO: Final = "to"
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
    hass.services.async_register(
        DOMAIN, "get_history", _async_get_history, HISTORY_SCHEMA, SupportsResponse.ONLY
    )


async def _async_update_meter(call: ServiceCall) -> ServiceResponse:
    entry, meter = _meter_of(call)
    changes = _changes_of(call)
    check(changes)
    with errors_for_people(call.hass, entry):
        metadata = await async_change_meter(entry.runtime_data, meter, changes)
    return {**metadata.as_json()}


async def _async_update_space(call: ServiceCall) -> ServiceResponse:
    entry, space = _space_of(call)
    changes = _changes_of(call)
    check(changes)
    with errors_for_people(call.hass, entry):
        metadata = await async_change_space(entry.runtime_data, space.space_id, changes)
    return {**metadata.as_json()}


async def _async_get_history(call: ServiceCall) -> ServiceResponse:
    entry, meter = _meter_of(call)
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


def _changes_of(call: ServiceCall) -> dict[str, str]:
    return {field: call.data[field] for field in FIELDS if field in call.data}


def _meter_of(call: ServiceCall) -> tuple[QubeConfigEntry, MeterCoordinator]:
    """Return the account and the meter; raises ServiceValidationError where it is none."""
    device, entry = _device_of(call)
    for meter in entry.runtime_data.devices.meters.values():
        if meter_identifier(meter.key) in device.identifiers:
            return entry, meter
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_meter",
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )


def _space_of(call: ServiceCall) -> tuple[QubeConfigEntry, Space]:
    """Return the account and the space; raises ServiceValidationError where it is none."""
    device, entry = _device_of(call)
    for space in entry.runtime_data.inventory.data.values():
        if space_identifier(space.space_id) in device.identifiers:
            return entry, space
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_space",
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )


def _device_of(call: ServiceCall) -> tuple[dr.DeviceEntry, QubeConfigEntry]:
    return service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID], include_child_devices=False
    )
