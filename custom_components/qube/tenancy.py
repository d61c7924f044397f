"""One tenancy while it runs: what is charged when, and what follows from it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.core import CALLBACK_TYPE, callback

from .tenancy_events import TenancyEventListener
from .tenancy_view import TenancyView

if TYPE_CHECKING:
    from .billing.models import Plan, Rates, TenancyRecord, Transaction
    from .billing.bills import StoredBill
    from .coordinator import MeterCoordinator
    from .tenancy_terms import TenancyTerms


class Tenancy:
    """A tenant's account on one meter.

    Every method that is awaited raises LedgerError where the ledger is sick, and RefusedError
    where what is asked for contradicts it; `errors.py` makes them errors for people.
    """

    tenancy_id: str
    record: TenancyRecord
    terms: TenancyTerms
    view: TenancyView

    @property
    def meter_key(self) -> str:
        """Return the meter's key; its device is `devices.meter_identifier(meter_key)`."""
        raise NotImplementedError

    @property
    def plan(self) -> Plan:
        """Return whether the tenant pays before or after use."""
        raise NotImplementedError

    @property
    def meter(self) -> MeterCoordinator | None:
        """Return what reads the meter; None while the cloud does not list it."""
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        """Return whether the tenant has moved out: nothing is charged, payments still come."""
        raise NotImplementedError

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call when the view has changed; return what ends that."""
        raise NotImplementedError

    @callback
    def async_add_event_listener(self, listener: TenancyEventListener) -> CALLBACK_TYPE:
        """Call with each event; return what ends that."""
        raise NotImplementedError

    async def async_charge(self) -> None:
        """Charge what the register has counted up to its last reading; issue bills now due."""
        raise NotImplementedError

    async def async_check(self) -> None:
        """Charge, then decide whether there is power, and see to it."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def async_adjust(
        self, *, amount_paise: int, reason: str, reference: str
    ) -> tuple[Transaction, bool]:
        """Give the tenant credit, or take it where the amount is negative; is it new?"""
        raise NotImplementedError

    async def async_reverse(self, transaction_id: int, *, reason: str) -> tuple[Transaction, bool]:
        """Take a transaction of this tenancy back, once; is that new?"""
        raise NotImplementedError

    async def async_set_rates(self, rates: Rates) -> None:
        """Add rates that hold from a time on that is not charged yet."""
        raise NotImplementedError

    async def async_hold(self, *, is_held: bool) -> None:
        """Keep the power on whatever the balance is, or no longer."""
        raise NotImplementedError

    async def async_issue_bill(self) -> StoredBill:
        """Charge, issue the bills of all periods that are over, and return the newest one.

        Raises RefusedError where no period is over yet (`no_period_is_over`).
        """
        raise NotImplementedError

    async def async_close(self) -> StoredBill | None:
        """Charge to the last reading, issue the final bill, and close the account for ever.

        Raises RefusedError where the meter has shown no reading of today (`no_final_reading`).
        """
        raise NotImplementedError
