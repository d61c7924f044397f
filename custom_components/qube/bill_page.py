"""The printable page of a bill, for administrators only."""

from datetime import timedelta
from functools import partial
import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.http.decorators import require_admin
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from yarl import URL

from .bill_sheet import bill_as_html
from .bill_words import words_of
from .billing.errors import BillingError
from .books import async_books_of
from .const import DOMAIN

if TYPE_CHECKING:
    from .runtime import QubeConfigEntry

QUERY_LANGUAGE: Final = "language"
# Long enough to print it, too short to be found in a history and used.
_OPEN_FOR: Final = timedelta(hours=1)
_PATH: Final = f"/api/{DOMAIN}/bills"


@callback
def async_bill_path(hass: HomeAssistant, entry: QubeConfigEntry, number: int, language: str) -> str:
    """Return where the page of a bill is for an hour, for the person who is asking now."""
    url = URL(f"{_PATH}/{entry.entry_id}/{number}").with_query({QUERY_LANGUAGE: language})
    return async_sign_path(hass, str(url), _OPEN_FOR)


class BillView(HomeAssistantView):
    """Show a bill as it was issued, in a language of the query or in Home Assistant's own."""

    url = f"{_PATH}/{{entry_id}}/{{number:[0-9]{{1,9}}}}"
    name = f"api:{DOMAIN}:bill"

    @require_admin
    async def get(self, request: web.Request, entry_id: str, number: str) -> web.Response:
        """Return the page."""
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            raise web.HTTPNotFound
        try:
            async with async_books_of(hass, entry) as books:
                bill = await books.async_run(lambda ledger: ledger.bill(int(number)))
        except BillingError:
            raise web.HTTPServiceUnavailable from None
        if bill is None:
            raise web.HTTPNotFound
        language = request.query.get(QUERY_LANGUAGE, hass.config.language)
        nonce = secrets.token_urlsafe()
        page = await hass.async_add_executor_job(
            partial(
                bill_as_html,
                bill,
                issuer=hass.config.location_name,
                words=words_of(language),
                nonce=nonce,
            )
        )
        return web.Response(text=page, content_type="text/html", headers=_headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    """Allow the page nothing but its own style sheet, and keep it out of caches."""
    allowed = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; "
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"{allowed}form-action 'none'; frame-ancestors 'self'",
    }
