"""An assistant hears about the meters what is exposed to it, and nothing else."""

from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, llm
from homeassistant.setup import async_setup_component
import probatio
import pytest

from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.devices import meter_identifier
from custom_components.qube.llm import MAX_MATCHES, SPOKEN, async_get_tools
from tests.account import Account
from tests.shown_tenancy import ShownTenancy, begin
from tests.simulator import MeterKind, SimulatedCloud, SimulatedMeter, Source

ASSISTANT = "conversation"
CONTEXT = llm.LLMContext(
    platform="test", context=Context(), language="en", assistant=ASSISTANT, device_id=None
)
KEYS = ("power", "energy", "active_tariff", "relay", "mode", "online", "balance")


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


@pytest.fixture
async def assist(hass: HomeAssistant) -> None:
    """Set up what carries an assistant's questions."""
    for component in ("homeassistant", "conversation", "llm"):
        assert await async_setup_component(hass, component, {})


@pytest.fixture
async def asked(assist: None, account: Account) -> Account:
    """Return the account, nothing of which is exposed to the assistant."""
    for entity_id in account.hass.states.async_entity_ids():
        async_expose_entity(account.hass, ASSISTANT, entity_id, False)
    return account


def expose(account: Account, meter: SimulatedMeter, *keys: str) -> None:
    """Let the assistant know what a meter shows under some keys."""
    for key in keys:
        async_expose_entity(account.hass, ASSISTANT, account.entity_id(meter, key), True)


def expose_all(account: Account, *keys: str) -> None:
    """Let the assistant know what all meters show under some keys."""
    for meter in account.cloud.meters.values():
        has_relay = meter.kind is not MeterKind.NO_RELAY
        expose(account, meter, *(key for key in keys if key != "relay" or has_relay))


def named(account: Account, name: str) -> SimulatedMeter:
    """Return the meter with a name."""
    return next(meter for meter in account.cloud.meters.values() if meter.name == name)


def space_name(account: Account, meter: SimulatedMeter) -> str:
    """Return in which space a meter is."""
    return account.cloud.spaces[meter.space_id].label.name


async def tools(account: Account) -> set[str]:
    """Return the names of the tools of this integration that the assistant has."""
    api = await llm.async_get_api(account.hass, llm.LLM_API_ASSIST, CONTEXT)
    return {tool.name for tool in api.tools if tool.integration == "qube"}


