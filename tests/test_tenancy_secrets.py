"""A tenant's whole life with an account, faults included, names the tenant in no log."""

from collections.abc import Iterator
import json
import logging
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.qube.const import DOMAIN
from custom_components.qube.diagnostics import async_get_config_entry_diagnostics
from tests.rented_room import DAY, HOUR, QUARTER, RentedRoom
from tests.simulator import Endpoint, FaultKind

NAME = "Canary Wren"


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Log all that anybody has to say, from before the set-up on."""
    caplog.set_level(logging.DEBUG)


def told_by(error: BaseException | None) -> Iterator[str]:
    """Yield all that an exception, its causes and its contexts can say."""
    while error is not None:
        yield f"{error} {error!r} {vars(error)}"
        yield from told_by(error.__cause__)
        error = error.__context__


def leaks_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines with the name, of whatever level, and of whoever logged them."""
    return [
        text
        for record in caplog.records
        for text in (
            record.getMessage(),
            repr(record.args),
            *told_by(record.exc_info[1] if record.exc_info else None),
        )
        if NAME in text
    ]


async def refused(room: RentedRoom, action: str, /, user: str | None = None, **data: Any) -> str:  # noqa: ANN401
    """Call an action that is refused, and return all that is said of it."""
    with pytest.raises((HomeAssistantError, Unauthorized)) as raised:
        await room.hass.services.async_call(
            DOMAIN,
            action,
            ({} if "device_id" in data else {"account_number": 1}) | data,
            blocking=True,
            return_response=True,
            context=Context(user_id=user),
        )
    return " ".join(told_by(raised.value))


async def test_a_tenant_is_named_in_no_log_error_repair_or_diagnostic(
    room: RentedRoom, caplog: pytest.LogCaptureFixture, hass_read_only_user: MockUser
) -> None:
    """Nor in what the objects say of themselves."""
    hass = room.hass
    said: list[str] = []
    await room.load()
    tenancy = await room.rent(tenant=NAME, opening_credit_paise=600_00)
    title = f"{NAME} · Room 302"
    hass.config_entries.async_update_subentry(room.entry, room.subentry, title=title)
    # Warned, then to be cut by a meter that does not obey.
    room.meter.energy_wh += 20_000
    await room.machine.run(HOUR, QUARTER)
    room.account.break_down(FaultKind.ERROR, Endpoint.RELAY)
    room.meter.energy_wh += 70_000
    await room.machine.pass_by(6 * HOUR)
    await room.machine.run(3 * HOUR, QUARTER)
    assert {"warning", "charge"} <= set(room.kinds())
    issues = ir.async_get(hass).issues
    assert [key for _, key in issues if key.startswith("supply_not_cut")]
    said.append(repr(issues))
    room.cloud.faults.clear()
    await room.machine.run(HOUR, QUARTER)
    assert not room.has_power()
    # What is refused says why, and to whom it is said does not matter.
    payment: dict[str, Any] = {"amount": 10, "reference": "R", "method": "cash"}
    said += [
        await refused(room, "record_payment", **{**payment, "amount": "much"}),
        await refused(room, "record_payment", **payment, user=hass_read_only_user.id),
        await refused(room, "get_statement", **{"from": "2030-01-01"}),
        await refused(room, "reverse_transaction", transaction_id=99, reason="No"),
    ]
    await room.machine.run(20 * DAY, 6 * HOUR)
    # Where people look, the name is.
    (bill,) = await room.bills()
    assert bill.draft.tenant == NAME
    shown = [state.name for state in hass.states.async_all()]
    assert [name for name in shown if NAME in name]
    said += [repr(tenancy.record), repr(tenancy.view), repr(room.events), repr(bill)]
    said.append(json.dumps(await async_get_config_entry_diagnostics(hass, room.entry)))
    # Its ledger is damaged, and put back.
    await room.unload()
    sound = room.path.read_bytes()
    room.path.write_bytes(b"no ledger")
    await room.load()
    said += [repr(ir.async_get(hass).issues), await refused(room, "record_payment", **payment)]
    said.append(json.dumps(await async_get_config_entry_diagnostics(hass, room.entry)))
    await room.unload()
    room.path.write_bytes(sound)
    await room.load()
    await room.tenancy.async_close()
    hass.config_entries.async_remove_subentry(room.entry, room.subentry.subentry_id)
    await room.settle()
    said.append(await refused(room, "set_rates", device_id="gone", eb_rate=1))
    assert [text for text in said if NAME in text] == []
    assert leaks_in(caplog) == []
