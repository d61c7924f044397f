"""Somebody opens the page of a bill."""

from http import HTTPStatus
import re

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.qube.bill_words import ENGLISH, HINDI, BillWords
from custom_components.qube.books import ledger_path
from tests.tenants import TENANT, Tenants, draft, india


@pytest.fixture
def path(tenants: Tenants) -> str:
    """Return where the page of the only bill is."""
    tenants.in_ledger(lambda ledger: ledger.issue_bill(draft(), now=india(2026, 5, 1)))
    return f"/api/qube/bills/{tenants.entry.entry_id}/1"


async def test_an_administrator_sees_the_bill(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, path: str
) -> None:
    """Under the name that the home has in Home Assistant."""
    hass.config.location_name = "Lakeside Apartments"
    answer = await (await hass_client()).get(path)
    assert answer.status == HTTPStatus.OK
    assert answer.content_type == "text/html"
    page = await answer.text()
    assert TENANT in page
    assert "Lakeside Apartments" in page
    assert "₹2,206.75" in page


async def test_nobody_else_sees_it(
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_read_only_access_token: str,
    path: str,
) -> None:
    """Neither a guest nor a user of the house."""
    answer = await (await hass_client_no_auth()).get(path)
    assert answer.status == HTTPStatus.UNAUTHORIZED
    assert TENANT not in await answer.text()
    answer = await (await hass_client(hass_read_only_access_token)).get(path)
    assert answer.status == HTTPStatus.UNAUTHORIZED
    assert TENANT not in await answer.text()


@pytest.mark.parametrize(
    ("own", "asked", "words"),
    [
        ("en", None, ENGLISH),
        ("hi", None, HINDI),
        ("hi", "en", ENGLISH),
        ("en", "hi", HINDI),
        ("ta", None, ENGLISH),
        ("hi", "no such", ENGLISH),
    ],
)
async def test_the_page_is_in_the_language_that_is_asked_for(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    path: str,
    *,
    own: str,
    asked: str | None,
    words: BillWords,
) -> None:
    """Or in Home Assistant's own; in English where there is no such page."""
    hass.config.language = own
    query = {} if asked is None else {"language": asked}
    page = await (await (await hass_client()).get(path, params=query)).text()
    assert f'<html lang="{words.language}">' in page
    assert words.title in page


async def test_the_page_may_do_nothing(hass_client: ClientSessionGenerator, path: str) -> None:
    """But use its own style sheet, by a nonce that is another one each time; it is not cached."""
    client = await hass_client()
    seen = set()
    for _ in range(2):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        (nonce,) = re.findall(r"'nonce-([\w-]{40,})'", policy)
        assert policy == (
            f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'self'"
        )
        assert f'<style nonce="{nonce}">' in await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        seen.add(nonce)
    assert len(seen) == 2


async def test_what_there_is_not_is_not_found(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, tenants: Tenants, path: str
) -> None:
    """Another number, another account, another integration's, and what is no number at all."""
    lamps = MockConfigEntry(domain="lamp")
    lamps.add_to_hass(hass)
    client = await hass_client()
    folder = path.removesuffix("/1")
    for wrong in (
        f"{folder}/2",
        f"{folder}/0",
        f"{folder}/-1",
        f"{folder}/1.5",
        f"{folder}/9999999999",
        f"{folder}/1/../../x",
        f"/api/qube/bills/{lamps.entry_id}/1",
        "/api/qube/bills/nothing/1",
    ):
        assert (await client.get(wrong)).status == HTTPStatus.NOT_FOUND, wrong


async def test_a_sick_ledger_is_no_missing_bill(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, tenants: Tenants, path: str
) -> None:
    """It may be there again tomorrow."""
    ledger_path(hass, tenants.entry.entry_id).write_bytes(b"no ledger" * 1000)
    answer = await (await hass_client()).get(path)
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
