"""What a property manager would have put on the dashboards of the frontend."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from homeassistant import const

from custom_components.qube.hourly_statistics import cost_statistic_id, energy_statistic_id

from .meters import ShownMeter

_NEEDED: Final = frozenset({"energy", "power", "price", "balance"})
_FAVORITES: Final = 12


def dashboards(meters: Iterable[ShownMeter]) -> list[Mapping[str, Any]]:
    """Return the commands: balances on the overview, each meter with its history under Energy."""
    complete = [meter for meter in meters if meter.entities.keys() >= _NEEDED]
    favorites = [meter.entities["balance"] for meter in islice(complete, _FAVORITES)]
    return [
        # Whoever was there from the start is not welcomed to what is new.
        _system_data("core", {"onboarded_version": const.__version__}),
        _system_data("home", {"favorite_entities": favorites, "hide_suggested_entities": True}),
        {
            "type": "energy/save_prefs",
            "energy_sources": [_grid_connection(meter) for meter in complete],
            "device_consumption": [_device(meter) for meter in complete],
        },
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
