"""All that the registry's client can do, as a table: one call an endpoint, and what it sends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from custom_components.qube.api import PhyClient
from custom_components.qube.api.parsing import Json
from tests.simulator.registry import ACCOUNT_ID, RegistryEndpoint

NEW: Final[dict[str, object]] = {
    "name": "Room 101",
    "serial_number": "QUBE-ONE-101",
    "meter_type": "ELECTRICITY",
    "communication_type": "HTTP",
    "tariff_id": 3.0,
}
NEW_JSON: Final[dict[str, Json]] = {
    "account_id": ACCOUNT_ID,
    "name": "Room 101",
    "serial_number": "QUBE-ONE-101",
    "meter_type": "ELECTRICITY",
    "communication_type": "HTTP",
    "tariff_id": 3,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PhyCall:
    """One method of the client about a meter: `path` follows /api/v1/."""

    endpoint: RegistryEndpoint
    method: str
    path: str
    body: Json = None
    run: Callable[[PhyClient, int], Awaitable[object]]


PHY_CALLS: Final = (
    PhyCall(
        endpoint=RegistryEndpoint.ORGANIZATIONS,
        method="GET",
        path="auth/organizations",
        run=lambda client, _: client.organizations(),
    ),
    PhyCall(
        endpoint=RegistryEndpoint.LIST,
        method="GET",
        path=f"meters?account_id={ACCOUNT_ID}&page=2&limit=5&sortBy=name&sortOrder=desc&query=room",
        run=lambda client, _: client.page(
            ACCOUNT_ID, page=2, limit=5, query="room", sort_by="name"
        ),
    ),
    PhyCall(
        endpoint=RegistryEndpoint.CREATE,
        method="POST",
        path="meters",
        body=NEW_JSON,
        run=lambda client, _: client.create(ACCOUNT_ID, NEW),
    ),
    PhyCall(
        endpoint=RegistryEndpoint.GET,
        method="GET",
        path=f"meters/{{meter_id}}?account_id={ACCOUNT_ID}",
        run=lambda client, meter_id: client.meter(ACCOUNT_ID, meter_id),
    ),
    PhyCall(
        endpoint=RegistryEndpoint.UPDATE,
        method="PUT",
        path="meters/{meter_id}",
        body={"account_id": ACCOUNT_ID, "reading_interval": 60, "gateway_id": None},
        run=lambda client, meter_id: client.update(
            ACCOUNT_ID, meter_id, {"reading_interval": 60.0, "gateway_id": None}
        ),
    ),
    PhyCall(
        endpoint=RegistryEndpoint.DELETE,
        method="DELETE",
        path=f"meters/{{meter_id}}?account_id={ACCOUNT_ID}",
        run=lambda client, meter_id: client.delete(ACCOUNT_ID, meter_id),
    ),
)
