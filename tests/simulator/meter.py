"""One simulated meter: its truth, and what follows from it as time passes.

Money is kept in millipaise: watt-hours times paise per kWh, exact and never rounded. What an
offline meter does reaches the cloud, and so its truth here, only once it is online again.
"""

from collections.abc import Callable
from typing import Final

from .grid import GridSupply, Source
from .load import UNITS_PER_WH, LoadCurve
from .model import Label, MeterKind, MeterState, Mode, Wifi
from .register import Register

type NowMs = Callable[[], int]


_BILLED: Final = frozenset({Mode.PREPAID, Mode.POSTPAID})
_PAISE: Final = 1000


class Live[T]:
    """An attribute that is brought up to now before it is read, and acted upon once it is set."""

    def __set_name__(self, owner: type[SimulatedMeter], name: str) -> None:
        """Keep the value under the private name."""
        self._name = f"_{name}"

    def __get__(self, meter: SimulatedMeter, owner: type[SimulatedMeter]) -> T:
        """Return the value of now."""
        meter.settle()
        value: T = getattr(meter, self._name)
        return value

    def __set__(self, meter: SimulatedMeter, value: T) -> None:
        """Let the time until now pass under the old value, then set the new one."""
        meter.settle()
        setattr(meter, self._name, value)
        meter.apply()


