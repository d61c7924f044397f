"""The house in the simulated cloud, which survives: the truth about registers and relays."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from aiohttp import ClientSession

from custom_components.qube.billing.models import Source

# 12.5 kW on a mean day: something to charge each second.
_DAILY_WH: Final = 300_000
_TARIFF_NUMBERS: Final = {Source.EB: 1, Source.DG: 2}

type Truth = Mapping[str, Any]


class House:
    """The back door of the simulated cloud. `ahead` is by how much its time is in the future."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """Begin with the cloud's own time."""
        self.ahead = timedelta()
        self._session = session
        self._url = f"{url}/_simulator"

    async def build(self, meters: int) -> list[Truth]:
        """Build an empty house with meters that only measure, and return them."""
        space = await self._send("POST", "spaces", {"name": "Crash House"})
        for number in range(meters):
            meter = {
                "space_id": space["space_id"],
                "name": f"Room {number + 1}",
                "udf1": f"room-{number + 1}",
                "daily_wh": _DAILY_WH,
            }
            added = await self._send("POST", "meters", meter)
            await self._send("PATCH", f"meters/{added['device_id']}", {"mode": "measurement"})
        return list((await self.truth()).values())

    async def truth(self) -> dict[str, Truth]:
        """Return the truth about each meter, by the id of its Qube device."""
        return {meter["device_id"]: meter for meter in await self._send("GET", "meters")}

    async def switch(self, device_id: str, source: Source) -> None:
        """Let the grid or the generator feed a meter."""
        change = {"active_tariff": _TARIFF_NUMBERS[source]}
        await self._send("PATCH", f"meters/{device_id}", change)

    async def leap(self, step: timedelta) -> None:
        """Let a time of whole seconds pass at once."""
        await self._send("POST", "clock/leap", {"seconds": int(step.total_seconds())})
        self.ahead += step

    async def stop(self) -> None:
        """Let the time stand still: the registers stay as they are."""
        await self._send("POST", "clock/stop")

    async def _send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        async with self._session.request(
            method, f"{self._url}/{path}", json=body, raise_for_status=True
        ) as response:
            return await response.json()
