"""What each space comes to, worked out again when its meters show something new."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, override

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN, LOGGER
from .coordinator import MeterCoordinator
from .roll_up import RollUp, roll_up
from .runtime import QubeConfigEntry
from .space_energy import SpaceEnergy

# A large house shows something new at every moment; the recorder would keep each of its sums.
SETTLE_S: Final = 5
# Nobody should wait so long for the first one.
FIRST_SETTLE_S: Final = 0.1


def spaces_signal(entry: QubeConfigEntry) -> SignalType[list[SpaceCoordinator]]:
    """Return the signal for new spaces."""
    return SignalType(f"{DOMAIN}_{entry.entry_id}_spaces")


class SpaceCoordinator(DataUpdateCoordinator[RollUp | None]):
    """Sum up one space: None while none of its meters can be read."""

    config_entry: QubeConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: QubeConfigEntry, space_id: int, energy: SpaceEnergy
    ) -> None:
        """Begin without meters."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"space {space_id}")
        self.space_id = space_id
        self.enabled_entities = 0
        self._energy = energy
        self._meters: dict[MeterCoordinator, Callable[[], None]] = {}
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.async_changed()

    @property
    def is_changed(self) -> bool:
        """Return whether something has changed that is not summed up yet."""
        return self._cancel_timer is not None

    @property
    def meter_keys(self) -> list[str]:
        """Return the keys of the space's meters."""
        return [meter.key for meter in self._meters]

    @callback
    def async_join(self, meter: MeterCoordinator) -> None:
        """Count a meter in."""
        self._meters[meter] = meter.async_add_listener(self.async_changed)
        self.async_changed()

    @callback
    def async_leave(self, meter: MeterCoordinator) -> None:
        """Count a meter no longer; what it has used here stays."""
        if (stop_listening := self._meters.pop(meter, None)) is not None:
            stop_listening()
            self.async_changed()

    @callback
    def async_changed(self) -> None:
        """Sum up soon, once for all that changes until then."""
        if not self.is_changed and not self._shutdown_requested:
            job = HassJob(self._async_publish, f"sum of {self.name}", cancel_on_shutdown=True)
            delay_s = FIRST_SETTLE_S if self.data is None else SETTLE_S
            self._cancel_timer = async_call_later(self.hass, delay_s, job)

    @callback
    def _async_publish(self, _now: datetime) -> None:
        self._cancel_timer = None
        # A sum without the meters that are still to be read would climb at each start.
        if not any(meter.data is None and meter.last_update_success for meter in self._meters):
            self.async_set_updated_data(self._sum())

    def _sum(self) -> RollUp | None:
        readable = [meter for meter in self._meters if meter.last_update_success]
        if self._meters and not readable:
            return None
        for meter in readable:
            if meter.data is not None and meter.data.energy_wh is not None:
                self._energy.count(self.space_id, meter.key, meter.data.energy_wh)
        data = [meter.data for meter in readable if meter.data is not None]
        return roll_up(data, self._energy[self.space_id])

    @override
    async def _async_update_data(self) -> RollUp | None:
        """Sum up now, as a person asks for it with `homeassistant.update_entity`."""
        return self._sum()

    @override
    async def async_shutdown(self) -> None:
        """Sum up no more, and let go of the meters: who listens to one keeps its polls alive."""
        await super().async_shutdown()
        for meter in list(self._meters):
            self.async_leave(meter)
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
