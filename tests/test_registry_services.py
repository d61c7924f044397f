"""The actions on a meter registry: what they answer, what they refuse, and who may call them."""

from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.qube.const import DOMAIN
from custom_components.qube.registry_settings import SUBENTRY_METER_REGISTRY
from tests.account import Account
from tests.registered import REGISTRY_ID, Registered, registry_data
from tests.simulator import FaultKind
from tests.simulator.registry import OTHER_ACCOUNT_ID, RegistryEndpoint
from tests.simulator.registry_faults import RegistryFault

WATER: Final = "PHY-0003"
NEW: Final = {
    "name": "Borewell",
    "serial_number": "PHY-NEW",
    "meter_type": "WATER",
    "communication_type": "LORAWAN",
}


async def call(account: Account, action: str, **data: object) -> Any:  # noqa: ANN401
    """Call an action and return its answer."""
    name = f"{action}_registry_meter" + ("s" if action == "list" else "")
    answer = await account.hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True
    )
    await account.settle()
    return answer


def device_id(registered: Registered, serial_number: str = WATER) -> str:
    """Return the device of a meter."""
    device = registered.device(serial_number)
    assert device is not None
    return device.id


async def refusal(account: Account, action: str, **data: object) -> tuple[str | None, object]:
    """Return the text with which an action is refused, and what it is filled with."""
    with pytest.raises(ServiceValidationError) as caught:
        await call(account, action, **data)
    return caught.value.translation_key, caught.value.translation_placeholders


async def test_all_meters_are_listed(registered: Registered) -> None:
    """As the registry has them now, the youngest first."""
    registered.registry.add("New", "PHY-NEW")
    answer = await call(registered.account, "list")
    assert answer["count"] == 10
    serial_numbers = [meter["serial_number"] for meter in answer["meters"]]
    assert serial_numbers[0] == "PHY-NEW"
    assert set(serial_numbers) == {
        meter.fields["serial_number"] for meter in registered.registry.meters.values()
    }


async def test_one_page_is_listed(registered: Registered) -> None:
    """Searched and sorted by the registry."""
    answer = await call(
        registered.account,
        "list",
        device_id=registered.registry_device().id,
        query="main",
        sort_by="name",
        sort_order="asc",
        page=2,
        limit=3,
    )
    names = [meter["name"] for meter in answer["meters"]]
    assert names == ["Gas main", "Genset main", "Hvac main"]
    assert answer["count"] == 8


async def test_a_meter_is_answered_as_it_is_now(registered: Registered) -> None:
    """And shown so, too."""
    registered.registry.by_serial(WATER).fields["last_reading_value"] = 5
    answer = await call(registered.account, "get", device_id=device_id(registered))
    assert answer["last_reading_value"] == 5
    assert answer["meter_type"] == "WATER"
    assert registered.state("last_reading", WATER) == "5"


async def test_a_meter_is_created(registered: Registered) -> None:
    """Its device is there at once."""
    answer = await call(
        registered.account, "create", **NEW, gateway_id=4.0, last_reading_at="2026-10-25 18:00:00"
    )
    created = registered.registry.by_serial("PHY-NEW")
    assert answer["id"] == created.meter_id
    assert repr(created.fields["gateway_id"]) == "4"
    # Home Assistant's own zone, as a person types it.
    assert created.fields["last_reading_at"] == "2026-10-25T18:00:00-07:00"
    assert registered.device("PHY-NEW") is not None


async def test_a_qube_meter_is_created(registered: Registered) -> None:
    """With its name, its serial number, and its place; it is matched at once."""
    meter = registered.account.meter(1)
    space = registered.account.cloud.spaces[meter.space_id]
    meter.label.udfs["udf1"] = "BlockA.3F.302"
    await registered.account.poll_spaces()
    qube_meter = registered.account.device_id(meter)
    await call(registered.account, "create", qube_meter=qube_meter, billing_direction="ACCREC")
    fields = registered.registry.by_serial(meter.device_id).fields
    assert fields["name"] == meter.name
    assert fields["meter_type"] == "ELECTRICITY"
    assert fields["communication_type"] == "HTTP"
    assert fields["location"] == f"{space.label.name}, BlockA.3F.302"
    assert fields["billing_direction"] == "ACCREC"
    assert registered.state("meters_matched") == "2"
    device = registered.device(meter.device_id)
    assert device is not None
    assert device.via_device_id == qube_meter