async def call(account: Account, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool as a language model does."""
    api = await llm.async_get_api(account.hass, llm.LLM_API_ASSIST, CONTEXT)
    result = await api.async_call_tool(llm.ToolInput(tool_name=tool, tool_args=arguments))
    assert result.error is ("error" in result.data)
    return result.data


async def test_nothing_is_told_before_something_is_exposed(asked: Account) -> None:
    """Not even that there are meters."""
    assert await tools(asked) == set()


async def test_home_assistant_exposes_relays_by_itself(assist: None, account: Account) -> None:
    """As all switches; the README warns of it."""
    assert await tools(account) == {"qube__meter"}
    (told,) = (await call(account, "qube__meter", name="postpaid"))["meters"]
    assert set(told) == {"name", "space", "relay"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("power", {"qube__meter"}),
        ("online", {"qube__meter", "qube__offline_meters"}),
        ("balance", {"qube__meter", "qube__low_balances"}),
        ("voltage", set()),
    ],
)
async def test_a_tool_is_there_when_it_has_something_to_tell(
    asked: Account, key: str, expected: set[str]
) -> None:
    """One exposed entity is enough."""
    expose(asked, asked.meter(), key)
    assert await tools(asked) == expected


async def test_other_apis_have_none_of_it(asked: Account) -> None:
    """The tools are for Assist."""
    expose_all(asked, *KEYS)
    assert async_get_tools(asked.hass, CONTEXT, "another") is None


async def test_tools_only_read(asked: Account) -> None:
    """And say so, so that a client need not ask before it uses them."""
    expose_all(asked, *KEYS)
    offered = async_get_tools(asked.hass, CONTEXT, llm.LLM_API_ASSIST)
    assert offered is not None
    for tool in offered.tools:
        assert tool.annotations.read_only
        assert not tool.annotations.destructive
        assert tool.title
        assert tool.description


async def test_which_meters_are_offline(asked: Account) -> None:
    """By name and space; those that are online are counted."""
    expose_all(asked, "online")
    meter = named(asked, "Offline")
    assert await call(asked, "qube__offline_meters") == {
        "offline": [{"name": "Offline", "space": space_name(asked, meter)}],
        "online_count": len(asked.cloud.meters) - 1,
        "unknown_count": 0,
    }


async def test_an_offline_meter_that_is_not_exposed_is_not_told(asked: Account) -> None:
    """Nor counted."""
    expose(asked, asked.meter(), "online")
    expose(asked, named(asked, "Offline"), "balance")
    assert await call(asked, "qube__offline_meters") == {
        "offline": [],
        "online_count": 1,
        "unknown_count": 0,
    }


async def test_what_a_meter_uses(asked: Account) -> None:
    """As Home Assistant shows it, with units, whatever the case of the name."""
    meter = named(asked, "Three phase")
    meter.active_tariff = Source.DG
    await asked.poll(meter)
    expose(asked, meter, *KEYS)
    for name in ("Three phase", "THREE  PHASE", "three-phase"):
        assert await call(asked, "qube__meter", name=name) == {
            "meters": [
                {
                    "name": "Three phase",
                    "space": space_name(asked, meter),
                    "power": f"{meter.power_w:.0f} W",
                    "energy": f"{meter.energy_wh / 1000:.2f} kWh",
                    "active_tariff": "generator (DG)",
                    "relay": "on",
                    "mode": "postpaid",
                    "online": "on",
                    "balance": f"{meter.balance / 100:.2f} INR",
                }
            ]
        }


async def test_only_what_is_exposed_of_a_meter_is_told(asked: Account) -> None:
    """The relay is on no list because the power is."""
    meter = named(asked, "Prepaid")
    expose(asked, meter, "power", "voltage")
    (told,) = (await call(asked, "qube__meter", name="prepaid"))["meters"]
    assert set(told) == {"name", "space", "power"}


async def test_what_is_not_known_of_a_meter_is_said_so(asked: Account) -> None:
    """Without a unit."""
    expose(asked, named(asked, "Offline"), "power", "balance")
    (told,) = (await call(asked, "qube__meter", name="offline"))["meters"]
    assert told["power"] == "unavailable"
    assert told["balance"].endswith(" INR")


async def test_what_a_space_uses(asked: Account) -> None:
    """A space is asked by its name as a meter is."""
    space = asked.space()
    entity_id = asked.space_entity_id(space, "power")
    async_expose_entity(asked.hass, ASSISTANT, entity_id, True)
    power_w = float(asked.space_state(space, "power"))
    assert await call(asked, "qube__meter", name=space.label.name.upper()) == {
        "meters": [{"name": space.label.name, "power": f"{power_w:.0f} W"}]
    }


async def test_meters_of_one_name_are_told_apart(asked: Account) -> None:
    """By the space, which may be said with the name, or a part of both."""
    first, second = (next(iter(asked.space(index).meters.values())) for index in (0, 1))
    first.name = second.name = "Room 101"
    await asked.poll_spaces()
    expose_all(asked, "power")
    spaces = {space_name(asked, first), space_name(asked, second)}
    for name in ("room 101", "101"):
        told = (await call(asked, "qube__meter", name=name))["meters"]
        assert {each["space"] for each in told} == spaces
    told = (await call(asked, "qube__meter", name="101 lakshmi"))["meters"]
    assert [each["space"] for each in told] == ["Lakshmi Residency"]


async def test_a_name_that_a_person_gave_in_home_assistant_counts(asked: Account) -> None:
    """It is what the person will say."""
    meter = named(asked, "Prepaid")
    registry = dr.async_get(asked.hass)
    device = registry.async_get_device_by_identifier(
        meter_identifier(meter.device_id), asked.entry.entry_id
    )
    assert device is not None
    registry.async_update_device(device.id, name_by_user="Laundry")
    expose(asked, meter, "power")
    (told,) = (await call(asked, "qube__meter", name="laundry"))["meters"]
    assert told["name"] == "Laundry"


@pytest.mark.parametrize("name", ["Postpaid", "nothing like it", "", "?!"])
async def test_an_unknown_name_is_an_error(asked: Account, name: str) -> None:
    """A meter that is not exposed is as unknown as one that does not exist."""
    expose(asked, named(asked, "Prepaid"), "power")
    data = await call(asked, "qube__meter", name=name)
    assert data == {"error": f"No exposed meter is called {name}"}


async def test_a_vague_name_is_asked_back(asked: Account) -> None:
    """Instead of telling all of a large house."""
    space = asked.space()
    for number in range(MAX_MATCHES + 1):
        asked.cloud.add_meter(space.space_id, name=f"Room {number}")
    await asked.poll_spaces()
    expose_all(asked, "mode")
    data = await call(asked, "qube__meter", name="room")
    assert data["error"].startswith("21 meters match room;")


async def test_which_balances_are_low(asked: Account) -> None:
    """The lowest first, in rupees."""
    for number, meter in enumerate(asked.cloud.meters.values()):
        meter.balance = 100_000 - number
    low, lowest = named(asked, "Postpaid"), named(asked, "Offline")
    low.balance, lowest.balance = 9_999, -4_250
    await asked.poll()
    expose_all(asked, "balance")
    expected = [
        {"name": "Offline", "space": space_name(asked, lowest), "balance_rupees": -42.5},
        {"name": "Postpaid", "space": space_name(asked, low), "balance_rupees": 99.99},
    ]
    assert await call(asked, "qube__low_balances", below=100) == {"meters": expected}
    assert await call(asked, "qube__low_balances", below="99.99") == {"meters": expected[:1]}
    assert await call(asked, "qube__low_balances", below=-100) == {"meters": []}


async def test_a_low_balance_that_is_not_exposed_is_not_told(asked: Account) -> None:
    """It may be nobody's business."""
    meter = named(asked, "Postpaid")
    meter.balance = 0
    await asked.poll(meter)
    expose(asked, meter, "power")
    expose(asked, named(asked, "Offline"), "balance")
    data = await call(asked, "qube__low_balances", below=1)
    assert data == {"meters": []}


def expose_tenancy(tenancy: ShownTenancy, *keys: str) -> None:
    """Let the assistant know something of a tenancy."""
    for key in keys:
        async_expose_entity(tenancy.account.hass, ASSISTANT, tenancy.entity_id(key), True)


async def test_balances_of_tenants_are_among_those_that_are_low(asked: Account) -> None:
    """In the place of what Qube's cloud keeps for their meters; under the name of the space."""
    meter = named(asked, "Measurement")
    meter.balance = 0
    await asked.poll(meter)
    expose(asked, meter, "balance")
    low, fine = await begin(asked, meter, meter)
    await low.show(balance_micropaise=8_550_000_000)
    assert [
        each["name"] for each in (await call(asked, "qube__low_balances", below=100))["meters"]
    ] == ["Measurement"]
    for tenancy in (low, fine):
        expose_tenancy(tenancy, "balance")
    assert await call(asked, "qube__low_balances", below=100) == {
        "meters": [
            {
                "name": "Asha Rao · Measurement",
                "space": space_name(asked, meter),
                "balance_rupees": 85.5,
            }
        ]
    }


async def test_how_a_tenant_stands(asked: Account) -> None:
    """By the tenant's name; asked for the meter, the meter is told."""
    meter = named(asked, "Prepaid")
    (tenancy,) = await begin(asked, meter)
    await tenancy.show(supply=SupplyState.CUT, days_left=0.0)
    expose_tenancy(tenancy, "balance", "supply", "days_left")
    expose(asked, meter, "relay")
    assert await call(asked, "qube__meter", name="asha") == {
        "meters": [
            {
                "name": "Asha Rao · Prepaid",
                "space": space_name(asked, meter),
                "balance": "2923.30 INR",
                "supply": "cut, because money is owed",
                "days_left": "0 d",
            }
        ]
    }
    (told,) = (await call(asked, "qube__meter", name="prepaid"))["meters"]
    assert told["name"] == "Prepaid"


async def test_a_tenancy_that_is_not_exposed_is_not_told(asked: Account) -> None:
    """Not even that it is there."""
    (tenancy,) = await begin(asked, named(asked, "Prepaid"))
    expose(asked, named(asked, "Prepaid"), "power")
    async_expose_entity(asked.hass, ASSISTANT, tenancy.entity_id("balance"), False)
    async_expose_entity(asked.hass, ASSISTANT, tenancy.entity_id("hold"), False)
    assert "error" in await call(asked, "qube__meter", name="asha")


@pytest.mark.parametrize("supply", [each for each in SupplyState if each is not SupplyState.ON])
def test_every_state_of_supply_is_said_in_words(supply: SupplyState) -> None:
    """On is one."""
    assert supply in SPOKEN["supply"]


@pytest.mark.parametrize("below", ["much", None, float("inf")])
async def test_an_amount_has_to_be_one(asked: Account, below: object) -> None:
    """A model that says something else is told so."""
    expose_all(asked, "balance")
    with pytest.raises(probatio.Invalid):
        await call(asked, "qube__low_balances", below=below)


async def test_an_account_that_is_not_loaded_tells_nothing(asked: Account) -> None:
    """Its states are only left over."""
    expose_all(asked, *KEYS)
    assert await asked.hass.config_entries.async_unload(asked.entry.entry_id)
    assert await tools(asked) == set()
