"""Tenancies whose view a test decides: what Home Assistant makes of it, without a ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypedDict, Unpack, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send

from custom_components.qube.billing.errors import BillingError
from custom_components.qube.billing.models import INDIA, Plan
from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import tenancy_identifier
from custom_components.qube.tenancies import tenancies_signal
from custom_components.qube.tenancy import Tenancy
from custom_components.qube.tenancy_events import (
    EventValue,
    TenancyEvent,
    TenancyEventKind,
    TenancyEventListener,
)
from custom_components.qube.tenancy_view import TenancyView
from tests.account import Account
from tests.simulator import SimulatedMeter

VIEW: Final = TenancyView(
    balance_micropaise=292_330 * 1_000_000,
    amount_due_paise=0,
    period_start=datetime(2026, 5, 1, tzinfo=INDIA),
    eb_wh=11_800,
    dg_wh=2_500,
    eb_micropaise=7_670 * 1_000_000,
    dg_micropaise=4_500 * 1_000_000,
    days_left=23.4,
    supply=SupplyState.ON,
    is_low=False,
    is_overdue=False,
    is_held=False,
    charged_until=datetime(2026, 5, 13, 18, 0, tzinfo=INDIA),
    is_charging=True,
)
PLATFORMS: Final = ("sensor", "binary_sensor", "switch", "event")


@dataclass(eq=False, kw_only=True)
class ShownTenancy(Tenancy):
    """A tenancy that shows what a test says."""

    account: Account
    tenancy_id: str
    of_meter: SimulatedMeter
    of_plan: Plan = Plan.PREPAID
    view: TenancyView = VIEW
    refusal: BillingError | None = None
    listeners: list[Callable[[], None]] = field(default_factory=list)
    event_listeners: list[TenancyEventListener] = field(default_factory=list)

    @property
    @override
    def meter_key(self) -> str:
        return self.of_meter.device_id

    @property
    @override
    def plan(self) -> Plan:
        return self.of_plan

    @property
    @override
    def is_closed(self) -> bool:
        return False

    @override
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    @override
    def async_add_event_listener(self, listener: TenancyEventListener) -> CALLBACK_TYPE:
        self.event_listeners.append(listener)
        return lambda: self.event_listeners.remove(listener)

    @override
    async def async_hold(self, *, is_held: bool) -> None:
        if self.refusal is not None:
            raise self.refusal
        await self.show(is_held=is_held)

    async def show(self, **changes: object) -> None:
        """Let something of the view change."""
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        for listener in list(self.listeners):
            listener()
        await self.account.hass.async_block_till_done()

    async def happen(self, kind: TenancyEventKind, **attributes: EventValue) -> None:
        """Let something happen."""
        for listener in list(self.event_listeners):
            listener(TenancyEvent(kind=kind, attributes=attributes))
        await self.account.hass.async_block_till_done()

    @property
    def device(self) -> dr.DeviceEntry | None:
        """Return the tenancy's device."""
        return dr.async_get(self.account.hass).async_get_device_by_identifier(
            tenancy_identifier(self.tenancy_id), self.account.entry.entry_id
        )

    @property
    def target(self) -> dict[str, str]:
        """Return the tenancy's device, as a target."""
        assert self.device is not None
        return {"device_id": self.device.id}

    def entity_id(self, key: str) -> str:
        """Return the entity that shows something of the tenancy."""
        registry = er.async_get(self.account.hass)
        unique_id = f"tenancy_{self.tenancy_id}_{key}"
        ids = (registry.async_get_entity_id(each, DOMAIN, unique_id) for each in PLATFORMS)
        return next(entity_id for entity_id in ids if entity_id is not None)

    def full_state(self, key: str) -> State:
        """Return what Home Assistant shows, with attributes."""
        state = self.account.hass.states.get(self.entity_id(key))
        assert state is not None, key
        return state

    def state(self, key: str) -> str:
        """Return what Home Assistant shows."""
        return self.full_state(key).state

    def entries(self) -> dict[str, er.RegistryEntry]:
        """Return the entities of the tenancy, by key."""
        registry = er.async_get(self.account.hass)
        return {
            entry.unique_id.removeprefix(f"tenancy_{self.tenancy_id}_"): entry
            for entry in er.async_entries_for_config_entry(registry, self.account.entry.entry_id)
            if entry.config_subentry_id == self.tenancy_id
        }


class Options(TypedDict, total=False):
    """What may be said of tenancies that begin."""

    of_plan: Plan
    view: TenancyView


async def begin(
    account: Account, *meters: SimulatedMeter, **options: Unpack[Options]
) -> list[ShownTenancy]:
    """Let tenancies begin, together, in an account that is loaded."""
    hass, entry = account.hass, account.entry
    tenancies = []
    for meter in meters:
        subentry = ConfigSubentry(
            # Of no type that the integration itself runs.
            data=MappingProxyType({}),
            subentry_type="shown",
            title=f"Asha Rao · {meter.name}",
            unique_id=None,
        )
        hass.config_entries.async_add_subentry(entry, subentry)
        tenancies.append(
            ShownTenancy(
                account=account, tenancy_id=subentry.subentry_id, of_meter=meter, **options
            )
        )
    announce(account, tenancies)
    await account.settle()
    return tenancies


async def run(account: Account, *meters: SimulatedMeter) -> list[ShownTenancy]:
    """Let tenancies begin that are known to all of the account, not only to its platforms."""
    tenancies = await begin(account, *meters)
    account.entry.runtime_data = replace(account.entry.runtime_data, tenancies=tenancies)
    return tenancies


def announce(account: Account, tenancies: list[ShownTenancy]) -> None:
    """Tell the platforms of tenancies, as is done when an account is loaded."""
    of_any_kind: list[Tenancy] = [*tenancies]
    async_dispatcher_send(account.hass, tenancies_signal(account.entry), of_any_kind)
