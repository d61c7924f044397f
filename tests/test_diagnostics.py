"""Diagnostics say how an account and its meters are doing."""

from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components.qube.devices import (
    meter_identifier,
    space_identifier,
    tenancy_identifier,
)
from custom_components.qube.diagnostics import _shortened
from custom_components.qube.tenancy_view import TenancyView
from tests.account import Account
from tests.downloads import Content, Downloads
from tests.odd_register import poll_odd, standing_meter
from tests.shown_tenancy import run
from tests.simulator import (
    Endpoint,
    FaultKind,
    MeterKind,
    Mode,
    SimulatedCloud,
    SimulatedMeter,
    Source,
)


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


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
    assert set(content) == {
        *("account", "spaces", "meters", "tenancies", "main_meters", "registries")
    }
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
        "tenancies": 0,
        "tenancies_charging": 0,
        "ledger": {"is_sound": False, "is_restored": False, "error": None},
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
        "epochs": 1,
        "filled_udfs": [1, 2],
        "entities_on_by_default": account.coordinator(meter).enabled_entities,
        "register": {"verdict": "good", "is_held_back": False, "must_ask": False},
        "history": {"progress": None, "tariff_sights": 0},
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


async def test_that_a_meter_was_replaced_is_told(account: Account, downloads: Downloads) -> None:
    """By how many registers it has had, and under the device that it has now."""
    new = account.cloud.replace_meter(account.meter().device_id)
    await account.poll_spaces()
    found = told(await downloads.data(account.entry), new)
    assert found["has_other_device_than_first"]
    assert found["epochs"] == 2


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
    account.inventory.last_exception = ValueError("private")
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


async def test_what_is_told_of_a_tenancy(account: Account, downloads: Downloads) -> None:
    """How it is charged and supplied; neither who it is nor how much it is about."""
    meter, other = account.meter(), account.meter(1)
    first, second = await run(account, meter, other)
    await second.show(is_charging=False)
    content = await downloads.data(account.entry, tenancy_identifier(first.tenancy_id))
    assert content["tenancies"] == [
        {
            "meter": f"…{meter.device_id[-6:]}",
            "plan": "prepaid",
            "supply": "on",
            "is_held": False,
            "is_closed": False,
            "is_charging": True,
            "charged_until": "2026-05-13T18:00:00+05:30",
        }
    ]
    assert (content["spaces"], content["meters"]) == ([], [])
    assert (content["account"]["tenancies"], content["account"]["tenancies_charging"]) == (2, 1)


async def test_a_meter_is_told_with_its_tenancies_a_space_with_all_in_it(
    account: Account, downloads: Downloads
) -> None:
    """And an account with all of them."""
    meter, other = account.meter(), account.cloud.meters[next(iter(account.space(1).meters))]
    await run(account, meter, meter, other)
    identifiers = (meter_identifier(meter.device_id), space_identifier(other.space_id), None)
    counts = [
        len((await downloads.data(account.entry, identifier))["tenancies"])
        for identifier in identifiers
    ]
    assert counts == [2, 1, 3]


async def test_a_tenancy_of_which_nothing_is_known_is_told_too(
    account: Account, downloads: Downloads
) -> None:
    """When the ledger is sick, that is when somebody needs it."""
    (tenancy,) = await run(account, account.meter())
    tenancy.view = TenancyView()
    (found,) = (await downloads.data(account.entry))["tenancies"]
    assert (found["supply"], found["charged_until"], found["is_charging"]) == (None, None, False)


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
