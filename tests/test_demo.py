"""The check of the demonstration tells what is wrong."""

from dataclasses import replace
from typing import cast

import pytest

from custom_components.qube.tenancy_terms import TenancyData
from script.demonstration.dashboards import dashboards
from script.demonstration.house import Rented
from script.demonstration.leases import Lease
from script.demonstration.meters import ShownMeter, Truth, problems
from script.demonstration.tenancies import ShownTenancy, tenancy_problems
from script.demonstration.tenants import TENANTS, Tenant

SHOWN = ShownMeter(
    name="Room 101",
    space="Sai Krupa Heights",
    device_id="QUBE-ONE-1",
    entities={key: f"sensor.{key}" for key in ("energy", "power", "online", "relay")},
    states={
        "sensor.energy": "12.345",
        "sensor.power": "100",
        "sensor.online": "on",
        "sensor.relay": "on",
    },
)
BEFORE: Truth = {
    "name": "Room 101",
    "device_id": "QUBE-ONE-1",
    "is_online": True,
    "has_relay": True,
    "relay_closed": True,
    "energy_wh": 12340,
    "null_fields": [],
}
AFTER: Truth = {**BEFORE, "energy_wh": 12346}


def told(shown: ShownMeter, **truth: object) -> list[str]:
    """Return what is wrong with one meter, its truth changed as given."""
    return list(problems([shown], [{**BEFORE, **truth}], [{**AFTER, **truth}]))


def showing(**states: str) -> ShownMeter:
    """Return the meter with other states."""
    others = {f"sensor.{key}": state for key, state in states.items()}
    return replace(SHOWN, states={**SHOWN.states, **others})


def test_a_meter_that_is_shown_as_it_is() -> None:
    """Nothing is wrong with the truth, nor with what cannot be compared."""
    assert told(SHOWN) == []
    assert list(problems([SHOWN], None, None)) == []


@pytest.mark.parametrize(
    ("states", "problem"),
    [
        ({"energy": "12.347"}, "energy is 12.347 kWh, in truth 12340 to 12346 Wh"),
        ({"energy": "12.339"}, "energy is 12.339 kWh, in truth 12340 to 12346 Wh"),
        ({"energy": "unavailable"}, "energy is unavailable"),
        ({"power": "unknown"}, "power is unknown"),
        ({"relay": "off"}, "relay is off"),
        ({"online": "off"}, "Online is off"),
    ],
)
def test_a_wrong_state_is_told(states: dict[str, str], problem: str) -> None:
    """A state that is not the truth is told."""
    assert told(showing(**states)) == [f"Room 101 in Sai Krupa Heights: {problem}"]


def test_what_the_cloud_does_not_know_need_not_be_shown() -> None:
    """A null, an offline meter and a meter without relay are no problem."""
    assert told(showing(power="unknown"), null_fields=["active_power"]) == []
    assert told(showing(energy="unavailable", online="off"), is_online=False) == []
    assert told(showing(relay="unknown"), has_relay=False) == []


def test_what_is_missing_is_told() -> None:
    """An entity without state, a device without entities and a missing meter are told."""
    stateless = replace(SHOWN, states={k: v for k, v in SHOWN.states.items() if "power" not in k})
    assert told(stateless) == [
        "sensor.power has no state",
        "Room 101 in Sai Krupa Heights: power is unknown",
    ]
    assert list(problems([], None, None)) == ["there is no meter"]
    assert list(problems([replace(SHOWN, entities={})], None, None)) == [
        "Room 101 in Sai Krupa Heights has no entities"
    ]
    assert told(replace(SHOWN, device_id="QUBE-ONE-2")) == [
        "Room 101 (QUBE-ONE-1) is not there",
        "Room 101 in Sai Krupa Heights is not one of the cloud's meters",
    ]


def test_only_complete_meters_are_on_the_dashboards() -> None:
    """A meter without price and balance cannot be on the dashboards."""
    further = {"price": "sensor.price", "balance": "sensor.balance"}
    complete = replace(SHOWN, entities={**SHOWN.entities, **further})
    _, home, energy = dashboards([SHOWN, complete], [])
    assert home["value"]["favorite_entities"] == ["sensor.balance"]
    assert [source["name"] for source in energy["energy_sources"]] == [str(complete)]
    (source,), (device,) = energy["energy_sources"], energy["device_consumption"]
    assert source["stat_energy_from"] == device["stat_consumption"] == "qube:qube_one_1_energy"
    assert source["stat_cost"] == "qube:qube_one_1_cost"


def shown_tenancy(tenant: Tenant, **states: str) -> ShownTenancy:
    """Return a tenancy of which ₹120.00 were written down, as it is shown."""
    lease = Lease(
        tenant=tenant,
        tenancy_id="one",
        room="Room 101",
        space="Sai Krupa Heights",
        data=cast("TenancyData", {"tenant": tenant.name}),
        readings=(),
    )
    return ShownTenancy(
        rented=Rented(lease=lease, balance_paise=12_000),
        entities={key: f"sensor.{key}" for key in ("balance", "supply", "overdue")},
        states={"balance": "120.0", "supply": tenant.supply, "overdue": "off", **states},
    )


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({}, []),
        ({"balance": "118.5"}, []),
        ({"balance": "120.01"}, ["one: balance is 120.01, of 12000 paise before"]),
        ({"balance": "90"}, ["one: balance is 90, of 12000 paise before"]),
        ({"balance": "unknown"}, ["one: balance is unknown, of 12000 paise before"]),
        ({"supply": "cut"}, ["one: supply is cut, not on"]),
    ],
)
def test_a_tenancy_that_is_shown_otherwise_is_told(states: dict[str, str], told: list[str]) -> None:
    """What was used since it was written down is allowed, and nothing else."""
    assert [*tenancy_problems([shown_tenancy(TENANTS[0], **states)])] == told


def test_a_debt_and_what_is_missing_are_told() -> None:
    """A tenant who owes has to be overdue; one who has moved out uses nothing."""
    (owing,) = (each for each in TENANTS if each.owes_last)
    assert [*tenancy_problems([shown_tenancy(owing)])] == ["one: overdue is off"]
    assert [*tenancy_problems([shown_tenancy(owing, overdue="on")])] == []
    gone = next(each for each in TENANTS if each.until_days)
    assert [*tenancy_problems([shown_tenancy(gone, supply="unknown")])] == []
    assert [*tenancy_problems([shown_tenancy(gone, balance="119.99")])] != []
    stateless = replace(shown_tenancy(TENANTS[0]), states={"balance": "120", "supply": "on"})
    assert [*tenancy_problems([stateless])] == ["one: overdue without a state"]


def test_tenants_are_on_a_dashboard_of_their_own() -> None:
    """With their balances among the favorites; who has moved out is last."""
    gone = next(each for each in TENANTS if each.until_days)
    home, _, create, save = dashboards([], [shown_tenancy(gone), shown_tenancy(TENANTS[0])])[1:]
    assert home["value"]["favorite_entities"] == ["sensor.balance"]
    assert create["url_path"] == save["url_path"]
    (view,) = save["config"]["views"]
    assert [section["cards"][0]["heading"] for section in view["sections"]] == [
        f"{TENANTS[0].name} · Room 101",
        f"{gone.name} · Room 101",
    ]
