"""An administrator asks what is in a tenant's account."""

import csv
from datetime import UTC, datetime
from http import HTTPStatus
from io import StringIO
import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Source
from tests.tenants import KEY, QUBE_DEVICE, TENANT, Tenants, draft, use

# 18:00 in India.
NOW = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)
REPORTS: dict[str, dict[str, object]] = {
    "get_statement": {"from": "2026-04-25"},
    "get_bills": {},
    "export_ledger": {},
}


@pytest.fixture(autouse=True)
def standing_time(freezer: FrozenDateTimeFactory) -> None:
    """Let the time stand still."""
    freezer.move_to(NOW)


def pay(tenants: Tenants, **payment: Any) -> None:  # noqa: ANN401
    """Let the tenant have paid ₹2,000 on 28 April."""
    fields = {
        "amount_paise": 200_000,
        "reference": "UPI 1",
        "method": "upi",
        "paid_at": datetime(2026, 4, 28, 4, tzinfo=UTC),
        "now": NOW,
    }
    tenants.in_ledger(lambda ledger: ledger.record_payment("first", **{**fields, **payment}))


async def test_a_statement_shows_each_line_with_its_registers(tenants: Tenants) -> None:
    """Opening and closing balance, use by source and rate, and money, in India's time."""
    pay(tenants, note="April")
    statement = await tenants.call("get_statement", **{"from": "2026-04-26", "to": "2026-04-30"})
    assert statement == {
        "account_number": 1,
        "meter": "Room 302",
        "from": "2026-04-26",
        "to": "2026-04-30",
        "charged_until": "2026-04-27T00:00:00+05:30",
        "opening_balance": 2923.3,
        "lines": [
            {
                "time": "2026-04-27T00:00:00+05:30",
                "from": "2026-04-26T00:00:00+05:30",
                "kind": "charge",
                "source": "dg",
                "qube_device": QUBE_DEVICE,
                "opening_kwh": 1461.8,
                "closing_kwh": 1463.8,
                "energy_kwh": 2.0,
                "rate": 18.25,
                "tax_percent": 0.0,
                "is_estimated": True,
                "amount": -36.5,
                "balance": 2886.8,
            },
            {
                "time": "2026-04-28T09:30:00+05:30",
                "kind": "payment",
                "transaction_id": statement["lines"][1]["transaction_id"],
                "reference": "UPI 1",
                "method": "upi",
                "note": "April",
                "reverses": None,
                "amount": 2000.0,
                "balance": 4886.8,
            },
        ],
        "closing_balance": 4886.8,
    }


async def test_a_statement_begins_with_the_credit_of_the_move_in(tenants: Tenants) -> None:
    """And goes until today where no other day is said."""
    statement = await tenants.call("get_statement", **{"from": "2026-04-25"})
    assert (statement["opening_balance"], statement["to"]) == (0.0, "2026-05-13")
    assert [(line["kind"], line["amount"]) for line in statement["lines"]] == [
        ("payment", 3000.0),
        ("charge", -76.7),
        ("charge", -36.5),
    ]
    assert statement["closing_balance"] == 2886.8


async def test_statements_that_follow_each_other_fit(tenants: Tenants) -> None:
    """The closing balance of one is the opening balance of the next, day by day."""
    pay(tenants)
    balance = 0.0
    for day in range(24, 31):
        date = f"2026-04-{day}"
        statement = await tenants.call("get_statement", **{"from": date, "to": date})
        assert statement["opening_balance"] == balance
        lines = sum(line["amount"] for line in statement["lines"])
        assert statement["closing_balance"] == pytest.approx(balance + lines)
        balance = statement["closing_balance"]
    assert balance == 4886.8


async def test_the_lines_of_a_statement_add_up(tenants: Tenants) -> None:
    """Without rounding: a Wh at ₹6.50 a kWh is 0.65 paise."""
    tenants.in_ledger(lambda ledger: use(ledger, "first", [(Source.EB, 1)] * 3))
    statement = await tenants.call("get_statement", **{"from": "2026-04-27"})
    assert [line["amount"] for line in statement["lines"]] == [-0.0065] * 3
    assert statement["closing_balance"] == 2886.7805