class SimulatedMeter:
    """The truth about one meter; attributes may be read and set at any time."""

    mode = Live[Mode]()
    eb_tariff_paise = Live[int]()
    dg_tariff_paise = Live[int]()
    active_tariff = Live[Source]()
    has_relay = Live[bool]()
    balance_millipaise = Live[int]()

    def __init__(
        self,
        *,
        device_id: str,
        space_id: int,
        label: Label,
        kind: MeterKind,
        seed: int,
        load: LoadCurve,
        grid: GridSupply,
        now_ms: NowMs,
        installed_ms: int,
        energy_wh: int = 0,
    ) -> None:
        """Install a meter at a time, online, prepaid and with its relay closed."""
        self.device_id = device_id
        self.space_id = space_id
        self.label = label
        self.kind = kind
        self.seed = seed
        self.load = load
        self.grid = grid
        self.register = Register(load, installed_ms=installed_ms, energy_wh=energy_wh)
        self.wifi = Wifi(rssi=-45 - seed % 35)
        self.gateway_enabled = True
        self.null_fields: set[str] = set()
        # Spans whose history has not reached the cloud, as milliseconds since 1970.
        self.history_gaps: list[range] = []
        self.power_factor_permille = 880 + seed % 110
        self._now_ms = now_ms
        self._offline_since_ms: int | None = None
        self._mode = Mode.PREPAID
        self._eb_tariff_paise = 650
        self._dg_tariff_paise = 1800
        self._has_relay = kind is not MeterKind.NO_RELAY
        self._balance_millipaise = 0
        self._is_wanted_closed = True
        self._settled_ms = max(now_ms(), installed_ms)
        self._settled_wh = self.register.wh_at(self._settled_ms)
        self._active_tariff = grid.source_at(self._settled_ms)
        self._switch_ms = grid.next_switch_ms(self._settled_ms)

    @property
    def name(self) -> str:
        """The name people gave it."""
        return self.label.name

    @name.setter
    def name(self, value: str) -> None:
        self.label.name = value

    @property
    def udfs(self) -> dict[str, str | None]:
        """The user-defined fields, `udf1` to `udf5`; may be changed in place."""
        return self.label.udfs

    def state(self) -> MeterState:
        """Return the newest state the cloud has heard of."""
        self.settle()
        return MeterState(
            time_ms=self._settled_ms,
            energy_wh=self._settled_wh,
            balance_millipaise=self._balance_millipaise,
            active_tariff=self._active_tariff,
            relay_closed=self.register.is_closed,
        )

    @property
    def is_online(self) -> bool:
        """Whether the cloud reaches the meter."""
        return self._offline_since_ms is None

    @is_online.setter
    def is_online(self, value: bool) -> None:
        if value:
            self._offline_since_ms = None
            self.settle()
        elif self._offline_since_ms is None:
            self.settle()
            self._offline_since_ms = self._settled_ms

    @property
    def relay_closed(self) -> bool:
        """Whether load flows; setting it is a wish that mode and balance may stand against."""
        self.settle()
        return self.register.is_closed

    @relay_closed.setter
    def relay_closed(self, value: bool) -> None:
        self.settle()
        self._is_wanted_closed = value
        self.apply()

    @property
    def balance(self) -> int:
        """The balance in whole paise, rounded down."""
        return self.balance_millipaise // _PAISE

    @balance.setter
    def balance(self, paise: int) -> None:
        self.balance_millipaise = paise * _PAISE

    @property
    def energy_wh(self) -> int:
        """The whole watt-hours of the register; setting it makes it jump, free of charge."""
        self.settle()
        return self._settled_wh

    @energy_wh.setter
    def energy_wh(self, value: int) -> None:
        self.settle()
        units, is_closed = value * UNITS_PER_WH, self.register.is_closed
        self.register.begin(self._settled_ms, is_closed=is_closed, register=units)
        self._settled_wh = value

    @property
    def power_w(self) -> float:
        """The power in W at the last instant the cloud has heard of."""
        self.settle()
        return self.register.at(self._settled_ms)[1] / 10

    @property
    def tariff_paise(self) -> int:
        """The active tariff in paise per kWh."""
        self.settle()
        is_dg = self._active_tariff is Source.DG
        return self._dg_tariff_paise if is_dg else self._eb_tariff_paise

    def settle(self) -> None:
        """Let the time pass until now: register, balance, relay and source follow."""
        horizon_ms = self._offline_since_ms or self._now_ms()
        while self._switch_ms <= horizon_ms:
            self._consume(self._switch_ms)
            self._active_tariff = self.grid.source_at(self._switch_ms)
            self._switch_ms = self.grid.next_switch_ms(self._switch_ms)
        if self._settled_ms < horizon_ms:
            self._consume(horizon_ms)

    def apply(self) -> None:
        """Open or close the relay as wish, mode and balance demand."""
        if (is_closed := self._may_close()) is not self.register.is_closed:
            self.register.begin(self._settled_ms, is_closed=is_closed)

    def move_to(self, space_id: int, grid: GridSupply) -> None:
        """Hang the meter in another space."""
        self.settle()
        self.space_id = space_id
        self.grid = grid
        self._active_tariff = grid.source_at(self._settled_ms)
        self._switch_ms = grid.next_switch_ms(self._settled_ms)

    def inherit(self, old: SimulatedMeter) -> None:
        """Take over the settings and the account of the hardware that hung here before."""
        old.settle()
        self.wifi = old.wifi
        self.gateway_enabled = old.gateway_enabled
        self.null_fields = set(old.null_fields)
        self._mode = old._mode
        self._eb_tariff_paise = old._eb_tariff_paise
        self._dg_tariff_paise = old._dg_tariff_paise
        self._active_tariff = old._active_tariff
        self._has_relay = old._has_relay
        self._balance_millipaise = old._balance_millipaise
        self._is_wanted_closed = old._is_wanted_closed
        self.apply()

    def _may_close(self) -> bool:
        if not self._has_relay:
            return True
        is_cut = self._mode is Mode.PREPAID and self._balance_millipaise < 0
        return self._is_wanted_closed and self._mode is not Mode.RELAY_OFF and not is_cut

    def _consume(self, until_ms: int) -> None:
        """Pass a time in which only the relay can change, and only by a spent balance."""
        energy_wh = self.register.wh_at(until_ms)
        used_wh = energy_wh - self._settled_wh
        if used_wh and self._mode in _BILLED:
            is_dg = self._active_tariff is Source.DG
            tariff_paise = self._dg_tariff_paise if is_dg else self._eb_tariff_paise
            can_cut = self._mode is Mode.PREPAID and self._has_relay
            if can_cut and used_wh * tariff_paise > self._balance_millipaise:
                used_wh = self._balance_millipaise // tariff_paise + 1
                energy_wh = self._settled_wh + used_wh
                self._cut(energy_wh, until_ms)
            self._balance_millipaise -= used_wh * tariff_paise
        self._settled_wh = energy_wh
        self._settled_ms = until_ms

    def _cut(self, energy_wh: int, until_ms: int) -> None:
        """Open the relay at the instant the register reached the first unpaid watt-hour."""
        span = self._settled_ms, until_ms
        cut_ms = self.register.first_ms_at_wh(energy_wh, after_ms=span[0], until_ms=span[1])
        self.register.begin(cut_ms, is_closed=False)
