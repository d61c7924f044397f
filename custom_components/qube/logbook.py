"""Lines of the logbook: which meter got which Qube device."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.const import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import (
    ATTR_NEW_QUBE_DEVICE,
    ATTR_OLD_QUBE_DEVICE,
    DOMAIN,
    EVENT_METER_REPLACED,
    EVENT_REPLACEMENT_UNDONE,
)

type Described = Callable[[Event[dict[str, Any]]], dict[str, str]]


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Described], None]
) -> None:
    """Describe the events of this integration to the logbook."""

    def line(event: Event[dict[str, Any]], message: str) -> dict[str, str]:
        device = dr.async_get(hass).async_get(event.data[ATTR_DEVICE_ID] or "")
        name = device and (device.name_by_user or device.name)
        return {LOGBOOK_ENTRY_NAME: name or "Meter", LOGBOOK_ENTRY_MESSAGE: message}

    @callback
    def replaced(event: Event[dict[str, Any]]) -> dict[str, str]:
        old, new = event.data[ATTR_OLD_QUBE_DEVICE], event.data[ATTR_NEW_QUBE_DEVICE]
        return line(event, f"got the Qube device {new} in the place of {old}")

    @callback
    def undone(event: Event[dict[str, Any]]) -> dict[str, str]:
        old, new = event.data[ATTR_OLD_QUBE_DEVICE], event.data[ATTR_NEW_QUBE_DEVICE]
        return line(event, f"has the Qube device {new} again, and {old} is a meter of its own")

    async_describe_event(DOMAIN, EVENT_METER_REPLACED, replaced)
    async_describe_event(DOMAIN, EVENT_REPLACEMENT_UNDONE, undone)