@pytest.mark.parametrize("action", ["get_statement", "export_ledger"])
@pytest.mark.parametrize(
    ("first", "last", "key"),
    [
        ("2026-05-02", "2026-05-01", "days_reversed"),
        ("2026-05-01", "2026-05-14", "days_in_future"),
        ("2026-05-14", None, "days_reversed"),
        ("0001-01-01", None, "day_not_plausible"),
        ("1999-12-31", "1999-12-31", "day_not_plausible"),
    ],
)
async def test_days_that_cannot_be_had_are_refused(
    tenants: Tenants, action: str, first: str, last: str | None, key: str
) -> None:
    """By India's calendar."""
    days = {"from": first} if last is None else {"from": first, "to": last}
    with pytest.raises(ServiceValidationError) as raised:
        await tenants.call(action, **days)
    assert raised.value.translation_key == key


async def test_the_export_is_a_table_for_a_spreadsheet(tenants: Tenants) -> None:
    """From the first day of the tenancy on; its name holds only numbers of our own."""
    pay(tenants)
    answer = await tenants.call("export_ledger")
    assert answer["file_name"] == "qube-account-1-2026-04-25-2026-05-13.csv"
    rows = list(csv.DictReader(StringIO(answer["csv"])))
    assert [row["kind"] for row in rows] == [
        *("opening_balance", "payment", "charge", "charge", "payment", "closing_balance"),
    ]
    assert rows[2]["closing_register_kwh"] == "1461.800"
    assert rows[-1]["balance"] == "4886.80"


async def test_the_export_leaves_no_money_out(tenants: Tenants) -> None:
    """An advance was paid before the tenant moved in, and taken back; each has its number."""
    paid_at = datetime(2026, 4, 2, 4, tzinfo=UTC)
    pay(tenants, paid_at=paid_at)
    paid = tenants.in_ledger(lambda ledger: ledger.transactions("first"))[0]
    tenants.in_ledger(lambda ledger: ledger.reverse(paid.transaction_id, reason="No", now=NOW))
    answer = await tenants.call("export_ledger")
    assert answer["file_name"] == "qube-account-1-2026-04-02-2026-05-13.csv"
    rows = list(csv.DictReader(StringIO(answer["csv"])))
    assert [row["kind"] for row in rows] == [
        *("opening_balance", "payment", "payment", "charge", "charge", "reversal"),
        "closing_balance",
    ]
    assert (rows[0]["balance"], rows[1]["to"]) == ("0.00", "2026-04-02T09:30:00+05:30")
    assert rows[-2]["reverses"] == rows[1]["transaction_id"] == str(paid.transaction_id)
    assert rows[1]["transaction_id"] != rows[2]["transaction_id"]
    assert rows[3]["transaction_id"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_is_a_formula(tenants: Tenants, start: str) -> None:
    """Whatever somebody writes into a reference or a note."""
    evil = f'{start}HYPERLINK("http://evil.example";"x")'
    # Not through the action, which would take blanks off.
    pay(tenants, reference=evil, method=evil, note=evil)
    answer = await tenants.call("export_ledger")
    row = list(csv.DictReader(StringIO(answer["csv"])))[-2]
    assert {row["reference"], row["method"], row["note"]} == {f"'{evil}"}


async def test_bills_are_told_as_data(tenants: Tenants) -> None:
    """As they were issued; without a person there is nobody who could open a page."""
    bill = draft(through_transaction_id=0)
    tenants.in_ledger(lambda ledger: ledger.issue_bill(bill, now=NOW))
    answer = await tenants.call("get_bills")
    mark = {"qube_device": QUBE_DEVICE}
    opening = {**mark, "time": "2026-04-25T00:00:00+05:30", "register_kwh": 1450.0}
    closing = {**mark, "time": "2026-05-01T00:00:00+05:30", "register_kwh": 1789.5}
    assert answer == {
        "account_number": 1,
        "bills": [
            {
                "number": 1,
                "issued": "2026-05-13T18:00:00+05:30",
                "account_number": 1,
                "meter": "Room 302",
                "plan": "postpaid",
                "from": "2026-04-25",
                "to": "2026-04-30",
                "opening": opening,
                "closing": closing,
                "energy_kwh": 339.5,
                "lines": [
                    {
                        "source": "eb",
                        "opening": opening,
                        "closing": closing,
                        "energy_kwh": 339.5,
                        "estimated_kwh": 0.0,
                        "rate": 6.5,
                        "amount": 2206.75,
                    }
                ],
                "energy_charge": 2206.75,
                "fixed_charge": 0.0,
                "tax": 0.0,
                "total": 2206.75,
                "previous_balance": 0.0,
                "payments": 0.0,
                "adjustments": 0.0,
                "balance": -2206.75,
                "amount_due": 2206.75,
                "due": None,
                # It is made up: the ledger has other readings.
                "is_verified": False,
                "page": None,
            }
        ],
    }


async def test_a_person_gets_a_page_that_opens_without_a_login(
    hass: HomeAssistant,
    tenants: Tenants,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """For an hour, and only that page in that language."""
    tenants.in_ledger(lambda ledger: ledger.issue_bill(draft(), now=NOW))
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "call_service",
            "domain": "qube",
            "service": "get_bills",
            "service_data": {"account_number": 1, "language": "hi"},
            "return_response": True,
        }
    )
    message = await client.receive_json()
    (bill,) = message["result"]["response"]["bills"]
    browser = await hass_client_no_auth()
    page = await browser.get(bill["page"])
    assert page.status == HTTPStatus.OK
    assert "बिजली बिल" in await page.text()
    assert (await browser.get(bill["page"].replace("=hi", "=en"))).status == HTTPStatus.UNAUTHORIZED
    freezer.tick(3601)
    assert (await browser.get(bill["page"])).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("language", ["fr", "", None, "../en"])
