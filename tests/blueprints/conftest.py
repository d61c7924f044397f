"""A Home Assistant that has the blueprints and a to-do list."""

from pathlib import Path
import shutil

from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.account import Account
from tests.simulator import SimulatedCloud

from .home import FOLDER


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


@pytest.fixture
async def home(hass: HomeAssistant, account: Account, tmp_path: Path) -> Account:
    """Return the account, on a Home Assistant that has the blueprints and a to-do list."""
    shutil.copytree(FOLDER, tmp_path / "blueprints")
    hass.config.config_dir = str(tmp_path)
    memory = MockConfigEntry(domain="shopping_list")
    memory.add_to_hass(hass)
    assert await hass.config_entries.async_setup(memory.entry_id)
    await account.settle()
    return account


@pytest.fixture
def told(home: Account) -> list[str]:
    """Return the messages that automations send."""
    messages: list[str] = []

    def hear(event: Event[dict[str, str]]) -> None:
        messages.append(event.data["message"])

    home.hass.bus.async_listen("told", hear)
    return messages
