"""The actions that change a tenancy: its rates, its bills and its end; administrators only."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final

from homeassistant.const import ATTR_DATE
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
import probatio

from .action_fields import AMOUNT, amount_in, check_day
from .billing.money import basis_points_of, millipaise_of, paise_of
from .const import DOMAIN, INDIA
from .days import day_of
from .named_tenancy import WHOSE_DEVICE, async_running_tenancy
from .tenancy_answers import bill_answer, rates_answer, rupees

ATTR_DG_RATE: Final = "dg_rate"
ATTR_EB_RATE: Final = "eb_rate"
ATTR_MONTHLY_CHARGE: Final = "monthly_charge"
ATTR_TAX: Final = "tax"

# Rates follow each other: until those of a day in years to come, there could be no others.
_AHEAD: Final = timedelta(days=366)

RATES_SCHEMA: Final = probatio.Schema(
    {
        **WHOSE_DEVICE,
        probatio.Optional(ATTR_DATE): cv.date,
        probatio.Optional(ATTR_EB_RATE): AMOUNT,
        probatio.Optional(ATTR_DG_RATE): AMOUNT,
        probatio.Optional(ATTR_MONTHLY_CHARGE): AMOUNT,
        probatio.Optional(ATTR_TAX): AMOUNT,
    }
)
DEVICE_SCHEMA: Final = probatio.Schema(WHOSE_DEVICE)


@callback
def async_setup_tenancy_services(hass: HomeAssistant) -> None:
    """Register the actions; what they did is in their answers."""
    for name, handler, schema in (
        ("set_rates", _async_set_rates, RATES_SCHEMA),
        ("issue_bill", _async_issue_bill, DEVICE_SCHEMA),
        ("close_tenancy", _async_close_tenancy, DEVICE_SCHEMA),
    ):
        service.async_register_admin_service(
            hass, DOMAIN, name, handler, schema, SupportsResponse.OPTIONAL
        )


async def _async_set_rates(call: ServiceCall) -> ServiceResponse:
    """Add rates that differ from the newest ones in what is given."""
    given = call.data
    if not given.keys() & {ATTR_EB_RATE, ATTR_DG_RATE, ATTR_MONTHLY_CHARGE, ATTR_TAX}:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_rates_given")
    async with async_running_tenancy(call) as (named, tenancy):
        tenancy_id = named.record.tenancy_id
        newest = (await named.books.async_run(lambda ledger: ledger.rates(tenancy_id)))[-1]
        changed: dict[str, int] = {}
        for field, unit, parsed in (
            (ATTR_EB_RATE, "eb_millipaise_per_kwh", millipaise_of),
            (ATTR_DG_RATE, "dg_millipaise_per_kwh", millipaise_of),
            (ATTR_MONTHLY_CHARGE, "monthly_charge_paise", paise_of),
            (ATTR_TAX, "tax_basis_points", basis_points_of),
        ):
            if field in given:
                with amount_in(field):
                    changed[unit] = parsed(given[field])
        today = day_of(dt_util.utcnow())
        day = given.get(ATTR_DATE, today)
        if day == today:
            # What was used until now costs what it did: polls in between would be forgotten.
            await tenancy.async_charge()
            valid_from = dt_util.utcnow()
        else:
            # Of a day that is over, the ledger says what is wrong.
            check_day(day, min(day, today), today + _AHEAD)
            valid_from = datetime.combine(day, time(), INDIA)
        rates = replace(newest, valid_from=valid_from, **changed)
        await tenancy.async_set_rates(rates)
    return rates_answer(rates)


async def _async_issue_bill(call: ServiceCall) -> ServiceResponse:
    async with async_running_tenancy(call) as (_, tenancy):
        return bill_answer(await tenancy.async_issue_bill())


async def _async_close_tenancy(call: ServiceCall) -> ServiceResponse:
    async with async_running_tenancy(call) as (named, tenancy):
        bill = await tenancy.async_close()
        return {
            "account_number": named.record.number,
            "bill": None if bill is None else bill_answer(bill),
            "balance": rupees(await named.async_balance_micropaise()),
        }
