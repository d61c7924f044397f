"""A tenancy whose supply is decided for it, on a real ledger and over real HTTP."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import override

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Intent, Opening, Plan, Rates, Reading
from custom_components.qube.billing.supply_models import AccountSituation, SupplyState, Verdict
from custom_components.qube.billing.terms import PostpaidTerms, PrepaidTerms
from custom_components.qube.books import Books
from custom_components.qube.const import DOMAIN
from custom_components.qube.relay_owner import Order
from custom_components.qube.supply import Supply
from tests.account import Account
from tests.simulator import Endpoint, Mode, SimulatedMeter

CUT_OFF_PAISE = 100_00
PAISA = 1_000_000
TENANCY = "01JTENANCY"
PREPAID = PrepaidTerms(cut_off_paise=CUT_OFF_PAISE, cuts=True)


def opening_of(meter: SimulatedMeter, tenancy_id: str = TENANCY) -> Opening:
    """Return a tenancy that begins now."""
    now = dt_util.utcnow()
    return Opening(
        tenancy_id=tenancy_id,
        tenant="Rinkesh Agrawal",
        meter_key=meter.device_id,
        meter_name=meter.name,
        plan=Plan.PREPAID,
        opened=Reading(
            total_wh=0, read_at=now, device_id=meter.device_id, register_wh=meter.energy_wh
        ),
        rates=Rates(valid_from=now, eb_millipaise_per_kwh=650_000, dg_millipaise_per_kwh=1_800_000),
    )


class BrokenBooks(Books):
    """Books whose disk is full when the test says so."""

    is_full = False

    @override
    async def async_run[T](self, job: Callable[[Ledger], T]) -> T:
        """Refuse everything while the disk is full."""
        if self.is_full:
            raise LedgerError("ledger_not_writable")
        return await super().async_run(job)


class SuppliedTenancy:
    """What a tenancy does about its supply, and what a test wants to know of it."""

    def __init__(self, account: Account, meter: SimulatedMeter, books: BrokenBooks) -> None:
        """Prepare a tenancy in order on a meter; nothing is decided yet."""
        self.account = account
        self.meter = meter
        self.books = books
        self.terms: PrepaidTerms | PostpaidTerms = PREPAID
        self.situation = AccountSituation(
            balance_micropaise=500_00 * PAISA, charged_until=None, is_check_due=True
        )
        self.tenancy_id = TENANCY
        self.verdict: Verdict | None = None
        self.switched: list[Order] = []
        self.begin()

    def begin(self) -> None:
        """Begin anew, as after a restart."""
        self.supply = Supply(
            self.account.hass,
            self.account.entry,
            self.books,
            tenancy_id=self.tenancy_id,
            meter=lambda: self.account.entry.runtime_data.devices.meters.get(self.meter.device_id),
            async_changed=self._changed,
            async_switched=self.switched.append,
        )
        self._stop: Callable[[], None] = self.account.coordinator(self.meter).async_add_listener(
            self.supply.async_look
        )

    def stop(self) -> None:
        """Stop, as when the account is unloaded."""
        stop, self._stop = self._stop, lambda: None
        stop()
        self.supply.async_stop()

    def _changed(self) -> None:
        self.account.hass.async_create_task(self.decide())

    async def decide(self) -> Verdict:
        """Decide by a balance that is charged up to now."""
        self.verdict = await self.supply.async_decide(
            self.terms, replace(self.situation, charged_until=dt_util.utcnow())
        )
        return self.verdict

    async def decide_and_settle(self) -> SupplyState:
        """Decide, wait until all is done that follows, and return how the supply stands then."""
        await self.decide()
        await self.account.settle()
        assert self.verdict is not None
        return self.verdict.state

    async def owe(self) -> SupplyState:
        """Let the tenant fall below the cut-off."""
        self.situation = replace(self.situation, balance_micropaise=85_50 * PAISA)
        return await self.decide_and_settle()

    async def pay(self) -> SupplyState:
        """Let the tenant pay enough."""
        self.situation = replace(self.situation, balance_micropaise=2_085_50 * PAISA)
        return await self.decide_and_settle()

    async def poll(self) -> None:
        """Read the meter again."""
        await self.account.poll(self.meter)

    async def intent(self) -> Intent | None:
        """Return what the ledger says of billing's last order."""
        return await self.books.async_run(lambda ledger: ledger.last_intent(self.tenancy_id))

    def has_power(self) -> bool:
        """Return whether the relay is closed, in truth."""
        return self.meter.relay_closed

    @property
    def sent(self) -> int:
        """Return how often the relay was commanded."""
        return self.account.asked.count(Endpoint.RELAY)

    @property
    def repairs(self) -> set[str]:
        """Return the texts of the repairs about the supply that are open."""
        return {
            issue.translation_key or ""
            for (domain, _), issue in ir.async_get(self.account.hass).issues.items()
            if domain == DOMAIN
            and issue.active
            and (issue.translation_key or "").startswith("supply")
        }


async def open_tenancy(
    account: Account, path: Path, meter: SimulatedMeter | None = None
) -> SuppliedTenancy:
    """Return a tenancy on a meter that is online, in measurement mode, and switched on."""
    meter = meter or account.meter()
    meter.mode = Mode.MEASUREMENT
    await account.poll(meter)
    account.forget_requests()
    books = BrokenBooks(account.hass, account.entry)
    books.path = path
    await books.async_open()
    opening = opening_of(meter)
    await books.async_run(lambda ledger: ledger.open_tenancy(opening, now=dt_util.utcnow()))
    return SuppliedTenancy(account, meter, books)
