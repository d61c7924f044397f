"""A canary key lives through the whole life of an account, and is found only in its entry."""

from collections.abc import Iterator, Mapping
import logging
from typing import Any, Final

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER
from homeassistant.const import (
    CONF_API_KEY,
    CONF_URL,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    MATCH_ALL,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_platform,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import DOMAIN
from tests.account import Account, Value
from tests.conftest import API_KEY
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedCloud

# Fewer would do: each is long enough that it stands nowhere by chance.
WIFI_PASSWORD: Final = "canary-wifi-password-91c7"
NEW_WIFI_PASSWORD: Final = "canary-new-wifi-password-3b80"
OTHER_KEY: Final = "canary-other-key-40aa"
CANARIES: Final = (API_KEY, WIFI_PASSWORD, NEW_WIFI_PASSWORD, OTHER_KEY)
PACKAGE: Final = "custom_components.qube"


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Log all that anybody has to say, from before the set-up on."""
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def cloud(cloud: SimulatedCloud) -> SimulatedCloud:
    """Return a cloud whose meters hold a canary as well."""
    for meter in cloud.meters.values():
        meter.wifi.password = WIFI_PASSWORD
    return cloud


def canaries_in(text: str) -> list[str]:
    """Return the secrets that a text gives away."""
    return [canary for canary in CANARIES if canary in text]


def chain(error: BaseException | None) -> Iterator[str]:
    """Return all that an exception, its causes and its contexts can say."""
    while error is not None:
        yield f"{error} {error!r} {vars(error)} {getattr(error, '__notes__', '')}"
        yield from chain(error.__cause__)
        error = error.__context__


def leaks_in_log(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines with a secret: the text, its arguments, or a traceback's exceptions."""
    formatter = logging.Formatter("%(name)s %(message)s")
    return [
        text
        for record in caplog.records
        for text in (
            formatter.format(record),
            repr(record.args),
            *chain(record.exc_info[1] if record.exc_info else None),
        )
        if canaries_in(text)
    ]


def objects_of(root: object) -> Iterator[object]:
    """Return all objects of this integration that can be reached from one."""
    waiting, seen = [root], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, Mapping):
            waiting += [*found.keys(), *found.values()]
        elif isinstance(found, list | tuple | set | frozenset):
            waiting += found
        elif type(found).__module__.startswith(PACKAGE):
            yield found
            names = [*getattr(found, "__dict__", {}), *getattr(found, "__slots__", ())]
            waiting += [getattr(found, name) for name in names if hasattr(found, name)]


def faults() -> Iterator[Fault]:
    """Return every fault there is, those that tell the key among them."""
    for kind in FaultKind:
        if kind is not FaultKind.LATENCY:
            yield Fault(kind=kind, retry_after=1)
    yield Fault(kind=FaultKind.HTML_200, body=f"<p>Your key {API_KEY} is not known here.")
    yield Fault(kind=FaultKind.HTML_200, body=f'{{"success": "{API_KEY}"')


async def give_all_commands(account: Account) -> list[str]:
    """Give one command of each sort, and return what the person is told of those that fail."""
    told: list[str] = []
    orders: dict[str, Value] = {
        "relay": False,
        "payment_gateway": True,
        "mode": "postpaid",
        "eb_tariff": 6.5,
    }
    for key, value in orders.items():
        try:
            await account.order(account.meter(), key, value)
        except HomeAssistantError as error:
            told += chain(error)
    return told


