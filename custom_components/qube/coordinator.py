"""When the cloud is asked for a meter: its metrics every minute, its details every five."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, override
from zlib import crc32

from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import TimestampDataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .api import Device, Metrics, QubeAuthenticationError, QubeDeviceOfflineError, QubeError
from .const import (
    CONF_READING_INTERVAL,
    DEFAULT_READING_INTERVAL_S,
    DETAILS_INTERVAL,
    DOMAIN,
    LOGGER,
)
from .errors import update_failed
from .identity import IdentityStore
from .inventory import InventoryCoordinator
from .meter_identity import MeterIdentity
from .opening import async_settle_opening
from .register import Register, RegisterGuard
from .repairs import async_review_register, async_withdraw_register
from .runtime import QubeConfigEntry

if TYPE_CHECKING:
    from .commands import Command


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterData:
    """A meter as last seen: no `metrics` while offline.

    `energy_wh` is what it has measured in all, over every device it has had.
    """

    device: Device
    metrics: Metrics | None
    energy_wh: int | None


def meters_signal(entry: QubeConfigEntry) -> SignalType[list[MeterCoordinator]]:
    """Return the signal for meters that are new, or show something new."""
    return SignalType(f"{DOMAIN}_{entry.entry_id}_meters")


class MeterCoordinator(TimestampDataUpdateCoordinator[MeterData | None]):
    """Read one meter: its metrics at every poll, its details every five minutes."""

    config_entry: QubeConfigEntry

    def __init__(
        self, inventory: InventoryCoordinator, identities: IdentityStore, meter: MeterIdentity
    ) -> None:
        """Prepare the polls of one meter, at a moment of its own within the interval."""
        entry = inventory.config_entry
        self._interval = timedelta(
            seconds=entry.options.get(CONF_READING_INTERVAL, DEFAULT_READING_INTERVAL_S)
        )
        # By the key: spread over the interval, and the same after each restart.
        self._phase = crc32(meter.key.encode()) / 2**32
        super().__init__(
            inventory.hass,
            LOGGER,
            config_entry=entry,
            name=f"meter {meter.device_id}",
            # At least a second: no interval at all would mean no polling.
            update_interval=timedelta(
                seconds=1 + int(self._interval.total_seconds() * self._phase)
            ),
            always_update=False,
        )
        # Meters of the same second are polled in one go: to wake up for each costs twice as much.
        self._microsecond = 0.0
        self.inventory = inventory
        self.client = inventory.client
        self.key = meter.key
        self.device_id = meter.device_id
        self.enabled_entities = 0
        self.sending = asyncio.Lock()
        self._requested: dict[str, Command] = {}
        self.register_guard = RegisterGuard(meter.register, meter.held)
        self._identities = identities
        self._polls = 0
        self._details_due_at = 0.0
        self._shown_out_of_turn = 0
        self._is_announced = False
        self._abilities: frozenset[str] = frozenset()
        self._observed: MeterData | None = None

    @property
    def name_of_place(self) -> str:
        """Return what people call this meter, such as Room 101."""
        return self.data.device.name if self.data else self.identity.name

    @property
    def name_with_space(self) -> str:
        """Return a name that tells Room 101 of one house from that of another."""
        space = self.inventory.data.get(self.data.device.space_id or 0) if self.data else None
        return f"{self.name_of_place} ({space.name})" if space else self.name_of_place

    @property
    def abilities(self) -> frozenset[str]:
        """Return what decides which entities the meter has: its relay and its properties."""
        if self.data is None:
            return frozenset()
        relay = {"relay"} if self.data.device.has_relay else set()
        return frozenset(relay | {f"reading_{r.property_id}" for r in self.data.device.readings})

    @property
    def identity(self) -> MeterIdentity:
        """Return who this meter is, and which device it is now."""
        return self._identities[self.key]

    @property
    def observed(self) -> MeterData | None:
        """Return what the meter itself showed, without what commands ask for."""
        return self._observed

    @property
    def is_online(self) -> bool:
        """Return whether the meter can be commanded."""
        return self.last_update_success and self.data is not None and self.data.metrics is not None

    @override
    async def _async_update_data(self) -> MeterData | None:
        shown_before = self._shown_out_of_turn
        self._polls += 1
        if self._polls > 1:
            self.update_interval = self._interval
        try:
            device, metrics = await self._async_read()
        except QubeError as err:
            # The inventory logs an outage of the whole cloud, once; each meter only its own.
            if self.last_update_success and await self.inventory.async_is_cloud_down():
                self.last_update_success = False
            failed = update_failed(err)
            if failed.retry_after is not None:
                # Who waits together would otherwise ask together, from then on for ever.
                failed.retry_after += self._interval.total_seconds() * self._phase
            raise failed from err
        if shown_before == self._shown_out_of_turn or self._observed is None:
            self._observe(device, metrics)
        else:
            # A command that read back meanwhile has the younger metrics.
            self._observed = replace(self._observed, device=device)
        return self._shown()

    async def _async_read(self) -> tuple[Device, Metrics | None]:
        """Read the present device; what became of one that is replaced meanwhile is no news."""
        while True:
            device_id = self.device_id
            try:
                device, metrics = await self._async_read_device(device_id)
                if metrics is not None and metrics.energy_wh is not None:
                    await async_settle_opening(
                        self.client, self._identities, self.key, device_id, metrics.energy_wh
                    )
            except QubeError:
                if device_id == self.device_id:
                    raise
            else:
                if device_id == self.device_id:
                    return device, metrics

    async def _async_read_device(self, device_id: str) -> tuple[Device, Metrics | None]:
        if self.inventory.is_key_rejected:
            raise QubeAuthenticationError("authentication_error", "the API key was refused")
        device = self.data.device if self.data else None
        now = self.hass.loop.time()
        if device is None or device.is_online is False or now >= self._details_due_at:
            # Meters that start together are spread apart by the first wait.
            wait = DETAILS_INTERVAL * (self._phase if device is None else 1)
            device = await self.client.device(device_id)
            self._details_due_at = now + wait.total_seconds()
        if device.is_online is False:
            return device, None
        try:
            return device, await self.client.metrics(device_id)
        except QubeDeviceOfflineError:
            return replace(await self.client.device(device_id), is_online=False), None

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Tell the platforms when the meter can do, or shows, something that it did not before."""
        super()._async_refresh_finished()
        if self._is_announced and self._abilities != (abilities := self.abilities):
            self._abilities = abilities
            async_dispatcher_send(self.hass, meters_signal(self.config_entry), [self])

    @callback
    def async_announced(self) -> None:
        """Remember with which abilities the meter was handed to the platforms."""
        self._is_announced = True
        self._abilities = self.abilities

    @callback
    def async_request_state(self, command: Command) -> None:
        """Show what a command asks for until it is settled; a younger command takes its place."""
        self._requested[command.field] = command
        self._redraw()

    @callback
    def is_wanted(self, command: Command) -> bool:
        """Return whether no younger command has taken this one's place."""
        return self._requested.get(command.field) is command

    def is_commanded(self, field: str) -> bool:
        """Return whether a command on a field is under way."""
        return field in self._requested

    @callback
    def async_settle(self, command: Command) -> None:
        """Show what the meter itself shows again."""
        if self.is_wanted(command):
            del self._requested[command.field]
            self._redraw()

    @callback
    def async_show(self, metrics: Metrics) -> None:
        """Publish metrics that were read out of turn."""
        if self._observed is not None:
            self._observe(self._observed.device, metrics)
            self._shown_out_of_turn += 1
            self.async_set_updated_data(self._shown())

    @callback
    def async_show_device(self, device: Device) -> None:
        """Publish details that were read out of turn, unless they are those of an older device."""
        if self._observed is not None and device.device_id == self.device_id:
            self._observed = replace(self._observed, device=device)
            self._redraw()

    async def async_accept_register(self) -> None:
        """Take the register that is held back for the truth, as the owner says.

        One that fell begins anew; one that jumped goes on, and what it jumped over was used.
        """
        guard = self.register_guard
        if guard.has_fallen:
            self._identities.begin_register(self.key)
            self.register_guard = RegisterGuard()
        elif (register := guard.accept()) is not None:
            self._identities.set_register(self.key, register)
        async_review_register(self)
        await self.async_refresh()

    @callback
    def async_take_device(self) -> None:
        """Begin anew with the device that the meter has now; the old one's state is gone."""
        meter = self.identity
        self.device_id = meter.device_id
        self.name = f"meter {meter.device_id}"
        async_withdraw_register(self)
        self.register_guard = RegisterGuard(meter.register)
        self._requested.clear()
        self._observed = None
        self._redraw()

    def _redraw(self) -> None:
        """Show the same reading in another way; it is no sign that the meter can be reached."""
        self.data = self._shown()
        self.async_update_listeners()

    def _observe(self, device: Device, metrics: Metrics | None) -> None:
        """Take over what was read, but hold back an impossible register."""
        energy_wh = None
        if metrics is not None and metrics.energy_wh is not None:
            register_wh = self._good_register_wh(metrics.energy_wh)
            energy_wh = self._identities.total_wh(self.key, register_wh)
        self._observed = MeterData(device=device, metrics=metrics, energy_wh=energy_wh)

    def _shown(self) -> MeterData | None:
        """Return what was observed, with what commands asked for in its place."""
        metrics = self._observed.metrics if self._observed else None
        if self._observed is None or metrics is None or not self._requested:
            return self._observed
        for command in self._requested.values():
            metrics = command.apply(metrics)
        return replace(self._observed, metrics=metrics)

    def _good_register_wh(self, energy_wh: int) -> int:
        guard = self.register_guard
        was_held = guard.held is not None
        register = guard.observe(Register(energy_wh=energy_wh, read_at=dt_util.utcnow()))
        self._identities.set_register(self.key, register, guard.held)
        if was_held or guard.held is not None:
            async_review_register(self)
        return register.energy_wh
