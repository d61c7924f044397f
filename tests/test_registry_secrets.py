"""The logins of a registry are in its subentry, and nowhere else."""

import json
import logging

from homeassistant.const import MATCH_ALL
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest

from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import meter_identifier
from custom_components.qube.registry_devices import registry_identifier
from tests.account import Account
from tests.conftest import ConnectRegistry
from tests.downloads import Downloads
from tests.registered import LOGIN, REGISTRY_ID, Registered
from tests.simulator import FaultKind
from tests.simulator.faulty import CLOUD_FAULTS
from tests.simulator.registry import EMAIL, PASSWORD, TOKEN, SimulatedRegistry
from tests.simulator.registry_faults import RegistryFault
from tests.test_diagnostics_secrets import MARK
from tests.test_registry_flow import Owner

# Password, tokens of logins, refresh tokens and fixed tokens of the simulator all have it.
CANARY = "canary"
FORBIDDEN = (CANARY, EMAIL)


def given_away(text: str) -> list[str]:
    """Return what a text gives away."""
    return [each for each in FORBIDDEN if each in text]


async def live(registered: Registered, echo: str) -> list[str]:
    """Let a registry meet every fault, poll, publish and act; return what people were told.

    Where it has words of its own, it echoes what it was sent.
    """
    told: list[str] = []
    for kind in (None, *CLOUD_FAULTS):
        registered.registry.expire_tokens()
        if kind is not None:
            fault = RegistryFault(kind=kind, error=echo, seconds=0.01)
            registered.registry.faults.append(fault)
        await registered.poll()
        await registered.publish()
        try:
            await registered.account.hass.services.async_call(
                DOMAIN, "list_registry_meters", blocking=True, return_response=True
            )
        except HomeAssistantError as err:
            told.append(f"{err!r} {err} {err.translation_placeholders}")
        registered.registry.faults.clear()
        if registered.running.registry.is_login_rejected:
            registered.running.registry.async_withdraw()
    return told


@pytest.mark.parametrize(
    ("credentials", "echo"), [(LOGIN, f"{EMAIL} {PASSWORD}"), ({"token": TOKEN}, TOKEN)]
)
async def test_no_secret_of_a_registry_is_anywhere(
    connect_registry: ConnectRegistry,
    downloads: Downloads,
    caplog: pytest.LogCaptureFixture,
    credentials: dict[str, str],
    echo: str,
) -> None:
    """Not in logs, states, events, registries of Home Assistant, answers or diagnostics."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiohttp").setLevel(logging.DEBUG)
    registered = await connect_registry(
        publishes=True, units={"ELECTRICITY": "kWh"}, credentials=credentials
    )
    hass, entry = registered.account.hass, registered.account.entry
    events: list[str] = []
    hass.bus.async_listen(MATCH_ALL, lambda event: events.append(str(event.as_dict())))
    told = await live(registered, echo)
    assert len(told) > len(CLOUD_FAULTS) / 2
    shown = [
        *told,
        *events,
        *(str(state.as_dict()) for state in hass.states.async_all()),
        *map(str, dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)),
        *map(str, er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)),
        *map(str, ir.async_get(hass).issues.values()),
        repr(registered.running),
        repr(registered.running.registry.settings),
        repr(entry.runtime_data.registries),
        json.dumps(await downloads.data(entry)),
    ]
    assert [found for text in shown for found in given_away(text)] == []
    # The simulator's own lines are not the integration's.
    lines = [each for each in caplog.records if "simulator" not in each.pathname]
    assert [each.getMessage() for each in lines if given_away(each.getMessage())] == []


async def test_a_flow_hides_what_the_registry_echoes(
    account: Account, registry: SimulatedRegistry, registry_url: str
) -> None:
    """And leaves the rest of its words readable."""
    owner = Owner(account)
    registry.faults.append(RegistryFault(kind=FaultKind.ERROR, error=f"no {TOKEN} here"))
    await owner.connect(registry_url, token=TOKEN)
    await owner.submit({"organization": "0b7c1a52-6c1e-4f0a-9d39-2a7d5b0c8e11"})
    assert owner.at == ("organization", {"base": "registry_bad_request"})
    assert owner.result["description_placeholders"] == {"reason": "no *** here", "seconds": ""}


async def test_diagnostics_tell_how_a_registry_is_doing(
    connect_registry: ConnectRegistry, registry: SimulatedRegistry, downloads: Downloads
) -> None:
    """And nothing of what people wrote there; each field was decided on."""
    for meter in registry.meters.values():
        meter.fields |= {"name": MARK, "location": MARK, "description": MARK}
        meter.fields["last_reading_value"] = 87_654_321
    registered = await connect_registry(publishes=True, units={"ELECTRICITY": "kWh"})
    content = await downloads.data(registered.account.entry)
    assert MARK not in str(content["registries"])
    assert "87654321" not in str(content)
    assert "PHY-" not in str(content)
    (told,) = content["registries"]
    assert told.pop("last_success")
    assert told == {
        "host": "127.0.0.1",
        "logs_in_with": "password",
        "is_login_rejected": False,
        "meters": 9,
        "meters_by_type": {
            **dict.fromkeys(("GAS", "WATER", "SOLAR", "GENSET", "HVAC", "EV", "CARBON"), 1),
            "ELECTRICITY": 2,
        },
        "meters_matched": 1,
        "units": {"ELECTRICITY": "kWh"},
        "publishes_every": "1:00:00",
        "readings_waiting": 1,
        "publish_failures": 0,
        "last_publish_error": None,
        "last_published": None,
        "polls_every": "0:15:00",
        "is_failing": False,
        "last_error": None,
        "last_error_code": None,
        "last_error_text": None,
    }


async def test_diagnostics_of_its_device_are_those_of_a_registry(
    registered: Registered, downloads: Downloads
) -> None:
    """And a meter of Qube's tells of none."""
    account = registered.account
    content = await downloads.data(account.entry, registry_identifier(REGISTRY_ID))
    assert len(content["registries"]) == 1
    meter = meter_identifier(account.meter().device_id)
    content = await downloads.data(account.entry, meter)
    assert content["registries"] == []
