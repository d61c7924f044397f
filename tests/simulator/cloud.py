"""The simulated cloud: its spaces, its meters, and what may be done to them from outside."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from .clock import Clock, day_start_ms, real_clock, split_day, to_ms
from .faults import FaultBoard
from .grid import GridSupply
from .load import Character, LoadCurve
from .meter import SimulatedMeter
from .model import Label, MeterKind
from .noise import derive, mix
from .population import populate
from .traffic import Requests

_AGE: Final = timedelta(days=730)
_FIRST_SPACE_ID: Final = 123
_FOREIGN_SPACE_ID: Final = 77
_CHARACTERS: Final = tuple(Character)
_THREE_PHASE: Final = frozenset({MeterKind.THREE_PHASE, MeterKind.THREE_PHASE_L})


@dataclass(kw_only=True)
class SimulatedSpace:
    """One property and the meters in it."""

    space_id: int
    label: Label
    grid: GridSupply
    meters: dict[str, SimulatedMeter] = field(default_factory=dict)


class SimulatedCloud:
    """One account of the Qube cloud; the same seed and clock give the same world."""

    def __init__(
        self, *, seed: int = 1, api_key: str = "demo-key", clock: Clock = real_clock
    ) -> None:
        """Begin without spaces; `clock` returns aware times."""
        self.seed = seed
        self.api_key = api_key
        self.clock = clock
        self.spaces: dict[int, SimulatedSpace] = {}
        self.meters: dict[str, SimulatedMeter] = {}
        self.foreign_space_id = _FOREIGN_SPACE_ID
        self.faults = FaultBoard()
        self.requests = Requests()
        # Whether a PUT of metadata empties the fields it leaves out: the vendor does not say.
        self.put_clears_missing = False
        oldest = clock() - _AGE
        self._default_installed_ms = day_start_ms(split_day(to_ms(oldest))[0])
        self._last_space_id = _FIRST_SPACE_ID - 1
        self._last_serial = 0

    def now_ms(self) -> int:
        """Return the cloud's time in milliseconds since 1970."""
        return to_ms(self.clock())

    def populate(self, *, spaces: int = 3, meters: int = 12) -> Self:
        """Add a believable population; `meters` is the total over all spaces."""
        populate(self, spaces=spaces, meters=meters)
        return self

    def add_space(self, name: str, *, description: str | None = None) -> SimulatedSpace:
        """Add an empty space."""
        self._last_space_id += 1
        space = SimulatedSpace(
            space_id=self._last_space_id,
            label=Label(name=name, description=description),
            grid=GridSupply(derive(self.seed, f"space {self._last_space_id}")),
        )
        self.spaces[space.space_id] = space
        return space

    def remove_space(self, space_id: int) -> None:
        """Remove a space and its meters."""
        for device_id in self.spaces.pop(space_id).meters:
            del self.meters[device_id]

    def add_meter(
        self,
        space_id: int,
        *,
        kind: MeterKind = MeterKind.ORDINARY,
        name: str | None = None,
        udf1: str | None = None,
        balance: int = 0,
        installed_at: datetime | None = None,
        energy_wh: int = 0,
        daily_wh: int | None = None,
    ) -> SimulatedMeter:
        """Add a meter, prepaid, with a balance in paise; installed two years ago if not said.

        `energy_wh` is the reading at the installation, `daily_wh` what is used on a mean day: a
        believable amount if not said.
        """
        label = Label(name=name or f"Room {self._last_serial + 101}")
        label.udfs["udf1"] = udf1
        installed_ms = to_ms(installed_at) if installed_at else self._default_installed_ms
        meter = self._install(
            space_id, label, kind, installed_ms, energy_wh=energy_wh, daily_wh=daily_wh
        )
        meter.balance = balance
        if kind is MeterKind.NULLS:
            meter.null_fields = {"voltage", "frequency", "dg_tariff", "description"}
        if kind is MeterKind.OFFLINE:
            meter.is_online = False
        return meter

    def remove_meter(self, device_id: str) -> None:
        """Remove a meter."""
        del self.spaces[self.meters.pop(device_id).space_id].meters[device_id]

    def move_meter(self, device_id: str, space_id: int) -> None:
        """Move a meter to another space."""
        meter = self.meters[device_id]
        target = self.spaces[space_id]
        del self.spaces[meter.space_id].meters[device_id]
        meter.move_to(space_id, target.grid)
        target.meters[device_id] = meter

    def replace_meter(self, device_id: str) -> SimulatedMeter:
        """Hang new hardware in the place of old: new device_id, register at 0, else the same."""
        old = self.meters[device_id]
        label = Label(
            name=old.label.name, description=old.label.description, udfs=dict(old.label.udfs)
        )
        kind = MeterKind.ORDINARY if old.kind is MeterKind.OFFLINE else old.kind
        new = self._install(old.space_id, label, kind, self.now_ms())
        new.inherit(old)
        self.remove_meter(device_id)
        return new

    def reset_counter(self, device_id: str) -> None:
        """Set a meter's register to 0, as a fault of the hardware would."""
        self.meters[device_id].energy_wh = 0

    def _install(
        self,
        space_id: int,
        label: Label,
        kind: MeterKind,
        installed_ms: int,
        *,
        energy_wh: int = 0,
        daily_wh: int | None = None,
    ) -> SimulatedMeter:
        space = self.spaces[space_id]
        self._last_serial += 1
        seed = mix(self.seed, self._last_serial)
        if daily_wh is None:
            daily_wh = (18_000 if kind in _THREE_PHASE else 4_000) + mix(seed, 1) % 5_000
        character = _CHARACTERS[mix(seed, 2) % len(_CHARACTERS)]
        meter = SimulatedMeter(
            device_id=f"QUBE-ONE-{mix(seed, 3) >> 16:012x}",
            space_id=space_id,
            label=label,
            kind=kind,
            seed=seed,
            load=LoadCurve(seed=seed, character=character, daily_wh=daily_wh),
            grid=space.grid,
            now_ms=self.now_ms,
            installed_ms=installed_ms,
            energy_wh=energy_wh,
        )
        space.meters[meter.device_id] = meter
        self.meters[meter.device_id] = meter
        return meter
