"""An account with a meter registry, as a test sees it: the registry's truth and Home Assistant."""

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from custom_components.qube.const import DOMAIN
from custom_components.qube.registries import RunningRegistry
from custom_components.qube.registry_settings import SUBENTRY_METER_REGISTRY
from tests.account import Account
from tests.simulator.registry import ACCOUNT_ID, EMAIL, PASSWORD, SimulatedRegistry

REGISTRY_ID: Final = "registrySubentry01"
TITLE: Final = "Lakeside Trust"
LOGIN: Final = {"email": EMAIL, "password": PASSWORD}


def registry_data(url: str, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the data of a subentry."""
    return {
        "url": url,
        "credentials": LOGIN,
        "account_id": ACCOUNT_ID,
        "publishes": False,
        "publish_interval_min": 60,
        "units": {},
        **changed,
    }


def subentry_of(data: dict[str, Any]) -> ConfigSubentry:
    """Return the subentry of a registry."""
    return ConfigSubentry(
        data=MappingProxyType(data),
        subentry_id=REGISTRY_ID,
        subentry_type=SUBENTRY_METER_REGISTRY,
        title=TITLE,
        unique_id=ACCOUNT_ID,
    )


@dataclass(frozen=True, kw_only=True)
class Registered:
    """An account that is set up with a registry, and the registry behind it."""

    account: Account
    registry: SimulatedRegistry
    url: str

    @property
    def running(self) -> RunningRegistry:
        """Return what runs in Home Assistant."""
        running: RunningRegistry | None = self.account.entry.runtime_data.registries.get(
            REGISTRY_ID
        )
        assert running is not None
        return running

    async def poll(self) -> None:
        """Read the registry again."""
        await self.running.registry.async_refresh()
        await self.account.settle()

    async def publish(self) -> None:
        """Write what is due."""
        await self.running.publisher.async_publish()
        await self.account.settle()

    async def change(self, **changed: Any) -> None:  # noqa: ANN401
        """Change the data of the subentry, as a flow does."""
        entry = self.account.entry
        subentry = entry.subentries[REGISTRY_ID]
        self.account.hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, **changed}
        )
        await self.account.settle()

    def device(self, serial_number: str) -> dr.DeviceEntry | None:
        """Return the device of a meter of the registry."""
        entry_id = self.account.entry.entry_id
        devices = dr.async_entries_for_config_entry(dr.async_get(self.account.hass), entry_id)
        found = (
            each
            for each in devices
            if each.serial_number == serial_number and each.config_subentry_id == REGISTRY_ID
        )
        return next(found, None)

    def registry_device(self) -> dr.DeviceEntry:
        """Return the device of the registry."""
        device = dr.async_get(self.account.hass).async_get_device_by_identifier(
            (DOMAIN, f"registry_{REGISTRY_ID}"), self.account.entry.entry_id
        )
        assert device is not None
        return device

    def entity_id(self, key: str, serial_number: str | None = None) -> str:
        """Return the entity that shows something of a meter, or of the registry itself."""
        unique_id = f"registry_{REGISTRY_ID}"
        if serial_number is not None:
            unique_id += f"_{self.registry.by_serial(serial_number).meter_id}"
        entity_id = er.async_get(self.account.hass).async_get_entity_id(
            "sensor", DOMAIN, f"{unique_id}_{key}"
        )
        assert entity_id is not None, f"{unique_id}_{key}"
        return entity_id

    def state(self, key: str, serial_number: str | None = None) -> str:
        """Return what Home Assistant shows."""
        state = self.account.hass.states.get(self.entity_id(key, serial_number))
        assert state is not None, key
        return state.state

    def let_pass(self, minutes: float) -> None:
        """Let the registry's latest readings be so old."""
        for meter in self.registry.meters.values():
            if isinstance(at := meter.fields["last_reading_at"], str):
                read_at = dt_util.parse_datetime(at, raise_on_error=True)
                meter.fields["last_reading_at"] = (read_at - timedelta(minutes=minutes)).isoformat()
