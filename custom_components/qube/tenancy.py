"""One tenancy while it runs: what is charged when, and what follows from it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .billing.bills import StoredBill
from .billing.errors import BillingError, LedgerError, RefusedError
from .billing.ledger import Ledger
from .billing.models import Plan, Rates, TenancyRecord, Transaction
from .billing.terms import next_check
from .books import Books
from .const import LOGGER
from .coordinator import MeterCoordinator
from .devices import Devices
from .runtime import QubeConfigEntry
from .tenancy_account import (
    AccountLook,
    ChargeOutcome,
    charge_account,
    close_account,
    look_at,
    open_account,
)
from .tenancy_events import (
    TenancyEvent,
    TenancyEventListener,
    bill_event,
    charge_event,
    payment_event,
    rates_event,
)
from .tenancy_meter import TenancyMeter
from .tenancy_supply import TenancySupply
from .tenancy_terms import TenancyTerms
from .tenancy_view import TenancyView, view_of

# A history that could not be read, or a cut that waits for something to pass, is tried again.
RETRY_DELAY: Final = timedelta(minutes=5)


class Tenancy:
    """A tenant's account on one meter.

    Every method that is awaited raises LedgerError where the ledger is sick, and RefusedError
    where what is asked for contradicts it; `errors.py` makes them errors for people.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QubeConfigEntry,
        books: Books,
        devices: Devices,
        *,
        tenancy_id: str,
        terms: TenancyTerms,
        async_due: Callable[[Tenancy], None],
    ) -> None:
        """Prepare a tenancy; it asks for its turn with `async_due` when something is due."""
        self.tenancy_id = tenancy_id
        self.terms = terms
        self.view = TenancyView()
        self._hass = hass
        self._entry = entry
        self._books = books
        self._async_due = async_due
        self._meter = TenancyMeter(entry, devices, terms.meter_key, self._async_polled)
        self._look: AccountLook | None = None
        self._charging = asyncio.Lock()
        self._is_check_due = False
        self._is_retry_due = False
        self._next_check: datetime | None = None
        self._refusal: str | None = None
        self._listeners: set[Callable[[], None]] = set()
        self._event_listeners: set[TenancyEventListener] = set()
        self._stop_timer: CALLBACK_TYPE | None = None

    @property
    def meter_key(self) -> str:
        """Return the meter's key; its device is `devices.meter_identifier(meter_key)`."""
        return self.terms.meter_key

    @property
    def plan(self) -> Plan:
        """Return whether the tenant pays before or after use."""
        return self.terms.plan

    @property
    def record(self) -> TenancyRecord | None:
        """Return the tenancy as the ledger keeps it; None as long as it was not read."""
        return self._look.record if self._look else None

    @property
    def meter(self) -> MeterCoordinator | None:
        """Return what reads the meter; None while the cloud does not list it."""
        return self._meter.coordinator

    @property
    def is_closed(self) -> bool:
        """Return whether the tenant has moved out: nothing is charged, payments still come."""
        return self.record is not None and self.record.closed_at is not None

    @property
    def is_checked_at_midnight(self) -> bool:
        """Return whether the supply is decided at midnight: that is when a bill gets overdue."""
        return self.plan is Plan.POSTPAID

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call when the view has changed; return what ends that."""
        self._listeners.add(listener)
        return partial(self._listeners.discard, listener)

    @callback
    def async_add_event_listener(self, listener: TenancyEventListener) -> CALLBACK_TYPE:
        """Call with each event; return what ends that."""
        self._event_listeners.add(listener)
        return partial(self._event_listeners.discard, listener)

    # Its turns

    @callback
    def async_start(self) -> None:
        """Follow the meter, and open the account in its turn."""
        self._meter.async_attach()
        self._async_due(self)

    @callback
    def async_stop(self) -> None:
        """Do nothing more; what is in the ledger stays."""
        self._meter.async_detach()
        self._cancel_timer()

    @callback
    def async_attach(self) -> None:
        """Follow the meter that is listed now."""
        self._meter.async_attach()

    @callback
    def async_take_terms(self, terms: TenancyTerms) -> None:
        """Go on with what the owner has changed."""
        if terms != self.terms:
            self.terms = terms
            self._next_check = None
            self._async_due(self)

    @callback
    def async_set_due(self, *, is_check: bool) -> None:
        """Ask for a turn, to charge, or to check, too."""
        self._is_check_due |= is_check
        self._async_due(self)

    async def async_do_due(self) -> None:
        """Do what is due; what cannot be done is told, and tried again."""
        try:
            if await self._async_is_check_due():
                await self.async_check()
            else:
                await self.async_charge()
        except RefusedError as err:
            if err.key != self._refusal:
                LOGGER.error("Tenancy %s cannot be charged: %s", self.tenancy_id, err.key)
            self._refusal = err.key
            self._is_retry_due = True
        except LedgerError:
            # The books have told it, and let all tenancies go on when they are sound again.
            pass
        else:
            self._refusal = None
        self._arm()

    async def async_charge(self) -> None:
        """Charge what the register has counted up to its last reading; issue bills now due."""
        async with self._charging:
            look = await self._async_account()
            if look.record.closed_at is not None:
                return
            readings, is_all = await self._meter.async_readings(look.state.cursor)
            self._is_retry_due = not is_all
            outcome = await self._books.async_run(
                lambda ledger: charge_account(
                    ledger, self.tenancy_id, readings, self.terms, dt_util.utcnow()
                )
            )
            self._take(outcome)

    async def async_check(self) -> None:
        """Charge, then decide whether there is power, and see to it."""
        await self._meter.async_poll_if_stale()
        await self.async_charge()
        await self._async_decide()
