"""Diagnostics give nobody away: marked values are put in everywhere, and found nowhere."""

import json

import pytest
from yarl import URL

from custom_components.qube.devices import meter_identifier, space_identifier, tenancy_identifier
from tests.account import Account
from tests.conftest import API_KEY
from tests.downloads import Downloads
from tests.odd_register import poll_odd, standing_meter
from tests.shown_tenancy import run
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedCloud
from tests.simulator.payloads import device_json, space_json
from tests.simulator.protocol import Json

MARK = "Canary"
BALANCE, TARIFF, REGISTER_WH = 87_654_321, 98_765, 76_543_210
# As they are sent, and as they are shown.
MARKED_NUMBERS = ("87654321", "876543.21", "98765", "987.65", "76543210", "76543.21")


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


async def test_nobody_is_given_away(account: Account, downloads: Downloads) -> None:
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
    (tenancy,) = await run(account, meter)
    await tenancy.show(balance_micropaise=BALANCE * 10**6, eb_wh=REGISTER_WH)
    identifiers = [
        None,
        meter_identifier(meter.device_id),
        space_identifier(meter.space_id),
        tenancy_identifier(tenancy.tenancy_id),
    ]
    for identifier in identifiers:
        text = await downloads.text(entry, identifier)
        port = str(URL(entry.data["url"]).port)
        own = json.dumps(json.loads(text)["data"])
        for secret in (*MARKED_NUMBERS, f":{port}", "http://"):
            assert secret not in own, (identifier, secret)
        assert MARK not in text
        assert "Asha" not in text
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
