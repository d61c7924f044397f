"""A meter registry in Home Assistant: its meters are devices, kept as the registry is."""

from datetime import datetime

from homeassistant.components.homeassistant import SERVICE_UPDATE_ENTITY
from homeassistant.core import DOMAIN as HOMEASSISTANT, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube import entity_budget, registry_sensor
from custom_components.qube.const import DOMAIN
from custom_components.qube.entity_budget import enabled_per_registry_meter
from custom_components.qube.registry import ABSENCES_BEFORE_REMOVAL
from custom_components.qube.registry_repairs import registry_flow
from tests.account import trouble_in
from tests.conftest import ConnectRegistry
from tests.registered import REGISTRY_ID, TITLE, Registered
from tests.simulator import FaultKind
from tests.simulator.registry import TOKEN, RegistryEndpoint, SimulatedRegistry
from tests.simulator.registry_faults import RegistryFault

WATER = "PHY-0003"
LOGIN_ISSUE = f"registry_login_{REGISTRY_ID}"


def qube_serial(registered: Registered) -> str:
    """Return the serial number of the meter that is in both systems."""
    return registered.account.meter().device_id


async def test_each_meter_of_the_registry_is_a_device(registered: Registered) -> None:
    """Below the registry's own, with its serial number."""
    for meter in registered.registry.meters.values():
        device = registered.device(str(meter.fields["serial_number"]))
        assert device is not None
        assert device.name == meter.fields["name"]
        assert device.config_subentry_id == REGISTRY_ID
    water = registered.device(WATER)
    assert water is not None
    above = registered.registry_device()
    assert water.via_device_id == above.id
    assert (above.name, above.entry_type) == (TITLE, dr.DeviceEntryType.SERVICE)


async def test_a_qube_meter_of_the_registry_is_below_its_own_device(registered: Registered) -> None:
    """Known by its serial number, in whichever case."""
    meter = registered.account.meter()
    device = registered.device(meter.device_id)
    assert device is not None
    assert device.via_device_id == registered.account.device_id(meter)
    assert registered.state("meters_matched") == "1"
    registered.registry.by_serial(meter.device_id).fields["serial_number"] = (
        f" {meter.device_id.lower()} "
    )
    await registered.poll()
    assert registered.state("meters_matched") == "1"


async def test_a_serial_number_that_is_there_twice_matches_nothing(registered: Registered) -> None:
    """It is not known which is meant; the device goes below the registry again."""
    serial_number = qube_serial(registered)
    registered.registry.add("Twin", serial_number)
    await registered.poll()
    assert registered.state("meters_matched") == "0"
    device = registered.device(serial_number)
    assert device is not None
    assert device.via_device_id == registered.registry_device().id


