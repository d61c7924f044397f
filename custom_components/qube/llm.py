"""What an assistant can ask: about meters and tenancies, what is exposed to it, only to read."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final, override

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, async_rounded_state
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.util.json import JsonObjectType
import probatio

from .const import DOMAIN

# What is told, by the key of the entity that shows it; a space has the first two, a tenancy those
# from the balance on.
TOLD_KEYS: Final = (
    *("power", "energy", "active_tariff", "relay", "mode", "online", "balance"),
    *("supply", "amount_due", "days_left"),
)
SPOKEN: Final = {
    "active_tariff": {"eb": "grid (EB)", "dg": "generator (DG)"},
    "supply": {
        "warned": "on, warned of a low balance",
        "protected": "on, nothing is cut at this time",
        "emergency_credit": "on, by the emergency credit",
        "cut": "cut, because money is owed",
        "held": "on, the owner does not want it cut",
        "waiting": "to be switched as soon as possible",
        "by_hand": "switched by hand",
    },
}
NOT_KNOWN: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)
# More than these nobody wants to hear, and a language model would pay for each.
MAX_MATCHES: Final = 20

READ_ONLY: Final = ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)


@dataclass(frozen=True, kw_only=True)
class ExposedDevice:
    """A meter, a space or a tenancy, and those of its states that the assistant may know, by key.

    `via` is the device above it: a meter's space, a tenancy's meter.
    """

    device_id: str
    via: str | None
    name: str
    space: str | None
    states: Mapping[str, State]

    @property
    def place(self) -> JsonObjectType:
        """Return what tells Room 101 of one house from that of another."""
        return {"name": self.name, **({"space": self.space} if self.space else {})}


@callback
def exposed_devices(hass: HomeAssistant, assistant: str) -> list[ExposedDevice]:
    """Return the meters, spaces and tenancies of which the assistant may know something."""
    registry = dr.async_get(hass)
    found = [
        ExposedDevice(
            device_id=device.id,
            via=device.via_device_id,
            name=_name(device),
            space=_space_name(registry, device),
            states=states,
        )
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if (states := _exposed_states(hass, assistant, device))
    ]
    return sorted(found, key=lambda device: (device.space or device.name, device.name))


def _exposed_states(
    hass: HomeAssistant, assistant: str, device: dr.DeviceEntry
) -> Mapping[str, State]:
    ((_, identifier),) = device.identifiers
    states: dict[str, State] = {}
    for entity in er.async_entries_for_device(er.async_get(hass), device.id):
        key = entity.unique_id.removeprefix(f"{identifier}_")
        state = hass.states.get(entity.entity_id)
        if key in TOLD_KEYS and state and async_should_expose(hass, assistant, entity.entity_id):
            states[key] = state
    return states


def _space_name(registry: dr.DeviceRegistry, device: dr.DeviceEntry) -> str | None:
    """Return the name of what a device is in: it is at the top, above a tenancy's meter, too."""
    above = registry.async_get(device.via_device_id) if device.via_device_id else None
    if not isinstance(above, dr.DeviceEntry):
        return None
    return _space_name(registry, above) or _name(above)


def _name(device: dr.DeviceEntry | dr.ChildDeviceEntry) -> str:
    return device.name_by_user or device.name or ""


def matching(devices: list[ExposedDevice], name: str) -> list[ExposedDevice]:
    """Return the devices with a name, whatever its case; else those with all of its words.

    "101" finds Room 101, and "room 101 lakshmi" that of one house.
    """
    words = _words(name)
    exact = [device for device in devices if _words(device.name) == words]
    if exact or not words:
        return exact
    return [
        device
        for device in devices
        if set(words) <= set(_words(f"{device.name} {device.space or ''}"))
    ]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


class OfflineMetersTool(Tool):
    """Tell which meters are offline."""

    name = "qube__offline_meters"
    title = "Get the electricity meters that are offline"
    description = (
        "Tells which electricity meters have no connection to the cloud, and how many have one."
    )
    annotations = READ_ONLY
    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer from the meters' Online."""
        self.parameters(tool_input.tool_args)
        devices = exposed_devices(hass, llm_context.assistant)
        online = [(device, device.states.get("online")) for device in devices]
        known = [(device, state.state) for device, state in online if state is not None]
        count = sum(state == STATE_ON for _, state in known)
        offline = [device.place for device, state in known if state == STATE_OFF]
        return ToolResult(
            data={
                "offline": [*offline],
                "online_count": count,
                "unknown_count": len(known) - count - len(offline),
            }
        )


class MeterTool(Tool):
    """Tell what a meter, or a whole space, uses."""

    name = "qube__meter"
    title = "Get what an electricity meter shows"
    description = (
        "Tells the power and energy that a room or a whole space uses, whether it runs on the "
        "grid or on the generator, and its relay, mode and balance; and of a tenant's account the "
        "balance, the amount due, the days left and whether power is cut."
    )
    parameters = probatio.Schema(
        {
            probatio.Required(
                "name", description="Name of the meter, the space or the tenant, such as Room 101."
            ): cv.string
        }
    )
    annotations = READ_ONLY
    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer with each meter that is meant."""
        name: str = self.parameters(tool_input.tool_args)["name"]
        found = matching(exposed_devices(hass, llm_context.assistant), name)
        if not found:
            return ToolResult(data={"error": f"No exposed meter is called {name}"}, error=True)
        if len(found) > MAX_MATCHES:
            error = f"{len(found)} meters match {name}; add the number or the name of the space"
            return ToolResult(data={"error": error}, error=True)
        return ToolResult(data={"meters": [_told(hass, device) for device in found]})


class LowBalancesTool(Tool):
    """Tell which balances are low."""

    name = "qube__low_balances"
    title = "Get the electricity meters and tenants with a low balance"
    description = (
        "Tells which prepaid electricity meters and which tenants have a balance below an amount "
        "in rupees."
    )
    parameters = probatio.Schema(
        {
            probatio.Required("below", description="Amount in rupees (INR)."): probatio.All(
                probatio.Coerce(float), probatio.Range(min=-1_000_000, max=1_000_000)
            )
        }
    )
    annotations = READ_ONLY
    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer with the lowest first."""
        below: float = self.parameters(tool_input.tool_args)["below"]
        devices = exposed_devices(hass, llm_context.assistant)
        # Where tenants have accounts here, what Qube's cloud keeps for the meter means nothing.
        replaced = {device.via for device in devices if "balance" in device.states}
        balances = [
            (balance, device)
            for device in devices
            if device.device_id not in replaced
            and (balance := _balance(device)) is not None
            and balance < below
        ]
        balances.sort(key=lambda each: each[0])
        return ToolResult(
            data={
                "meters": [
                    {**device.place, "balance_rupees": balance} for balance, device in balances
                ]
            }
        )


def _balance(device: ExposedDevice) -> float | None:
    state = device.states.get("balance")
    return float(state.state) if state and state.state not in NOT_KNOWN else None


def _told(hass: HomeAssistant, device: ExposedDevice) -> JsonObjectType:
    """Return what a device shows, in the units that the person has chosen."""
    told = device.place
    for key in TOLD_KEYS:
        if (state := device.states.get(key)) is None:
            continue
        value = SPOKEN.get(key, {}).get(state.state, state.state)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        if unit and state.domain == SENSOR_DOMAIN and state.state not in NOT_KNOWN:
            value = f"{async_rounded_state(hass, state.entity_id, state)} {unit}"
        told[key] = value
    return told


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools that have something to tell to this assistant."""
    if api_id != LLM_API_ASSIST:
        return None
    known = {
        key for device in exposed_devices(hass, llm_context.assistant) for key in device.states
    }
    tools: list[Tool] = [MeterTool()] if known else []
    if "online" in known:
        tools.append(OfflineMetersTool())
    if "balance" in known:
        tools.append(LowBalancesTool())
    return LLMTools(tools=tools) if tools else None
