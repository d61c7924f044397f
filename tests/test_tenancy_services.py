"""An administrator changes something about a tenancy that runs on a real meter and ledger."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.qube.billing.models import INDIA
from custom_components.qube.const import DOMAIN
from custom_components.qube.devices import tenancy_identifier
from tests.rented_room import DAY, HOUR, MINUTE, RentedRoom
from tests.simulator import FaultKind

PAYMENT: dict[str, object] = {"amount": 2000, "reference": "UPI 1", "method": "upi"}


@dataclass(frozen=True, kw_only=True)
class Landlord:
    """An administrator, and the room that is let."""

    room: RentedRoom

    async def call(self, action: str, /, **data: object) -> dict[str, Any]:
        """Call an action on the tenancy, by its device where it is not named otherwise."""
        whose = {} if "account_number" in data else {"device_id": self.device_id}
        answer = await self.room.hass.services.async_call(
            DOMAIN, action, {**whose, **data}, blocking=True, return_response=True
        )
        await self.room.settle()
        assert answer is not None
        return answer

    async def refusal(self, action: str, /, **data: object) -> str | None:
        """Call an action and return the key of the error."""
        with pytest.raises(ServiceValidationError) as raised:
            await self.call(action, **data)
        assert "{" not in str(raised.value)
        return raised.value.translation_key

    @property
    def device_id(self) -> str:
        """Return the device of the tenancy."""
        device = dr.async_get(self.room.hass).async_get_device_by_identifier(
            tenancy_identifier(self.room.subentry.subentry_id), self.room.entry.entry_id
        )
        assert device is not None
        return device.id

    async def use(self, energy_wh: int, days: int = 1) -> None:
        """Let the tenant use something, and time pass."""
        self.room.meter.energy_wh += energy_wh
        await self.room.machine.run(days * DAY, 6 * HOUR)
        await self.room.charge()


@pytest.fixture
async def landlord(room: RentedRoom) -> Landlord:
    """Return the landlord of a room that was let on 13 May 2026, for ₹3,000 in advance."""
    await room.load()
    await room.rent()
    return Landlord(room=room)


async def test_the_vendors_example_through_the_actions(landlord: Landlord) -> None:
    """11.8 kWh leave ₹2,923.30, 436.58 kWh more ₹85.50: cut; ₹2,000 make ₹2,085.50: restored."""
    await landlord.use(11_800)
    statement = await landlord.call("get_statement", **{"from": "2026-05-13"})
    assert statement["closing_balance"] == 2923.30
    charge = statement["lines"][-1]
    assert (charge["opening_kwh"], charge["closing_kwh"]) == (1450.0, 1461.8)
    await landlord.use(436_584)
    had_power = landlord.room.meter.relay_closed
    answer = await landlord.call("record_payment", **PAYMENT)
    assert (had_power, landlord.room.meter.relay_closed) == (False, True)
    assert answer["balance"] == pytest.approx(2085.504, abs=0.01)
    assert landlord.room.balance_paise == 208_550
    assert landlord.room.kinds()[-2:] == ["payment", "restored"]


async def test_a_payment_that_is_known_is_told_to_nobody_again(landlord: Landlord) -> None:
    """The event fires once."""
    first = await landlord.call("record_payment", **PAYMENT)
    again = await landlord.call("record_payment", **PAYMENT)
    assert again == {**first, "is_new": False}
    assert landlord.room.kinds().count("payment") == 1
    assert landlord.room.balance_paise == 500_000


async def test_adjustments_and_reversals_are_shown_at_once(landlord: Landlord) -> None:
    """By the entities, not only by the ledger."""
    await landlord.call("record_adjustment", amount=-500, reason="Key lost", reference="K")
    assert landlord.room.balance_paise == 250_000
    paid = await landlord.call("record_payment", **PAYMENT)
    await landlord.call(
        "reverse_transaction", transaction_id=paid["transaction_id"], reason="Bounced"
    )
    assert landlord.room.balance_paise == 250_000
    assert await landlord.refusal("reverse_transaction", transaction_id=99, reason="No") == (
        "transaction_unknown"
    )


async def test_new_rates_hold_from_now_on(landlord: Landlord) -> None:
    """What is not given stays as it is, and what was charged does, too."""
    await landlord.use(1_000)
    answer = await landlord.call("set_rates", eb_rate="7.25", monthly_charge=150)
    assert answer == {
        "valid_from": landlord.room.machine.now.astimezone(INDIA).isoformat(timespec="seconds"),
        "eb_rate": 7.25,
        "dg_rate": 18.0,
        "monthly_charge": 150.0,
        "tax": 0.0,
    }
    await landlord.use(1_000)
    assert landlord.room.balance_paise == 300_000 - 650 - 725
    assert "rates_changed" in landlord.room.kinds()


async def test_what_was_used_before_new_rates_is_charged_by_the_old_ones(
    landlord: Landlord,
) -> None:
    """Of this very moment, not shared out over the hours to the next check."""
    await landlord.room.machine.run(20 * MINUTE, MINUTE)
    landlord.room.meter.energy_wh += 1_000
    await landlord.room.machine.run(2 * MINUTE, MINUTE)
    await landlord.call("set_rates", eb_rate=10)
    assert landlord.room.balance_paise == 300_000 - 650
    await landlord.use(1_000)
    assert landlord.room.balance_paise == 300_000 - 650 - 1_000


async def test_new_rates_hold_from_a_day_on(landlord: Landlord) -> None:
    """From its midnight in India."""
    day = landlord.room.machine.now.astimezone(INDIA).date() + timedelta(days=2)
    answer = await landlord.call("set_rates", date=str(day), tax="10", eb_rate=10, dg_rate=20)
    assert answer["valid_from"] == f"{day}T00:00:00+05:30"
    today = landlord.room.machine.now.astimezone(INDIA).date()
    assert await landlord.refusal("set_rates", date=str(today), eb_rate=7) == "rates_in_the_past"
    await landlord.use(1_000)
    assert landlord.room.balance_paise == 300_000 - 650
    await landlord.room.machine.run_until(datetime(2026, 5, 15, 12, tzinfo=INDIA), HOUR)
    await landlord.room.charge()
    await landlord.use(1_000)
    assert landlord.room.balance_paise == 300_000 - 650 - 1_100


@pytest.mark.parametrize(
    ("rates", "key"),
    [
        ({}, "no_rates_given"),
        ({"date": "2026-06-01"}, "no_rates_given"),
        ({"date": "2026-05-12", "eb_rate": 7}, "rates_in_the_past"),
        ({"date": "2027-05-15", "eb_rate": 7}, "day_not_plausible"),
        ({"date": "2062-06-01", "eb_rate": 7}, "day_not_plausible"),
        ({"eb_rate": "-1"}, "amount_too_small"),
        ({"dg_rate": 1000.01}, "amount_too_large"),
        ({"eb_rate": "6.500001"}, "amount_too_many_decimals"),
        ({"monthly_charge": "free"}, "amount_not_a_number"),
        ({"tax": 101}, "amount_too_large"),
        ({"tax": 12.345}, "amount_too_many_decimals"),
        ({"tax": 0.01, "eb_rate": "6.50001"}, "rate_and_tax_not_exact"),
    ],
)
async def test_rates_that_cannot_be_are_refused(
    landlord: Landlord, rates: dict[str, object], key: str
) -> None:
    """And the old ones stay in force."""
    assert await landlord.refusal("set_rates", **rates) == key
    tenancy_id = landlord.room.subentry.subentry_id
    assert len(await landlord.room.books.async_run(lambda ledger: ledger.rates(tenancy_id))) == 1


async def test_an_error_says_which_of_the_amounts_is_wrong(landlord: Landlord) -> None:
    """Four may be given at once."""
    with pytest.raises(ServiceValidationError) as raised:
        await landlord.call("set_rates", eb_rate=7, dg_rate=18, monthly_charge=1, tax="much")
    assert str(raised.value).startswith("tax: ")


async def test_a_bill_is_issued_when_its_period_is_over(landlord: Landlord) -> None:
    """Not before; asked for again, it is the same."""
    assert await landlord.refusal("issue_bill") == "no_period_is_over"
    await landlord.use(10_000, days=19)
    bill = await landlord.call("issue_bill")
    assert (bill["number"], bill["from"], bill["to"]) == (1, "2026-05-13", "2026-05-31")
    assert bill["total"] == 65.0
    assert await landlord.call("issue_bill") == bill
    bills = (await landlord.call("get_bills"))["bills"]
    assert bills == [{**bill, "is_verified": True, "page": None}]


async def test_old_bills_stay_and_can_be_made_again(landlord: Landlord) -> None:
    """Whatever comes after them: money, rates, a month, and another name."""
    await landlord.use(10_000, days=19)
    (first,) = (await landlord.call("get_bills"))["bills"]
    await landlord.call("record_payment", **PAYMENT)
    await landlord.call("set_rates", eb_rate=8, monthly_charge=300, tax=18)
    room = landlord.room
    data = {**room.subentry.data, "tenant": "Somebody else"}
    room.hass.config_entries.async_update_subentry(room.entry, room.subentry, data=data)
    await landlord.use(20_000, days=31)
    bills = (await landlord.call("get_bills"))["bills"]
    assert bills[0] == first
    assert [bill["is_verified"] for bill in bills] == [True, True]
    # June began by the old rates: its fixed charge is theirs.
    assert (bills[1]["energy_charge"], bills[1]["fixed_charge"]) == (160.0, 0.0)
    assert (bills[1]["tax"], bills[1]["payments"]) == (28.8, 2000.0)


async def test_a_tenant_moves_out(landlord: Landlord) -> None:
    """Final reading, final bill, closed account; then money can move, but nothing else."""
    await landlord.use(10_000)
    landlord.room.meter.energy_wh += 1_000
    await landlord.room.machine.pass_by(timedelta(minutes=1))
    answer = await landlord.call("close_tenancy")
    assert answer["account_number"] == 1
    assert answer["bill"]["energy_kwh"] == 11.0
    assert answer["bill"]["closing"]["register_kwh"] == 1461.0
    assert answer["balance"] == answer["bill"]["balance"] == 3000 - 71.5
    assert await landlord.call("close_tenancy") == answer
    assert await landlord.refusal("set_rates", eb_rate=7) == "tenancy_closed"
    back = await landlord.call(
        "record_adjustment", amount="-2928.50", reason="Paid out", reference="OUT"
    )
    assert back["balance"] == 0.0
    landlord.room.meter.energy_wh += 5_000
    await landlord.room.poll()
    statement = await landlord.call("get_statement", **{"from": "2026-05-13"})
    assert statement["closing_balance"] == 0.0
    await landlord.room.check_ledger()


async def test_nobody_moves_out_without_a_final_reading(landlord: Landlord) -> None:
    """The cloud is down: the account stays open."""
    await landlord.room.machine.pass_by(HOUR)
    landlord.room.account.break_down(FaultKind.SERVER_ERROR)
    assert await landlord.refusal("close_tenancy") == "no_final_reading"
    assert not landlord.room.tenancy.is_closed


async def test_a_deleted_tenancy_is_still_read_and_paid(landlord: Landlord) -> None:
    """By the number of its account, which is on its bills."""
    await landlord.use(10_000)
    room = landlord.room
    room.hass.config_entries.async_remove_subentry(room.entry, room.subentry.subentry_id)
    await room.settle()
    statement = await landlord.call("get_statement", account_number=1, **{"from": "2026-05-13"})
    assert statement["closing_balance"] == 2935.0
    paid = await landlord.call("record_payment", account_number=1, **PAYMENT)
    assert paid["balance"] == 4935.0
    assert "4935.00" in (await landlord.call("export_ledger", account_number=1))["csv"]
    assert await landlord.call("get_bills", account_number=1)


async def test_a_meter_whose_tenancy_was_deleted_takes_the_next_tenant(
    landlord: Landlord,
) -> None:
    """The old account ends where it was charged last, and what was used since is nobody's."""
    await landlord.use(10_000)
    room = landlord.room
    room.hass.config_entries.async_remove_subentry(room.entry, room.subentry.subentry_id)
    await room.settle()
    room.meter.energy_wh += 3_000
    await room.machine.run(DAY, 6 * HOUR)
    await room.rent(tenant="Meena Iyer", opening_credit_paise=100_000)
    await landlord.use(2_000)
    assert room.balance_paise == 100_000 - 1_300
    before, after = await room.books.async_run(lambda ledger: ledger.tenancies())
    assert (before.number, after.number) == (1, 2)
    assert before.closed_at is not None
    assert after.closed_at is None
    statement = await landlord.call("get_statement", account_number=1, **{"from": "2026-05-13"})
    assert statement["closing_balance"] == 2935.0
    paid = await landlord.call("record_payment", account_number=1, **PAYMENT)
    assert (paid["account_number"], paid["balance"]) == (1, 4935.0)
    assert room.balance_paise == 100_000 - 1_300
    await room.check_ledger()


async def test_money_comes_in_while_the_account_is_not_loaded(landlord: Landlord) -> None:
    """Power comes back as soon as it is loaded again."""
    await landlord.use(448_384)
    await landlord.room.machine.run(2 * HOUR, HOUR)
    assert not landlord.room.has_power()
    await landlord.room.unload()
    paid = await landlord.call("record_payment", **PAYMENT)
    assert paid["is_new"]
    assert not landlord.room.has_power()
    await landlord.room.load()
    await landlord.room.machine.run(2 * HOUR, HOUR)
    assert landlord.room.has_power()
