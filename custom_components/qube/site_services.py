"""The actions of main meters: their records, and what is lost behind them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
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
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from .api import Grouping, Interval, Order, RecordQuery
from .api.flatpeak_models import DEFAULT_PAGE, MAX_PAGE
from .const import ATTR_FROM, ATTR_TO, DOMAIN, INDIA
from .days import DAY, Days
from .devices import site_identifier
from .errors import site_errors_for_people
from .reconciliation import Reconciliation
from .recorded import check_days
from .runtime import QubeConfigEntry
from .site_meter import SiteMeter
from .site_terms import Flow

ATTR_START: Final = "start"
ATTR_END: Final = "end"
# What is answered where no beginning is given.
DEFAULT_SPAN: Final = timedelta(days=1)

RECORDS_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Optional(ATTR_START): cv.datetime,
        probatio.Optional(ATTR_END): cv.datetime,
        probatio.Optional("direction", default=Flow.IMPORT.value): probatio.Coerce(Flow),
        probatio.Optional("group_by", default=Grouping.NON_FIXED.value): probatio.Coerce(Grouping),
        probatio.Optional("order_by", default=Order.NEWEST.value): probatio.Coerce(Order),
        probatio.Optional("limit", default=DEFAULT_PAGE): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=MAX_PAGE)
        ),
        probatio.Optional("starting_after"): cv.string,
        probatio.Optional("ending_before"): cv.string,
    }
)
RECONCILIATION_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Required(ATTR_FROM): cv.date,
        probatio.Required(ATTR_TO): cv.date,
    }
)


@callback
def async_setup_site_services(hass: HomeAssistant) -> None:
    """Register the actions; they only read."""
    hass.services.async_register(
        DOMAIN, "get_meter_records", _async_get_records, RECORDS_SCHEMA, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN,
        "get_reconciliation",
        _async_get_reconciliation,
        RECONCILIATION_SCHEMA,
        SupportsResponse.ONLY,
    )


async def _async_get_records(call: ServiceCall) -> ServiceResponse:
    """Return the records of all pages, in the order that was asked for."""
    site = _site_of(call)
    end = _aware(call.data.get(ATTR_END)) or dt_util.utcnow()
    start = _aware(call.data.get(ATTR_START)) or end - DEFAULT_SPAN
    flow: Flow = call.data["direction"]
    query = RecordQuery(
        device_id=site.terms.device_id,
        starting_after=call.data.get("starting_after"),
        ending_before=call.data.get("ending_before"),
        limit=call.data["limit"],
        group_by=call.data["group_by"],
        order_by=call.data["order_by"],
        direction=flow.direction,
    )
    with site_errors_for_people():
        records = await site.client.records(query, start, end)
    if query.order_by is Order.NEWEST:
        records.reverse()
    energies_wh = [site.terms.energy_wh(record.value) for record in records]
    return {
        "main_meter": site.title,
        "direction": flow.value,
        "from": start.astimezone(INDIA).isoformat(),
        "to": end.astimezone(INDIA).isoformat(),
        "energy_kwh": sum(energies_wh) / 1000,
        "records": [
            {
                "start": record.started_at.astimezone(INDIA).isoformat(),
                "end": record.ended_at.astimezone(INDIA).isoformat(),
                "value": float(record.value),
                "energy_kwh": energy_wh / 1000,
                "confidence": record.confidence,
            }
            for record, energy_wh in zip(records, energies_wh, strict=True)
        ],
    }


async def _async_get_reconciliation(call: ServiceCall) -> ServiceResponse:
    """Return what is lost, by day, by month and in all."""
    site = _site_of(call)
    days = Days(first=call.data[ATTR_FROM], last=call.data[ATTR_TO])
    check_days(days, Interval.DAY, dt_util.utcnow())
    with site_errors_for_people():
        told = {flow: await site.history.async_told(flow, days) for flow in site.terms.flows}
    each_day = [Days(first=day, last=day) for day in _days_in(days)]
    each_month = list(_months_in(days))
    spans = [*each_day, *each_month, days]
    found = await site.async_reconcile(spans, told)
    meters = site.config_entry.runtime_data.devices.meters
    names = {key: meter.name_of_place for key, meter in meters.items()}
    answers = [_answer(span, each, names) for span, each in zip(spans, found, strict=True)]
    by_day, by_month = len(each_day), len(each_day) + len(each_month)
    return {
        "main_meter": site.title,
        "days": [*answers[:by_day]],
        "months": [*answers[by_day:by_month]],
        "total": answers[-1],
    }


def _answer(days: Days, found: Reconciliation, names: dict[str, str]) -> dict[str, JsonValueType]:
    lost_wh, share, paise = found.lost_wh, found.lost_basis_points, found.lost_paise
    return {
        "from": days.first.isoformat(),
        "to": days.last.isoformat(),
        "state": found.completeness.value,
        "main_meter_kwh": _kwh(found.main_wh),
        "meters_kwh": _kwh(found.meters_wh),
        "losses_kwh": _kwh(lost_wh),
        "losses_percent": None if share is None else share / 100,
        "losses_inr": None if paise is None else paise / 100,
        "meters_without_reading": [names.get(key, key) for key in found.missing],
    }


def _kwh(energy_wh: int | None) -> float | None:
    return None if energy_wh is None else energy_wh / 1000


def _days_in(days: Days) -> Iterator[date]:
    for number in range(len(days)):
        yield days.first + number * DAY


def _months_in(days: Days) -> Iterator[Days]:
    """Yield the months that the days are in, each as far as the days go."""
    for _, group in groupby(_days_in(days), key=lambda day: (day.year, day.month)):
        of_month = list(group)
        yield Days(first=of_month[0], last=of_month[-1])


def _aware(moment: datetime | None) -> datetime | None:
    """Return a time; one without a zone is meant in India."""
    return moment.replace(tzinfo=INDIA) if moment and moment.tzinfo is None else moment


def _site_of(call: ServiceCall) -> SiteMeter:
    """Return the main meter; raises ServiceValidationError where the device is none."""
    entry: QubeConfigEntry
    device, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID], include_child_devices=False
    )
    for site in entry.runtime_data.site_meters:
        if site_identifier(site.site_id) in device.identifiers:
            return site
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_main_meter",
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )
