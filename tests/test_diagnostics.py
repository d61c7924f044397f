"""Diagnostics help to find a fault, and hold nothing that gives a person away."""

from http import HTTPStatus
import json
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.qube.devices import meter_identifier, space_identifier
from custom_components.qube.diagnostics import _shortened
from tests.account import Account
from tests.conftest import API_KEY
from tests.odd_register import poll_odd, standing_meter
from tests.simulator import (
    Endpoint,
    Fault,
    FaultKind,
    MeterKind,
    Mode,
    SimulatedCloud,
    SimulatedMeter,
    Source,
)
from tests.simulator.payloads import device_json, space_json
from tests.simulator.protocol import Json

type Content = dict[str, Any]

MARK = "Canary"
BALANCE, TARIFF, REGISTER_WH = 87_654_321, 98_765, 76_543_210
# As they are sent, and as they are shown.
MARKED_NUMBERS = ("87654321", "876543.21", "98765", "987.65", "76543210", "76543.21")


class Downloads:
    """What an administrator downloads."""

    def __init__(self, hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
        """Use an authenticated client."""
        self._hass = hass
        self._hass_client = hass_client

    async def text(self, entry: MockConfigEntry, device: tuple[str, str] | None = None) -> str:
        """Return the whole file, of an account or of one device."""
        assert await async_setup_component(self._hass, "diagnostics", {})
        path = f"/api/diagnostics/config_entry/{entry.entry_id}"
        if device is not None:
            registry = dr.async_get(self._hass)
            found = registry.async_get_device_by_identifier(device, entry.entry_id)
            assert found is not None
            path += f"/device/{found.id}"
        response = await (await self._hass_client()).get(path)
        assert response.status == HTTPStatus.OK
        return await response.text()

    async def data(self, entry: MockConfigEntry, device: tuple[str, str] | None = None) -> Content:
        """Return the part of the file that this integration wrote."""
        data: Content = json.loads(await self.text(entry, device))["data"]
        return data


@pytest.fixture
def downloads(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Downloads:
    """Return what an administrator downloads."""
    return Downloads(hass, hass_client)


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


def mark(cloud: SimulatedCloud) -> None:
    """Put marked values into all that people can write, and all that is nobody's business."""
    labels = [space.label for space in cloud.spaces.values()]
    for label in labels + [meter.label for meter in cloud.meters.values()]:
        label.name = f"{MARK} name"
        label.description = f"{MARK} description"
        label.udfs.update({f"udf{number}": f"{MARK} udf" for number in range(1, 6)})
    for meter in cloud.meters.values():
        meter.wifi.ssid = f"{MARK} ssid"
        meter.wifi.password = f"{MARK} password"
        meter.balance = BALANCE
        meter.eb_tariff_paise = meter.dg_tariff_paise = TARIFF
        meter.energy_wh = REGISTER_WH
        tagged: dict[str, Json] = {
            "tags": [f"{MARK} tag"],
            "public_access": True,
            "public_hash": f"{MARK} hash",
        }
        cloud.faults.add(
            Fault(
                kind=FaultKind.WRONG_TYPES,
                endpoint=Endpoint.DEVICE,
                device_id=meter.device_id,
                data={**device_json(cloud, meter), **tagged},
            )
        )
    spaces: list[Json] = [
        {**space_json(space), "tags": [f"{MARK} tag"]} for space in cloud.spaces.values()
    ]
    cloud.faults.add(Fault(kind=FaultKind.WRONG_TYPES, endpoint=Endpoint.SPACES, data=spaces))


async def test_nobody_is_given_away(
    account: Account, downloads: Downloads, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by names, words, money, energy, address, key or ids; nor by repairs and errors."""
    hass, entry, meter = account.hass, account.entry, account.meter()
    mark(account.cloud)
    hass.config_entries.async_update_entry(entry, title=f"{MARK} account")
    for coordinator in account.coordinators:
        coordinator._details_due_at = 0.0
        coordinator.register_guard.last = None
    await account.poll_spaces()
    await account.poll()
    data = account.coordinator(meter).data
    assert data is not None
    assert MARK in repr(data.device.tags)
    assert MARK in repr(account.inventory.data)
    # An error that quotes somebody, and a repair that names the meter.
    body = '{"success": false, "error": {"code": "not_your_space", "detail": "Canary detail"}}'
    account.cloud.faults.add(
        Fault(
            kind=FaultKind.HTML_200,
            endpoint=Endpoint.METRICS,
            device_id=account.meter(1).device_id,
            body=body,
        )
    )
    await account.poll(account.meter(1))
    assert MARK in str(account.coordinator(account.meter(1)).last_exception)
    identifiers = [None, meter_identifier(meter.device_id), space_identifier(meter.space_id)]
    for identifier in identifiers:
        text = await downloads.text(entry, identifier)
        port = str(URL(entry.data["url"]).port)
        own = json.dumps(json.loads(text)["data"])
        for secret in (*MARKED_NUMBERS, f":{port}", "http://"):
            assert secret not in own, (identifier, secret)
        assert MARK not in text
        assert API_KEY not in text
        assert not [each for each in account.cloud.meters if each in text]
    assert account.cloud.requests[Endpoint.WIFI] == 0


async def test_a_repair_names_no_meter(account: Account, downloads: Downloads) -> None:
    """Home Assistant adds the repairs that are open; of ours only their ids."""
    meter = standing_meter(account)
    meter.name = f"{MARK} name"
    account.coordinator(meter)._details_due_at = 0.0
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    text = await downloads.text(account.entry)
    assert len(json.loads(text)["issues"]) == 1
    assert MARK not in text


def told(content: Content, meter: SimulatedMeter) -> Content:
    """Return what is told of one meter."""
    (found,) = (
        each for each in content["meters"] if each["device_id"] == f"…{meter.device_id[-6:]}"
    )
    assert isinstance(found, dict)
    return found


async def test_what_is_told_of_an_account(account: Account, downloads: Downloads) -> None:
    """How it is set up and how it is doing; each field was decided on."""
    content = await downloads.data(account.entry)
    meters = len(account.cloud.meters)
    assert set(content) == {"account", "spaces", "meters"}
    assert content["account"].pop("last_success")
    assert content["account"] == {
        "state": "loaded",
        "setup_error": None,
        "host": "127.0.0.1",
        "reading_interval_s": 60,
        "polls_every": "0:05:00",
        "is_failing": False,
        "last_error": None,
        "last_error_code": None,
        "last_error_text": None,
        "is_key_rejected": False,
        "spaces": 3,
        "meters": meters,
        "meters_online": meters - 1,
        "meters_failing": 0,
    }
    assert content["spaces"][0] == {"space_id": 123, "meters": 3, "is_complete": True}
    assert len(content["meters"]) == meters


async def test_what_is_told_of_a_meter(account: Account, downloads: Downloads) -> None:
    """What it can do, how it is run, how reading goes, and what is missing."""
    meter = next(m for m in account.cloud.meters.values() if m.kind is MeterKind.NULLS)
    meter.active_tariff = Source.DG
    meter.mode = Mode.POSTPAID
    await account.poll(meter)
    content = await downloads.data(account.entry, meter_identifier(meter.device_id))
    assert content["spaces"] == []
    assert len(content["meters"]) == 1
    found = told(content, meter)
    assert found.pop("last_success")
    assert [each["property_id"] for each in found["properties"]] == [
        *("energy", "active_power", "current", "power_factor", "apparent_power"),
        *("reactive_power", "apparent_energy", "reactive_energy", "tamper_count"),
    ]
    assert found.pop("properties")[0] == {
        "property_id": "energy",
        "context_type": "cumulative",
        "unit": "kWh",
    }
    assert found == {
        "device_id": f"…{meter.device_id[-6:]}",
        "has_other_device_than_first": False,
        "filled_udfs": [1, 2],
        "entities_on_by_default": account.coordinator(meter).enabled_entities,
        "register": {"verdict": "good", "is_held_back": False, "must_ask": False},
        "polls_every": "0:01:00",
        "is_failing": False,
        "last_error": None,
        "last_error_code": None,
        "last_error_text": None,
        "space_id": meter.space_id,
        "is_online": True,
        "has_relay": True,
        "mode": "postpaid",
        "source": "DG",
        "without_value": ["voltage_v", "dg_tariff_paise"],
    }


async def test_what_is_told_of_an_offline_meter(account: Account, downloads: Downloads) -> None:
    """What the cloud knows of it, but nothing live."""
    meter = next(m for m in account.cloud.meters.values() if m.kind is MeterKind.OFFLINE)
    found = told(await downloads.data(account.entry), meter)
    assert found["is_online"] is False
    assert found["mode"] == "prepaid"
    assert not {"source", "without_value"} & set(found)


async def test_a_meter_that_was_never_read_is_told_of_too(
    account: Account, downloads: Downloads
) -> None:
    """There is little to tell, but why."""
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.DEVICE)
    meter = account.cloud.add_meter(account.meter().space_id)
    await account.poll_spaces()
    found = told(await downloads.data(account.entry), meter)
    assert found["last_success"] is None
    assert found["is_failing"]
    assert found["last_error"] == "QubeResponseError"
    assert "properties" not in found


async def test_a_register_that_is_held_back_is_told(account: Account, downloads: Downloads) -> None:
    """That it is, and why; not what it shows."""
    meter = standing_meter(account)
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    found = told(await downloads.data(account.entry), meter)
    assert found["register"] == {"verdict": "fell", "is_held_back": True, "must_ask": True}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.DROP, ("QubeConnectionError", None, "cannot_connect")),
        (FaultKind.ERROR, ("QubeApiError", "validation_error", "refused")),
    ],
)
async def test_of_an_error_its_sort_is_told(
    account: Account, downloads: Downloads, kind: FaultKind, expected: tuple[str | None, ...]
) -> None:
    """Also where it has passed since."""
    meter = account.meter()
    account.break_down(kind, Endpoint.METRICS, meter)
    await account.poll(meter)
    found = told(await downloads.data(account.entry), meter)
    assert found["is_failing"]
    keys = ("last_error", "last_error_code", "last_error_text")
    assert tuple(found[key] for key in keys) == expected
    account.cloud.faults.clear()
    await account.poll(meter)
    found = told(await downloads.data(account.entry), meter)
    assert not found["is_failing"]
    assert tuple(found[key] for key in keys) == expected


async def test_an_error_of_home_assistant_itself_is_told(
    account: Account, downloads: Downloads
) -> None:
    """An empty list of spaces is no error of the client; a bug has no text."""
    for space_id in list(account.cloud.spaces):
        account.cloud.remove_space(space_id)
    await account.poll_spaces()
    told_of = (await downloads.data(account.entry))["account"]
    assert (told_of["last_error"], told_of["last_error_text"]) == ("UpdateFailed", "no_spaces")
    account.inventory.last_exception = ValueError(MARK)
    told_of = (await downloads.data(account.entry))["account"]
    assert (told_of["last_error"], told_of["last_error_text"]) == ("ValueError", None)


async def test_a_space_is_told_with_its_meters(account: Account, downloads: Downloads) -> None:
    """And with no others."""
    space = account.cloud.spaces[124]
    content = await downloads.data(account.entry, space_identifier(124))
    assert content["spaces"] == [
        {"space_id": 124, "meters": len(space.meters), "is_complete": True}
    ]
    assert [told(content, meter)["space_id"] for meter in space.meters.values()]
    assert len(content["meters"]) == len(space.meters)


async def test_a_device_that_the_cloud_lists_no_more_is_no_error(
    account: Account, downloads: Downloads
) -> None:
    """There is nothing to tell of it."""
    meter = account.meter()
    account.entry.runtime_data.devices.meters.pop(meter.device_id)
    content = await downloads.data(account.entry, meter_identifier(meter.device_id))
    assert (content["spaces"], content["meters"]) == ([], [])


async def test_an_account_that_is_not_loaded_tells_why(
    account: Account, downloads: Downloads
) -> None:
    """That is when somebody needs it."""
    account.break_down(FaultKind.DROP, Endpoint.SPACES)
    await account.hass.config_entries.async_reload(account.entry.entry_id)
    assert account.entry.state is ConfigEntryState.SETUP_RETRY
    expected = {
        "account": {
            "state": "setup_retry",
            "setup_error": "cannot_connect",
            "host": "127.0.0.1",
            "reading_interval_s": 60,
        }
    }
    assert await downloads.data(account.entry) == expected
    meter = meter_identifier(account.meter().device_id)
    assert await downloads.data(account.entry, meter) == expected


@pytest.mark.parametrize(
    ("device_id", "shown"),
    [("QUBE-ONE-0123456789ab", "…6789ab"), ("METER-77", "…R-77"), ("A1", "…1")],
)
def test_of_an_id_at_most_the_half_is_shown(device_id: str, shown: str) -> None:
    """A short one would be shown whole otherwise."""
    assert _shortened(device_id) == shown
