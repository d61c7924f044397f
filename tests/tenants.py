"""An account with tenants, whose real ledger is on the disk, as tests of their actions see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.billing.bills import BillDraft, BillLine, Period, RegisterMark
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import (
    Charge,
    Charged,
    Opening,
    Plan,
    Rates,
    Reading,
    Source,
)
from custom_components.qube.books import ledger_path
from custom_components.qube.const import CONF_LEDGER_ID, DOMAIN, INDIA
from custom_components.qube.devices import tenancy_identifier
from custom_components.qube.tenancy_terms import SUBENTRY_TENANCY

QUBE_DEVICE: Final = "QUBE-ONE-7f3a21c0"
EB_MILLIPAISE: Final = 650_000
DG_MILLIPAISE: Final = 1_825_000
# What Home Assistant may know, and no answer, log or trace may tell.
TENANT: Final = "Rinkesh Canary Agrawal"
KEY: Final = "canary-key-77ab"


def india(*parts: int) -> datetime:
    """Return a time in India."""
    return datetime(*parts, tzinfo=INDIA)  # type: ignore[misc,arg-type]


MOVED_IN: Final = india(2026, 4, 25)
OPENING_WH: Final = 1_450_000


def reading(total_wh: int, read_at: datetime, source: Source | None = Source.EB) -> Reading:
    """Return a reading of the meter, whose register is its total."""
    return Reading(
        total_wh=total_wh,
        read_at=read_at,
        device_id=QUBE_DEVICE,
        register_wh=total_wh,
        source=source,
    )


def opening(tenancy_id: str, *, tenant: str = TENANT, meter: str = "Room 302") -> Opening:
    """Return a prepaid tenancy as in the vendor's example, with ₹3,000 and ₹6.50 a kWh."""
    return Opening(
        tenancy_id=tenancy_id,
        tenant=tenant,
        meter_key=f"meter-of-{tenancy_id}",
        meter_name=meter,
        plan=Plan.PREPAID,
        opened=reading(OPENING_WH, MOVED_IN),
        rates=Rates(
            valid_from=MOVED_IN,
            eb_millipaise_per_kwh=EB_MILLIPAISE,
            dg_millipaise_per_kwh=DG_MILLIPAISE,
            monthly_charge_paise=15_000,
            tax_basis_points=0,
        ),
        opening_credit_paise=300_000,
    )


def use(ledger: Ledger, tenancy_id: str, parts: Sequence[tuple[Source, int]]) -> None:
    """Charge the use of one day after the other, in Wh of a source each."""
    cursor = ledger.state(tenancy_id).cursor
    for source, energy_wh in parts:
        after = reading(cursor.total_wh + energy_wh, cursor.read_at + timedelta(days=1), source)
        charge = Charge(
            from_wh=cursor.total_wh,
            to_wh=after.total_wh,
            from_at=cursor.read_at,
            to_at=after.read_at,
            device_id=QUBE_DEVICE,
            register_wh=after.register_wh,
            source=source,
            millipaise_per_kwh=EB_MILLIPAISE if source is Source.EB else DG_MILLIPAISE,
            tax_basis_points=0,
            is_estimated=source is Source.DG,
        )
        charged = Charged(charges=(charge,), cursor=after)
        ledger.post_charges(tenancy_id, cursor, charged, now=after.read_at)
        cursor = after


def mark(total_wh: int, read_at: datetime, device_id: str = QUBE_DEVICE) -> RegisterMark:
    """Return what a register showed."""
    return RegisterMark(
        total_wh=total_wh, read_at=read_at, device_id=device_id, register_wh=total_wh
    )


