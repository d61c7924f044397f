"""Qube's API, version 2: one method an endpoint."""

from datetime import date, datetime
from typing import Final
from urllib.parse import quote

from aiohttp import ClientSession

from .errors import QubeResponseError
from .history import ENERGY, HistoryReading, date_range, energy_from_json, history_from_json
from .models import (
    Device,
    Interval,
    Metadata,
    Metrics,
    Mode,
    Source,
    Space,
    Wifi,
)
from .parsing import Json
from .transport import Transport

DEFAULT_URL: Final = "https://developer.qube.eco"

_API: Final = "/api/v2"
_TARIFF_PATHS: Final = {Source.EB: "eb", Source.DG: "dg"}


class QubeClient:
    """Speak for one API key. Every method raises a QubeError where it fails."""

    def __init__(self, session: ClientSession, api_key: str, url: str = DEFAULT_URL) -> None:
        """Use the given session, which the caller closes."""
        self._transport = Transport(session, url, api_key)

    @property
    def answered_at(self) -> datetime | None:
        """Return the cloud's own time at its last answer, None where it does not tell one."""
        return self._transport.answered_at

    async def spaces(self) -> list[Space]:
        """Return all spaces with their devices (GET /spaces/)."""
        data = await self._transport.request("GET", f"{_API}/spaces/")
        if not isinstance(data, list):
            raise QubeResponseError("the answer is not a list")
        spaces = (Space.from_json(item) for item in data)
        return [space for space in spaces if space is not None]

    async def space(self, space_id: int) -> Space:
        """Return one space with its devices (GET /spaces/{space_id}/)."""
        return _space(await self._transport.request("GET", _space_path(space_id)))

    async def update_space(self, space_id: int, metadata: Metadata) -> Space:
        """Write a space's name, description and UDFs, all of them (PUT /spaces/{space_id}/)."""
        body = metadata.as_json()
        return _space(
            await self._transport.request("PUT", _space_path(space_id), body=body, command=True)
        )

    async def device(self, device_id: str, *, command: bool = False) -> Device:
        """Return a device in full, also while it is offline (GET /devices/{device_id}/)."""
        path = _device_path(device_id)
        data = await self._transport.request("GET", path, command=command)
        return Device.from_json(data, device_id)

    async def update_device(self, device_id: str, metadata: Metadata) -> None:
        """Write a device's name, description and UDFs, all of them (PUT /devices/{device_id}/)."""
        await self._put(_device_path(device_id), metadata.as_json())

    async def metrics(self, device_id: str, *, command: bool = False) -> Metrics:
        """Return an online device's live values (GET …/metrics).

        `command` is for reading back what a command did: it passes waiting polls.
        """
        path = _device_path(device_id, "metrics")
        data = await self._transport.request("GET", path, command=command)
        return Metrics.from_json(data, device_id)

    async def set_relay(self, device_id: str, *, closed: bool) -> None:
        """Ask for power on (closed) or off (PUT …/relay); accepted is not yet done."""
        await self._put(_device_path(device_id, "relay"), {"state": closed})

    async def set_mode(self, device_id: str, mode: Mode) -> None:
        """Ask for a mode (PUT …/mode)."""
        await self._put(_device_path(device_id, "mode"), {"mode": mode.value})

    async def set_tariff(self, device_id: str, source: Source, tariff_paise: int) -> None:
        """Set a source's tariff, in paise per kWh (PUT …/tariffs/eb, …/tariffs/dg)."""
        path = _device_path(device_id, f"tariffs/{_TARIFF_PATHS[source]}")
        await self._put(path, {"tariff": tariff_paise})

    async def set_active_tariff(self, device_id: str, source: Source) -> None:
        """Make a source's tariff the one in force (PUT …/tariffs/active)."""
        await self._put(_device_path(device_id, "tariffs/active"), {"active_tariff": source.value})

    async def history(
        self,
        device_id: str,
        property_id: str,
        from_date: date,
        to_date: date,
        interval: Interval,
    ) -> list[HistoryReading]:
        """Return a property's values by time, both days (IST) included (GET …/metrics/history).

        Sorted, one an instant; gaps are possible.
        """
        data = await self._history(device_id, property_id, from_date, to_date, interval)
        return history_from_json(data, device_id)

    async def energy_history(
        self, device_id: str, from_date: date, to_date: date, interval: Interval
    ) -> dict[datetime, int]:
        """Return the energy register in Wh by time, both days (IST) included (GET …/history).

        Sorted; gaps are possible.
        """
        data = await self._history(device_id, ENERGY, from_date, to_date, interval)
        return energy_from_json(data, device_id)

    async def wifi(self, device_id: str) -> Wifi:
        """Return an online device's Wi-Fi settings, the password among them (GET …/wifi)."""
        path = _device_path(device_id, "wifi")
        return Wifi.from_json(await self._transport.request("GET", path, command=True))

    async def set_wifi(self, device_id: str, *, ssid: str, password: str) -> None:
        """Set the primary Wi-Fi network, at most 32 and 64 characters (POST …/wifi)."""
        body: dict[str, Json] = {"ssid": ssid, "password": password}
        path = _device_path(device_id, "wifi")
        await self._transport.request("POST", path, body=body, secret=password, command=True)

    async def set_payment_gateway(self, device_id: str, *, enabled: bool) -> None:
        """Enable or disable the payment gateway (PUT …/payments/gateway)."""
        await self._put(_device_path(device_id, "payments/gateway"), {"state": enabled})

    async def _history(
        self, device_id: str, property_id: str, first: date, last: date, interval: Interval
    ) -> Json:
        path = _device_path(device_id, "metrics/history")
        query = {
            "property_id": property_id,
            **date_range(first, last),
            "interval": interval.value,
        }
        return await self._transport.request("GET", path, query=query)

    async def _put(self, path: str, body: dict[str, Json]) -> None:
        await self._transport.request("PUT", path, body=body, command=True)


def _space(data: Json) -> Space:
    if (space := Space.from_json(data)) is None:
        raise QubeResponseError("the answer is not a space")
    return space


def _space_path(space_id: int) -> str:
    return f"{_API}/spaces/{space_id}/"


def _device_path(device_id: str, rest: str = "") -> str:
    return f"{_API}/devices/{quote(device_id, safe='')}/{rest}"
