"""What a meter measures: each property's unit, and its value at any instant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isqrt, sqrt
from typing import Final

from .meter import SimulatedMeter
from .model import MeterKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """One measured property; `value_at` takes a meter and milliseconds since 1970."""

    unit: str | None
    is_cumulative: bool = False
    value_at: Callable[[SimulatedMeter, int], float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One of three phases: its share of the power and its distance from the mean voltage."""

    name: str
    share_permille: int
    offset_dv: int


def _energy_kwh(meter: SimulatedMeter, time_ms: int) -> float:
    return meter.register.wh_at(time_ms) / 1000


def _apparent_energy_kvah(meter: SimulatedMeter, time_ms: int) -> float:
    return meter.register.wh_at(time_ms) * 1000 // meter.power_factor_permille / 1000


def _reactive_energy_kvarh(meter: SimulatedMeter, time_ms: int) -> float:
    reactive_permille = isqrt(1_000_000 - meter.power_factor_permille**2)
    wh = meter.register.wh_at(time_ms)
    return wh * reactive_permille // meter.power_factor_permille / 1000


def _power_w(meter: SimulatedMeter, time_ms: int) -> float:
    return meter.register.at(time_ms)[1] / 10


def _apparent_power_va(meter: SimulatedMeter, time_ms: int) -> float:
    return round(_power_w(meter, time_ms) * 1000 / meter.power_factor_permille, 1)


def _reactive_power_var(meter: SimulatedMeter, time_ms: int) -> float:
    apparent_va, power_w = _apparent_power_va(meter, time_ms), _power_w(meter, time_ms)
    return round(sqrt(max(0.0, apparent_va**2 - power_w**2)), 1)


def _voltage_v(meter: SimulatedMeter, time_ms: int) -> float:
    return (meter.grid.voltage_dv(time_ms) - meter.seed % 21) / 10


def _current_a(meter: SimulatedMeter, time_ms: int) -> float:
    return round(_apparent_power_va(meter, time_ms) / _voltage_v(meter, time_ms), 3)


def _power_factor(meter: SimulatedMeter, time_ms: int) -> float | None:
    """Return nothing without load: a ratio of zero to zero."""
    return meter.power_factor_permille / 1000 if meter.register.at(time_ms)[1] else None


def _frequency_hz(meter: SimulatedMeter, time_ms: int) -> float:
    return meter.grid.frequency_chz(time_ms) / 100


def _tamper_count(meter: SimulatedMeter, _time_ms: int) -> float:
    return meter.seed % 4


_BASIC: Final[Mapping[str, Property]] = {
    "energy": Property(unit="kWh", is_cumulative=True, value_at=_energy_kwh),
    "active_power": Property(unit="W", value_at=_power_w),
    "voltage": Property(unit="V", value_at=_voltage_v),
}

_FURTHER: Final[Mapping[str, Property]] = {
    "current": Property(unit="A", value_at=_current_a),
    "frequency": Property(unit="Hz", value_at=_frequency_hz),
    "power_factor": Property(unit=None, value_at=_power_factor),
    "apparent_power": Property(unit="VA", value_at=_apparent_power_va),
    "reactive_power": Property(unit="var", value_at=_reactive_power_var),
    "apparent_energy": Property(unit="kVAh", is_cumulative=True, value_at=_apparent_energy_kvah),
    "reactive_energy": Property(unit="kvarh", is_cumulative=True, value_at=_reactive_energy_kvarh),
    "tamper_count": Property(unit=None, is_cumulative=True, value_at=_tamper_count),
}

_SHARES: Final = ((420, 6), (350, -9), (230, 3))
_PHASES: Final[Mapping[MeterKind, tuple[str, str, str]]] = {
    MeterKind.THREE_PHASE: ("r", "y", "b"),
    MeterKind.THREE_PHASE_L: ("l1", "l2", "l3"),
}


def _phase_properties(phase: Phase) -> dict[str, Property]:
    def power_dw(meter: SimulatedMeter, time_ms: int) -> int:
        return meter.register.at(time_ms)[1] * phase.share_permille // 1000

    def power_w(meter: SimulatedMeter, time_ms: int) -> float:
        return power_dw(meter, time_ms) / 10

    def voltage_v(meter: SimulatedMeter, time_ms: int) -> float:
        return round(_voltage_v(meter, time_ms) + phase.offset_dv / 10, 1)

    def current_a(meter: SimulatedMeter, time_ms: int) -> float:
        apparent_va = power_dw(meter, time_ms) * 100 / meter.power_factor_permille
        return round(apparent_va / voltage_v(meter, time_ms), 3)

    return {
        f"voltage_{phase.name}": Property(unit="V", value_at=voltage_v),
        f"current_{phase.name}": Property(unit="A", value_at=current_a),
        f"active_power_{phase.name}": Property(unit="W", value_at=power_w),
    }


@cache
def properties_of(kind: MeterKind) -> Mapping[str, Property]:
    """Return what a kind of meter measures, in the order in which it is sent."""
    if kind is MeterKind.NULLS:
        return {**_BASIC, **_FURTHER}
    if kind not in _PHASES:
        return _BASIC
    properties = {**_BASIC, **_FURTHER}
    for name, (share_permille, offset_dv) in zip(_PHASES[kind], _SHARES, strict=True):
        phase = Phase(name=name, share_permille=share_permille, offset_dv=offset_dv)
        properties |= _phase_properties(phase)
    return properties
