"""A large account stays below Home Assistant's limit, and its owner is told what was left off."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.entity import EntityDescription
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube import entity_budget
from custom_components.qube.binary_sensor import ONLINE
from custom_components.qube.const import DOMAIN
from custom_components.qube.entity_budget import (
    ALWAYS_OF_TENANCY,
    ORDER,
    PER_SPACE,
    TENANCY_ORDER,
    enabled_per_device,
    enabled_per_tenancy,
)
from custom_components.qube.event import ACTIVITY
from custom_components.qube.history_sensor import HISTORY_IMPORTED
from custom_components.qube.number import NUMBERS
from custom_components.qube.select import SELECTS
from custom_components.qube.sensor import SENSORS
from custom_components.qube.space_sensor import SPACE_SENSORS
from custom_components.qube.switch import SWITCHES
from custom_components.qube.tenancy_binary_sensor import TENANCY_BINARY_SENSORS
from custom_components.qube.tenancy_sensor import TENANCY_SENSORS
from custom_components.qube.tenancy_switch import HOLD
from tests.account import Account
from tests.simulator import MeterKind, SimulatedCloud

LIMIT = 9_500
FIRST = ["energy", "power", "balance", "relay"]
LEFT_OFF = "Online, Mode, Active tariff, Price now, Voltage, EB tariff, DG tariff, Payment gateway"


@pytest.mark.parametrize(
    ("meters", "spaces", "enabled"),
    [
        *((1, 0, 9500), (100, 0, 95), (791, 0, 12), (792, 0, 11), (1000, 0, 9), (2375, 0, 4)),
        *((9501, 0, 0), (0, 2, 4750), (787, 10, 12), (788, 40, 11), (1000, 50, 9)),
        *((2000, 100, 4), (2275, 100, 4), (2276, 100, 3), (2375, 2375, 2), (10_000, 10_000, 0)),
    ],
)
def test_a_new_account_shares_out_what_there_is(meters: int, spaces: int, enabled: int) -> None:
    """Each has the same number; 2,000 meters in 100 spaces still have the four that matter."""
    assert (
        enabled_per_device(
            meters=meters, spaces=spaces, new_meters=meters, new_spaces=spaces, enabled=0
        )
        == enabled
    )


@pytest.mark.parametrize(
    ("older", "older_enabled", "new", "enabled"),
    [
        (100, 1200, 1, 94),
        (791, 9492, 1, 8),
        (1000, 9000, 100, 5),
        (2000, 8000, 1, 4),
        (2000, 9600, 10, 0),
    ],
)
def test_later_meters_share_what_the_older_ones_left(
    older: int, older_enabled: int, new: int, enabled: int
) -> None:
    """What is on stays on."""
    assert (
        enabled_per_device(
            meters=older + new, spaces=0, new_meters=new, new_spaces=0, enabled=older_enabled
        )
        == enabled
    )


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=20))
def test_the_sum_never_passes_the_limit(arrivals: list[tuple[int, int]]) -> None:
    """However meters and spaces come, and even where a meter has entities without end."""
    meters = spaces = enabled = 0
    for new_meters, new_spaces in arrivals:
        meters += new_meters
        spaces += new_spaces
        each = enabled_per_device(
            meters=meters,
            spaces=spaces,
            new_meters=new_meters,
            new_spaces=new_spaces,
            enabled=enabled,
        )
        enabled += new_meters * each + new_spaces * min(PER_SPACE, each)
        assert enabled <= LIMIT


@given(st.integers(min_value=0, max_value=20_000), st.integers(min_value=0, max_value=20_000))
def test_the_number_is_never_negative(meters: int, enabled: int) -> None:
    """Also for an account without meters, and for one in which a person enabled too many."""
    each = enabled_per_device(
        meters=meters, spaces=1, new_meters=meters, new_spaces=0, enabled=enabled
    )
    assert each >= 0


def test_a_space_has_as_many_sensors_as_the_budget_counts() -> None:
    """Otherwise the limit would be passed by accounts of many spaces."""
    assert len([*SPACE_SENSORS, HISTORY_IMPORTED]) == PER_SPACE


def test_the_order_names_every_entity() -> None:
    """The four that matter come first, and each description has its place and its platform."""
    assert list(ORDER)[:4] == FIRST
    platforms: dict[str, tuple[EntityDescription, ...]] = {
        "sensor": SENSORS,
        "binary_sensor": (ONLINE,),
        "switch": SWITCHES,
        "select": SELECTS,
        "number": NUMBERS,
    }
    described = {
        each.key: platform for platform, descriptions in platforms.items() for each in descriptions
    }
    assert described == ORDER


def test_the_order_names_every_entity_of_a_tenancy() -> None:
    """What is first is on in any case; each plan has all of the others that are its own."""
    described = (*TENANCY_SENSORS, *TENANCY_BINARY_SENSORS, HOLD, ACTIVITY)
    assert sorted(TENANCY_ORDER) == sorted(each.key for each in described)
    assert TENANCY_ORDER[:ALWAYS_OF_TENANCY] == ("balance", "supply", "activity")


@pytest.mark.parametrize(
    ("meters", "older", "new", "enabled", "expected"),
    [
        *((200, 0, 1, 2_400, 35), (200, 0, 200, 2_400, 35), (500, 0, 500, 6_000, 7)),
        # The two hundredth may have what the first had.
        *((500, 499, 1, 6_000 + 499 * 7, 7), (500, 600, 1, 6_000, 3_500)),
        *((1_000, 0, 1, 9_000, 3), (1_000, 0, 1, 9_990, 3), (0, 0, 0, 0, 9_500)),
    ],
)
def test_tenancies_share_what_meters_left(
    meters: int, older: int, new: int, enabled: int, expected: int
) -> None:
    """With those that the other meters may get; three each come out of the reserve."""
    assert enabled_per_tenancy(meters=meters, older=older, new=new, enabled=enabled) == expected


@pytest.fixture
def room_for_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let twelve meters in three spaces be as many as 2,000 are in a hundred."""
    monkeypatch.setattr(entity_budget, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", 15 * 4 + 10)
    monkeypatch.setattr(entity_budget, "RESERVE", 10)


@pytest.fixture
async def tight(
    room_for_four: None, hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> Account:
    """Return an account that is as large as can be."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    await account.settle()
    return account


def issue_of(account: Account) -> ir.IssueEntry | None:
    """Return the repair that says what was left off."""
    issue_id = f"entities_left_off_{account.entry.entry_id}"
    return ir.async_get(account.hass).async_get_issue(DOMAIN, issue_id)


def enabled_entities(account: Account) -> set[str]:
    """Return the unique ids of the account's entities that are on."""
    entities = er.async_entries_for_config_entry(er.async_get(account.hass), account.entry.entry_id)
    return {entity.unique_id for entity in entities if entity.disabled_by is None}


async def test_a_tight_account_has_the_four_of_each_meter(tight: Account) -> None:
    """The others are there, but off: a person can enable them."""
    assert enabled_entities(tight) == {
        f"{meter.device_id}_{key}"
        for meter in tight.cloud.meters.values()
        for key in FIRST
        if key != "relay" or meter.kind is not MeterKind.NO_RELAY
    } | {
        f"space_{space_id}_{each.key}" for space_id in tight.cloud.spaces for each in SPACE_SENSORS
    }
    online = f"{tight.meter().device_id}_online"
    entity_id = er.async_get(tight.hass).async_get_entity_id("binary_sensor", DOMAIN, online)
    assert entity_id is not None
    entity = er.async_get(tight.hass).async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_a_space_shares_the_want_of_its_meters(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where each may have two, a space has its Energy and its Power now; the others are off."""
    monkeypatch.setattr(entity_budget, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", 15 * 2 + 10)
    monkeypatch.setattr(entity_budget, "RESERVE", 10)
    assert await hass.config_entries.async_setup(entry.entry_id)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    await account.settle()
    of_spaces = {each for each in enabled_entities(account) if each.startswith("space_")}
    assert of_spaces == {
        f"space_{space_id}_{key}" for space_id in cloud.spaces for key in ("energy", "power")
    }


async def test_a_repair_says_what_was_left_off(tight: Account) -> None:
    """In words, in the order in which they were left off."""
    issue = issue_of(tight)
    assert issue is not None
    assert (issue.translation_key, issue.is_fixable) == ("entities_left_off", False)
    assert issue.translation_placeholders == {
        "account": "3 spaces",
        "meters": "12",
        "entities": LEFT_OFF,
    }


async def test_a_restart_says_the_same(tight: Account) -> None:
    """No meter is new then, and nothing else was left off."""
    enabled = enabled_entities(tight)
    assert await tight.hass.config_entries.async_reload(tight.entry.entry_id)
    await tight.settle()
    assert enabled_entities(tight) == enabled
    issue = issue_of(tight)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["entities"] == LEFT_OFF


async def test_a_small_account_hears_nothing(account: Account) -> None:
    """All of its entities are on, except what is unknown."""
    assert issue_of(account) is None
    entities = er.async_entries_for_config_entry(er.async_get(account.hass), account.entry.entry_id)
    off = {entity.unique_id for entity in entities if entity.disabled_by is not None}
    assert {unique_id.partition("_")[2] for unique_id in off} == {"reading_tamper_count"}


async def test_the_repair_is_withdrawn_when_the_account_is_small_again(tight: Account) -> None:
    """At the next start."""
    for meter in list(tight.cloud.meters.values())[2:]:
        tight.cloud.remove_meter(meter.device_id)
    for _ in range(3):
        await tight.poll_spaces()
    assert await tight.hass.config_entries.async_reload(tight.entry.entry_id)
    await tight.settle()
    assert issue_of(tight) is None


async def test_the_repair_goes_with_the_account(tight: Account) -> None:
    """Nothing of it is left behind."""
    assert await tight.hass.config_entries.async_remove(tight.entry.entry_id)
    await tight.settle()
    assert issue_of(tight) is None
