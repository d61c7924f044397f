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
from custom_components.qube.entity_budget import ORDER, enabled_per_meter
from custom_components.qube.number import NUMBERS
from custom_components.qube.select import SELECTS
from custom_components.qube.sensor import SENSORS
from custom_components.qube.switch import SWITCHES
from tests.account import Account
from tests.simulator import MeterKind, SimulatedCloud

LIMIT = 9_500
FIRST = ["energy", "power", "balance", "relay"]
LEFT_OFF = "Online, Mode, Active tariff, Price now, Voltage, EB tariff, DG tariff, Payment gateway"


@pytest.mark.parametrize(
    ("meters", "enabled"),
    [(1, 9500), (100, 95), (791, 12), (792, 11), (1000, 9), (2000, 4), (2375, 4), (9501, 0)],
)
def test_a_new_account_shares_out_what_there_is(meters: int, enabled: int) -> None:
    """Each meter has the same number; 2,000 meters still have the four that matter."""
    assert enabled_per_meter(meters=meters, new_meters=meters, enabled=0) == enabled


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
    assert enabled_per_meter(meters=older + new, new_meters=new, enabled=older_enabled) == enabled


@given(st.lists(st.integers(min_value=1, max_value=3000), max_size=20))
def test_the_sum_never_passes_the_limit(arrivals: list[int]) -> None:
    """However the meters come, and even where each has entities without end."""
    meters = enabled = 0
    for new in arrivals:
        meters += new
        enabled += new * enabled_per_meter(meters=meters, new_meters=new, enabled=enabled)
        assert enabled <= LIMIT


@given(st.integers(min_value=0, max_value=20_000), st.integers(min_value=0, max_value=20_000))
def test_the_number_is_never_negative(meters: int, enabled: int) -> None:
    """Also for an account without meters, and for one in which a person enabled too many."""
    assert enabled_per_meter(meters=meters, new_meters=meters, enabled=enabled) >= 0


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


@pytest.fixture
def room_for_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let twelve meters be as many as 2,000 are."""
    monkeypatch.setattr(entity_budget, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", 12 * 4 + 10)
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
    }
    online = f"{tight.meter().device_id}_online"
    entity_id = er.async_get(tight.hass).async_get_entity_id("binary_sensor", DOMAIN, online)
    assert entity_id is not None
    entity = er.async_get(tight.hass).async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION


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
