"""The owner tells a meter to join another Wi-Fi network."""

from dataclasses import dataclass
import json
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)

from custom_components.qube.api import Wifi
from custom_components.qube.options_flow import Network, problems_of, shown_of
from tests.account import Account
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedMeter
from tests.simulator.protocol import ErrorCode
from tests.texts import ENGLISH, placeholders_in

PASSWORD: Final = "a new password"
TEXTS: Final = ENGLISH["options"]


@dataclass(kw_only=True)
class Dialog:
    """The options as a person sees them, with what is shown now."""

    account: Account
    shown: ConfigFlowResult

    async def enter(self, data: dict[str, Any]) -> Dialog:
        """Fill in the form and go on; every text that is shown then can be filled."""
        self.shown = await self.account.hass.config_entries.options.async_configure(
            self.shown["flow_id"], data
        )
        filled = set(self.shown.get("description_placeholders") or {})
        assert {name for text in self.texts for name in placeholders_in(text)} <= filled
        return self

    @property
    def texts(self) -> list[str]:
        """Return the texts that need to be filled."""
        if self.shown["type"] is FlowResultType.ABORT:
            return [TEXTS["abort"][self.shown["reason"]]]
        errors = [TEXTS["error"][error] for error in (self.shown.get("errors") or {}).values()]
        return [TEXTS["step"][self.shown["step_id"]].get("description", ""), *errors]

    @property
    def step(self) -> str:
        """Return the step that asks now."""
        assert self.shown["type"] is FlowResultType.FORM
        return self.shown["step_id"]

    @property
    def meters(self) -> dict[str, str]:
        """Return the meters to choose from: the name of each by its key."""
        assert self.shown["data_schema"] is not None
        options = self.shown["data_schema"].schema["meter"].config["options"]
        return {option["value"]: option["label"] for option in options}

    def suggested(self, field: str) -> object:
        """Return what a field is filled with."""
        assert self.shown["data_schema"] is not None
        return get_schema_suggested_value(self.shown["data_schema"].schema, field)

    async def choose(self, meter: SimulatedMeter) -> Dialog:
        """Choose a meter."""
        return await self.enter({"meter": meter.device_id})


@pytest.fixture
async def dialog(account: Account) -> Dialog:
    """Return the dialog that asks which meter."""
    options = account.hass.config_entries.options
    dialog = Dialog(account=account, shown=await options.async_init(account.entry.entry_id))
    return await dialog.enter({"next_step_id": "wifi"})


async def test_a_meter_is_told_of_its_new_network(dialog: Dialog) -> None:
    """By four steps: which meter, which network, really, and what will happen."""
    meter = dialog.account.meter()
    meter.wifi.ssid, meter.wifi.rssi = "Old net", -61
    assert dialog.step == "wifi"
    await dialog.choose(meter)
    assert dialog.step == "wifi_network"
    placeholders = dialog.shown["description_placeholders"]
    assert placeholders == {
        "meter": "Room 101 (Lakshmi Residency)",
        "device_id": meter.device_id,
        "ssid": "Old net",
        "type": "Primary",
        "signal": "-61 dBm",
    }
    assert dialog.suggested("ssid") == "Old net"
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    assert dialog.step == "wifi_confirm"
    assert dialog.account.cloud.requests[Endpoint.WIFI_UPDATE] == 0
    await dialog.enter({})
    assert (dialog.shown["type"], dialog.shown["reason"]) == (FlowResultType.ABORT, "wifi_sent")
    assert (meter.wifi.ssid, meter.wifi.password) == ("New net", PASSWORD)


async def test_nothing_else_changes(dialog: Dialog) -> None:
    """The options stay, and the account is not loaded again."""
    account = dialog.account
    before = account.entry.runtime_data
    await dialog.choose(account.meter())
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    await dialog.enter({})
    await account.settle()
    assert account.entry.options == {}
    assert account.entry.runtime_data is before
    assert account.asked.count(Endpoint.SPACES) == 0
    assert (
        account.cloud.requests[Endpoint.WIFI],
        account.cloud.requests[Endpoint.WIFI_UPDATE],
    ) == (
        1,
        1,
    )


async def test_only_meters_that_are_online_can_be_chosen(dialog: Dialog) -> None:
    """By name, with the space; the others would not hear of it."""
    offline = dialog.account.meter(7)
    assert offline.device_id not in dialog.meters
    assert len(dialog.meters) == 11
    assert list(dialog.meters.values()) == sorted(dialog.meters.values())
    assert dialog.meters[dialog.account.meter(1).device_id] == "Room 101 (Sai Krupa Heights)"
    with pytest.raises(InvalidData):
        await dialog.choose(offline)


