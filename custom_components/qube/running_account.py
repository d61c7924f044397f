"""The account of a tenancy that runs: opened once, charged by its meter, read after each change."""

import asyncio
from collections.abc import Callable

from homeassistant.util import dt as dt_util

from .api import QubeError
from .billing.errors import RefusedError
from .billing.ledger import Ledger
from .billing.supply_models import AccountSituation
from .books import Books
from .runtime import QubeConfigEntry
from .tenancy_account import (
    AccountLook,
    ChargeOutcome,
    charge_account,
    close_account,
    look_at,
    note_check,
    open_account,
    tell_overdue,
)
from .tenancy_meter import TenancyMeter
from .tenancy_terms import SUBENTRY_TENANCY, TenancyTerms


class RunningAccount:
    """What is known of an account, and what is done with it, one thing after the other.

    `look` is None as long as the ledger was never read. `is_behind` says that the history of a gap
    could not be read yet. Every method that is awaited raises LedgerError or RefusedError.
    """

    def __init__(
        self,
        entry: QubeConfigEntry,
        books: Books,
        meter: TenancyMeter,
        tenancy_id: str,
        terms: TenancyTerms,
    ) -> None:
        """Prepare an account; it is opened when it is first needed."""
        self.terms = terms
        self.look: AccountLook | None = None
        self.is_behind = False
        self._entry = entry
        self._books = books
        self._meter = meter
        self._tenancy_id = tenancy_id
        self._charging = asyncio.Lock()

    @property
    def is_closed(self) -> bool:
        """Return whether the tenant has moved out."""
        return self.look is not None and self.look.record.closed_at is not None

    async def async_open(self) -> AccountLook:
        """Return what is known of the account; the first time, open it."""
        if self.look is not None:
            return self.look
        opening = self.terms.opening(self._tenancy_id, self._meter.name)
        subentries = self._entry.get_subentries_of_type(SUBENTRY_TENANCY)
        listed = {each.subentry_id for each in subentries}
        now = dt_util.utcnow()
        await self._books.async_run(
            lambda ledger: open_account(ledger, opening, listed=listed, now=now)
        )
        return await self.async_read()

    async def async_read(self) -> AccountLook:
        """Read the account again."""
        now = dt_util.utcnow()
        self.look = look = await self._books.async_run(
            lambda ledger: look_at(ledger, self._tenancy_id, self.terms, now)
        )
        return look

    async def async_do[T](self, job: Callable[[Ledger], T]) -> T:
        """Do something with the open account, and read it again."""
        await self.async_open()
        result = await self._books.async_run(job)
        await self.async_read()
        return result

    async def async_rename(self, terms: TenancyTerms) -> None:
        """Go on with other terms; the tenant may be called otherwise."""
        self.terms = terms
        name = self._meter.name
        await self.async_do(
            lambda ledger: ledger.rename(self._tenancy_id, tenant=terms.tenant, meter_name=name)
        )

    async def async_charge(self) -> ChargeOutcome | None:
        """Charge what there is to charge; nothing once the account is closed."""
        async with self._charging:
            look = await self.async_open()
            if self.is_closed:
                return None
            readings, is_all = await self._meter.async_readings(look.state.cursor)
            self.is_behind = not is_all
            now = dt_util.utcnow()
            return await self._async_take(
                lambda ledger: charge_account(ledger, self._tenancy_id, readings, self.terms, now)
            )

    async def async_close(self) -> ChargeOutcome | None:
        """Charge the last reading that can be had, and close the account; nothing if it is.

        Raises RefusedError where the register cannot be read (`no_final_reading`).
        """
        async with self._charging:
            look = await self.async_open()
            if self.is_closed:
                return None
            try:
                readings = await self._meter.async_final_readings(look.state.cursor)
            except QubeError as err:
                raise RefusedError("no_final_reading") from err
            now = dt_util.utcnow()
            return await self._async_take(
                lambda ledger: close_account(ledger, self._tenancy_id, readings, self.terms, now)
            )

    async def _async_take(self, job: Callable[[Ledger], ChargeOutcome]) -> ChargeOutcome:
        outcome = await self._books.async_run(job)
        self.look = outcome.look
        self._meter.forget(outcome.look.state.cursor)
        if outcome.charges:
            self._entry.runtime_data.identities.save_soon()
        return outcome

    async def async_note_check(self) -> None:
        """Remember that the supply was decided at its time."""
        now = dt_util.utcnow()
        await self._books.async_run(lambda ledger: note_check(ledger, self._tenancy_id, now))

    async def async_note_overdue(self, number: int) -> None:
        """Remember that a bill was told to be overdue."""
        await self._books.async_run(lambda ledger: tell_overdue(ledger, self._tenancy_id, number))

    def situation(
        self, *, is_check_due: bool, is_payment: bool, is_holiday: bool
    ) -> AccountSituation:
        """Return what is known of the account where its supply is decided."""
        look = self.look
        return AccountSituation(
            balance_micropaise=look.state.balance_micropaise if look else None,
            charged_until=look.state.cursor.read_at if look else None,
            overdue_paise=look.overdue_paise if look else 0,
            is_check_due=is_check_due,
            is_payment=is_payment,
            is_held=look is not None and look.is_held,
            is_holiday=is_holiday,
            is_ledger_sound=self._books.is_sound and not self._books.is_restored,
        )
