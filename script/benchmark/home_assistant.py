"""A real Home Assistant, started as `hass` starts it, with the benchmark's probe in its loop."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from homeassistant.bootstrap import async_setup_hass
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigSubentryData
from homeassistant.const import (
    CONF_API_KEY,
    CONF_URL,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.runner import RuntimeConfig
from homeassistant.setup import async_setup_component

from custom_components.qube.const import DOMAIN
from custom_components.qube.runtime import QubeRuntimeData

from .cloud import REPOSITORY
from .measurement import ENTITIES_PER_METER, BackFillTask, RoundsTask, Task

_CHECK_EACH_S: Final = 1
_READY_WITHIN_S: Final = 300
_REST_SENSORS: Final[Mapping[str, Mapping[str, str]]] = {
    "energy": {
        "device_class": "energy",
        "state_class": "total_increasing",
        "unit_of_measurement": "kWh",
    },
    "active_power": {
        "device_class": "power",
        "state_class": "measurement",
        "unit_of_measurement": "W",
    },
    "voltage": {
        "device_class": "voltage",
        "state_class": "measurement",
        "unit_of_measurement": "V",
    },
    "balance": {},
    "eb_tariff": {},
    "active_tariff": {},
    "mode": {},
    "relay_state": {},
}


def write_config(config_dir: Path, *, recorder: bool = False) -> None:
    """Write the configuration of an instance that knows this repository's integration.

    Nothing but the default integrations, and the recorder only where it is asked for.
    """
    content = "homeassistant:\n  name: Benchmark\n  time_zone: Asia/Kolkata\n"
    content += "recorder:\n" if recorder else ""
    (config_dir / "configuration.yaml").write_text(content)
    (config_dir / "custom_components").symlink_to(REPOSITORY / "custom_components")


@asynccontextmanager
async def home_assistant(config_dir: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant."""
    hass = await async_setup_hass(RuntimeConfig(config_dir=str(config_dir), skip_pip=True))
    if hass is None or hass.config.recovery_mode:
        raise RuntimeError("Home Assistant did not start")
    await hass.async_start()
    try:
        yield hass
    finally:
        await hass.async_stop(force=True)


async def add_rest(hass: HomeAssistant, task: Task, device_ids: Sequence[str]) -> None:
    """Set up Home Assistant's `rest`, as a user would write it in YAML."""
    config = [_rest_meter(task, device_id) for device_id in device_ids]
    if not await async_setup_component(hass, "rest", {"rest": config}):
        raise RuntimeError("the rest integration was not set up")


def _rest_meter(task: Task, device_id: str) -> dict[str, Any]:
    return {
        "resource": f"{task.url}/api/v2/devices/{device_id}/metrics",
        "headers": {"X-Qube-API-Key": task.api_key},
        "scan_interval": task.interval_s,
        "sensor": [
            {
                "name": f"{device_id} {field}",
                "unique_id": f"{device_id}_{field}",
                "value_template": f"{{{{ value_json.data.{field} }}}}",
                **properties,
            }
            for field, properties in _REST_SENSORS.items()
        ],
    }


async def add_qube(
    hass: HomeAssistant,
    task: Task | BackFillTask | RoundsTask,
    options: Mapping[str, int],
    subentries: Sequence[ConfigSubentryData] = (),
) -> None:
    """Set up this integration through a config entry."""
    entry: ConfigEntry[Any] = ConfigEntry(
        domain=DOMAIN,
        title="Benchmark",
        data={CONF_API_KEY: task.api_key, CONF_URL: task.url},
        options=options,
        source=SOURCE_USER,
        version=1,
        minor_version=1,
        unique_id=None,
        discovery_keys=MappingProxyType({}),
        subentries_data=subentries,
    )
    await hass.config_entries.async_add(entry)


def runtime_of(hass: HomeAssistant) -> QubeRuntimeData:
    """Return what the account is made of."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    runtime: QubeRuntimeData = entry.runtime_data
    return runtime


async def until(condition: Callable[[], bool], within_s: float) -> None:
    """Wait until something is so; TimeoutError where it does not come."""
    async with asyncio.timeout(within_s):
        while True:
            await asyncio.sleep(_CHECK_EACH_S / 2)
            if condition():
                return


class ReadyWatch:
    """Notice when the last entity got its first state."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Watch from now on."""
        self._hass = hass
        self._ready_at = self._started_at = hass.loop.time()
        self._unsubscribe = hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_state)

    @callback
    def _on_state(self, event: Event[EventStateChangedData]) -> None:
        if is_known(event.data["new_state"]) and not is_known(event.data["old_state"]):
            self._ready_at = self._hass.loop.time()

    async def async_ready_s(self, meters: int) -> float:
        """Return how long it took until every meter had its entities, and no more came."""
        async with asyncio.timeout(_READY_WITHIN_S):
            while True:
                before = self._ready_at
                await asyncio.sleep(_CHECK_EACH_S)
                if before != self._ready_at:
                    continue
                entities = entities_by_meter(self._hass)
                if len(entities) == meters and min(entities.values()) >= ENTITIES_PER_METER:
                    self._unsubscribe()
                    return self._ready_at - self._started_at


def is_known(state: State | None) -> bool:
    """Return whether an entity has its state."""
    return state is not None and state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}


def entities_by_meter(hass: HomeAssistant) -> Counter[str]:
    """Count the entities that have their state, by meter: both arms begin unique ids with it."""
    return Counter(
        entry.unique_id.partition("_")[0]
        for entry in er.async_get(hass).entities.values()
        if entry.platform in {DOMAIN, "rest"}
        and not entry.unique_id.startswith("space_")
        and is_known(hass.states.get(entry.entity_id))
    )
