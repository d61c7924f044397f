"""The registers of Qube meters, written into a registry as their latest readings.

A registry keeps the latest reading only. So there is no queue: what could not be written is due
until it is, and after an outage each meter is written once, with what it shows then.
"""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.const import UnitOfEnergy
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .api import (
    MeterType,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
    RegistryMeter,
)
from .api.phy_rules import Fields
from .devices import Devices
from .register import Register
from .registry import Registry

LOOK_INTERVAL: Final = timedelta(minutes=5)
# Which go wrong for all meters alike; others are about one, which then waits for its next turn.
OF_THE_REGISTRY: Final = (QubeConnectionError, QubeRateLimitError)
# After so many of the others it is left in peace, too.
FAILURES_A_ROUND: Final = 3


def is_due(
    register: Register, meter: RegistryMeter, last_sent: datetime | None, interval: timedelta
) -> bool:
    """Return whether a reading is to be written: it is so much younger than the registry's.

    A reading of the registry that is younger, whoever wrote it, stays.
    """
    known = [at for at in (meter.last_reading_at, last_sent) if at is not None]
    return not known or register.read_at - max(known) >= interval


def reading_of(register: Register, unit: str) -> Fields:
    """Return a register as the fields of the registry's meter, in its unit."""
    is_wh = unit == UnitOfEnergy.WATT_HOUR
    return {
        "last_reading_value": register.energy_wh if is_wh else register.energy_wh / 1000,
        "last_reading_at": register.read_at,
    }


class Publisher:
    """Write the register of each matched meter, where the owner wants that."""

    def __init__(self, registry: Registry, devices: Devices) -> None:
        """Publish to one registry; nothing happens before it is scheduled."""
        self.failures = 0
        self.last_published: datetime | None = None
        self.last_error: str | None = None
        self._registry = registry
        self._devices = devices
        self._sent: dict[int, datetime] = {}
        self._refused_until: dict[int, datetime] = {}
        self._is_running = False
        self._is_down = False
        self._stop: CALLBACK_TYPE | None = None

    @property
    def is_publishing(self) -> bool:
        """Return whether the owner wants it."""
        return self._registry.settings.publish_interval is not None

    @property
    def waiting(self) -> int:
        """Return how many readings are due and not written."""
        return len(self._due())

    @callback
    def async_schedule(self) -> None:
        """Look every few minutes for what is due, from now on, if the owner wants it."""
        self.async_stop()
        self._refused_until.clear()
        if self.is_publishing:
            self._stop = async_track_time_interval(
                self._registry.hass, self.async_publish, LOOK_INTERVAL, cancel_on_shutdown=True
            )

    @callback
    def async_stop(self) -> None:
        """Look no more."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    async def async_publish(self, _now: datetime | None = None) -> None:
        """Write what is due, one meter after the other; a registry in trouble is left in peace."""
        if self._is_running or self._registry.is_login_rejected:
            return
        self._is_running, self._is_down = True, False
        try:
            now = dt_util.utcnow()
            failures = self.failures
            for meter_id, register in self._due().items():
                if self._stop is None:
                    # Switched off, or unloaded, while the others were written.
                    break
                if self._refused_until.get(meter_id, now) <= now:
                    await self._async_write(meter_id, register, now)
                if self._is_down or self.failures >= failures + FAILURES_A_ROUND:
                    break
        finally:
            self._is_running = False
            self._registry.async_update_listeners()

    async def _async_write(self, meter_id: int, register: Register, now: datetime) -> None:
        registry, settings = self._registry, self._registry.settings
        client = registry.client
        fields = reading_of(register, settings.units[MeterType.ELECTRICITY])
        try:
            meter = await client.update(settings.account_id, meter_id, fields)
        except QubeError as err:
            self.failures += 1
            self.last_error = type(err).__name__
            if isinstance(err, QubeAuthenticationError):
                registry.async_reject_login(client)
            elif not isinstance(err, OF_THE_REGISTRY):
                self._refused_until[meter_id] = now + (settings.publish_interval or LOOK_INTERVAL)
            self._is_down = isinstance(err, (*OF_THE_REGISTRY, QubeAuthenticationError))
            return
        self.last_published, self.last_error = now, None
        self._sent[meter_id] = register.read_at
        self._refused_until.pop(meter_id, None)
        registry.async_keep(meter)

    def _due(self) -> dict[int, Register]:
        """Return what is to be written, by the registry's ids."""
        registry, interval = self._registry, self._registry.settings.publish_interval
        if interval is None:
            return {}
        found: dict[int, Register] = {}
        for meter_id, key in registry.matches().items():
            meter = registry.data[meter_id]
            register = self._devices.meters[key].identity.register
            is_energy = meter.meter_type is MeterType.ELECTRICITY
            last_sent = self._sent.get(meter_id)
            if is_energy and register and is_due(register, meter, last_sent, interval):
                found[meter_id] = register
        return found
