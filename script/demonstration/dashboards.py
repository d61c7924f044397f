"""What a property manager would have put on the dashboards of the frontend."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from homeassistant import const

from .meters import ShownMeter

_NEEDED: Final = frozenset({"energy", "power", "price", "balance"})
_FAVORITES: Final = 12


def dashboards(meters: Iterable[ShownMeter]) -> list[Mapping[str, Any]]:
    """Return the commands: balances on the overview, each meter with its price under Energy."""
    complete = [meter for meter in meters if meter.entities.keys() >= _NEEDED]
    favorites = [meter.entities["balance"] for meter in islice(complete, _FAVORITES)]
    return [
        # Whoever was there from the start is not welcomed to what is new.
        _system_data("core", {"onboarded_version": const.__version__}),
        _system_data("home", {"favorite_entities": favorites, "hide_suggested_entities": True}),
        {
            "type": "energy/save_prefs",
            "energy_sources": [_grid_connection(meter) for meter in complete],
        },
    ]


def _system_data(key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "frontend/set_system_data", "key": key, "value": value}


def _grid_connection(meter: ShownMeter) -> dict[str, Any]:
    return {
        "type": "grid",
        "name": f"{meter.space} {meter.name}",
        "stat_energy_from": meter.entities["energy"],
        "stat_rate": meter.entities["power"],
        "entity_energy_price": meter.entities["price"],
        "cost_adjustment_day": 0,
    }
