"""Home Assistant's devices are as the cloud's spaces and meters are, and follow them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import meter_identifier, space_identifier
from tests.account import Account
from tests.simulator import (
    Endpoint,
    Fault,
    FaultKind,
    SimulatedCloud,
    SimulatedMeter,
    SimulatedSpace,
)


def device_of(account: Account, key: str) -> dr.DeviceEntry | None:
    """Return a meter's device."""
    registry = dr.async_get(account.hass)
    return registry.async_get_device_by_identifier(meter_identifier(key), account.entry.entry_id)


def known_device(account: Account, meter: SimulatedMeter) -> dr.DeviceEntry:
    """Return a meter's device, which must be there."""
    device = device_of(account, meter.device_id)
    assert device is not None
    return device


def space_device(account: Account, space: SimulatedSpace) -> dr.DeviceEntry:
    """Return a space's device, which must be there."""
    registry = dr.async_get(account.hass)
    device = registry.async_get_device_by_identifier(
        space_identifier(space.space_id), account.entry.entry_id
    )
    assert device is not None
    return device


def entities_of(account: Account, device: dr.DeviceEntry) -> dict[str, str]:
    """Return a device's entity ids by their unique ids."""
    entities = er.async_entries_for_device(
        er.async_get(account.hass), device.id, include_disabled_entities=True
    )
    return {entity.unique_id: entity.entity_id for entity in entities}


async def test_each_space_is_a_service(account: Account) -> None:
    """It stands for a property, not for a thing."""
    for space in account.cloud.spaces.values():
        device = space_device(account, space)
        assert device.name == space.label.name
        assert (device.manufacturer, device.model) == ("Qube", "Space")
        assert device.entry_type is dr.DeviceEntryType.SERVICE
        assert device.via_device_id is None


async def test_each_meter_is_a_device_below_its_space(account: Account) -> None:
    """It is in an area named after the space, and its serial number is that of the hardware."""
    areas = ar.async_get(account.hass)
    for meter in account.cloud.meters.values():
        space = account.cloud.spaces[meter.space_id]
        device = known_device(account, meter)
        assert (device.name, device.manufacturer) == (meter.name, "Qube")
        assert (device.model, device.serial_number) == ("Qube One", meter.device_id)
        assert device.entry_type is None
        assert device.via_device_id == space_device(account, space).id
        assert device.area_id is not None
        area = areas.async_get_area(device.area_id)
        assert area is not None
        assert area.name == space.label.name
    devices = dr.async_entries_for_config_entry(dr.async_get(account.hass), account.entry.entry_id)
    assert len(devices) == 3 + 12


async def test_a_new_meter_appears_live(account: Account) -> None:
    """It is read at once, and has all that the others have."""
    meter = account.cloud.add_meter(next(iter(account.cloud.spaces)), name="Roof", balance=5000)
    await account.poll_spaces()
    assert known_device(account, meter).name == "Roof"
    assert account.state(meter, "balance") == "50.0"
    assert account.state(meter, "relay") == "on"
    await account.poll(meter)
    assert meter in account.available()


async def test_a_new_space_appears_live(account: Account) -> None:
    """With its meters, in an area of its own."""
    space = account.cloud.add_space("Annexe")
    meter = account.cloud.add_meter(space.space_id)
    await account.poll_spaces()
    assert known_device(account, meter).via_device_id == space_device(account, space).id
    assert meter in account.available()


async def test_a_renamed_meter_is_renamed(account: Account) -> None:
    """Its entities stay; a name that a person gave in Home Assistant stands above it."""
    meter = account.meter()
    entities = entities_of(account, known_device(account, meter))
    meter.name = "Shop"
    await account.poll_spaces()
    assert known_device(account, meter).name == "Shop"
    assert entities_of(account, known_device(account, meter)) == entities


async def test_a_renamed_space_is_renamed(account: Account) -> None:
    """The device is the same."""
    space = next(iter(account.cloud.spaces.values()))
    before = space_device(account, space)
    space.label.name = "Lakshmi Palace"
    await account.poll_spaces()
    assert space_device(account, space).name == "Lakshmi Palace"
    assert space_device(account, space).id == before.id


async def test_a_moved_meter_hangs_below_its_new_space(account: Account) -> None:
    """It stays the same device, in the area where a person may have put it."""
    meter = account.meter()
    before = known_device(account, meter)
    target = list(account.cloud.spaces.values())[1]
    account.cloud.move_meter(meter.device_id, target.space_id)
    await account.poll_spaces()
    after = known_device(account, meter)
    assert after.via_device_id == space_device(account, target).id
    assert (after.id, after.area_id) == (before.id, before.area_id)
    assert len(account.coordinators) == 12


async def test_an_unchanged_list_touches_no_device(account: Account) -> None:
    """Nothing is written every five minutes for nothing."""
    updates = async_capture_events(account.hass, dr.EVENT_DEVICE_REGISTRY_UPDATED)
    await account.poll_spaces()
    assert updates == []
    account.meter().name = "Shop"
    await account.poll_spaces()
    assert len(updates) == 1


async def test_a_vanished_meter_goes_at_the_third_absence(account: Account) -> None:
    """One list without it proves nothing; then device, entities and polls go together."""
    meter = account.meter()
    device = known_device(account, meter)
    account.cloud.remove_meter(meter.device_id)
    for _ in range(2):
        await account.poll_spaces()
        assert entities_of(account, known_device(account, meter))
    await account.poll_spaces()
    assert device_of(account, meter.device_id) is None
    assert entities_of(account, device) == {}
    assert meter.device_id not in account.entry.runtime_data.devices.meters
    account.forget_requests()
    await account.poll()
    assert meter.device_id not in {device_id for _, device_id in account.cloud.requests.log}
    assert len(account.coordinators) == 11


