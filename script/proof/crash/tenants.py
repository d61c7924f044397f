"""Who rents what in the house of this proof, and what was agreed with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_USER,
    STORAGE_KEY,
    STORAGE_VERSION,
    STORAGE_VERSION_MINOR,
    ConfigEntry,
    ConfigSubentryDataWithId,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.helpers.json import json_bytes

from custom_components.qube.billing.models import Plan, Source
from custom_components.qube.const import CONF_READING_INTERVAL, DOMAIN
from custom_components.qube.tenancy_terms import (
    SUBENTRY_TENANCY,
    StoredOpening,
    StoredRates,
    TenancyData,
)
from script.demonstration.cloud import Account

ENTRY_ID: Final = "crash"
CUT_OFF_PAISE: Final = 100_00

# Less than a form accepts: many readings make many charges.
_READING_INTERVAL_S: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A tenancy as it was agreed on; `device_id` is the Qube device, `opening_wh` its register."""

    tenancy_id: str
    device_id: str
    plan: Plan
    opened_at: datetime
    opening_wh: int
    opening_credit_paise: int
    millipaise_per_kwh: Mapping[Source, int]
    tax_basis_points: int
    monthly_charge_paise: int

    def data(self) -> TenancyData:
        """Return what a subentry holds of it."""
        return TenancyData(
            tenant=f"Tenant {self.tenancy_id}",
            meter_key=self.device_id,
            plan=self.plan,
            started_at=self.opened_at.isoformat(),
            opened=StoredOpening(
                total_wh=self.opening_wh,
                read_at=self.opened_at.isoformat(),
                device_id=self.device_id,
                register_wh=self.opening_wh,
                source=Source.EB,
            ),
            rates=StoredRates(
                eb_millipaise_per_kwh=self.millipaise_per_kwh[Source.EB],
                dg_millipaise_per_kwh=self.millipaise_per_kwh[Source.DG],
                monthly_charge_paise=self.monthly_charge_paise,
                tax_basis_points=self.tax_basis_points,
            ),
            opening_credit_paise=self.opening_credit_paise,
            cut_off_paise=CUT_OFF_PAISE,
            warning_levels_paise=[200_00],
            check_interval="quarter_hour",
            check_time="23:59",
            check_weekday=6,
            emergency_credit_paise=0,
            cuts=True,
            restores=True,
            reconnects_always=False,
            protected_from=None,
            protected_to=None,
            protected_weekdays=[],
            holidays=None,
            billing_day=10,
            due_days=1,
        )


def tenant_of(number: int, meter: Mapping[str, Any], opened_at: datetime) -> Tenant:
    """Return the tenant of a meter: two of three pay before use, every other one pays tax."""
    is_postpaid = number % 3 == 2  # noqa: PLR2004
    return Tenant(
        tenancy_id=f"tenancy{number}",
        device_id=meter["device_id"],
        plan=Plan.POSTPAID if is_postpaid else Plan.PREPAID,
        opened_at=opened_at,
        opening_wh=meter["energy_wh"],
        opening_credit_paise=0 if is_postpaid else 150_00,
        millipaise_per_kwh=MappingProxyType({Source.EB: 650_000, Source.DG: 1_825_000}),
        tax_basis_points=1_800 if number % 2 else 0,
        monthly_charge_paise=150_00,
    )


def write_account(config: Path, account: Account, tenants: Sequence[Tenant]) -> None:
    """Write the account with its tenancies into a configuration, as its flows would have."""
    entry: ConfigEntry[Any] = ConfigEntry(
        domain=DOMAIN,
        entry_id=ENTRY_ID,
        title="Crash House",
        data={CONF_API_KEY: account.api_key, CONF_URL: account.url},
        options={CONF_READING_INTERVAL: _READING_INTERVAL_S},
        source=SOURCE_USER,
        version=1,
        minor_version=1,
        unique_id=None,
        discovery_keys=MappingProxyType({}),
        subentries_data=[
            ConfigSubentryDataWithId(
                subentry_id=tenant.tenancy_id,
                subentry_type=SUBENTRY_TENANCY,
                title=tenant.tenancy_id,
                unique_id=None,
                data=tenant.data(),
            )
            for tenant in tenants
        ],
    )
    stored = {
        "version": STORAGE_VERSION,
        "minor_version": STORAGE_VERSION_MINOR,
        "key": STORAGE_KEY,
        "data": {"entries": [entry.as_dict()]},
    }
    (config / ".storage" / STORAGE_KEY).write_bytes(json_bytes(stored))
