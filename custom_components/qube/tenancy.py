"""One tenancy while it runs: what is charged when, and what follows from it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from homeassistant.const import STATE_ON
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .billing.bills import StoredBill
from .billing.errors import BillingError, LedgerError, RefusedError
from .billing.ledger import Ledger
from .billing.models import Plan, Rates, TenancyRecord, Transaction, TransactionKind
from .billing.supply_models import SupplyState
from .books import Books
from .const import LOGGER
from .coordinator import MeterCoordinator
from .devices import Devices
from .relay_owner import Order
from .running_account import RunningAccount
from .runtime import QubeConfigEntry
from .supply import Supply
from .tenancy_account import ChargeOutcome
from .tenancy_clock import TenancyClock
from .tenancy_events import (
    TenancyEvent,
    TenancyEventListener,
    bill_event,
    charge_event,
    overdue_event,
    payment_event,
    rates_event,
    switch_event,
    warning_event,
)
from .tenancy_meter import TenancyMeter
from .tenancy_terms import TenancyTerms
from .tenancy_view import TenancyView, view_at_end, view_of


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
        self.view = TenancyView()
        self._hass = hass
        self._entry = entry
        self._books = books
        self._ask_for_turn = partial(async_due, self)
        self._meter = TenancyMeter(entry, devices, terms.meter_key, self._async_polled)
        self._account = RunningAccount(entry, books, self._meter, tenancy_id, terms)
        self._clock = TenancyClock(hass, self._ask_for_turn)
        self.supply = Supply(
            hass,
            entry,
            books,
            tenancy_id=tenancy_id,
            meter=lambda: self.meter,
            async_changed=self._ask_for_turn,
            async_switched=self._async_switched,
        )
        self._terms = terms
        self._supply_state: SupplyState | None = None
        self._is_pending = False
        self._refusal: str | None = None
        self._listeners: set[Callable[[], None]] = set()
        self._event_listeners: set[TenancyEventListener] = set()

    @property
    def terms(self) -> TenancyTerms:
        """Return what was agreed with the tenant."""
        return self._terms

    @property
    def meter_key(self) -> str:
        """Return the meter's key; its device is `devices.meter_identifier(meter_key)`."""
        return self._terms.meter_key

    @property
    def plan(self) -> Plan:
        """Return whether the tenant pays before or after use."""
        return self._terms.plan

    @property
    def record(self) -> TenancyRecord | None:
        """Return the tenancy as the ledger keeps it; None as long as it was not read."""
        return self._account.look.record if self._account.look else None

    @property
    def meter(self) -> MeterCoordinator | None:
        """Return what reads the meter; None while the cloud does not list it."""
        return self._meter.coordinator

    @property
    def is_closed(self) -> bool:
        """Return whether the tenant has moved out: nothing is charged, payments still come."""
        return self._account.is_closed

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
        self._ask_for_turn()

    @callback
    def async_stop(self) -> None:
        """Do nothing more; what is in the ledger stays."""
        self._meter.async_detach()
        self._clock.async_cancel()
        self.supply.async_stop()

    @callback
    def async_attach(self) -> None:
        """Follow the meter that is listed now."""
        if not self.is_closed:
            self._meter.async_attach()

    @callback
    def async_take_terms(self, terms: TenancyTerms) -> None:
        """Go on with what the owner has changed."""
        if terms != self._terms:
            self._terms = terms
            self._ask_for_turn()

    @callback
    def async_set_due(self, *, is_midnight: bool) -> None:
        """Ask for a turn; at midnight a bill may get overdue, which is a check of its own."""
        self._clock.is_check_due |= is_midnight and self.plan is Plan.POSTPAID
        self._ask_for_turn()

    async def async_do_due(self) -> None:
        """Do what is due; what cannot be done is told, and tried again."""
        is_refused = False
        try:
            if self._account.terms is not self._terms:
                await self._account.async_rename(self._terms)
            look = await self._account.async_open()
            self._clock.set_checks(self._terms.checks, look.checked_at)
            if self._clock.is_check_due:
                await self._meter.async_poll_if_stale()
            await self.async_charge()
        except RefusedError as err:
            is_refused = True
            if err.key != self._refusal:
                LOGGER.error("Tenancy %s cannot be charged: %s", self.tenancy_id, err.key)
            self._refusal = err.key
        except LedgerError:
            # The books have told it, and let all tenancies go on when they are sound again.
            self.async_show()
        else:
            self._refusal = None
        with suppress(BillingError):
            await self._async_decide()
        self._arm(is_retry_due=is_refused)

    async def async_charge(self) -> None:
        """Charge what the register has counted up to its last reading; issue bills now due."""
        outcome = await self._account.async_charge()
        if outcome is not None:
            await self._async_tell_outcome(outcome)
        self.async_show()

    async def async_check(self) -> None:
        """Charge, then decide whether there is power, and see to it."""
        self._clock.is_check_due = True
        await self.async_do_due()

    async def _async_tell_outcome(self, outcome: ChargeOutcome) -> None:
        look = outcome.look
        for bill in outcome.bills:
            # Statistics would lose what was used last in a period that is never shown whole.
            self._show(view_at_end(self.view, bill.draft))
        self.async_show()
        if outcome.charges:
            self._tell(charge_event(outcome.charges, look.state.balance_micropaise))
        for bill in outcome.bills:
            self._tell(bill_event(bill))
        is_news = look.is_overdue_news and not self._meter.is_clock_wrong
        if look.overdue_bill is not None and is_news:
            await self._account.async_note_overdue(look.overdue_bill.number)
            self._tell(overdue_event(look.overdue_bill, look.overdue_paise))

    async def _async_decide(self, *, is_payment: bool = False) -> None:
        """Decide whether there is power, and see to it; a check ends when nothing is pending."""
        if self.is_closed:
            return
        clock = self._clock
        is_check = clock.is_check_due
        situation = self._account.situation(
            is_check_due=is_check, is_payment=is_payment, is_holiday=self._is_holiday
        )
        verdict = await self.supply.async_decide(self._terms.supply, situation)
        self._supply_state = verdict.state
        self._is_pending = is_check and verdict.is_pending
        self.async_show()
        if verdict.warning_paise is not None and situation.balance_micropaise is not None:
            self._tell(warning_event(verdict.warning_paise, situation.balance_micropaise))
        if is_check and not verdict.is_pending and self._account.look is not None:
            clock.is_check_due = False
            await self._account.async_note_check()

    @property
    def _is_holiday(self) -> bool:
        calendar = self._terms.holidays
        state = self._hass.states.get(calendar) if calendar else None
        return state is not None and state.state == STATE_ON

    @callback
    def _async_polled(self, *, is_charge_due: bool) -> None:
        """Take note of the relay; charge at once what is used at another price or on another day."""
        self.supply.async_look()
        self._clock.async_look()
        if is_charge_due:
            self._ask_for_turn()

    @callback
    def _async_switched(self, order: Order) -> None:
        self._tell(switch_event(power_on=order.power_on, reason=order.reason))

    @callback
    def async_show(self) -> None:
        """Tell those who look on what is known now."""
        view = view_of(
            self._account.look,
            self._terms,
            supply=self._supply_state,
            is_ledger_sound=self._books.is_sound,
            now=dt_util.utcnow(),
        )
        self._show(view)

    @callback
    def _show(self, view: TenancyView) -> None:
        if view != self.view:
            self.view = view
            for listener in tuple(self._listeners):
                listener()

    @callback
    def _tell(self, event: TenancyEvent) -> None:
        for listener in tuple(self._event_listeners):
            listener(event)

    @callback
    def _arm(self, *, is_retry_due: bool = False) -> None:
        if self.is_closed:
            self.async_stop()
            return
        look = self._account.look
        self._clock.async_arm(
            look.rates if look else (),
            is_retry_due=is_retry_due or self._is_pending or self._account.is_behind,
        )

    # What people do with it

    async def async_pay(
        self,
        *,
        amount_paise: int,
        reference: str,
        method: str,
        paid_at: datetime,
        is_confirmed: bool = False,
        note: str | None = None,
    ) -> tuple[Transaction, bool]:
        """Record a payment and restore power if it is enough; return whether it was new."""
        return await self._async_book(
            lambda ledger: ledger.record_payment(
                self.tenancy_id,
                amount_paise=amount_paise,
                reference=reference,
                method=method,
                paid_at=paid_at,
                now=dt_util.utcnow(),
                is_confirmed=is_confirmed,
                note=note,
            )
        )

    async def async_adjust(
        self, *, amount_paise: int, reason: str, reference: str
    ) -> tuple[Transaction, bool]:
        """Give credit, or take it where the amount is negative; return whether it was new."""
        return await self._async_book(
            lambda ledger: ledger.record_adjustment(
                self.tenancy_id,
                amount_paise=amount_paise,
                reason=reason,
                reference=reference,
                now=dt_util.utcnow(),
            )
        )

    async def async_reverse(self, transaction_id: int, *, reason: str) -> tuple[Transaction, bool]:
        """Take a transaction of this tenancy back, once; return whether it was new."""
        return await self._async_book(
            lambda ledger: ledger.reverse(transaction_id, reason=reason, now=dt_util.utcnow())
        )

    async def _async_book(
        self, job: Callable[[Ledger], tuple[Transaction, bool]]
    ) -> tuple[Transaction, bool]:
        """Book something, and let the supply follow: it may be a payment that restores power."""
        transaction, is_new = await self._account.async_do(job)
        self.async_show()
        if is_new:
            if transaction.kind is TransactionKind.PAYMENT:
                self._tell(payment_event(transaction, self.view.balance_micropaise or 0))
            self._entry.async_create_background_task(
                self._hass, self._async_follow_money(), f"supply of {self.tenancy_id}"
            )
        return transaction, is_new

    async def _async_follow_money(self) -> None:
        """Decide again, as money has moved; that is no check, so nobody is cut by it."""
        with suppress(BillingError):
            await self._async_decide(is_payment=True)

    async def async_set_rates(self, rates: Rates) -> None:
        """Add rates that hold from a time on that is not charged yet."""
        now = dt_util.utcnow()
        await self._account.async_do(
            lambda ledger: ledger.add_rates(self.tenancy_id, rates, now=now)
        )
        self._tell(rates_event(rates))
        self._arm()

    async def async_hold(self, *, is_held: bool) -> None:
        """Keep the power on whatever the balance is, or no longer."""
        await self._account.async_do(
            lambda ledger: ledger.set_hold(self.tenancy_id, is_held=is_held)
        )
        self.async_show()
        await self._async_decide()

    async def async_issue_bill(self) -> StoredBill:
        """Charge, issue the bills of all periods that are over, and return the newest one.

        Raises RefusedError where no period is over yet (`no_period_is_over`).
        """
        await self._meter.async_poll_if_stale()
        await self.async_charge()
        look = self._account.look
        if look is None or look.bill is None:
            raise RefusedError("no_period_is_over")
        return look.bill

    async def async_close(self) -> StoredBill | None:
        """Charge to the last reading, issue the final bill, and close the account for ever.

        Raises RefusedError where the register cannot be read, or is held back
        (`no_final_reading`); a meter that is no longer there ends where it was charged last.
        """
        outcome = await self._account.async_close()
        if outcome is not None:
            await self._async_tell_outcome(outcome)
            self.async_stop()
        return self._account.look.bill if self._account.look else None
