"""A main meter's credentials and energy are found nowhere but in its subentry."""

import json
import logging

from homeassistant.const import MATCH_ALL
from homeassistant.core import Event
from homeassistant.helpers import issue_registry as ir
import pytest

from tests.downloads import Downloads
from tests.main_meter import DEVICE, KEY, Building
from tests.simulator import SimulatedCloud
from tests.simulator.faulty import CLOUD_FAULTS
from tests.simulator.site import ACCOUNT_ID
from tests.simulator.site_faults import SiteFault

pytest_plugins = ("tests.site_fixtures",)

CANARIES = (KEY, "canary-site-token", "canary-other")


@pytest.fixture
def cloud(house_cloud: SimulatedCloud) -> SimulatedCloud:
    """Return the building's cloud."""
    return house_cloud


def leaks_in(text: str) -> list[str]:
    """Return the secrets that a text gives away."""
    return [canary for canary in CANARIES if canary in text]


async def test_no_secret_is_told_whatever_happens(
    house: Building, caplog: pytest.LogCaptureFixture, downloads: Downloads
) -> None:
    """In logs, states, events, repairs, diagnostics, answers of actions, and forms."""
    caplog.set_level(logging.DEBUG)
    events: list[Event] = []
    house.hass.bus.async_listen(MATCH_ALL, events.append)
    told: list[str] = []
    for kind in CLOUD_FAULTS:
        echo = f"you sent {KEY} and canary-site-token-1"
        house.flatpeak.faults.append(SiteFault(kind=kind, times=3, seconds=0.01, message=echo))
        house.flatpeak.revoke_tokens()
        await house.read()
        told.append(repr(house.site.last_exception))
        try:
            told.append(repr(await house.ask("get_meter_records")))
        except Exception as error:  # noqa: BLE001
            told.append(f"{error!r} {error} {error.__cause__!r}")
        house.flatpeak.faults.clear()
    await house.reconfigure()
    told.append(repr(house.result))
    for api_key in ("canary-other", KEY):
        entered = {"unit": "kwh", "flows": ["import"], "space": "123", "api_key": api_key}
        await house.submit({**entered, **house.advanced})
        told.append(repr(house.result.get("errors")))
    told += [await downloads.text(house.entry), repr(ir.async_get(house.hass).issues)]
    told += [repr(state.as_dict()) for state in house.hass.states.async_all()]
    told += [repr((event.event_type, event.data)) for event in events]
    told += [f"{record.getMessage()} {record.args!r}" for record in caplog.records]
    assert {"aiohttp.access", "custom_components.qube"} <= {each.name for each in caplog.records}
    assert not [text[:200] for text in told if leaks_in(text)]


async def test_diagnostics_tell_how_it_goes_and_nothing_more(
    house: Building, downloads: Downloads
) -> None:
    """By an allow-list: no energy, no price, no account, and only the end of the id."""
    (told,) = (await downloads.data(house.entry))["main_meters"]
    assert {key: told[key] for key in ("unit", "flows", "has_price", "is_key_rejected")} == {
        "unit": "kwh",
        "flows": ["import"],
        "has_price": True,
        "is_key_rejected": False,
    }
    assert told["device_id"] == f"…{DEVICE[-6:]}"
    assert told["reconciled_month"] in ("complete", "meters_missing")
    own = json.dumps(told)
    energy = house.state("import_yesterday")
    for secret in (DEVICE, ACCOUNT_ID, house.subentry.title, energy, house.address):
        assert secret not in own
    space = ("qube", f"space_{house.space.space_id}")
    site = ("qube", f"site_{house.subentry.subentry_id}")
    for identifier in (space, site):
        assert len((await downloads.data(house.entry, identifier))["main_meters"]) == 1
    house.flatpeak.faults.append(SiteFault(kind=CLOUD_FAULTS[1]))
    await house.read()
    (told,) = (await downloads.data(house.entry))["main_meters"]
    assert (told["is_failing"], told["last_error"]) == (True, "QubeConnectionError")
    assert told["last_error_text"] == "site_cannot_connect"
