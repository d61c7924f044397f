"""New hardware in the place of old, and what Home Assistant makes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import meter_identifier
from custom_components.qube.identity import IdentityStore
from tests.account import Account
from tests.simulator import SimulatedMeter


def identities(account: Account) -> IdentityStore:
    """Return who the meters of an account are."""
    store: IdentityStore = account.entry.runtime_data.identities
    return store


def hang(
    account: Account,
    old: SimulatedMeter,
    *,
    udf1: str | None = None,
    hours_ago: float = 0,
    energy_wh: int = 0,
) -> SimulatedMeter:
    """Hang a device that is new, or used, beside an old one, under its name."""
    return account.cloud.add_meter(
        old.space_id,
        name=old.name,
        udf1=udf1,
        balance=100_000,
        installed_at=dt_util.utcnow() - timedelta(hours=hours_ago),
        energy_wh=energy_wh,
    )


def unlist(account: Account, meter: SimulatedMeter) -> None:
    """Take a meter from the list of its space; the cloud still answers for its device."""
    del account.cloud.spaces[meter.space_id].meters[meter.device_id]


def list_again(account: Account, meter: SimulatedMeter) -> None:
    """Bring a device back that was removed or replaced."""
    account.cloud.meters[meter.device_id] = meter
    account.cloud.spaces[meter.space_id].meters[meter.device_id] = meter


def last_read(account: Account, meter: SimulatedMeter, *, hours_ago: float) -> None:
    """Let the last good reading of a meter be older than it is."""
    store = identities(account)
    register = store[meter.device_id].register
    assert register is not None
    read_at = register.read_at - timedelta(hours=hours_ago)
    store.set_register(meter.device_id, replace(register, read_at=read_at))


def device_of(account: Account, key: str) -> dr.DeviceEntry:
    """Return a meter's device in Home Assistant, which must be there."""
    device = find_device(account, key)
    assert device is not None, key
    return device


def find_device(account: Account, key: str) -> dr.DeviceEntry | None:
    """Return a meter's device in Home Assistant, if it is there."""
    registry = dr.async_get(account.hass)
    return registry.async_get_device_by_identifier(meter_identifier(key), account.entry.entry_id)


def entities_of(account: Account, key: str) -> dict[str, str]:
    """Return the entity ids of a meter by their unique ids."""
    entities = er.async_entries_for_device(
        er.async_get(account.hass), device_of(account, key).id, include_disabled_entities=True
    )
    return {entity.unique_id: entity.entity_id for entity in entities}


def told(account: Account, key: str) -> ir.IssueEntry | None:
    """Return the repair that tells of a replacement."""
    return ir.async_get(account.hass).async_get_issue(DOMAIN, f"meter_replaced_{key}")


def asked(account: Account, key: str) -> ir.IssueEntry | None:
    """Return the repair that asks what a meter is."""
    return ir.async_get(account.hass).async_get_issue(DOMAIN, f"meter_origin_{key}")


def candidates_for(account: Account, meter: SimulatedMeter) -> set[str]:
    """Return the keys of the meters whose new device this one may be."""
    devices: Any = account.entry.runtime_data.devices
    return set(devices.replacements.candidates_of(meter.device_id))


@contextmanager
def energies_of(account: Account, meter: SimulatedMeter) -> Iterator[list[float]]:
    """Collect the values that Energy shows, without the times at which it shows none."""
    shown = [float(account.state(meter, "energy"))]

    @callback
    def remember(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in ("unavailable", "unknown"):
            shown.append(float(state.state))

    stop = async_track_state_change_event(
        account.hass, account.entity_id(meter, "energy"), remember
    )
    yield shown
    stop()
    assert shown == sorted(shown)
