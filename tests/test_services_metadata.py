"""The owner changes what a meter or a space is called, in the cloud."""

import asyncio
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.qube import metadata
from custom_components.qube.const import DOMAIN
from custom_components.qube.metadata import FIELDS
from tests.account import Account, until
from tests.simulator import Endpoint, Fault, FaultKind
from tests.simulator.model import Label
from tests.simulator.protocol import ErrorCode

SPACE: Final = 123
KINDS: Final = ("meter", "space")
WRITES: Final = {"meter": Endpoint.DEVICE_UPDATE, "space": Endpoint.SPACE_UPDATE}
READS: Final = {"meter": Endpoint.DEVICE, "space": Endpoint.SPACE}


def label_of(account: Account, kind: str) -> Label:
    """Return what the cloud holds of the first meter, or of its space."""
    return account.meter().label if kind == "meter" else account.cloud.spaces[SPACE].label


def truth(account: Account, kind: str) -> dict[str, str | None]:
    """Return the same as the API writes it."""
    label = label_of(account, kind)
    return {"name": label.name, "description": label.description, **label.udfs}


def device_id(account: Account, kind: str) -> str:
    """Return the device in Home Assistant."""
    is_meter = kind == "meter"
    return account.device_id(account.meter()) if is_meter else account.space_device_id(SPACE)


async def update(account: Account, kind: str, **changes: str) -> dict[str, object]:
    """Call the action and return its answer."""
    answer = await account.hass.services.async_call(
        DOMAIN,
        f"update_{kind}",
        {"device_id": device_id(account, kind), **changes},
        blocking=True,
        return_response=True,
    )
    return dict(answer or {})


async def failure(account: Account, kind: str, **changes: str) -> HomeAssistantError:
    """Call the action and return its error."""
    with pytest.raises(HomeAssistantError) as raised:
        await update(account, kind, **changes)
    return raised.value


def name_in_home_assistant(account: Account, kind: str) -> str | None:
    """Return the name that the device registry has."""
    device = dr.async_get(account.hass).async_get(device_id(account, kind))
    assert device is not None
    return device.name


@pytest.fixture(params=[False, True], ids=["kept", "cleared"])
def put(request: pytest.FixtureRequest, account: Account) -> None:
    """Let the cloud keep the fields that a PUT leaves out, or clear them: nobody knows which."""
    account.cloud.put_clears_missing = request.param


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", FIELDS)
async def test_one_field_is_changed_and_the_others_stay(
    account: Account, kind: str, field: str
) -> None:
    """Whatever the cloud does with fields that are left out."""
    label_of(account, kind).udfs.update(udf2="two", udf3="three", udf5="five")
    before = truth(account, kind)
    answer = await update(account, kind, **{field: "Something new"})
    assert truth(account, kind) == {**before, field: "Something new"}
    assert answer == truth(account, kind)


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", FIELDS[1:])
async def test_an_empty_text_clears_a_field(account: Account, kind: str, field: str) -> None:
    """One of blanks is empty too."""
    for empty in ("", "  "):
        before = {**truth(account, kind), field: None}
        await update(account, kind, **{field: "Something"})
        assert await update(account, kind, **{field: empty}) == before
        assert truth(account, kind) == before


@pytest.mark.parametrize("kind", KINDS)
async def test_all_fields_are_changed_at_once(account: Account, kind: str) -> None:
    """Without their outer blanks, by one write."""
    wanted = {field: f"New {field}" for field in FIELDS}
    assert await update(account, kind, **{f: f" {text} " for f, text in wanted.items()}) == wanted
    assert truth(account, kind) == wanted
    assert account.cloud.requests[WRITES[kind]] == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_the_name_follows_at_once(account: Account, kind: str) -> None:
    """In the registry and in what is told of the meter, without the list of spaces."""
    await update(account, kind, name="Penthouse")
    assert name_in_home_assistant(account, kind) == "Penthouse"
    assert "Penthouse" in account.coordinator(account.meter()).name_with_space
    assert Endpoint.SPACES not in account.asked


