"""An administrator has the history of meters imported again."""

from typing import Any, Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.qube.const import CONF_HISTORY_DAYS, DOMAIN
from custom_components.qube.days import DAY, Days, today
from tests.account import Account
from tests.history_account import cost_rows, energy_rows, true_wh, used_wh
from tests.simulator import Endpoint, FaultKind, SimulatedCloud, SimulatedMeter

YESTERDAY: Final = today() - DAY


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Return a cloud with two meters."""
    return SimulatedCloud(seed=7, api_key="qube-key-5f2d").populate(spaces=1, meters=2)


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account for which nothing is imported without being asked for."""
    hass.config_entries.async_update_entry(entry, options={CONF_HISTORY_DAYS: 0})
    return entry


async def imported(
    account: Account, meters: list[SimulatedMeter], days: Days, context: Context | None = None
) -> dict[str, Any]:
    """Import some days of meters, and return what the action answers."""
    answer = await account.hass.services.async_call(
        DOMAIN,
        "import_history",
        {
            "device_id": [account.device_id(meter) for meter in meters],
            "from": str(days.first),
            "to": str(days.last),
        },
        blocking=True,
        return_response=True,
        context=context,
    )
    assert answer is not None
    return answer


async def refusal(account: Account, days: Days) -> str | None:
    """Try to import some days, and return the key of the error."""
    with pytest.raises(HomeAssistantError) as raised:
        await imported(account, [account.meter()], days)
    return raised.value.translation_key


@pytest.mark.usefixtures("recorder")
class TestWithRecorder:
    """Where Home Assistant keeps statistics."""

    async def test_the_answer_says_what_was_imported(self, account: Account) -> None:
        """By meter, with the ranges in which it was read and the ids to be chosen."""
        first, second = account.meter(0), account.meter(1)
        days = Days(first=today() - 40 * DAY, last=YESTERDAY)
        answer = await imported(account, [first, second], days)
        assert [each["meter"] for each in answer["meters"]] == [first.name, second.name]
        for each, meter in zip(answer["meters"], (first, second), strict=True):
            rows = await energy_rows(account.hass, meter)
            assert each["rows"] == len(rows) == 40 * 24
            assert [(part["from"], part["to"]) for part in each["ranges"]] == [
                (str(today() - 40 * DAY), str(today() - 31 * DAY)),
                (str(today() - 30 * DAY), str(YESTERDAY)),
            ]
            assert sum(part["rows"] for part in each["ranges"]) == each["rows"]
            slug = meter.device_id.lower().replace("-", "_")
            assert each["energy"] == f"qube:{slug}_energy"
            assert each["cost"] == f"qube:{slug}_cost"

    async def test_what_is_imported_is_the_truth(self, account: Account) -> None:
        """Newest first, and so with a new first row for each older range."""
        meter = account.meter()
        days = Days(first=today() - 70 * DAY, last=YESTERDAY)
        await imported(account, [meter], days)
        rows = await energy_rows(account.hass, meter)
        for number in range(1, 70):
            day = today() - number * DAY
            assert used_wh(rows, day) == true_wh(meter, day), day
        assert len(await cost_rows(account.hass, meter)) == len(rows)

    async def test_importing_again_changes_nothing(self, account: Account) -> None:
        """And says so."""
        days = Days(first=YESTERDAY, last=YESTERDAY)
        await imported(account, [account.meter()], days)
        (again,) = (await imported(account, [account.meter()], days))["meters"]
        assert again["rows"] == 0
        assert again["ranges"] == [{"from": str(YESTERDAY), "to": str(YESTERDAY), "rows": 0}]

    async def test_only_administrators_may(
        self, account: Account, hass_read_only_user: MockUser, hass_admin_user: MockUser
    ) -> None:
        """It writes thousands of rows."""
        meters, days = [account.meter()], Days(first=YESTERDAY, last=YESTERDAY)
        account.forget_requests()
        with pytest.raises(Unauthorized):
            await imported(account, meters, days, Context(user_id=hass_read_only_user.id))
        assert account.asked == []
        assert await imported(account, meters, days, Context(user_id=hass_admin_user.id))

    async def test_an_error_of_the_cloud_is_told(self, account: Account) -> None:
        """And what came before it stays."""
        account.break_down(FaultKind.SERVER_ERROR, Endpoint.HISTORY)
        days = Days(first=YESTERDAY, last=YESTERDAY)
        assert await refusal(account, days) == "not_qube_api"

    async def test_days_without_sense_are_refused(self, account: Account) -> None:
        """With a text that says what to change."""
        account.forget_requests()
        reversed_ = Days(first=YESTERDAY, last=YESTERDAY - DAY)
        assert await refusal(account, reversed_) == "days_reversed"
        future = Days(first=YESTERDAY, last=today() + DAY)
        assert await refusal(account, future) == "days_in_future"
        assert account.asked == []


async def test_without_a_recorder_there_is_nothing_to_import_into(account: Account) -> None:
    """The error says so, and the cloud is not asked."""
    with pytest.raises(ServiceValidationError) as raised:
        await imported(account, [account.meter()], Days(first=YESTERDAY, last=YESTERDAY))
    assert raised.value.translation_key == "no_recorder"
    assert account.asked == []
