"""Home Assistant's devices of a meter registry: one for it, and one for each of its meters."""

from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN

if TYPE_CHECKING:
    from .devices import Devices
    from .registry import Registry

MANUFACTURER: Final = "PHY"
# By these the actions offer the right devices.
MODEL_REGISTRY: Final = "Meter registry"
MODEL_METER: Final = "Registry meter"


def registry_identifier(registry_id: str) -> tuple[str, str]:
    """Return the device identifier of a registry."""
    return DOMAIN, f"registry_{registry_id}"


def registry_meter_identifier(registry_id: str, meter_id: int) -> tuple[str, str]:
    """Return the device identifier of a registry's meter."""
    return DOMAIN, f"registry_{registry_id}_{meter_id}"


def meter_id_of(registry_id: str, device: dr.DeviceEntry) -> int | None:
    """Return which of the registry's meters a device is."""
    prefix = f"registry_{registry_id}_"
    for domain, name in device.identifiers:
        if domain == DOMAIN and name.startswith(prefix):
            return int(name.removeprefix(prefix))
    return None


@callback
def async_known_meters(hass: HomeAssistant, entry: ConfigEntry, registry_id: str) -> set[int]:
    """Return the meters of a registry that have a device, also from before a restart."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    found = (
        meter_id_of(registry_id, each) for each in devices if each.config_subentry_id == registry_id
    )
    return {meter_id for meter_id in found if meter_id is not None}


@callback
def async_show_registry(hass: HomeAssistant, registry: Registry) -> None:
    """Make the device of a registry, or show its new title."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=registry.config_entry.entry_id,
        config_subentry_id=registry.registry_id,
        identifiers={registry_identifier(registry.registry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model=MODEL_REGISTRY,
        name=registry.title,
    )


@callback
def async_show_meters(
    hass: HomeAssistant, registry: Registry, devices: Devices, shown: dict[int, object]
) -> list[int]:
    """Make the devices of meters, below the Qube meter that each is, and return those not `shown`.

    What is shown of each is remembered: most stay as they are.
    """
    same = registry.matches()
    new = [meter_id for meter_id in registry.data if meter_id not in shown]
    for meter_id, meter in registry.data.items():
        looks = (meter.name, meter.serial_number, same.get(meter_id))
        if shown.get(meter_id) != looks:
            shown[meter_id] = looks
            _put_meter(hass, registry, devices, meter_id, same.get(meter_id))
    return new


def _put_meter(
    hass: HomeAssistant, registry: Registry, devices: Devices, meter_id: int, key: str | None
) -> None:
    meter, entry = registry.data[meter_id], registry.config_entry
    above = devices.device_of(key) if key is not None else None
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=registry.registry_id,
        identifiers={registry_meter_identifier(registry.registry_id, meter_id)},
        manufacturer=MANUFACTURER,
        model=MODEL_METER,
        name=meter.name,
        serial_number=meter.serial_number,
        via_device_id=above.id
        if above is not None
        else dr.async_get_device_id_by_identifier(
            hass, registry_identifier(registry.registry_id), config_entry_id=entry.entry_id
        ),
    )


@callback
def async_remove_meter(hass: HomeAssistant, registry: Registry, meter_id: int) -> None:
    """Remove the device of a meter, with its entities."""
    devices = dr.async_get(hass)
    device = devices.async_get_device_by_identifier(
        registry_meter_identifier(registry.registry_id, meter_id), registry.config_entry.entry_id
    )
    if device is not None:
        devices.async_remove_device(device.id)
