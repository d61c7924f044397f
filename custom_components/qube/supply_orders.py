"""Giving billing's orders to a relay until it shows them: in the background, again, and told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from . import commands
from .coordinator import MeterCoordinator
from .relay_owner import Order, RelayOwner
from .supply_repairs import SupplyIssue, async_tell, async_withdraw

if TYPE_CHECKING:
    from .runtime import QubeConfigEntry

# Each try is two commands with readings back. What is not confirmed after these is told.
RETRY_DELAYS: Final = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))
TRIES_BEFORE_TELLING: Final = 3
NOT_CONFIRMED: Final = (SupplyIssue.NOT_CUT, SupplyIssue.NOT_RESTORED)


class SupplyOrders:
    """Give the orders of one tenancy to the relay of its meter, one at a time.

    `async_look` is called when a command has ended and the relay may show it, `async_overtaken`
    when somebody here wanted the contrary meanwhile, `async_changed` when an order is to be given
    again if it still holds. `is_due` says that it is; `is_power_proof` that power, if the relay
    shows it, comes of the order to restore it.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QubeConfigEntry,
        *,
        tenancy_id: str,
        meter: Callable[[], MeterCoordinator | None],
        async_look: Callable[[], None],
        async_overtaken: Callable[[RelayOwner, Order], None],
        async_changed: Callable[[], None],
    ) -> None:
        """Prepare for orders."""
        self.is_due = False
        self.is_power_proof = False
        self._hass = hass
        self._entry = entry
        self._tenancy_id = tenancy_id
        self._meter = meter
        self._async_look = async_look
        self._async_overtaken = async_overtaken
        self._async_changed = async_changed
        self._sending: Order | None = None
        self._tries = 0
        self._stop_retry: CALLBACK_TYPE | None = None
        self._is_stopped = False

    @callback
    def async_begin(self, owner: RelayOwner, order: Order) -> None:
        """Give an order that is new."""
        self.is_power_proof = False
        self.async_end()
        self.async_give(owner, order)

    @callback
    def async_give(self, owner: RelayOwner, order: Order) -> None:
        """Command the relay in the background, or as soon as the meter is online."""
        meter = self._meter()
        self.is_due = meter is None or not meter.is_online
        if meter is None or self.is_due or order is self._sending:
            return
        self._sending = order
        self._entry.async_create_background_task(
            self._hass,
            self._async_command(owner, order, meter),
            f"supply of {self._tenancy_id}",
        )

    @callback
    def async_end(self) -> None:
        """Try no more, and tell of no order that did not show."""
        self._tries = 0
        self._cancel_retry()
        async_withdraw(self._hass, self._tenancy_id, *NOT_CONFIRMED)

    @callback
    def async_stop(self) -> None:
        """Try no more; what is on its way to the meter is not called back."""
        self._is_stopped = True
        self.async_end()

    async def _async_command(
        self, owner: RelayOwner, order: Order, meter: MeterCoordinator
    ) -> None:
        is_given = True
        try:
            await commands.async_execute(meter, commands.relay(closed=order.power_on))
        except HomeAssistantError:
            # An answer that was lost says nothing: the relay will show what became of it.
            is_given = False
        finally:
            if self._sending is order:
                self._sending = None
        if owner.order is order:
            self.is_power_proof |= is_given
            self._async_look()
        if owner.order is not order or not owner.is_order_open or self._is_stopped:
            return
        if is_given:
            # It does not show: somebody in this Home Assistant wanted the contrary meanwhile.
            self._async_overtaken(owner, order)
            return
        self._tries += 1
        if self._tries >= TRIES_BEFORE_TELLING:
            issue = SupplyIssue.NOT_RESTORED if order.power_on else SupplyIssue.NOT_CUT
            async_tell(issue, self._tenancy_id, meter)
        delay = RETRY_DELAYS[min(self._tries, len(RETRY_DELAYS)) - 1]
        job = HassJob(self._async_retry, "qube supply", cancel_on_shutdown=True)
        self._cancel_retry()
        self._stop_retry = async_call_later(self._hass, delay, job)

    @callback
    def _async_retry(self, _now: datetime) -> None:
        """Let it be decided again; the order is given again if it still holds."""
        self._stop_retry = None
        self.is_due = True
        self._async_changed()

    @callback
    def _cancel_retry(self) -> None:
        if self._stop_retry is not None:
            self._stop_retry()
            self._stop_retry = None