async def go_through_the_flows(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Enter keys that are wrong, and one that is right, wherever a key can be entered."""
    flow = hass.config_entries.flow
    url = entry.data[CONF_URL]
    user = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    for address in (url, "https://127.0.0.1:9", f"https://{OTHER_KEY}@127.0.0.1"):
        await flow.async_configure(
            user["flow_id"], {CONF_API_KEY: OTHER_KEY, "advanced": {CONF_URL: address}}
        )
    reconfigure = await entry.start_reconfigure_flow(hass)
    await flow.async_configure(reconfigure["flow_id"], {CONF_API_KEY: OTHER_KEY, CONF_URL: url})
    for progress in flow.async_progress():
        if progress["context"]["source"] == SOURCE_REAUTH:
            flow.async_abort(progress["flow_id"])
    reauth = await entry.start_reauth_flow(hass)
    await flow.async_configure(reauth["flow_id"], {CONF_API_KEY: OTHER_KEY})
    options = await hass.config_entries.options.async_init(entry.entry_id)
    for entered in ({"next_step_id": "settings"}, {"reading_interval": 30}):
        await hass.config_entries.options.async_configure(options["flow_id"], entered)
    await hass.async_block_till_done(wait_background_tasks=True)


async def change_wifi(account: Account, fault: Fault) -> list[str]:
    """Send a network to a meter, then choose it again, both with a fault; return what is told."""
    options = account.hass.config_entries.options
    choice = [{"next_step_id": "wifi"}, {"meter": account.meter().device_id}]
    refused = [{"ssid": "x" * 33, "password": NEW_WIFI_PASSWORD}, {"ssid": "New net"}, {}]
    sending: list[dict[str, str]] = [{"ssid": "New net", "password": NEW_WIFI_PASSWORD}, {}]
    told: list[str] = []
    for entered in ([*choice, *refused, *sending], choice):
        shown = await options.async_init(account.entry.entry_id)
        for index, user_input in enumerate(entered, 1):
            if index == len(entered):
                account.cloud.faults.add(fault)
            shown = await options.async_configure(shown["flow_id"], user_input)
            told.append(repr((shown, [vars(flow) for flow in options._progress.values()])))
        for progress in options.async_progress():
            options.async_abort(progress["flow_id"])
    account.cloud.faults.clear()
    return told


async def live_through_everything(account: Account) -> list[str]:
    """Poll and command with every fault, go through the flows; return what persons are told."""
    told: list[str] = []
    for fault in faults():
        account.cloud.faults.add(fault)
        for coordinator in account.coordinators:
            coordinator._details_due_at = 0.0
        await account.poll()
        await account.poll_spaces()
        told += await give_all_commands(account)
        told += chain(account.inventory.last_exception)
        for coordinator in account.coordinators:
            told += chain(coordinator.last_exception)
        # A set-up that fails has its own words.
        await account.hass.config_entries.async_reload(account.entry.entry_id)
        account.cloud.faults.clear()
        # What a rejected key or a limit leaves behind ends with a new beginning.
        await account.hass.config_entries.async_reload(account.entry.entry_id)
        await account.settle()
        told += await give_all_commands(account)
    # The answer holds a password, so nobody asks but the dialog that shows the network.
    assert account.cloud.requests[Endpoint.WIFI] == 0
    for fault in faults():
        told += await change_wifi(account, fault)
        await account.hass.config_entries.async_reload(account.entry.entry_id)
        await account.settle()
    assert account.meter().wifi.password == NEW_WIFI_PASSWORD
    account.cloud.reset_counter(account.meter().device_id)
    for _ in range(4):
        await account.poll()
    await go_through_the_flows(account.hass, account.entry)
    return told


async def test_no_secret_is_told(
    account: Account, caplog: pytest.LogCaptureFixture, hass_storage: dict[str, Any]
) -> None:
    """Not in logs, errors, dialogs, events, states, registries, objects or files."""
    hass, entry = account.hass, account.entry
    events: list[str] = []

    @callback
    def remember(event: Event[Any]) -> None:
        events.append(repr(event.data))

    hass.bus.async_listen(MATCH_ALL, remember)
    told = await live_through_everything(account)
    assert len(told) > 50
    assert [text for text in told if canaries_in(text)] == []
    assert len(events) > 50
    assert [text for text in events if canaries_in(text)] == []
    seen = [
        *(repr(found) for found in objects_of(entry.runtime_data)),
        *(repr(state.as_dict()) for state in hass.states.async_all()),
        *(repr(device) for device in dr.async_get(hass).devices),
        *(repr(entity) for entity in er.async_get(hass).entities.values()),
        *(repr(issue) for issue in ir.async_get(hass).issues.values()),
        *(
            repr((entity, vars(entity)))
            for platform in entity_platform.async_get_platforms(hass, DOMAIN)
            for entity in platform.entities.values()
        ),
    ]
    assert [text for text in seen if canaries_in(text)] == []
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done(wait_background_tasks=True)
    files = {name for name, content in hass_storage.items() if canaries_in(repr(content))}
    assert files == {"core.config_entries"}
    assert f"{DOMAIN}.{entry.entry_id}.meters" in hass_storage
    assert leaks_in_log(caplog) == []


async def test_the_objects_are_looked_at_to_the_bottom(account: Account) -> None:
    """What holds the key itself is among those whose `repr` is searched."""
    kinds = {type(found).__name__ for found in objects_of(account.entry.runtime_data)}
    assert kinds >= {"QubeClient", "Transport", "MeterCoordinator", "IdentityStore", "Metrics"}


def test_a_secret_would_be_found(caplog: pytest.LogCaptureFixture) -> None:
    """In a line, in an argument that is not printed, in a cause of an error that is logged."""
    logger = logging.getLogger("canary")
    logger.debug("a key: %s", API_KEY)
    assert len(leaks_in_log(caplog)) == 2
    caplog.clear()
    error = HomeAssistantError("no")
    error.__context__ = ValueError(API_KEY)
    logger.error("hidden", exc_info=error)
    assert leaks_in_log(caplog)