async def test_without_a_meter_online_there_is_nothing_to_choose(account: Account) -> None:
    """The dialog says so and ends."""
    for meter in account.cloud.meters.values():
        meter.is_online = False
    await account.poll()
    options = account.hass.config_entries.options
    menu = await options.async_init(account.entry.entry_id)
    end = await options.async_configure(menu["flow_id"], {"next_step_id": "wifi"})
    assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "no_meter_online")


async def test_an_account_that_does_not_run_has_no_meters(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The dialog says so and ends; the settings can still be changed."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    end = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "wifi"}
    )
    assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_a_meter_that_goes_offline_while_one_chooses(dialog: Dialog) -> None:
    """Whether Home Assistant knows it already or the cloud says so; another one can be chosen."""
    meter = dialog.account.meter()
    meter.is_online = False
    await dialog.choose(meter)
    assert (dialog.step, dialog.shown["errors"]) == ("wifi", {"base": "meter_offline"})
    assert dialog.suggested("meter") == meter.device_id
    await dialog.account.poll(meter)
    meter.is_online = True
    assert dialog.account.cloud.requests[Endpoint.WIFI] == 1
    await dialog.choose(meter)
    assert (dialog.step, dialog.shown["errors"]) == ("wifi", {"base": "meter_offline"})
    assert dialog.account.cloud.requests[Endpoint.WIFI] == 1
    await dialog.choose(dialog.account.meter(1))
    assert dialog.step == "wifi_network"


async def test_a_meter_that_goes_offline_while_one_types(dialog: Dialog) -> None:
    """The name of the network is kept, the password is not; it goes on once it is back."""
    meter = dialog.account.meter()
    await dialog.choose(meter)
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    meter.is_online = False
    await dialog.enter({})
    assert (dialog.step, dialog.shown["errors"]) == ("wifi_network", {"base": "meter_offline"})
    assert dialog.suggested("ssid") == "New net"
    assert dialog.suggested("password") is None
    meter.is_online = True
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    await dialog.enter({})
    assert dialog.shown["reason"] == "wifi_sent"
    assert meter.wifi.ssid == "New net"


READING_FAULTS: Final = [
    (Fault(kind=FaultKind.DROP), "cannot_connect"),
    (Fault(kind=FaultKind.HTML_200), "not_qube_api"),
    (Fault(kind=FaultKind.WRONG_TYPES, data=[]), "not_qube_api"),
    (Fault(kind=FaultKind.SERVER_ERROR), "not_qube_api"),
    (Fault(kind=FaultKind.RATE_LIMITED), "rate_limited"),
    (Fault(kind=FaultKind.UNAUTHORIZED), "key_rejected"),
    (Fault(kind=FaultKind.ERROR, code=ErrorCode.DEVICE_NOT_FOUND), "refused"),
]
SENDING_FAULTS: Final = [
    (Fault(kind=FaultKind.DROP), "perhaps_sent"),
    (Fault(kind=FaultKind.ANSWER_LOST), "perhaps_sent"),
    (Fault(kind=FaultKind.HTML_200), "perhaps_sent"),
    (Fault(kind=FaultKind.RATE_LIMITED), "rate_limited"),
    (Fault(kind=FaultKind.AUTH_ERROR_200), "key_rejected"),
    (Fault(kind=FaultKind.FAILURE_200), "refused"),
]


def kind_of(case: Fault | str) -> str:
    """Return the name of a case."""
    return case.kind if isinstance(case, Fault) else case


def asks_for_a_new_key(account: Account) -> bool:
    """Return whether the owner is asked for a new key."""
    return any(account.entry.async_get_active_flows(account.hass, {"reauth"}))


@pytest.mark.parametrize(("fault", "error"), READING_FAULTS, ids=kind_of)
async def test_a_fault_while_reading_is_told(dialog: Dialog, fault: Fault, error: str) -> None:
    """The meter stays chosen."""
    meter = dialog.account.meter()
    dialog.account.cloud.faults.add(fault)
    await dialog.choose(meter)
    assert (dialog.step, dialog.shown["errors"]) == ("wifi", {"base": error})
    assert dialog.suggested("meter") == meter.device_id
    assert asks_for_a_new_key(dialog.account) == (error == "key_rejected")


@pytest.mark.parametrize(("fault", "error"), SENDING_FAULTS, ids=kind_of)
async def test_a_fault_while_sending_is_told(dialog: Dialog, fault: Fault, error: str) -> None:
    """Where no usable answer came, nobody knows what the meter got, and the text says so."""
    await dialog.choose(dialog.account.meter())
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    dialog.account.cloud.faults.add(fault)
    await dialog.enter({})
    assert (dialog.step, dialog.shown["errors"]) == ("wifi_network", {"base": error})
    assert (dialog.suggested("ssid"), dialog.suggested("password")) == ("New net", None)
    assert asks_for_a_new_key(dialog.account) == (error == "key_rejected")


