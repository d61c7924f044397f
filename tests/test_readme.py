"""The examples of the README are ones that Home Assistant takes."""

from pathlib import Path
import re
from typing import Any, Final

from homeassistant.const import STATE_ON
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest

from custom_components.qube.condition import CONDITIONS
from custom_components.qube.trigger import TRIGGERS
from tests.account import Account

README: Final = (Path(__file__).parent.parent / "README.md").read_text()


def automations() -> list[dict[str, Any]]:
    """Return the automations among the examples."""
    found = [parse_yaml(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    return [content for content in found if isinstance(content, dict) and "triggers" in content]


@pytest.mark.parametrize("automation", automations(), ids=lambda each: each["alias"])
async def test_an_automation_of_the_readme_is_accepted(
    account: Account, automation: dict[str, Any]
) -> None:
    """It is on, and not put aside for a fault in it."""
    config = {"automation": {"id": "example", **automation}}
    assert await async_setup_component(account.hass, "automation", config)
    await account.settle()
    (state,) = account.hass.states.async_all("automation")
    assert state.state == STATE_ON
    # No timer may be left.
    await account.hass.services.async_call(
        "automation", "turn_off", {"entity_id": state.entity_id}, blocking=True
    )


def test_every_trigger_and_condition_is_described() -> None:
    """By the key that YAML takes."""
    described = set(re.findall(r"`qube\.(\w+)`", README))
    assert described == {*TRIGGERS, *CONDITIONS}