async def test_a_meter_shows_its_last_reading_and_its_data(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """Without a unit nothing is said of what the reading measures."""
    water = registry.by_serial(WATER).fields
    assert float(registered.state("last_reading", WATER)) == water["last_reading_value"]
    shown = datetime.fromisoformat(registered.state("last_reading_at", WATER))
    assert abs((shown - datetime.fromisoformat(str(water["last_reading_at"]))).total_seconds()) < 1
    assert registered.state("type", WATER) == "water"
    assert registered.state("communication", WATER) == "http"
    assert registered.state("location", WATER) == "Plant room 3"
    assert registered.state("billing_direction", WATER) == "unknown"
    assert registered.state("billing_direction", qube_serial(registered)) == "accrec"
    assert registered.state("last_reading", qube_serial(registered)) == "unknown"
    state = registered.account.hass.states.get(registered.entity_id("last_reading", WATER))
    assert state is not None
    assert not {"unit_of_measurement", "device_class", "state_class"} & set(state.attributes)


async def test_further_data_is_there_for_those_who_want_it(registered: Registered) -> None:
    """Off by default, and each on its entity when it is on."""
    entities = er.async_get(registered.account.hass)
    shown = {"serial_number": WATER, "building_block": "7", "gateway": "unknown"}
    for key in (*shown, "tariff"):
        entity_id = registered.entity_id(key, WATER)
        entity = entities.async_get(entity_id)
        assert entity is not None
        assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        entities.async_update_entity(entity_id, disabled_by=None)
    await registered.account.hass.config_entries.async_reload(registered.account.entry.entry_id)
    await registered.account.settle()
    for key, value in shown.items():
        assert registered.state(key, WATER) == value


@pytest.mark.parametrize(
    ("serial_number", "unit", "device_class"),
    [("PHY-0001", "Wh", "energy"), ("PHY-0002", "m³", "gas"), (WATER, "L", "water")],
)
async def test_a_reading_is_what_its_owner_says(
    connect_registry: ConnectRegistry, serial_number: str, unit: str, device_class: str
) -> None:
    """By the unit that was chosen for its type; other types stay without one."""
    units = {"ELECTRICITY": "Wh", "GAS": "m³", "WATER": "L"}
    registered = await connect_registry(units=units)
    state = registered.account.hass.states.get(registered.entity_id("last_reading", serial_number))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == unit
    assert state.attributes["device_class"] == device_class
    assert state.attributes["state_class"] == "total"
    solar = registered.account.hass.states.get(registered.entity_id("last_reading", "PHY-0004"))
    assert solar is not None
    assert "unit_of_measurement" not in solar.attributes


async def test_another_unit_is_shown_at_once(registered: Registered) -> None:
    """Without a restart."""
    await registered.change(units={"WATER": "L"})
    state = registered.account.hass.states.get(registered.entity_id("last_reading", WATER))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "L"


async def test_what_the_registry_changes_is_shown(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """A reading, a name, and a meter that is new."""
    registry.by_serial(WATER).fields |= {"last_reading_value": 0, "name": "Borewell"}
    registry.add("New", "PHY-NEW")
    await registered.poll()
    assert registered.state("last_reading", WATER) == "0"
    device = registered.device(WATER)
    assert device is not None
    assert device.name == "Borewell"
    assert registered.device("PHY-NEW") is not None
    assert registered.state("meters") == "10"


async def test_a_meter_that_is_gone_is_removed_after_three_lists(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """One list may have lost it by chance; what it showed is unavailable meanwhile."""
    fields = registry.by_serial(WATER)
    entity_id = registered.entity_id("last_reading", WATER)
    del registry.meters[fields.meter_id]
    for _ in range(ABSENCES_BEFORE_REMOVAL - 1):
        await registered.poll()
        assert registered.device(WATER) is not None
        assert registered.account.hass.states.get(entity_id).state == "unavailable"  # type: ignore[union-attr]
    await registered.poll()
    assert registered.device(WATER) is None
    assert registered.account.hass.states.get(entity_id) is None


async def test_a_meter_that_comes_back_in_time_stays(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """Its absences count from anew."""
    meter = registry.by_serial(WATER)
    for _ in range(2):
        del registry.meters[meter.meter_id]
        await registered.poll()
        await registered.poll()
        assert registered.device(WATER) is not None
        registry.meters[meter.meter_id] = meter
        await registered.poll()
    assert registered.state("type", WATER) == "water"


async def test_a_meter_that_was_deleted_while_nobody_looked_is_removed(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """It is known by its device."""
    hass, entry = registered.account.hass, registered.account.entry
    assert await hass.config_entries.async_unload(entry.entry_id)
    del registry.meters[registry.by_serial(WATER).meter_id]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await registered.account.settle()
    assert registered.device(WATER) is not None
    await registered.poll()
    await registered.poll()
    assert registered.device(WATER) is None


async def test_a_registry_that_is_down_harms_nobody_else(
    connect_registry: ConnectRegistry,
    registry: SimulatedRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The account runs, the registry comes back, and it was told once."""
    registry.faults.append(RegistryFault(kind=FaultKind.DROP))
    registered = await connect_registry()
    assert registered.account.available()
    await registered.poll()
    assert len([line for line in trouble_in(caplog) if "registry" in line]) == 1
    assert registered.state("meters") == "unavailable"
    registry.faults.clear()
    await registered.poll()
    assert registered.state("meters") == "9"
    assert trouble_in(caplog) == []


async def test_a_refused_login_is_asked_for_and_not_tried_again(
    connect_registry: ConnectRegistry, registry: SimulatedRegistry
) -> None:
    """A wrong password that is tried again and again could lock the account; Qube's key is fine."""
    registered = await connect_registry(credentials={"token": "another"})
    issues = ir.async_get(registered.account.hass)
    issue = issues.async_get_issue(DOMAIN, LOGIN_ISSUE)
    assert issue is not None
    assert issue.is_fixable
    assert issue.translation_placeholders == {"registry": TITLE}
    registry.log.clear()
    await registered.poll()
    await registered.publish()
    assert registry.log == []
    assert not list(
        registered.account.entry.async_get_active_flows(registered.account.hass, {"reauth"})
    )
    await registered.change(credentials={"token": TOKEN})
    assert issues.async_get_issue(DOMAIN, LOGIN_ISSUE) is None
    assert registered.state("meters") == "9"


async def test_a_login_is_renewed_without_a_word(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """A token is good for an hour."""
    registry.expire_tokens()
    registry.log.clear()
    await registered.poll()
    assert registry.log == [RegistryEndpoint.LIST, RegistryEndpoint.LOGIN, RegistryEndpoint.LIST]
    assert registered.state("meters") == "9"


async def test_a_login_that_is_refused_late_says_nothing_of_the_next(
    connect_registry: ConnectRegistry, registry: SimulatedRegistry
) -> None:
    """It was changed while the registry thought about the old one."""
    registered = await connect_registry(credentials={"token": "another"})
    old = registered.running.registry.client
    await registered.change(credentials={"token": TOKEN})
    registered.running.registry.async_reject_login(old)
    assert not registered.running.registry.is_login_rejected


async def test_an_account_that_is_unloaded_asks_nothing(
    connect_registry: ConnectRegistry, registry: SimulatedRegistry
) -> None:
    """Neither the registry nor its owner."""
    registered = await connect_registry(credentials={"token": "another"})
    hass, entry = registered.account.hass, registered.account.entry
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert ir.async_get(hass).async_get_issue(DOMAIN, LOGIN_ISSUE) is None


async def test_a_registry_that_is_deleted_leaves_nothing(registered: Registered) -> None:
    """No device, no entity, no poll."""
    hass, entry = registered.account.hass, registered.account.entry
    hass.config_entries.async_remove_subentry(entry, REGISTRY_ID)
    await registered.account.settle()
    assert entry.runtime_data.registries.get(REGISTRY_ID) is None
    assert list(entry.runtime_data.registries) == []
    assert registered.device(WATER) is None
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not [each for each in devices if each.config_subentry_id]


async def test_other_changes_do_not_matter(registered: Registered) -> None:
    """A change that is not the registry's reads nothing, nor does one of another entry."""
    registered.registry.log.clear()
    another = MockConfigEntry(domain="other")
    another.add_to_hass(registered.account.hass)
    registered.account.hass.config_entries.async_update_entry(another, title="Another")
    hass, entry = registered.account.hass, registered.account.entry
    hass.config_entries.async_update_entry(entry, title="Another title")
    await registered.account.settle()
    assert registered.registry.log == []


async def test_the_registrys_meters_are_no_absent_meters_of_qube(registered: Registered) -> None:
    """Three lists of spaces later they are still there."""
    for _ in range(3):
        await registered.account.poll_spaces()
    assert registered.device(WATER) is not None


async def test_an_entity_can_be_asked_to_look(
    registered: Registered, registry: SimulatedRegistry
) -> None:
    """As with all that is polled."""
    assert await async_setup_component(registered.account.hass, HOMEASSISTANT, {})
    registry.by_serial(WATER).fields["last_reading_value"] = 5
    await registered.account.hass.services.async_call(
        HOMEASSISTANT,
        SERVICE_UPDATE_ENTITY,
        {"entity_id": registered.entity_id("last_reading", WATER)},
        blocking=True,
    )
    await registered.account.settle()
    assert (
        registered.running.registry.data[registry.by_serial(WATER).meter_id].last_reading_value == 5
    )


async def test_a_large_account_leaves_further_entities_off(
    connect_registry: ConnectRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last reading first; Home Assistant takes 10,000 of an account."""
    monkeypatch.setattr(registry_sensor, "enabled_per_registry_meter", lambda **_: 1)
    registered = await connect_registry()
    entities = er.async_get(registered.account.hass)
    disabled = {
        key: entities.async_get(registered.entity_id(key, WATER)).disabled_by is not None  # type: ignore[union-attr]
        for key in ("last_reading", "last_reading_at", "type")
    }
    assert disabled == {"last_reading": False, "last_reading_at": True, "type": True}


def test_a_registry_takes_half_of_what_is_left() -> None:
    """Of the limit, without the reserve."""
    assert enabled_per_registry_meter(meters=0, enabled=0) == 4750
    assert enabled_per_registry_meter(meters=475, enabled=0) == 10
    assert enabled_per_registry_meter(meters=1000, enabled=500) == 4
    assert enabled_per_registry_meter(meters=10, enabled=9_990) == 0


async def test_a_repair_of_another_kind_is_not_the_registrys(registered: Registered) -> None:
    """Nor one of a registry, or an account, that is gone."""
    entry = registered.account.entry
    assert registry_flow(None, LOGIN_ISSUE, REGISTRY_ID) is None
    assert registry_flow(entry, "another", REGISTRY_ID) is None
    assert registry_flow(entry, "registry_login_gone", "gone") is None
    assert registry_flow(entry, LOGIN_ISSUE, REGISTRY_ID) is not None


async def test_a_registry_is_no_tenancy(registered: Registered, hass: HomeAssistant) -> None:
    """It takes no tenancy's share of the entities that may be on."""
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            entity_budget, "enabled_per_tenancy", lambda **said: asked.append(said["older"])
        )
        entity_budget.async_enabled_of_tenancies(hass, registered.account.entry, {"new"})
    assert asked == [0]
