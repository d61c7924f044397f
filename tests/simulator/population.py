"""A believable population.

By index: 0-4 ordinary and online (three prepaid, one postpaid, one measurement), 5 three-phase,
6 without relay, 7 offline, 8 with nulls, 9 three-phase in the other spelling, 10 in relay_off and
with the UDF1 of 9, 11 prepaid, below zero and without UDF1. From 12 on the kinds come round in
forties. Meters go to the spaces in turn.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from .meter import SimulatedMeter
from .model import MeterKind, Mode
from .noise import mix

if TYPE_CHECKING:
    from .cloud import SimulatedCloud, SimulatedSpace

_SPACE_NAMES: Final = (
    *("Lakshmi Residency", "Sai Krupa Heights", "Brindavan Apartments", "Shanti Niketan Hostel"),
    *("Ashoka Enclave", "Kaveri Towers", "Green Meadows PG", "Gulmohar Arcade"),
    *("Vasant Vihar Court", "Palm Grove Residency", "Nandini Layout Homes", "Ganga Sadan"),
)

_FIRST_KINDS: Final[Mapping[int, MeterKind]] = {
    5: MeterKind.THREE_PHASE,
    6: MeterKind.NO_RELAY,
    7: MeterKind.OFFLINE,
    8: MeterKind.NULLS,
    9: MeterKind.THREE_PHASE_L,
}
_LATER_KINDS: Final[Mapping[int, MeterKind]] = {
    3: MeterKind.THREE_PHASE,
    9: MeterKind.OFFLINE,
    14: MeterKind.NO_RELAY,
    19: MeterKind.THREE_PHASE,
    26: MeterKind.NULLS,
    31: MeterKind.OFFLINE,
    37: MeterKind.THREE_PHASE,
}
_FIRST_MODES: Final[Mapping[int, Mode]] = {
    3: Mode.POSTPAID,
    4: Mode.MEASUREMENT,
    5: Mode.POSTPAID,
    6: Mode.POSTPAID,
    10: Mode.RELAY_OFF,
}
# Out of a hundred later meters, those below the number have the mode.
_LATER_MODES: Final = (
    (70, Mode.PREPAID),
    (90, Mode.POSTPAID),
    (98, Mode.MEASUREMENT),
    (100, Mode.RELAY_OFF),
)
_NAMED: Final = 12
_REPEATS_UDF: Final = 10
_BELOW_ZERO: Final = 11
_LAST_OTHER_SPELLING: Final = 100
_ROOMS_PER_FLOOR: Final = 20
_EB_TARIFFS_PAISE: Final = (500, 600, 650, 725, 800)
_DG_TARIFFS_PAISE: Final = (1600, 1800, 2000, 2250)


def populate(cloud: SimulatedCloud, *, spaces: int, meters: int) -> None:
    """Add spaces, and meters in all of them."""
    added = [_add_space(cloud, index) for index in range(spaces)]
    for index in range(meters):
        space_index, position = index % spaces, index // spaces
        floor, room = divmod(position, _ROOMS_PER_FLOOR)
        room_name = f"Room {(floor + 1) * 100 + room + 1}"
        meter = cloud.add_meter(
            added[space_index].space_id,
            kind=_kind(index),
            name=room_name,
            udf1=_udf1(space_index, floor + 1, room_name),
        )
        _settle_in(meter, index)
        if index == _REPEATS_UDF:
            twin = list(cloud.meters.values())[-2]
            meter.label.udfs["udf1"] = twin.label.udfs["udf1"]


def _add_space(cloud: SimulatedCloud, index: int) -> SimulatedSpace:
    round_number, name_index = divmod(index, len(_SPACE_NAMES))
    suffix = f" {round_number + 1}" if round_number else ""
    space = cloud.add_space(_SPACE_NAMES[name_index] + suffix, description="Managed property")
    space.label.udfs["udf1"] = f"Property-{index + 1}"
    return space


def _kind(index: int) -> MeterKind:
    if index < _NAMED:
        return _FIRST_KINDS.get(index, MeterKind.ORDINARY)
    kind = _LATER_KINDS.get(index % 40, MeterKind.ORDINARY)
    if kind is MeterKind.THREE_PHASE and index % 40 == 19 and index < _LAST_OTHER_SPELLING:
        return MeterKind.THREE_PHASE_L
    return kind


def _mode(meter: SimulatedMeter, index: int) -> Mode:
    if index < _NAMED:
        return _FIRST_MODES.get(index, Mode.PREPAID)
    drawn = mix(meter.seed, 10) % 100
    return next(mode for limit, mode in _LATER_MODES if drawn < limit)


def _udf1(space_index: int, floor: int, room_name: str) -> str:
    round_number, letter = divmod(space_index, 26)
    building = chr(ord("A") + letter) + (str(round_number + 1) if round_number else "")
    return f"Building-{building}.Floor-{floor}.{room_name.replace(' ', '-')}"


def _settle_in(meter: SimulatedMeter, index: int) -> None:
    """Give a meter its tariffs, mode, balance and what people wrote on it."""
    meter.eb_tariff_paise = _EB_TARIFFS_PAISE[mix(meter.seed, 11) % len(_EB_TARIFFS_PAISE)]
    meter.dg_tariff_paise = _DG_TARIFFS_PAISE[mix(meter.seed, 12) % len(_DG_TARIFFS_PAISE)]
    meter.mode = _mode(meter, index)
    meter.balance = 15_000 + mix(meter.seed, 13) % 235_000
    meter.gateway_enabled = bool(mix(meter.seed, 14) % 5)
    meter.label.description = f"Main meter for {meter.label.name.lower()}"
    meter.label.udfs["udf2"] = f"cluster-{1 + index % 8}"
    meter.wifi.ssid = f"Qube-{index % 8 + 1}"
    meter.wifi.password = f"meter-{mix(meter.seed, 15) % 10**8:08d}"
    if index == _BELOW_ZERO:
        meter.balance = -4_250
    if index == _BELOW_ZERO or (index >= _NAMED and index % 40 == 33):
        meter.label.udfs["udf1"] = None
