"""The main meter of a demonstration's first space, at a simulated FlatPeak."""

import asyncio
import re
from typing import Final

from tests.simulator.site import ACCOUNT_ID, SITE_API_KEY
from tests.simulator.site_server import DEMO_DEVICE

from .home import Home
from .processes import Program

_ADDRESS: Final = re.compile(r"Simulated FlatPeak: (http://\S+)")
_SECONDS_BETWEEN_LOOKS: Final = 0.1
_NOTHING: Final = {"unknown", "unavailable"}


async def site_address_of(program: Program) -> str:
    """Return where a simulated cloud serves FlatPeak, once it says so."""
    while True:
        if found := _ADDRESS.search(program.log.read_text()):
            return found[1]
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


async def add_main_meter(home: Home, url: str) -> None:
    """Add the main meter through its flow, as a person would, and wait until it shows records."""
    await home.add_subentry(
        "site_meter",
        {"account_id": ACCOUNT_ID, "api_key": SITE_API_KEY, "advanced": {"url": url}},
        {"device_id": DEMO_DEVICE},
        {"unit": "kwh", "flows": ["import"], "space": await _first_space(home), "price": "8"},
    )
    while True:
        if await _shows_records(home):
            return
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


async def _first_space(home: Home) -> str:
    """Return the number of the space whose main meter it is."""
    (devices,) = await home.ask({"type": "config/device_registry/list"})
    spaces = [
        int(identifier.removeprefix("space_"))
        for device in devices
        for domain, identifier in device["identifiers"]
        if domain == "qube" and identifier.startswith("space_")
    ]
    return str(min(spaces))


async def _shows_records(home: Home) -> bool:
    states = await home.states()
    return any(
        entity_id.endswith("_main_meter_import_yesterday") and state["state"] not in _NOTHING
        for entity_id, state in states.items()
    )
