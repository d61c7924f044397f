"""The actions that tell what is in a tenant's account, for administrators only."""

from collections.abc import Iterator
import csv
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING, Final

from homeassistant.const import CONF_LANGUAGE
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from .action_fields import check_day
from .bill_page import async_bill_path
from .bill_words import WORDS, words_of
from .billing.bills import StoredBill
from .billing.models import TenancyRecord
from .billing.postpaid import is_sound
from .billing.statement import Statement, make_statement, statement_rows
from .const import ATTR_FROM, ATTR_TO, DOMAIN
from .days import Days, day_of
from .named_tenancy import WHOSE, NamedTenancy, async_named_tenancy
from .recorded import check_range
from .tenancy_answers import bill_answer, exact_rupees, moment, statement_line_answer

if TYPE_CHECKING:
    from .billing.ledger import Ledger

# Before it there was no meter; a year of two digits is a slip.
_FIRST_DAY: Final = date(2000, 1, 1)

STATEMENT_SCHEMA: Final = probatio.Schema(
    {
        **WHOSE,
        probatio.Required(ATTR_FROM): cv.date,
        probatio.Optional(ATTR_TO): cv.date,
    }
)
BILLS_SCHEMA: Final = probatio.Schema(
    {**WHOSE, probatio.Optional(CONF_LANGUAGE): probatio.In(list(WORDS))}
)
EXPORT_SCHEMA: Final = probatio.Schema(
    {
        **WHOSE,
        probatio.Optional(ATTR_FROM): cv.date,
        probatio.Optional(ATTR_TO): cv.date,
    }
)


@callback
def async_setup_tenancy_reports(hass: HomeAssistant) -> None:
    """Register the actions, which only answer."""
    for name, handler, schema in (
        ("get_statement", _async_get_statement, STATEMENT_SCHEMA),
        ("get_bills", _async_get_bills, BILLS_SCHEMA),
        ("export_ledger", _async_export_ledger, EXPORT_SCHEMA),
    ):
        service.async_register_admin_service(
            hass, DOMAIN, name, handler, schema, SupportsResponse.ONLY
        )


async def _async_get_statement(call: ServiceCall) -> ServiceResponse:
    async with async_named_tenancy(call) as named:
        days = _days_of(call, call.data[ATTR_FROM])

        def answer(ledger: Ledger) -> ServiceResponse:
            """Return the answer, made in the ledger's thread: there may be thousands of lines."""
            statement = _statement(ledger, named, days)
            lines: list[JsonValueType] = [statement_line_answer(line) for line in statement.lines]
            return {
                "account_number": named.record.number,
                "meter": named.record.meter_name,
                "from": str(days.first),
                "to": str(days.last),
                "charged_until": moment(ledger.state(named.record.tenancy_id).cursor.read_at),
                "opening_balance": exact_rupees(statement.opening_balance_micropaise),
                "lines": lines,
                "closing_balance": exact_rupees(statement.closing_balance_micropaise),
            }

        return await named.books.async_run(answer)


async def _async_get_bills(call: ServiceCall) -> ServiceResponse:
    """Return the bills; a person gets a page with each, nobody else could open it."""
    words = words_of(call.data.get(CONF_LANGUAGE, call.hass.config.language))
    async with async_named_tenancy(call) as named:
        bills = await named.books.async_run(lambda ledger: [*_bills(ledger, named.record)])
        return {
            "account_number": named.record.number,
            "bills": [
                {
                    **bill_answer(bill),
                    "is_verified": is_verified,
                    "page": async_bill_path(call.hass, named.entry, bill.number, words.language)
                    if call.context.user_id
                    else None,
                }
                for bill, is_verified in bills
            ],
        }


def _bills(ledger: Ledger, record: TenancyRecord) -> Iterator[tuple[StoredBill, bool]]:
    """Yield the bills, and whether the readings that are stored still give each of them."""
    tenancy_id = record.tenancy_id
    rates, previous = ledger.rates(tenancy_id), None
    transactions = ledger.transactions(tenancy_id, with_charges=False)
    for bill in ledger.bills(tenancy_id):
        draft = bill.draft
        charges = ledger.charge_lines(tenancy_id, draft.period.start, draft.period.end)
        yield (
            bill,
            is_sound(
                draft,
                record,
                rates=rates,
                charges=charges,
                transactions=transactions,
                previous=previous,
            ),
        )
        previous = draft


async def _async_export_ledger(call: ServiceCall) -> ServiceResponse:
    """Return the table as a text; its name is of numbers only, so that it is safe as a file's."""
    async with async_named_tenancy(call) as named:
        first = await named.books.async_run(lambda ledger: _first_day(ledger, named))
        days = _days_of(call, first)
        table = await named.books.async_run(lambda ledger: _csv(_statement(ledger, named, days)))
        return {
            "account_number": named.record.number,
            "file_name": f"qube-account-{named.record.number}-{days.first}-{days.last}.csv",
            "csv": table,
        }


def _first_day(ledger: Ledger, named: NamedTenancy) -> date:
    """Return the first day of an account: an advance may have been paid before the tenancy."""
    booked = ledger.transactions(named.record.tenancy_id, with_charges=False)
    times = [named.record.opened.read_at, *(each.effective_at for each in booked)]
    return day_of(min(times))


def _days_of(call: ServiceCall, first: date) -> Days:
    """Return the days that are asked for: from a first one on, until today.

    Raises ServiceValidationError where there can be nothing in them.
    """
    now = dt_util.utcnow()
    days = Days(
        first=call.data.get(ATTR_FROM, first),
        last=call.data.get(ATTR_TO, day_of(now)),
    )
    check_range(days, now)
    check_day(days.first, _FIRST_DAY, days.last)
    return days


def _statement(ledger: Ledger, named: NamedTenancy, days: Days) -> Statement:
    tenancy_id = named.record.tenancy_id
    return make_statement(
        days.start,
        days.end,
        opening_balance_micropaise=ledger.balance_at(tenancy_id, days.start),
        charges=ledger.charge_lines(tenancy_id, days.start, days.end),
        transactions=ledger.transactions(tenancy_id, days.start, days.end, with_charges=False),
    )


def _csv(statement: Statement) -> str:
    table = StringIO(newline="")
    csv.writer(table).writerows(statement_rows(statement))
    return table.getvalue()