async def test_a_language_that_there_is_no_page_in_is_refused(
    tenants: Tenants, language: object
) -> None:
    """Before anything is signed."""
    with pytest.raises(probatio.Invalid):
        await tenants.call("get_bills", language=language)


@pytest.mark.parametrize("action", REPORTS)
async def test_only_administrators_see_accounts(
    tenants: Tenants, hass_read_only_user: MockUser, hass_admin_user: MockUser, action: str
) -> None:
    """What a tenant owes is nobody else's business."""
    with pytest.raises(Unauthorized):
        await tenants.call_as(hass_read_only_user.id, action, **REPORTS[action])
    assert await tenants.call_as(hass_admin_user.id, action, **REPORTS[action])


@pytest.mark.parametrize("action", REPORTS)
async def test_a_tenancy_that_was_deleted_can_be_read(tenants: Tenants, action: str) -> None:
    """By the number of its account."""
    answer = await tenants.call(action, account_number=2, **REPORTS[action])
    assert answer["account_number"] == 2


async def test_no_answer_and_no_log_tells_a_secret(
    tenants: Tenants, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the name of a tenant nor the key."""
    caplog.set_level(logging.DEBUG)
    tenants.in_ledger(issue)
    for action, data in REPORTS.items():
        answer = json.dumps(await tenants.call(action, **data))
        assert TENANT not in answer
        assert KEY not in answer
    with pytest.raises(ServiceValidationError):
        await tenants.call("get_statement", **{"from": "2026-06-01"})
    ours = [record for record in caplog.records if "qube" in record.name]
    told = " ".join(f"{record.getMessage()} {record.args!r}" for record in ours)
    assert TENANT not in told
    assert KEY not in caplog.text


def issue(ledger: Ledger) -> None:
    """Issue a bill."""
    ledger.issue_bill(draft(), now=NOW)
