"""What the reading endpoints send of a space and a meter."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Final

from .clock import DAY_MS, HOUR_MS, MINUTE_MS, day_date, day_number, day_start_ms, split_day
from .cloud import SimulatedCloud, SimulatedSpace
from .meter import SimulatedMeter
from .properties import Property, properties_of
from .protocol import Json

INTERVALS_MS: Final[Mapping[str, int]] = {
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "60m": HOUR_MS,
    "1d": DAY_MS,
}
_SECOND_MS: Final = 1000


def space_json(space: SimulatedSpace) -> dict[str, Json]:
    """Return a space with the short form of its meters."""
    return {
        "name": space.label.name,
        "description": space.label.description,
        "space_id": space.space_id,
        "devices": [_short_json(meter) for meter in space.meters.values()],
        "tags": [],
        **space.label.udfs,
    }


def device_json(cloud: SimulatedCloud, meter: SimulatedMeter) -> dict[str, Json]:
    """Return a meter's details; an offline meter's as they were when it was last heard of."""
    space, state = cloud.spaces[meter.space_id], meter.state()
    details: dict[str, Json] = {
        "name": meter.label.name,
        "description": meter.label.description,
        "device_id": meter.device_id,
        "space": {
            "id": space.space_id,
            "name": space.label.name,
            "description": space.label.description,
        },
        "public_access": False,
        "public_hash": None,
        "active_mode": meter.mode,
        "balance": state.balance,
        "has_relay": meter.has_relay,
        "is_online": meter.is_online,
        "is_shared": False,
        "readings": [
            _reading_json(meter, property_id, measured, state.time_ms)
            for property_id, measured in properties_of(meter.kind).items()
        ],
        "tags": [],
        **meter.label.udfs,
    }
    return _with_nulls(meter, details)


def metrics_json(meter: SimulatedMeter) -> dict[str, Json]:
    """Return a meter's live values."""
    state, properties = meter.state(), properties_of(meter.kind)
    metrics: dict[str, Json] = {
        "device_id": meter.device_id,
        "eb_tariff": meter.eb_tariff_paise,
        "dg_tariff": meter.dg_tariff_paise,
        "active_tariff": int(state.active_tariff),
        "energy": state.energy_wh / 1000,
        "active_power": properties["active_power"].value_at(meter, state.time_ms),
        "voltage": properties["voltage"].value_at(meter, state.time_ms),
        "balance": state.balance,
        "relay_state": state.relay_closed if meter.has_relay else None,
        "mode": meter.mode.upper(),
        "pg_enabled": meter.gateway_enabled,
    }
    return _with_nulls(meter, metrics)


def history_json(
    meter: SimulatedMeter, property_id: str, first: date, last: date, interval: str
) -> dict[str, Json]:
    """Return a property's values at the ends of all intervals the cloud has heard of."""
    latest_ms = meter.state().time_ms
    rows: list[Json] = []
    measured = properties_of(meter.kind).get(property_id)
    if measured is not None:
        is_null = property_id in meter.null_fields
        rows = [
            {
                "property_id": property_id,
                "value": None if is_null else measured.value_at(meter, time_ms),
                "unit": measured.unit,
                "timestamp": timestamp,
            }
            for time_ms, timestamp in _stamps(
                INTERVALS_MS[interval], first, last, meter.register.installed_ms, latest_ms
            )
            if not any(time_ms in gap for gap in meter.history_gaps)
        ]
    return {
        "device_id": meter.device_id,
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
        "readings": rows,
    }


def _stamps(
    interval_ms: int, first: date, last: date, earliest_ms: int, latest_ms: int
) -> Iterator[tuple[int, str]]:
    """Yield the last second of each interval between two instants, and how it is written."""
    from_day = max(day_number(first), split_day(earliest_ms)[0])
    to_day = min(day_number(last), split_day(latest_ms)[0])
    for day in range(from_day, to_day + 1):
        midnight_ms, text = day_start_ms(day), day_date(day).isoformat()
        for offset_ms, clock_time in _ends(interval_ms):
            if earliest_ms <= (time_ms := midnight_ms + offset_ms) <= latest_ms:
                yield time_ms, text + clock_time


@cache
def _ends(interval_ms: int) -> tuple[tuple[int, str], ...]:
    """Return the last second of each interval of a day: from midnight, and as it is written."""
    offsets_ms = range(interval_ms - _SECOND_MS, DAY_MS, interval_ms)
    return tuple((offset_ms, _clock_time(offset_ms // _SECOND_MS)) for offset_ms in offsets_ms)


def _clock_time(second: int) -> str:
    minute, second = divmod(second, 60)
    return f"T{minute // 60:02d}:{minute % 60:02d}:{second:02d}+05:30"


def _short_json(meter: SimulatedMeter) -> Json:
    return {
        "device_id": meter.device_id,
        "name": meter.label.name,
        "active_mode": meter.mode,
        **meter.label.udfs,
    }


def _reading_json(
    meter: SimulatedMeter, property_id: str, measured: Property, time_ms: int
) -> Json:
    is_null = property_id in meter.null_fields
    return {
        "property_id": property_id,
        "context_type": "cumulative" if measured.is_cumulative else "instantaneous",
        "value": None if is_null else measured.value_at(meter, time_ms),
        "unit": measured.unit,
    }


def _with_nulls(meter: SimulatedMeter, payload: dict[str, Json]) -> dict[str, Json]:
    payload.update(dict.fromkeys(meter.null_fields & payload.keys()))
    return payload
