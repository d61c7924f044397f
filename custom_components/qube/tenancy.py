"""One tenancy while it runs, as entities, actions and the other tenancies know it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .billing.bills import StoredBill
from .billing.errors import BillingError, RefusedError
from .billing.ledger import Ledger
from .billing.models import Plan, Rates, TenancyRecord, Transaction, TransactionKind
from .books import Books
from .coordinator import MeterCoordinator
from .devices import Devices
from .runtime import QubeConfigEntry
from .supply import Supply
from .tenancy_audience import TenancyAudience
from .tenancy_events import TenancyEventListener, payment_event, rates_event
from .tenancy_terms import TenancyTerms
from .tenancy_turns import TenancyTurns
from .tenancy_view import TenancyView


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
        self._hass = hass
        self._entry = entry
        self._ask_for_turn = partial(async_due, self)
        self._audience = TenancyAudience()
        self._turns = TenancyTurns(
            hass,
            entry,
            books,
            devices,
            tenancy_id=tenancy_id,
            terms=terms,
            audience=self._audience,
            async_ask=self._ask_for_turn,
        )
        self._account = self._turns.account

    @property
    def terms(self) -> TenancyTerms:
        """Return what was agreed with the tenant."""
        return self._turns.terms

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
        return self._account.look.record if self._account.look else None

    @property
    def meter(self) -> MeterCoordinator | None:
        """Return what reads the meter; None while the cloud does not list it."""
        return self._turns.meter.coordinator

    @property
    def supply(self) -> Supply:
        """Return what sees to the power."""
        return self._turns.supply

    @property
    def is_closed(self) -> bool:
        """Return whether the tenant has moved out: nothing is charged, payments still come."""
        return self._account.is_closed

    @property
    def view(self) -> TenancyView:
        """Return what is known of the tenancy now."""
        return self._audience.view

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call when the view has changed; return what ends that."""
        return self._audience.async_add_listener(listener)

    @callback
    def async_add_event_listener(self, listener: TenancyEventListener) -> CALLBACK_TYPE:
        """Call with each event; return what ends that."""
        return self._audience.async_add_event_listener(listener)

    # Its turns, which `tenancies.py` gives

    @callback
    def async_start(self) -> None:
        """Follow the meter, and open the account in its turn."""
        self._turns.async_start()

    @callback
    def async_stop(self) -> None:
        """Do nothing more; what is in the ledger stays."""
        self._turns.async_stop()

    @callback
    def async_attach(self) -> None:
        """Follow the meter that is listed now."""
        if not self.is_closed:
            self._turns.meter.async_attach()

    @callback
    def async_take_terms(self, terms: TenancyTerms) -> None:
        """Go on with what the owner has changed."""
        if terms != self.terms:
            self._turns.terms = terms
            self._ask_for_turn()

    @callback
    def async_set_due(self, *, is_midnight: bool) -> None:
        """Ask for a turn; at midnight a bill may get overdue, which is a check of its own."""
        self._turns.async_set_due(is_midnight=is_midnight)

    @callback
    def async_show(self) -> None:
        """Show those who look on what is known now."""
        self._turns.async_show()

    async def async_do_due(self) -> None:
        """Do what is due; what cannot be done is told, and tried again."""
        await self._turns.async_do_due()

    async def async_charge(self) -> None:
        """Charge what the register has counted up to its last reading; issue bills now due."""
        await self._turns.async_charge()

    async def async_check(self) -> None:
        """Charge, then decide whether there is power, and see to it."""
        await self._turns.async_check()

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
        """Book something, and let the supply follow: it may be a payment that restores power.

        It follows what is booked already, too: whoever books again may never have had an answer.
        """
        transaction, is_new = await self._account.async_do(job)
        self.async_show()
        if is_new and transaction.kind is TransactionKind.PAYMENT:
            self._audience.async_tell(payment_event(transaction, self.view.balance_micropaise or 0))
        self._entry.async_create_background_task(
            self._hass, self._async_follow_money(), f"supply of {self.tenancy_id}"
        )
        return transaction, is_new

    async def _async_follow_money(self) -> None:
        """Decide again, as money has moved; that is no check, so nobody is cut by it."""
        with suppress(BillingError):
            await self._turns.async_decide(is_payment=True)

    async def async_set_rates(self, rates: Rates) -> None:
        """Add rates that hold from a time on that is not charged yet."""
        now = dt_util.utcnow()
        await self._account.async_do(
            lambda ledger: ledger.add_rates(self.tenancy_id, rates, now=now)
        )
        self._audience.async_tell(rates_event(rates))
        self._turns.async_arm()

    async def async_hold(self, *, is_held: bool) -> None:
        """Keep the power on whatever the balance is, or no longer."""
        await self._account.async_do(
            lambda ledger: ledger.set_hold(self.tenancy_id, is_held=is_held)
        )
        self.async_show()
        await self._turns.async_decide()

    async def async_issue_bill(self) -> StoredBill:
        """Charge, issue the bills of all periods that are over, and return the newest one.

        Raises RefusedError where no period is over yet (`no_period_is_over`).
        """
        await self._turns.meter.async_poll_if_stale()
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
        await self._turns.async_close()
        return self._account.look.bill if self._account.look else None