async def test_an_open_network_has_no_password(dialog: Dialog) -> None:
    """It is the cloud that says whether it takes none; this one does not, and its words show."""
    await dialog.choose(dialog.account.meter())
    await dialog.enter({"ssid": "Open net"})
    assert dialog.step == "wifi_confirm"
    await dialog.enter({})
    assert dialog.shown["errors"] == {"base": "refused"}
    assert "password" in (dialog.shown["description_placeholders"] or {})["reason"]


async def test_what_no_meter_can_take_is_not_sent(dialog: Dialog) -> None:
    """The form says what is wrong, and keeps the name."""
    await dialog.choose(dialog.account.meter())
    await dialog.enter({"ssid": "x" * 33, "password": "y" * 65})
    assert (dialog.step, dialog.shown["errors"]) == (
        "wifi_network",
        {"ssid": "ssid_length", "password": "password_length"},
    )
    assert dialog.suggested("ssid") == "x" * 33
    assert dialog.account.cloud.requests[Endpoint.WIFI_UPDATE] == 0


@pytest.mark.parametrize(
    ("ssid", "is_good"),
    [("", False), ("x" * 32, True), ("x" * 33, False), ("घ" * 10, True), ("घ" * 11, False)],
)
def test_the_name_of_a_network_is_32_bytes(ssid: str, *, is_good: bool) -> None:
    """A letter of Devanagari is three."""
    assert problems_of(Network(ssid=ssid, password=PASSWORD)) == (
        {} if is_good else {"ssid": "ssid_length"}
    )


@pytest.mark.parametrize(
    ("password", "is_good"),
    [("", True), ("short", True), ("x" * 64, True), ("घ" * 64, True), ("x" * 65, False)],
)
def test_a_password_is_64_characters_at_most(password: str, *, is_good: bool) -> None:
    """The vendor documents no more than that, so no more is refused here."""
    assert problems_of(Network(ssid="Net", password=password)) == (
        {} if is_good else {"password": "password_length"}
    )


def test_what_a_meter_does_not_tell_of_its_network() -> None:
    """A dash stands for it."""
    wifi = Wifi(ssid=None, password=None, rssi_dbm=None, type=None)
    assert shown_of(wifi) == {"ssid": "-", "type": "-", "signal": "-"}
    assert shown_of(Wifi(ssid="Net", password=PASSWORD, rssi_dbm=0, type="Primary")) == {
        "ssid": "Net",
        "type": "Primary",
        "signal": "0 dBm",
    }


async def test_a_meter_that_names_no_network_suggests_none(dialog: Dialog) -> None:
    """The dash is for reading only."""
    meter = dialog.account.meter()
    dialog.account.answer_once(Endpoint.WIFI, meter, {"ssid": None, "rssi": None})
    await dialog.choose(meter)
    assert dialog.suggested("ssid") == ""


async def test_the_password_is_in_nothing_that_the_dialog_keeps(dialog: Dialog) -> None:
    """Neither the old one nor the new one, in no step: not in what is shown, nor in any repr."""
    meter = dialog.account.meter()
    meter.wifi.password = "the-old-password"
    options = dialog.account.hass.config_entries.options

    def kept() -> str:
        (flow,) = options._progress.values()
        shown = {**dialog.shown, "data_schema": repr(dialog.shown.get("data_schema"))}
        return f"{flow!r} {vars(flow)} {json.dumps(shown, default=repr)}"

    seen = ""
    await dialog.choose(meter)
    seen += kept()
    await dialog.enter({"ssid": "x" * 33, "password": PASSWORD})
    seen += kept()
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    seen += kept()
    dialog.account.cloud.faults.add(Fault(kind=FaultKind.FAILURE_200, times=1))
    await dialog.enter({})
    seen += kept()
    assert "New net" in seen
    assert [secret for secret in (PASSWORD, "the-old-password") if secret in seen] == []


async def test_a_password_that_was_not_taken_is_dropped(dialog: Dialog) -> None:
    """Not even the object holds it while the form waits to be filled in again."""
    await dialog.choose(dialog.account.meter())
    await dialog.enter({"ssid": "New net", "password": PASSWORD})
    dialog.account.meter().is_online = False
    await dialog.enter({})
    (flow,) = dialog.account.hass.config_entries.options._progress.values()
    assert flow._network == Network(ssid="New net", password="")  # type: ignore[attr-defined]
