"""What a property manager would have put on the dashboards of the frontend."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from homeassistant import const

from custom_components.qube.billing.models import Plan
from custom_components.qube.hourly_statistics import cost_statistic_id, energy_statistic_id

from .meters import ShownMeter
from .tenancies import ShownTenancy

_NEEDED: Final = frozenset({"energy", "power", "price", "balance"})
_FAVORITES: Final = 12
_TENANTS_PATH: Final = "qube-tenants"
_TENANT_KEYS: Final = {
    Plan.PREPAID: ("balance", "supply", "days_left", "hold"),
    Plan.POSTPAID: ("amount_due", "supply", "bill_due", "hold"),
}


def dashboards(
    meters: Iterable[ShownMeter], tenancies: Sequence[ShownTenancy]
) -> list[Mapping[str, Any]]:
    """Return the commands: balances on the overview, meters under Energy, and all tenants."""
    complete = [meter for meter in meters if meter.entities.keys() >= _NEEDED]
    # Of a room that is let, the tenant's balance is the one that counts.
    running = [
        each.entities["balance"] for each in tenancies if not each.rented.lease.tenant.until_days
    ]
    balances = running or [meter.entities["balance"] for meter in complete]
    return [
        # Whoever was there from the start is not welcomed to what is new.
        _system_data("core", {"onboarded_version": const.__version__}),
        _system_data(
            "home", {"favorite_entities": balances[:_FAVORITES], "hide_suggested_entities": True}
        ),
        {
            "type": "energy/save_prefs",
            "energy_sources": [_grid_connection(meter) for meter in complete],
            "device_consumption": [_device(meter) for meter in complete],
        },
        *_tenants(tenancies),
    ]


def _system_data(key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "frontend/set_system_data", "key": key, "value": value}


def _grid_connection(meter: ShownMeter) -> dict[str, Any]:
    return {
        "type": "grid",
        "name": str(meter),
        # With the history of a year, which the entity itself does not have.
        "stat_energy_from": energy_statistic_id(meter.device_id),
        "stat_cost": cost_statistic_id(meter.device_id),
        "stat_rate": meter.entities["power"],
        "cost_adjustment_day": 0,
    }


def _device(meter: ShownMeter) -> dict[str, Any]:
    return {"name": str(meter), "stat_consumption": energy_statistic_id(meter.device_id)}


def _tenants(tenancies: Sequence[ShownTenancy]) -> list[dict[str, Any]]:
    """Return the commands for a dashboard of all tenants, those who have moved out last."""
    if not tenancies:
        return []
    in_order = sorted(tenancies, key=lambda each: each.rented.lease.tenant.until_days)
    view = {
        "title": "Tenants",
        "type": "sections",
        "max_columns": 4,
        "sections": [_tenant(each) for each in in_order],
    }
    dashboard = {"url_path": _TENANTS_PATH, "title": "Tenants", "icon": "mdi:account-key"}
    return [
        {
            "type": "lovelace/dashboards/create",
            "show_in_sidebar": True,
            "require_admin": True,
            **dashboard,
        },
        {"type": "lovelace/config/save", "url_path": _TENANTS_PATH, "config": {"views": [view]}},
    ]


def _tenant(tenancy: ShownTenancy) -> dict[str, Any]:
    lease = tenancy.rented.lease
    keys = [key for key in _TENANT_KEYS[lease.tenant.plan] if key in tenancy.entities]
    # The tenant's name stands above them.
    own_name = {"type": "entity"}
    tiles = [{"type": "tile", "entity": tenancy.entities[key], "name": own_name} for key in keys]
    return {"type": "grid", "cards": [{"type": "heading", "heading": lease.title}, *tiles]}