async def test_what_is_typed_comes_before_what_the_qube_meter_says(registered: Registered) -> None:
    """A name of one's own; a meter without UDFs is in its space."""
    meter = registered.account.meter(1)
    meter.label.udfs.update(dict.fromkeys(meter.label.udfs))
    await registered.account.poll_spaces()
    qube_meter = registered.account.device_id(meter)
    await call(registered.account, "create", qube_meter=qube_meter, name="Mine")
    fields = registered.registry.by_serial(meter.device_id).fields
    assert fields["name"] == "Mine"
    assert fields["location"] == registered.account.cloud.spaces[meter.space_id].label.name


async def test_a_serial_number_is_created_once(registered: Registered) -> None:
    """An answer that was lost does not tell whether it was done."""
    registered.registry.faults.append(
        RegistryFault(kind=FaultKind.ANSWER_LOST, endpoint=RegistryEndpoint.CREATE, times=1)
    )
    with pytest.raises(HomeAssistantError) as caught:
        await call(registered.account, "create", **NEW)
    assert caught.value.translation_key == "registry_cannot_connect"
    assert await refusal(registered.account, "create", **NEW) == (
        "registry_serial_number_known",
        {"serial_number": "PHY-NEW"},
    )
    assert len(registered.registry.meters) == 10


@pytest.mark.parametrize("field", sorted(NEW))
async def test_a_new_meter_needs_four_fields(registered: Registered, field: str) -> None:
    """Nothing is sent without one of them."""
    given = {key: value for key, value in NEW.items() if key != field}
    assert await refusal(registered.account, "create", **given) == (
        "registry_field_missing",
        {"field": field, "wanted": ""},
    )
    assert RegistryEndpoint.CREATE not in registered.registry.log


async def test_a_meter_is_changed(registered: Registered) -> None:
    """Only the fields that are given; null clears a reference."""
    answer = await call(
        registered.account,
        "update",
        device_id=device_id(registered),
        building_block_id=None,
        description="In the cellar",
        reading_interval=60,
    )
    fields = registered.registry.by_serial(WATER).fields
    assert fields["building_block_id"] is None
    assert fields["location"] == "Plant room 3"
    assert (answer["description"], answer["reading_interval"]) == ("In the cellar", 60)


@pytest.mark.parametrize("field", ["serial_number", "meter_type", "communication_type"])
async def test_what_is_immutable_is_not_sent(registered: Registered, field: str) -> None:
    """And it is said that it is."""
    refused = await refusal(
        registered.account, "update", device_id=device_id(registered), **{field: "GAS"}
    )
    assert refused == ("registry_field_immutable", {"field": field, "wanted": ""})
    assert RegistryEndpoint.UPDATE not in registered.registry.log


async def test_a_value_that_makes_no_sense_is_not_sent(registered: Registered) -> None:
    """And it is said what would; a time that is none is left as it is."""
    key, placeholders = await refusal(
        registered.account, "update", device_id=device_id(registered), last_reading_at="noon"
    )
    assert key == "registry_field_invalid"
    assert isinstance(placeholders, dict)
    assert placeholders["field"] == "last_reading_at"


async def test_a_change_of_nothing_is_refused(registered: Registered) -> None:
    """Rather than sent."""
    refused = await refusal(registered.account, "update", device_id=device_id(registered))
    assert refused == ("registry_nothing_to_change", None)


async def test_a_meter_is_deleted_by_its_serial_number(registered: Registered) -> None:
    """Which is typed once more; its device goes at once."""
    meter = registered.registry.by_serial(WATER)
    key, placeholders = await refusal(
        registered.account, "delete", device_id=device_id(registered), serial_number="PHY-0004"
    )
    assert (key, placeholders) == ("registry_serial_number_differs", {"meter": "Water main"})
    assert meter.meter_id in registered.registry.meters
    answer = await call(
        registered.account, "delete", device_id=device_id(registered), serial_number=f" {WATER} "
    )
    assert answer["id"] == meter.meter_id
    assert meter.meter_id not in registered.registry.meters
    assert registered.device(WATER) is None
    await call(registered.account, "get", device_id=device_id(registered, "PHY-0004"))
    assert registered.device(WATER) is None


