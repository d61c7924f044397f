"""The actions that book money of a tenant, for administrators only."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

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
from .billing.errors import InvalidAmountError, RefusedError
from .billing.models import Transaction, TransactionKind
from .billing.money import MAX_AMOUNT_PAISE, paise_of
from .const import DOMAIN, INDIA
from .days import day_of
from .named_tenancy import WHOSE, NamedTenancy, async_named_tenancy, whole_number
from .tenancy_answers import transaction_answer

if TYPE_CHECKING:
    from .billing.ledger import Ledger

ATTR_AMOUNT: Final = "amount"
ATTR_IS_CONFIRMED: Final = "is_confirmed"
ATTR_METHOD: Final = "method"
ATTR_NOTE: Final = "note"
ATTR_REASON: Final = "reason"
ATTR_REFERENCE: Final = "reference"
ATTR_TRANSACTION_ID: Final = "transaction_id"

_NOON: Final = time(12)
# So long before a tenant moves in, an advance may have been paid.
_IN_ADVANCE: Final = timedelta(days=366)
_MAX_LENGTH: Final = 200
_TEXT: Final = probatio.All(cv.string, str.strip, probatio.Length(min=1, max=_MAX_LENGTH))


class PaymentMethod(StrEnum):
    """How a tenant pays."""

    BANK_TRANSFER = "bank_transfer"
    CARD = "card"
    CASH = "cash"
    CHEQUE = "cheque"
    OTHER = "other"
    UPI = "upi"


PAYMENT_SCHEMA: Final = probatio.Schema(
    {
        **WHOSE,
        probatio.Required(ATTR_AMOUNT): AMOUNT,
        probatio.Required(ATTR_REFERENCE): _TEXT,
        probatio.Required(ATTR_METHOD): probatio.Coerce(PaymentMethod),
        probatio.Optional(ATTR_DATE): cv.date,
        probatio.Optional(ATTR_NOTE): _TEXT,
        probatio.Optional(ATTR_IS_CONFIRMED, default=False): cv.boolean,
    }
)
ADJUSTMENT_SCHEMA: Final = probatio.Schema(
    {
        **WHOSE,
        probatio.Required(ATTR_AMOUNT): AMOUNT,
        probatio.Required(ATTR_REASON): _TEXT,
        probatio.Required(ATTR_REFERENCE): _TEXT,
    }
)
REVERSAL_SCHEMA: Final = probatio.Schema(
    {
        **WHOSE,
        probatio.Required(ATTR_TRANSACTION_ID): whole_number,
        probatio.Required(ATTR_REASON): _TEXT,
    }
)


@callback
def async_setup_money_services(hass: HomeAssistant) -> None:
    """Register the actions; what they did is in their answers."""
    for name, handler, schema in (
        ("record_payment", _async_record_payment, PAYMENT_SCHEMA),
        ("record_adjustment", _async_record_adjustment, ADJUSTMENT_SCHEMA),
        ("reverse_transaction", _async_reverse_transaction, REVERSAL_SCHEMA),
    ):
        service.async_register_admin_service(
            hass, DOMAIN, name, handler, schema, SupportsResponse.OPTIONAL
        )


async def _async_record_payment(call: ServiceCall) -> ServiceResponse:
    """Record a payment through the tenancy, which restores power, or else in the ledger only."""
    now = dt_util.utcnow()
    payment: dict[str, Any] = {
        "reference": call.data[ATTR_REFERENCE],
        "method": call.data[ATTR_METHOD].value,
        "is_confirmed": call.data[ATTR_IS_CONFIRMED],
        "note": call.data.get(ATTR_NOTE),
    }
    async with async_named_tenancy(call) as named:
        with amount_in(ATTR_AMOUNT):
            payment["amount_paise"] = paise_of(call.data[ATTR_AMOUNT], lowest_paise=1)
        moved_in = day_of(named.record.opened.read_at)
        payment["paid_at"] = _paid_at(call.data.get(ATTR_DATE), moved_in, now)
        if named.running is not None:
            transaction, is_new = await named.running.async_pay(**payment)
        else:
            tenancy_id = named.record.tenancy_id
            transaction, is_new = await named.books.async_run(
                lambda ledger: ledger.record_payment(tenancy_id, now=now, **payment)
            )
        return await _async_answer(named, transaction, is_new=is_new)


async def _async_record_adjustment(call: ServiceCall) -> ServiceResponse:
    reason, reference = call.data[ATTR_REASON], call.data[ATTR_REFERENCE]
    async with async_named_tenancy(call) as named:
        with amount_in(ATTR_AMOUNT):
            amount = paise_of(call.data[ATTR_AMOUNT], lowest_paise=-MAX_AMOUNT_PAISE)
            if amount == 0:
                raise InvalidAmountError("amount_is_zero")
        if named.running is not None:
            transaction, is_new = await named.running.async_adjust(
                amount_paise=amount, reason=reason, reference=reference
            )
        else:
            tenancy_id, now = named.record.tenancy_id, dt_util.utcnow()
            transaction, is_new = await named.books.async_run(
                lambda ledger: ledger.record_adjustment(
                    tenancy_id, amount_paise=amount, reason=reason, reference=reference, now=now
                )
            )
        return await _async_answer(named, transaction, is_new=is_new)


async def _async_reverse_transaction(call: ServiceCall) -> ServiceResponse:
    transaction_id, reason = call.data[ATTR_TRANSACTION_ID], call.data[ATTR_REASON]
    async with async_named_tenancy(call) as named:
        tenancy_id, now = named.record.tenancy_id, dt_util.utcnow()
        await named.books.async_run(
            lambda ledger: _check_reversible(ledger, tenancy_id, transaction_id)
        )
        if named.running is not None:
            transaction, is_new = await named.running.async_reverse(transaction_id, reason=reason)
        else:
            transaction, is_new = await named.books.async_run(
                lambda ledger: ledger.reverse(transaction_id, reason=reason, now=now)
            )
        return await _async_answer(named, transaction, is_new=is_new)


async def _async_answer(
    named: NamedTenancy, transaction: Transaction, *, is_new: bool
) -> ServiceResponse:
    balance = await named.async_balance_micropaise()
    return {
        "account_number": named.record.number,
        "is_new": is_new,
        **transaction_answer(transaction, balance),
    }


def _check_reversible(ledger: Ledger, tenancy_id: str, transaction_id: int) -> None:
    """Raise RefusedError where it is no payment or adjustment of this tenancy.

    What was charged is in bills and rests on registers: it is corrected by adjustments only.
    """
    transactions = ledger.transactions(tenancy_id, with_charges=False)
    kinds = {each.transaction_id: each.kind for each in transactions}
    match kinds.get(transaction_id):
        case None:
            raise RefusedError("transaction_unknown")
        case TransactionKind.FIXED_CHARGE:
            raise RefusedError("transaction_not_reversible")


def _paid_at(day: date | None, moved_in: date, now: datetime) -> datetime:
    """Return when a payment of a day was made: now, or at noon, as far from other days as can be.

    Raises ServiceValidationError where the day is still to come, or long before the tenancy.
    """
    today = day_of(now)
    if day is None or day == today:
        return now
    if day > today:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="payment_in_the_future",
            translation_placeholders={"date": str(day), "today": str(today)},
        )
    check_day(day, moved_in - _IN_ADVANCE, today)
    return datetime.combine(day, _NOON, INDIA)