@pytest.mark.parametrize("kind", KINDS)
async def test_the_list_of_spaces_has_the_last_word(account: Account, kind: str) -> None:
    """A name that is changed back in the cloud is not missed for the one written here."""
    await update(account, kind, name="Penthouse")
    await account.poll_spaces()
    assert name_in_home_assistant(account, kind) == "Penthouse"
    await update(account, kind, name="Attic")
    label_of(account, kind).name = "Penthouse"
    await account.poll_spaces()
    assert name_in_home_assistant(account, kind) == "Penthouse"


async def test_a_change_does_not_count_as_absence(account: Account) -> None:
    """A meter that one list lacked stays, however many changes are made before the next."""
    gone = account.meter(3)
    gone_id = account.device_id(gone)
    account.cloud.remove_meter(gone.device_id)
    await account.poll_spaces()
    for name in ("One", "Two", "Three"):
        await update(account, "meter", name=name)
        await update(account, "space", name=name)
    await account.settle()
    assert dr.async_get(account.hass).async_get(gone_id) is not None


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_written_where_nothing_changes(account: Account, kind: str) -> None:
    """The answer says what is there, and Home Assistant shows it."""
    label_of(account, kind).name = "Changed elsewhere"
    answer = await update(account, kind)
    assert answer == truth(account, kind)
    assert await update(account, kind, name="Changed elsewhere") == answer
    assert account.cloud.requests[WRITES[kind]] == 0
    assert name_in_home_assistant(account, kind) == "Changed elsewhere"


async def test_an_offline_meter_can_be_renamed(account: Account) -> None:
    """Its metadata are in the cloud; it stays offline."""
    account.meter().is_online = False
    await account.poll()
    await update(account, "meter", name="Penthouse")
    assert account.meter().name == "Penthouse"
    assert name_in_home_assistant(account, "meter") == "Penthouse"
    assert account.state(account.meter(), "power") == "unavailable"


async def test_a_meter_that_was_never_read_can_be_renamed(account: Account) -> None:
    """Its first reading is still to come."""
    account.coordinator(account.meter())._observed = None
    await update(account, "meter", name="Penthouse")
    assert name_in_home_assistant(account, "meter") == "Penthouse"