async def test_a_meter_that_shows_again_is_counted_anew(account: Account) -> None:
    """Two absences, a presence and two absences are not three in a row."""
    meter, space = account.meter(), next(iter(account.cloud.spaces.values()))
    for _ in range(2):
        del space.meters[meter.device_id]
        await account.poll_spaces()
        await account.poll_spaces()
        assert device_of(account, meter.device_id) is not None
        space.meters[meter.device_id] = meter
        await account.poll_spaces()
    assert meter in account.available()


async def test_a_meter_that_comes_back_has_its_old_entities(account: Account) -> None:
    """A person's dashboards and automations work again."""
    meter, space = account.meter(), next(iter(account.cloud.spaces.values()))
    before = known_device(account, meter)
    entities = entities_of(account, before)
    del space.meters[meter.device_id]
    for _ in range(3):
        await account.poll_spaces()
    assert device_of(account, meter.device_id) is None
    space.meters[meter.device_id] = meter
    await account.poll_spaces()
    after = known_device(account, meter)
    assert entities_of(account, after) == entities
    assert (after.id, after.name, after.model) == (before.id, before.name, before.model)
    assert after.via_device_id == before.via_device_id is not None
    assert meter in account.available()


async def test_a_vanished_space_goes_with_its_meters(account: Account) -> None:
    """At the third absence too."""
    space = next(iter(account.cloud.spaces.values()))
    meters = list(space.meters.values())
    account.cloud.remove_space(space.space_id)
    for _ in range(3):
        space_device(account, space)
        await account.poll_spaces()
    registry = dr.async_get(account.hass)
    devices = dr.async_entries_for_config_entry(registry, account.entry.entry_id)
    assert len(devices) == 2 + 12 - len(meters)
    assert len(account.coordinators) == 12 - len(meters)


async def test_what_vanished_while_home_assistant_was_off_goes_too(account: Account) -> None:
    """Its device is known from the last run only."""
    meter = account.meter()
    account.cloud.remove_meter(meter.device_id)
    assert await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    for _ in range(2):
        assert device_of(account, meter.device_id) is not None
        await account.poll_spaces()
    assert device_of(account, meter.device_id) is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.WRONG_TYPES, endpoint=Endpoint.SPACES, data=[]),
        Fault(kind=FaultKind.WRONG_TYPES, endpoint=Endpoint.SPACES, data={}),
        Fault(kind=FaultKind.DROP, endpoint=Endpoint.SPACES),
        Fault(kind=FaultKind.HTML_200, endpoint=Endpoint.SPACES),
        Fault(kind=FaultKind.SERVER_ERROR, endpoint=Endpoint.SPACES),
    ],
    ids=["no spaces", "no list", "no answer", "a page", "an error"],
)
async def test_a_list_that_failed_removes_nothing(account: Account, fault: Fault) -> None:
    """Absences are counted in good answers only; and no owner sells all houses at once."""
    meter = account.meter()
    account.cloud.remove_meter(meter.device_id)
    for _ in range(2):
        await account.poll_spaces()
    account.cloud.faults.add(fault)
    for _ in range(5):
        await account.poll_spaces()
    devices = dr.async_get(account.hass)
    assert len(dr.async_entries_for_config_entry(devices, account.entry.entry_id)) == 3 + 12
    account.cloud.faults.clear()
    await account.poll_spaces()
    assert device_of(account, meter.device_id) is None


async def test_a_meter_listed_twice_is_one_device(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """A shared meter hangs below the first space that lists it, and is read once."""
    first, second, _ = cloud.spaces.values()
    meter = next(iter(first.meters.values()))
    second.meters = {meter.device_id: meter, **second.meters}
    assert await hass.config_entries.async_setup(entry.entry_id)
    account = Account(hass=hass, entry=entry, cloud=cloud)
    await account.settle()
    assert known_device(account, meter).via_device_id == space_device(account, first).id
    assert len(account.coordinators) == 12
    assert list(cloud.requests.log).count((Endpoint.METRICS, meter.device_id)) == 1
    del first.meters[meter.device_id]
    await account.poll_spaces()
    assert known_device(account, meter).via_device_id == space_device(account, second).id


async def test_meters_in_trouble_make_no_absences(account: Account) -> None:
    """They have the spaces read out of turn; three times within a second prove no more than one."""
    meter, *others = account.cloud.meters.values()
    space = account.cloud.spaces[meter.space_id]
    del space.meters[meter.device_id]
    for other in [each for each in others if each.is_online][:4]:
        account.break_down(FaultKind.SERVER_ERROR, meter=other)
        await account.poll(other)
    assert account.asked.count(Endpoint.SPACES) == 4
    assert device_of(account, meter.device_id) is not None


async def test_an_open_question_about_a_meter_goes_with_it(account: Account) -> None:
    """Nobody could answer it any more."""
    meter = account.meter()
    account.cloud.reset_counter(meter.device_id)
    for _ in range(3):
        await account.poll(meter)
    issues = ir.async_get(account.hass)
    assert issues.async_get_issue(DOMAIN, f"register_{meter.device_id}") is not None
    account.cloud.remove_meter(meter.device_id)
    for _ in range(3):
        await account.poll_spaces()
    assert issues.async_get_issue(DOMAIN, f"register_{meter.device_id}") is None
