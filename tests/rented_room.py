"""A room with a tenant, in a real ledger and over real HTTP, at a time that a test decides."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.billing.bills import StoredBill
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Charge, Transaction
from custom_components.qube.billing.money import to_paise
from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.books import Books, ledger_path
from custom_components.qube.const import DOMAIN
from custom_components.qube.tenancies import tenancies_signal
from custom_components.qube.tenancy import Tenancy
from custom_components.qube.tenancy_events import TenancyEvent
from custom_components.qube.tenancy_terms import SUBENTRY_TENANCY
from tests.account import Account
from tests.simulator import SimulatedCloud, SimulatedMeter
from tests.simulator.grid import GridSupply, Source
from tests.simulator.load import Character, LoadCurve
from tests.time_machine import TimeMachine

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# ₹6.50 and ₹18.00 per kWh.
EB = 650_000
DG = 1_800_000


class SteadyGrid(GridSupply):
    """A grid that never fails; a test switches the source of a meter itself."""

    @override
    def source_at(self, time_ms: int) -> Source:
        return Source.EB

    @override
    def next_switch_ms(self, after_ms: int) -> int:
        return 2**60


class SteadyLoad(LoadCurve):
    """A load that draws the same power all the time."""

    def __init__(self, power_w: int) -> None:
        """Draw so many W, whole ones."""
        super().__init__(seed=0, character=Character.FAMILY, daily_wh=1000)
        self._power_dw = power_w * 10

    @override
    def at(self, time_ms: int) -> tuple[int, int]:
        return self._power_dw * time_ms, self._power_dw


def let_draw(meter: SimulatedMeter, power_w: int) -> None:
    """Let a meter draw the same power from the beginning on; its register stays."""
    energy_wh = meter.energy_wh
    meter.load = meter.register._load = SteadyLoad(power_w)
    meter.energy_wh = energy_wh


def tenancy_data(meter: SimulatedMeter, started_at: datetime, **changed: object) -> dict[str, Any]:
    """Return what a subentry holds of a tenancy that begins with the meter's reading of now."""
    return {
        "tenant": "Rinkesh Agrawal",
        "meter_key": meter.device_id,
        "plan": "prepaid",
        "started_at": started_at.isoformat(),
        "opened": {
            "total_wh": meter.energy_wh,
            "read_at": started_at.isoformat(),
            "device_id": meter.device_id,
            "register_wh": meter.energy_wh,
            "source": "eb",
        },
        "rates": {
            "eb_millipaise_per_kwh": EB,
            "dg_millipaise_per_kwh": DG,
            "monthly_charge_paise": 0,
            "tax_basis_points": 0,
        },
        "opening_credit_paise": 3_000_00,
        "cut_off_paise": 100_00,
        "warning_levels_paise": [500_00],
        "check_interval": "hour",
        "check_time": "23:59",
        "check_weekday": 6,
        "emergency_credit_paise": 0,
        "cuts": True,
        "restores": True,
        "reconnects_always": False,
        "protected_from": None,
        "protected_to": None,
        "protected_weekdays": [],
        "holidays": None,
        "billing_day": 1,
        "due_days": 15,
        **changed,
    }


@dataclass(kw_only=True)
class RentedRoom:
    """An account with one tenancy, and the time machine around it."""

    hass: HomeAssistant
    entry: MockConfigEntry
    cloud: SimulatedCloud
    machine: TimeMachine
    meter: SimulatedMeter
    events: list[TenancyEvent] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """Return the account around the room."""
        return Account(hass=self.hass, entry=self.entry, cloud=self.cloud)

    @property
    def subentry(self) -> ConfigSubentry:
        """Return the subentry of the tenancy that began last."""
        return list(self.entry.get_subentries_of_type(SUBENTRY_TENANCY))[-1]

    @property
    def tenancy(self) -> Tenancy:
        """Return the tenancy while it runs."""
        tenancy: Tenancy | None = self.entry.runtime_data.tenancies.get(self.subentry.subentry_id)
        assert tenancy is not None
        return tenancy

    def supply(self) -> SupplyState | None:
        """Return how the supply stands, as it is shown."""
        return self.tenancy.view.supply

    def has_power(self) -> bool:
        """Return whether the relay lets the tenant have power."""
        return self.meter.relay_closed

    def is_listed(self) -> bool:
        """Return whether the tenancy finds its meter."""
        return self.tenancy.meter is not None

    @property
    def books(self) -> Books:
        """Return the books of the account."""
        books: Books = self.entry.runtime_data.books
        return books

    @property
    def path(self) -> Path:
        """Return the file of the ledger."""
        return ledger_path(self.hass, self.entry.entry_id)

    @property
    def balance_paise(self) -> int:
        """Return the balance that is shown, as people see it."""
        micropaise = self.tenancy.view.balance_micropaise
        assert micropaise is not None
        return to_paise(micropaise)

    async def load(self) -> None:
        """Set the account up, and read its meters."""
        stop = async_dispatcher_connect(self.hass, tenancies_signal(self.entry), self._listen)
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        self.entry.async_on_unload(stop)
        await self.settle()

    @callback
    def _listen(self, tenancies: list[Tenancy]) -> None:
        for tenancy in tenancies:
            tenancy.async_add_event_listener(self.events.append)

    async def unload(self) -> None:
        """Stop the account, as Home Assistant is stopped."""
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything under way is done."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def rent(self, **changed: object) -> Tenancy:
        """Let a tenant move in now."""
        subentry = ConfigSubentry(
            data=MappingProxyType(tenancy_data(self.meter, self.machine.now, **changed)),
            subentry_type=SUBENTRY_TENANCY,
            title="Rinkesh Agrawal · Room 302",
            unique_id=None,
        )
        self.hass.config_entries.async_add_subentry(self.entry, subentry)
        await self.settle()
        return self.tenancy

    async def poll(self) -> None:
        """Read the meter now."""
        await self.account.poll(self.meter)
        await self.settle()

    async def charge(self) -> None:
        """Read the meter and charge it now."""
        await self.poll()
        await self.tenancy.async_charge()
        await self.settle()

    async def bills(self) -> list[StoredBill]:
        """Return the bills of the tenancy."""
        tenancy_id = self.subentry.subentry_id
        return await self.books.async_run(lambda ledger: ledger.bills(tenancy_id))

    async def charges(self) -> list[Charge]:
        """Return what was charged, those of a day put together."""
        tenancy_id = self.subentry.subentry_id
        return await self.books.async_run(lambda ledger: ledger.charge_lines(tenancy_id))

    async def transactions(self) -> list[Transaction]:
        """Return all that was booked."""
        tenancy_id = self.subentry.subentry_id
        return await self.books.async_run(lambda ledger: ledger.transactions(tenancy_id))

    async def check_ledger(self) -> None:
        """Verify all sums of the ledger."""
        await self.books.async_run(Ledger.check)

    def issue(self, key: str) -> ir.IssueEntry | None:
        """Return a repair about the account."""
        registry = ir.async_get(self.hass)
        return registry.async_get_issue(DOMAIN, f"{key}_{self.entry.entry_id}")

    def kinds(self) -> list[str]:
        """Return what has happened, in its order."""
        return [event.kind.value for event in self.events]


def used_wh(charges: list[Charge]) -> int:
    """Return the Wh of charges, which have to follow each other."""
    for before, after in pairwise(charges):
        assert before.to_wh == after.from_wh
    return charges[-1].to_wh - charges[0].from_wh if charges else 0