async def test_a_meter_that_is_removed_meanwhile_does_no_harm(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cloud has the name; there is no device to show it."""
    device = device_id(account, "meter")
    monkeypatch.setattr(metadata, "READ_BACK_DELAYS_S", (0.05,))
    call = account.hass.async_create_task(
        account.hass.services.async_call(
            DOMAIN, "update_meter", {"device_id": device, "name": "Penthouse"}, blocking=True
        )
    )
    await until(lambda: account.cloud.requests[Endpoint.DEVICE_UPDATE])
    dr.async_get(account.hass).async_remove_device(device)
    await call
    assert account.meter().name == "Penthouse"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changes", "key"),
    [({"name": " "}, "name_is_empty"), ({"udf3": "x" * 256}, "text_too_long")],
)
async def test_what_cannot_be_written_is_refused_at_once(
    account: Account, kind: str, changes: dict[str, str], key: str
) -> None:
    """The cloud is not asked."""
    error = await failure(account, kind, **changes)
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == key
    assert account.asked == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_limit_of_the_cloud_is_told_in_its_words(account: Account, kind: str) -> None:
    """Here names have up to 100 characters; nothing is changed."""
    before = truth(account, kind)
    error = await failure(account, kind, name="x" * 101)
    assert error.translation_key == "refused"
    assert "100" in (error.translation_placeholders or {})["reason"]
    assert truth(account, kind) == before


async def test_the_udf1_of_another_meter_is_refused(account: Account) -> None:
    """Also one that it has got since the spaces were last read; the error says which meter."""
    other = account.meter(1)
    other.label.udfs["udf1"] = "taken a minute ago"
    error = await failure(account, "meter", udf1="taken a minute ago")
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == "udf1_is_taken"
    assert error.translation_placeholders == {
        "udf1": "taken a minute ago",
        "meter": "Room 101 (Sai Krupa Heights)",
    }
    assert account.cloud.requests[Endpoint.DEVICE_UPDATE] == 0


async def test_a_udf1_that_is_repeated_already_can_stay(account: Account) -> None:
    """It is not this change that repeats it; and to clear one is always possible."""
    account.meter(1).label.udfs["udf1"] = account.meter().label.udfs["udf1"]
    udf1 = account.meter().label.udfs["udf1"] or ""
    answer = await update(account, "meter", udf1=udf1, name="Penthouse")
    assert (answer["udf1"], answer["name"]) == (udf1, "Penthouse")
    assert (await update(account, "meter", udf1=""))["udf1"] is None


async def test_two_meters_cannot_take_the_same_udf1_at_once(account: Account) -> None:
    """One of them is refused, whichever comes second."""
    calls = [
        account.hass.services.async_call(
            DOMAIN,
            "update_meter",
            {"device_id": account.device_id(account.meter(index)), "udf1": "the same"},
            blocking=True,
        )
        for index in (0, 1)
    ]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    (error,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(error, ServiceValidationError)
    assert [account.meter(index).label.udfs["udf1"] for index in (0, 1)].count("the same") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_two_changes_at_once_both_come_true(account: Account, kind: str) -> None:
    """Neither writes back what the other has changed."""
    account.break_down(FaultKind.LATENCY, seconds=0.02)
    await asyncio.gather(
        update(account, kind, name="Penthouse"), update(account, kind, udf4="four")
    )
    after = truth(account, kind)
    assert (after["name"], after["udf4"]) == ("Penthouse", "four")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_that_the_cloud_does_not_show_is_an_error(
    account: Account, kind: str
) -> None:
    """Accepted is not done."""
    account.break_down(FaultKind.IGNORED, WRITES[kind])
    error = await failure(account, kind, name="Penthouse")
    assert error.translation_key == "metadata_not_shown"
    assert error.translation_placeholders == {"name": "Penthouse"}
    assert name_in_home_assistant(account, kind) != "Penthouse"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_that_shows_late_is_waited_for(
    account: Account, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cloud may answer from a copy."""
    monkeypatch.setattr(metadata, "READ_BACK_DELAYS_S", (0.0, 0.05))
    account.break_down(FaultKind.IGNORED, WRITES[kind])
    change = account.hass.async_create_task(update(account, kind, name="Penthouse"))
    await until(lambda: account.cloud.requests[READS[kind]] == 2)
    label_of(account, kind).name = "Penthouse"
    assert (await change)["name"] == "Penthouse"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_is_lost_is_no_error(account: Account, kind: str) -> None:
    """Reading back tells that it was done."""
    account.break_down(FaultKind.ANSWER_LOST, WRITES[kind])
    assert (await update(account, kind, name="Penthouse"))["name"] == "Penthouse"
    assert name_in_home_assistant(account, kind) == "Penthouse"


FAULTS: Final = [
    (Fault(kind=FaultKind.DROP), "cannot_connect"),
    (Fault(kind=FaultKind.HTML_200), "not_qube_api"),
    (Fault(kind=FaultKind.SERVER_ERROR), "not_qube_api"),
    (Fault(kind=FaultKind.PROXY_403), "not_qube_api"),
    (Fault(kind=FaultKind.RATE_LIMITED), "rate_limited"),
    (Fault(kind=FaultKind.UNAUTHORIZED), "key_rejected"),
    (Fault(kind=FaultKind.ERROR, code=ErrorCode.NOT_YOUR_SPACE), "refused"),
    (Fault(kind=FaultKind.FAILURE_200), "refused"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["reading", "writing"])
@pytest.mark.parametrize(("fault", "key"), FAULTS, ids=lambda case: getattr(case, "kind", case))
async def test_a_fault_of_the_cloud_is_told(
    account: Account, kind: str, place: str, fault: Fault, key: str
) -> None:
    """In words for people; a key that is refused is asked for again. Nothing is changed."""
    before = truth(account, kind)
    endpoint = READS[kind] if place == "reading" else WRITES[kind]
    account.cloud.faults.add(
        Fault(kind=fault.kind, endpoint=endpoint, code=fault.code, retry_after=fault.retry_after)
    )
    error = await failure(account, kind, name="Penthouse")
    assert (error.translation_domain, error.translation_key) == (DOMAIN, key)
    assert not isinstance(error, ServiceValidationError)
    assert truth(account, kind) == before
    asked_again = any(account.entry.async_get_active_flows(account.hass, {"reauth"}))
    assert asked_again == (key == "key_rejected")