def draft(**changed: Any) -> BillDraft:  # noqa: ANN401
    """Return the vendor's postpaid bill: 339.5 kWh at ₹6.50 make ₹2,206.75."""
    first, last = mark(1_450_000, india(2026, 4, 25)), mark(1_789_500, india(2026, 5, 1))
    line = BillLine(
        source=Source.EB,
        millipaise_per_kwh=EB_MILLIPAISE,
        tax_basis_points=0,
        opening=first,
        closing=last,
        energy_wh=339_500,
        estimated_wh=0,
    )
    fields: dict[str, Any] = {
        "tenancy_id": "first",
        "account_number": 1,
        "tenant": TENANT,
        "meter_key": "meter-of-first",
        "meter_name": "Room 302",
        "plan": Plan.POSTPAID,
        "period": Period(start=first.read_at, end=last.read_at, whole_days=30),
        "opening": first,
        "closing": last,
        "lines": (line,),
        "fixed_charge_paise": 0,
        "fixed_charge_tax_basis_points": 0,
        "previous_balance_micropaise": 0,
        "payments_micropaise": 0,
        "adjustments_micropaise": 0,
        "through_transaction_id": 0,
        "due_on": None,
    }
    return BillDraft(**{**fields, **changed})


@dataclass(frozen=True, kw_only=True)
class Tenants:
    """An account that the cloud does not answer for, with two tenants in its ledger.

    The tenancy "first" has a device; of "gone" the subentry was deleted; "new" is not opened yet.
    """

    hass: HomeAssistant
    entry: MockConfigEntry

    @property
    def device_id(self) -> str:
        """Return the device of the first tenancy."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            tenancy_identifier("first"), self.entry.entry_id
        )
        assert device is not None
        return device.id

    def in_ledger[T](self, job: Callable[[Ledger], T]) -> T:
        """Do something with the ledger, past Home Assistant."""
        path = ledger_path(self.hass, self.entry.entry_id)
        ledger = Ledger.open(path, expected_id=self.entry.data.get(CONF_LEDGER_ID))
        try:
            if CONF_LEDGER_ID not in self.entry.data:
                data = {**self.entry.data, CONF_LEDGER_ID: ledger.ledger_id}
                self.hass.config_entries.async_update_entry(self.entry, data=data)
            return job(ledger)
        finally:
            ledger.close()

    async def call(self, action: str, /, **data: object) -> dict[str, Any]:
        """Call an action as an automation does, on the first tenancy where none is named."""
        return await self.call_as(None, action, **data)

    async def call_as(self, user_id: str | None, action: str, /, **data: object) -> dict[str, Any]:
        """Call an action as a person does."""
        whose = {} if {"device_id", "account_number"} & set(data) else {"device_id": self.device_id}
        answer = await self.hass.services.async_call(
            DOMAIN,
            action,
            {**whose, **data},
            blocking=True,
            return_response=True,
            context=Context(user_id=user_id),
        )
        assert answer is not None
        return answer


async def tenants_of(hass: HomeAssistant) -> Tenants:
    """Return an account with two tenants, the first of which has used grid and generator."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="3 spaces",
        data={CONF_API_KEY: KEY, CONF_URL: "http://127.0.0.1:9"},
        subentries_data=[
            ConfigSubentryDataWithId(
                subentry_id=tenancy_id,
                subentry_type=SUBENTRY_TENANCY,
                title=f"{TENANT} · Room 302",
                unique_id=None,
                data={},
            )
            for tenancy_id in ("first", "new")
        ],
    )
    # Before the account is there, or it would be loaded.
    assert await async_setup_component(hass, DOMAIN, {})
    entry.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id="first",
        identifiers={tenancy_identifier("first")},
        name=f"{TENANT} · Room 302",
    )
    tenants = Tenants(hass=hass, entry=entry)

    def begin(ledger: Ledger) -> None:
        now = dt_util.utcnow()
        ledger.open_tenancy(opening("first"), now=now)
        ledger.open_tenancy(opening("gone", meter="Room 303"), now=now)
        use(ledger, "first", [(Source.EB, 11_800), (Source.DG, 2_000)])

    tenants.in_ledger(begin)
    return tenants
