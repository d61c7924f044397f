"""Renew the README's pictures from a running demonstration.

Needs Playwright from PyPI, in an environment of its own, and Debian's Chromium:
`python script/screenshots.py [ADDRESS [FOLDER]]`.
"""

from datetime import datetime, timedelta
from pathlib import Path
import sys
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, sync_playwright  # type: ignore[import-not-found]

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
DEVICE = {"width": 1440, "height": 1320}
ENERGY = {"width": 1440, "height": 900}
BILL = {"width": 860, "height": 1200}
INDIA = "Asia/Kolkata"
TENANT = "Ananya Iyer"
BILLED = "Dr. Kavita Deshpande"
# Asked for as the frontend itself would, by the person who is logged in.
BILLS_OF = """async (tenant) => {
    const hass = document.querySelector("home-assistant").hass;
    const device = Object.values(hass.devices).find((each) => each.name.startsWith(tenant));
    const answer = await hass.callWS({
        type: "call_service",
        domain: "qube",
        service: "get_bills",
        service_data: { device_id: device.id },
        return_response: true,
    });
    return answer.response.bills;
}"""
MILLISECONDS_TO_DRAW = 4000


def main(address: str = "http://127.0.0.1:8123", folder: str = "docs/images") -> None:
    """Take the pictures."""
    images = Path(folder)
    images.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=DEVICE, timezone_id=INDIA)
        page.goto(address)
        page.get_by_text("Favorites").first.wait_for()
        page.goto(f"{address}/config/integrations/integration/qube")
        page.get_by_text("Room 101").first.click()
        page.get_by_text("Serial number").wait_for()
        _take(page, images / "device.png")
        page.goto(f"{address}/config/devices/dashboard?domain=qube")
        page.get_by_text(TENANT).first.click()
        page.get_by_text("Days left").wait_for()
        _take(page, images / "tenancy.png")
        bills: list[dict[str, Any]] = page.evaluate(BILLS_OF, BILLED)
        page.set_viewport_size(ENERGY)
        page.goto(f"{address}/energy/electricity")
        # The demonstration has imported a year after a minute. What is shown at first is today, but
        # in its first hour it is yesterday.
        shown = datetime.now(ZoneInfo(INDIA)) - timedelta(hours=1)
        page.locator("hui-energy-period-selector").get_by_text(f"{shown:%b %-d}").click()
        page.get_by_text("Last 12 months", exact=True).click()
        page.get_by_text("Totals").wait_for()
        page.mouse.move(0, 0)
        _take(page, images / "energy.png")
        page.set_viewport_size(BILL)
        page.goto(f"{address}{bills[-1]['page']}")
        _take(page, images / "bill.png")
        browser.close()


def _take(page: Page, path: Path) -> None:
    page.wait_for_timeout(MILLISECONDS_TO_DRAW)
    page.screenshot(path=path)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
