"""What a tenancy does when something is due: charge, bill, decide about its power, and tell."""

from collections.abc import Callable
from contextlib import suppress

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .billing.errors import BillingError, LedgerError, RefusedError
from .billing.models import Plan
from .billing.supply_models import SupplyState
from .books import Books
from .const import LOGGER
from .devices import Devices
from .relay_owner import Order
from .running_account import RunningAccount
from .runtime import QubeConfigEntry
from .supply import Supply
from .tenancy_account import ChargeOutcome
from .tenancy_audience import TenancyAudience
from .tenancy_clock import TenancyClock
from .tenancy_events import bill_event, charge_event, overdue_event, switch_event, warning_event
from .tenancy_meter import TenancyMeter
from .tenancy_terms import TenancyTerms
from .tenancy_view import view_at_end, view_of


class TenancyTurns:
    """Follow a meter, a clock and the relay; ask for a turn when something is due, and do it then.

    What is awaited, but for a turn itself, raises LedgerError and RefusedError.
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
        audience: TenancyAudience,
        async_ask: Callable[[], None],
    ) -> None:
        """Prepare the turns of a tenancy; one is asked for with `async_ask`."""
        self.terms = terms
        self.meter = TenancyMeter(entry, devices, terms.meter_key, self._async_polled)
        self.account = RunningAccount(entry, books, self.meter, tenancy_id, terms)
        self.supply = Supply(
            hass,
            entry,
            books,
            tenancy_id=tenancy_id,
            meter=lambda: self.meter.coordinator,
            async_changed=async_ask,
            async_switched=self._async_switched,
        )
        self._hass = hass
        self._books = books
        self._tenancy_id = tenancy_id
        self._audience = audience
        self._async_ask = async_ask
        self._clock = TenancyClock(hass, async_ask)
        self._supply_state: SupplyState | None = None
        self._is_pending = False
        self._is_stopped = False
        self._refusal: str | None = None

    @callback
    def async_start(self) -> None:
        """Follow the meter, and open the account in the first turn."""
        self.meter.async_attach()
        self._async_ask()

    @callback
    def async_stop(self) -> None:
        """Do nothing more; what is in the ledger stays."""
        self._is_stopped = True
        self.meter.async_detach()
        self._clock.async_cancel()
        self.supply.async_stop()

    @callback
    def async_set_due(self, *, is_midnight: bool) -> None:
        """Ask for a turn; at midnight a bill may get overdue, which is a check of its own."""
        self._clock.is_check_due |= is_midnight and self.terms.plan is Plan.POSTPAID
        self._async_ask()

    async def async_check(self) -> None:
        """Charge, then decide whether there is power, and see to it."""
        self._clock.is_check_due = True
        await self.async_do_due()

    async def async_do_due(self) -> None:
        """Do what is due; what cannot be done is told, and tried again."""
        try:
            is_retry_due = await self._async_charge_in_turn()
            with suppress(BillingError):
                await self.async_decide()
        except Exception:  # noqa: BLE001
            # A fault of this program may cost a tenancy one turn, and no other tenancy anything.
            LOGGER.exception("Tenancy %s lost its turn", self._tenancy_id)
            is_retry_due = True
        self.async_arm(is_retry_due=is_retry_due)

    async def _async_charge_in_turn(self) -> bool:
        """Charge what there is; return whether that was refused and is to be tried again."""
        try:
            if self.account.terms is not self.terms:
                await self.account.async_rename(self.terms)
            look = await self.account.async_open()
            self._clock.set_checks(self.terms.checks, look.checked_at)
            if self._clock.is_check_due:
                await self.meter.async_poll_if_stale()
            await self.async_charge()
        except RefusedError as err:
            if err.key != self._refusal:
                LOGGER.error("Tenancy %s cannot be charged: %s", self._tenancy_id, err.key)
            self._refusal = err.key
            return True
        except LedgerError:
            # The books have told it, and let all tenancies go on when they are sound again.
            self.async_show()
        else:
            self._refusal = None
        return False

    async def async_charge(self) -> None:
        """Charge what the register has counted up to its last reading; issue bills now due."""
        outcome = await self.account.async_charge()
        if outcome is not None:
            await self._async_tell_outcome(outcome)
        self.async_show()

    async def async_close(self) -> None:
        """Charge the last reading, issue the final bill, and close the account for ever."""
        outcome = await self.account.async_close()
        if outcome is not None:
            await self._async_tell_outcome(outcome)
            self.async_stop()

    async def _async_tell_outcome(self, outcome: ChargeOutcome) -> None:
        look, audience = outcome.look, self._audience
        for bill in outcome.bills:
            # Statistics would lose what was used last in a period that is never shown whole.
            audience.async_show(view_at_end(audience.view, bill.draft))
        self.async_show()
        if outcome.charges:
            audience.async_tell(charge_event(outcome.charges, look.state.balance_micropaise))
        for bill in outcome.bills:
            audience.async_tell(bill_event(bill))
        is_news = look.is_overdue_news and not self.meter.is_clock_wrong
        if look.overdue_bill is not None and is_news:
            await self.account.async_note_overdue(look.overdue_bill.number)
            audience.async_tell(overdue_event(look.overdue_bill, look.overdue_paise))

    async def async_decide(self, *, is_payment: bool = False) -> None:
        """Decide whether there is power, and see to it; a check ends when nothing is pending."""
        if self.account.is_closed:
            return
        is_check = self._clock.is_check_due
        situation = self.account.situation(
            is_check_due=is_check, is_payment=is_payment, is_holiday=self._is_holiday
        )
        verdict = await self.supply.async_decide(self.terms.supply, situation)
        self._supply_state = verdict.state
        self._is_pending = is_check and verdict.is_pending
        self.async_show()
        if verdict.warning_paise is not None and situation.balance_micropaise is not None:
            self._audience.async_tell(
                warning_event(verdict.warning_paise, situation.balance_micropaise)
            )
        if is_check and not verdict.is_pending and self.account.look is not None:
            self._clock.is_check_due = False
            await self.account.async_note_check()

    @property
    def _is_holiday(self) -> bool:
        calendar = self.terms.holidays
        state = self._hass.states.get(calendar) if calendar else None
        return state is not None and state.state == STATE_ON

    @callback
    def _async_polled(self, *, is_charge_due: bool) -> None:
        """Take note of the relay; charge before what is used costs something else."""
        self.supply.async_look()
        self._clock.async_look()
        if is_charge_due:
            self._async_ask()

    @callback
    def _async_switched(self, order: Order) -> None:
        self._audience.async_tell(switch_event(power_on=order.power_on, reason=order.reason))

    @callback
    def async_show(self) -> None:
        """Show those who look on what is known now."""
        self._audience.async_show(
            view_of(
                self.account.look,
                self.terms,
                supply=self._supply_state,
                is_ledger_sound=self._books.is_sound,
                now=dt_util.utcnow(),
            )
        )

    @callback
    def async_arm(self, *, is_retry_due: bool = False) -> None:
        """Wait for what is due next; for nothing where the tenancy has ended meanwhile."""
        if self.account.is_closed or self._is_stopped:
            self.async_stop()
            return
        look = self.account.look
        self._clock.async_arm(
            look.rates if look else (),
            is_retry_due=is_retry_due or self._is_pending or self.account.is_behind,
        )
