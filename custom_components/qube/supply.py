"""Seeing to it that a tenant has power or not: decided, written down, commanded, confirmed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from . import supply_notes
from .api import Mode
from .billing.errors import BillingError
from .billing.models import SupplyReason
from .billing.supply_models import (
    AccountSituation,
    Decision,
    Obstacle,
    Situation,
    Verdict,
)
from .billing.supply_rules import decide
from .billing.terms import PostpaidTerms, PrepaidTerms
from .coordinator import MeterCoordinator
from .relay_owner import Happening, Order, RelayOwner
from .relay_situation import is_measuring, relay_situation
from .supply_orders import SupplyOrders
from .supply_repairs import SupplyIssue, async_tell, async_withdraw

if TYPE_CHECKING:
    from .books import Books
    from .runtime import QubeConfigEntry


class Supply:
    """The supply of one tenancy: it decides when asked, and carries out what was decided.

    `async_changed` is called when something has changed that a decision depends on,
    `async_switched` when the relay shows what billing ordered.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QubeConfigEntry,
        books: Books,
        *,
        tenancy_id: str,
        meter: Callable[[], MeterCoordinator | None],
        async_changed: Callable[[], None],
        async_switched: Callable[[Order], None],
    ) -> None:
        """Prepare the supply of a tenancy on a meter, which may not be listed at times."""
        self._hass = hass
        self._entry = entry
        self._books = books
        self._tenancy_id = tenancy_id
        self._meter = meter
        self._async_changed = async_changed
        self._async_switched = async_switched
        self._owner: RelayOwner | None = None
        self._deciding = asyncio.Lock()
        self._was_able: tuple[bool, bool] | None = None
        self._orders = SupplyOrders(
            hass,
            entry,
            tenancy_id=tenancy_id,
            meter=meter,
            async_look=self.async_look,
            async_overtaken=self._async_overtaken,
            async_changed=async_changed,
        )
        self._is_stopped = False

    async def async_decide(
        self, terms: PrepaidTerms | PostpaidTerms, account: AccountSituation
    ) -> Verdict:
        """Decide about the power by what is known now, begin to carry it out, and return it.

        Nothing is cut that could not be written down before; power is restored all the same. The
        relay is waited for in the background: decide again when `async_changed` is called.
        """
        async with self._deciding:
            owner = await self._async_owner()
            self.async_look()
            verdict = decide(terms, self._situation(owner, account))
            if verdict.reason is not None and not self._is_stopped:
                power_on = verdict.decision is Decision.RESTORE
                if not await self._async_order(owner, verdict.reason, power_on=power_on):
                    verdict = replace(
                        verdict, decision=Decision.KEEP, reason=None, obstacle=Obstacle.LEDGER
                    )
            before = owner.memory
            if account.balance_micropaise is not None and not verdict.is_owing:
                owner.forgive()
            owner.memory = replace(owner.memory, warned_paise=verdict.warned_paise)
            if owner.memory != before:
                await self._async_remember(owner)
            return verdict

    @callback
    def async_look(self) -> None:
        """Take note of what the meter shows; to be called whenever it was read."""
        meter = self._meter()
        if meter is None or self._is_stopped:
            return
        metrics = meter.observed.metrics if meter.observed else None
        if metrics is not None:
            self._async_review_mode(meter, metrics.mode)
        if self._owner is not None and metrics is not None:
            self._async_observe(self._owner, meter, relay_closed=metrics.relay_closed)
        able = meter.is_online, is_measuring(meter)
        if able != self._was_able:
            self._was_able, had_been_seen = able, self._was_able is not None
            if had_been_seen:
                self._async_changed()

    async def async_resume(self) -> None:
        """Go on though there seemed to be another master, as the owner says."""
        async_withdraw(self._hass, self._tenancy_id, SupplyIssue.CONTESTED)
        if self._owner is not None:
            self._owner.resume()
            await self._async_remember(self._owner)
            self._async_changed()

    @callback
    def async_stop(self) -> None:
        """Do and tell nothing more; what is on its way to the meter is not called back."""
        self._is_stopped = True
        self._orders.async_stop()
        async_withdraw(self._hass, self._tenancy_id, *SupplyIssue)

    async def _async_owner(self) -> RelayOwner:
        """Return who owns the relay; what is written down, once it can be read."""
        if self._owner is not None:
            return self._owner
        try:
            self._owner = await self._books.async_run(
                lambda ledger: supply_notes.read_owner(ledger, self._tenancy_id, dt_util.utcnow())
            )
        except BillingError:
            return RelayOwner()
        self._orders.is_due = True
        return self._owner

    def _situation(self, owner: RelayOwner, account: AccountSituation) -> Situation:
        is_known = owner is self._owner
        return Situation(
            now=dt_util.utcnow(),
            account=replace(account, is_ledger_sound=account.is_ledger_sound and is_known),
            relay=relay_situation(self._meter(), owner),
            warned_paise=owner.memory.warned_paise,
        )

    async def _async_order(
        self, owner: RelayOwner, reason: SupplyReason, *, power_on: bool
    ) -> bool:
        """Write down an order and give it; return False where it may not be given unwritten."""
        replaced = owner.order if owner.is_order_open else None
        if replaced is not None and replaced.power_on is power_on:
            if self._orders.is_due:
                self._orders.async_give(owner, replaced)
            return True
        order = Order(power_on=power_on, reason=reason)
        try:
            intent_id = await self._books.async_run(
                lambda ledger: supply_notes.write_order(
                    ledger, self._tenancy_id, order, replaced, dt_util.utcnow()
                )
            )
        except BillingError:
            if not power_on:
                return False
            intent_id = None
        order = replace(order, intent_id=intent_id)
        owner.take_order(order)
        self._orders.async_begin(owner, order)
        return True

    @callback
    def _async_overtaken(self, owner: RelayOwner, order: Order) -> None:
        """Give way to somebody else in this Home Assistant."""
        owner.overtaken()
        self._async_write_down(owner, order)
        self._async_changed()

    @callback
    def _async_observe(
        self, owner: RelayOwner, meter: MeterCoordinator, *, relay_closed: bool | None
    ) -> None:
        if relay_closed is None:
            return
        if owner.is_order_open and owner.ordered is True:
            # A cut may be on its way still: power proves an order to restore only where it was
            # off before, or once the order was given.
            self._orders.is_power_proof |= not relay_closed
            if not self._orders.is_power_proof:
                return
        happening = owner.observe(
            power_on=relay_closed,
            device_id=meter.device_id,
            is_commanded=meter.is_commanded("relay"),
            now=dt_util.utcnow(),
        )
        if owner.memory.is_contested:
            async_tell(SupplyIssue.CONTESTED, self._tenancy_id, meter)
        if happening is Happening.NOTHING:
            return
        if happening is Happening.CONFIRMED and owner.order is not None:
            self._orders.async_end()
            self._async_write_down(owner, owner.order)
            self._async_switched(owner.order)
        else:
            self._async_write_down(owner)
        self._async_changed()

    @callback
    def _async_review_mode(self, meter: MeterCoordinator, mode: Mode | None) -> None:
        if mode is Mode.MEASUREMENT:
            async_withdraw(self._hass, self._tenancy_id, SupplyIssue.MODE)
        elif mode is not None:
            async_tell(SupplyIssue.MODE, self._tenancy_id, meter)

    @callback
    def _async_write_down(self, owner: RelayOwner, order: Order | None = None) -> None:
        """Write down the memory, and what became of an order, after what is written before."""
        self._entry.async_create_task(
            self._hass, self._async_remember(owner, order), f"notes of {self._tenancy_id}"
        )

    async def _async_remember(self, owner: RelayOwner, order: Order | None = None) -> None:
        """Write it down; what cannot be written is found out again from the relay."""
        try:
            if order is not None:
                settled = partial(supply_notes.settle, order=order, now=dt_util.utcnow())
                await self._books.async_run(settled)
            # As it is when this comes to its turn: notes are written in the order of these calls.
            memory = owner.memory
            await self._books.async_run(
                lambda ledger: supply_notes.write_memory(ledger, self._tenancy_id, memory)
            )
        except BillingError:
            # The books have told it.
            return