async def test_the_serial_number_is_compared_with_the_registrys_own(registered: Registered) -> None:
    """Not with what was read some time ago."""
    registered.registry.by_serial(WATER).fields["serial_number"] = "PHY-9999"
    key, _ = await refusal(
        registered.account, "delete", device_id=device_id(registered), serial_number=WATER
    )
    assert key == "registry_serial_number_differs"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("list_registry_meters", {}),
        ("get_registry_meter", {"device_id": "x"}),
        ("create_registry_meter", {}),
        ("update_registry_meter", {"device_id": "x"}),
        ("delete_registry_meter", {"device_id": "x", "serial_number": "x"}),
    ],
)
async def test_the_actions_are_for_administrators(
    registered: Registered, action: str, data: dict[str, str]
) -> None:
    """A registry is shared by many."""
    hass = registered.account.hass
    user = MockUser(is_owner=False).add_to_hass(hass)
    registered.registry.log.clear()
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            context=Context(user_id=user.id),
            return_response=True,
        )
    assert registered.registry.log == []


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (FaultKind.DROP, "registry_cannot_connect"),
        (FaultKind.ERROR, "registry_bad_request"),
        (FaultKind.FAILURE_200, "registry_refused"),
        (FaultKind.HTML_200, "registry_no_answer"),
        (FaultKind.RATE_LIMITED, "registry_rate_limited"),
    ],
)
async def test_trouble_is_told_in_words(registered: Registered, kind: FaultKind, key: str) -> None:
    """With the registry's own, where it has any."""
    registered.registry.faults.append(RegistryFault(kind=kind))
    with pytest.raises(HomeAssistantError) as caught:
        await call(registered.account, "list")
    assert caught.value.translation_key == key
    if kind in (FaultKind.ERROR, FaultKind.FAILURE_200):
        placeholders = caught.value.translation_placeholders
        assert placeholders == {"reason": "something is wrong with name"}


async def test_a_login_that_is_refused_is_asked_for(registered: Registered) -> None:
    """That of the registry, not Qube's key."""
    registered.registry.faults.append(RegistryFault(kind=FaultKind.UNAUTHORIZED))
    with pytest.raises(HomeAssistantError) as caught:
        await call(registered.account, "list")
    assert caught.value.translation_key == "registry_login_rejected"
    issues = ir.async_get(registered.account.hass)
    assert issues.async_get_issue(DOMAIN, f"registry_login_{REGISTRY_ID}") is not None
    assert not registered.account.hass.config_entries.flow.async_progress()


async def test_the_right_devices_are_wanted(registered: Registered) -> None:
    """A registry where it is one, a meter of it where it is one."""
    account = registered.account
    qube, water = account.device_id(account.meter()), device_id(registered)
    registry = registered.registry_device().id
    for wrong in (qube, water):
        key, _ = await refusal(account, "list", device_id=wrong)
        assert key == "registry_not_a_registry"
    for wrong in (qube, registry):
        key, _ = await refusal(account, "get", device_id=wrong)
        assert key == "registry_not_a_meter"
    key, _ = await refusal(account, "create", qube_meter=water)
    assert key == "not_a_meter"


async def test_one_of_several_registries_must_be_chosen(registered: Registered) -> None:
    """And without any there is none to choose."""
    account = registered.account
    data = registry_data(registered.url, account_id=OTHER_ACCOUNT_ID)
    account.hass.config_entries.async_add_subentry(
        account.entry,
        ConfigSubentry(
            data=data,  # type: ignore[arg-type]
            subentry_type=SUBENTRY_METER_REGISTRY,
            title="Hilltop Trust",
            unique_id=OTHER_ACCOUNT_ID,
        ),
    )
    await account.settle()
    assert await refusal(account, "list") == ("registry_choose", {"registries": "2"})
    answer = await call(account, "list", device_id=registered.registry_device().id)
    assert answer["count"] == 9


async def test_without_a_registry_there_is_nothing_to_do(account: Account) -> None:
    """It is said so."""
    assert await refusal(account, "list") == ("registry_choose", {"registries": "0"})
