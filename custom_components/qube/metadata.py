"""From what a meter or a space is to be called to what the cloud shows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .api import (
    UDF_COUNT,
    Device,
    Metadata,
    QubeConnectionError,
    QubeError,
    QubeResponseError,
    Space,
)
from .const import DOMAIN
from .coordinator import MeterCoordinator
from .devices import meter_identifier, space_identifier
from .runtime import QubeRuntimeData

FIELDS: Final = ("name", "description", *(f"udf{place}" for place in range(1, UDF_COUNT + 1)))
# The vendor names no limit; one that its cloud has is told by its refusal.
MAX_LENGTH: Final = 255
READ_BACK_DELAYS_S: Final = (0.0, 1.0, 2.0)


def metadata_of(found: Device | Space) -> Metadata:
    """Return what the owner may write of a meter or a space."""
    return Metadata(name=found.name, description=found.description, udfs=found.udfs)


def changed(present: Metadata, changes: Mapping[str, str]) -> Metadata:
    """Return the whole set with some fields changed; an empty text clears a field."""
    udfs = enumerate(present.udfs, 1)
    return Metadata(
        name=changes.get("name", present.name),
        description=changes.get("description", present.description) or None,
        udfs=tuple(changes.get(f"udf{place}", udf) or None for place, udf in udfs),
    )


def check(changes: Mapping[str, str]) -> None:
    """Raise ServiceValidationError where a field cannot be written like this."""
    if changes.get("name") == "":
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="name_is_empty")
    for field, text in changes.items():
        if len(text) > MAX_LENGTH:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="text_too_long",
                translation_placeholders={
                    "field": field,
                    "length": str(len(text)),
                    "limit": str(MAX_LENGTH),
                },
            )


def check_udf1(spaces: Iterable[Space], device_id: str, udf1: str) -> None:
    """Raise ServiceValidationError where another device has this UDF1: it ties one to its heir."""
    for space in spaces:
        for device in space.devices:
            if device.udfs[0] == udf1 and device.device_id != device_id:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="udf1_is_taken",
                    translation_placeholders={
                        "udf1": udf1,
                        "meter": f"{device.name} ({space.name})",
                    },
                )


async def async_change_meter(
    runtime: QubeRuntimeData, meter: MeterCoordinator, changes: Mapping[str, str]
) -> Metadata:
    """Change the metadata of a meter and return them as the cloud shows them then.

    Raises ServiceValidationError where the UDF1 is another meter's, QubeError where the cloud
    fails, HomeAssistantError where it does not show the change.
    """
    client, device_id = meter.client, meter.identity.device_id

    async def read() -> Device:
        return await client.device(device_id, command=True)

    # Two changes at once would each write back what the other has changed.
    async with runtime.changing_metadata:
        device = await read()
        present = metadata_of(device)
        wanted = changed(present, changes)
        if (udf1 := wanted.udfs[0]) is not None and udf1 != present.udfs[0]:
            check_udf1(await client.spaces(), device_id, udf1)
        if wanted != present:
            device = await _async_write(client.update_device(device_id, wanted), read, wanted)
        meter.async_show_device(device)
        runtime.devices.async_show_name(meter_identifier(meter.key), device.name)
    return metadata_of(device)


async def async_change_space(
    runtime: QubeRuntimeData, space_id: int, changes: Mapping[str, str]
) -> Metadata:
    """Change the metadata of a space and return them as the cloud shows them then.

    Raises QubeError where the cloud fails, HomeAssistantError where it does not show the change.
    """
    client = runtime.inventory.client

    async def read() -> Space:
        return await client.space(space_id)

    async with runtime.changing_metadata:
        space = await read()
        present = metadata_of(space)
        wanted = changed(present, changes)
        if wanted != present:
            space = await _async_write(client.update_space(space_id, wanted), read, wanted)
        runtime.inventory.async_show_space(space)
        runtime.devices.async_show_name(space_identifier(space_id), space.name)
    return metadata_of(space)


async def _async_write[T: (Device, Space)](
    write: Awaitable[object], read: Callable[[], Awaitable[T]], wanted: Metadata
) -> T:
    """Write, and read back until it shows: an answer that is lost does not tell what was done."""
    failure: QubeError | None = None
    try:
        await write
    except (QubeConnectionError, QubeResponseError) as err:
        failure = err
    for delay_s in READ_BACK_DELAYS_S:
        await asyncio.sleep(delay_s)
        found = await read()
        if metadata_of(found) == wanted:
            return found
    if failure is not None:
        raise failure
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="metadata_not_shown",
        translation_placeholders={"name": wanted.name},
    )
