"""All that the client can do, as a table: one call an endpoint, and what it sends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from custom_components.qube.api import Interval, Metadata, Mode, QubeClient, Source
from custom_components.qube.api.parsing import Json
from tests.simulator import Endpoint

WIFI_PASSWORD = "canary-wifi-77aa3c"
METADATA = Metadata(name="Room 9", description=None, udfs=("A-1", None, "x", None, None))
METADATA_JSON: dict[str, Json] = {
    "name": "Room 9",
    "description": None,
    "udf1": "A-1",
    "udf2": None,
    "udf3": "x",
    "udf4": None,
    "udf5": None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The space and the meter that a call is about."""

    space_id: int
    device_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One method of the client: `path` follows /api/v2/, a body of None is no body."""

    endpoint: Endpoint
    method: str
    path: str
    body: Json = None
    run: Callable[[QubeClient, Target], Awaitable[object]]

    @property
    def is_command(self) -> bool:
        """Return whether it changes anything."""
        return self.method != "GET"


CALLS = (
    Call(
        endpoint=Endpoint.SPACES,
        method="GET",
        path="spaces/",
        run=lambda client, _: client.spaces(),
    ),
    Call(
        endpoint=Endpoint.SPACE,
        method="GET",
        path="spaces/{space_id}/",
        run=lambda client, target: client.space(target.space_id),
    ),
    Call(
        endpoint=Endpoint.SPACE_UPDATE,
        method="PUT",
        path="spaces/{space_id}/",
        body=METADATA_JSON,
        run=lambda client, target: client.update_space(target.space_id, METADATA),
    ),
    Call(
        endpoint=Endpoint.DEVICE,
        method="GET",
        path="devices/{device_id}/",
        run=lambda client, target: client.device(target.device_id),
    ),
    Call(
        endpoint=Endpoint.DEVICE_UPDATE,
        method="PUT",
        path="devices/{device_id}/",
        body=METADATA_JSON,
        run=lambda client, target: client.update_device(target.device_id, METADATA),
    ),
    Call(
        endpoint=Endpoint.METRICS,
        method="GET",
        path="devices/{device_id}/metrics",
        run=lambda client, target: client.metrics(target.device_id),
    ),
    Call(
        endpoint=Endpoint.RELAY,
        method="PUT",
        path="devices/{device_id}/relay",
        body={"state": False},
        run=lambda client, target: client.set_relay(target.device_id, closed=False),
    ),
    Call(
        endpoint=Endpoint.MODE,
        method="PUT",
        path="devices/{device_id}/mode",
        body={"mode": "relay_off"},
        run=lambda client, target: client.set_mode(target.device_id, Mode.RELAY_OFF),
    ),
    Call(
        endpoint=Endpoint.TARIFF_EB,
        method="PUT",
        path="devices/{device_id}/tariffs/eb",
        body={"tariff": 512},
        run=lambda client, target: client.set_tariff(target.device_id, Source.EB, 512),
    ),
    Call(
        endpoint=Endpoint.TARIFF_DG,
        method="PUT",
        path="devices/{device_id}/tariffs/dg",
        body={"tariff": 1999},
        run=lambda client, target: client.set_tariff(target.device_id, Source.DG, 1999),
    ),
    Call(
        endpoint=Endpoint.TARIFF_ACTIVE,
        method="PUT",
        path="devices/{device_id}/tariffs/active",
        body={"active_tariff": 2},
        run=lambda client, target: client.set_active_tariff(target.device_id, Source.DG),
    ),
    Call(
        endpoint=Endpoint.HISTORY,
        method="GET",
        path="devices/{device_id}/metrics/history"
        "?property_id=energy&from_date=2026-05-01&to_date=2026-05-02&interval=1d",
        run=lambda client, target: client.history(
            target.device_id, "energy", date(2026, 5, 1), date(2026, 5, 2), Interval.DAY
        ),
    ),
    Call(
        endpoint=Endpoint.HISTORY,
        method="GET",
        path="devices/{device_id}/metrics/history"
        "?property_id=energy&from_date=2026-05-01&to_date=2026-05-02&interval=60m",
        run=lambda client, target: client.energy_history(
            target.device_id, date(2026, 5, 1), date(2026, 5, 2), Interval.HOUR
        ),
    ),
    Call(
        endpoint=Endpoint.WIFI,
        method="GET",
        path="devices/{device_id}/wifi",
        run=lambda client, target: client.wifi(target.device_id),
    ),
    Call(
        endpoint=Endpoint.WIFI_UPDATE,
        method="POST",
        path="devices/{device_id}/wifi",
        body={"ssid": "Net 2", "password": WIFI_PASSWORD},
        run=lambda client, target: client.set_wifi(
            target.device_id, ssid="Net 2", password=WIFI_PASSWORD
        ),
    ),
    Call(
        endpoint=Endpoint.GATEWAY,
        method="PUT",
        path="devices/{device_id}/payments/gateway",
        body={"state": False},
        run=lambda client, target: client.set_payment_gateway(target.device_id, enabled=False),
    ),
)
