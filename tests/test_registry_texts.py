"""The forms of a meter registry have their texts, and say what is wrong in words."""

from typing import Any, Final

import pytest

from custom_components.qube.api import Organization
from custom_components.qube.registry_errors import registry_translation_of
from custom_components.qube.registry_flow import RegistryFlow
from custom_components.qube.registry_forms import (
    CONNECT_SCHEMA,
    LOGIN_SCHEMA,
    RECONFIGURE_SCHEMA,
    SETTINGS_SCHEMA,
    organization_schema,
)
from custom_components.qube.registry_settings import SUBENTRY_METER_REGISTRY
from tests.test_texts import ERRORS, check_steps, strings_in
from tests.texts import ENGLISH, placeholders_in

FLOW: Final[dict[str, Any]] = ENGLISH["config_subentries"][SUBENTRY_METER_REGISTRY]
REPAIR: Final[dict[str, Any]] = ENGLISH["issues"]["registry_login"]["fix_flow"]
SCHEMAS: Final = {
    "user": CONNECT_SCHEMA,
    "organization": organization_schema([Organization(account_id="a", name="A")]),
    "settings": SETTINGS_SCHEMA,
    "reconfigure": RECONFIGURE_SCHEMA,
}
# Of a login; the flow has some more.
OF_LOGIN: Final = {"registry_login_or_token", *(registry_translation_of(e)[0] for e in ERRORS)}
OF_FLOW: Final = OF_LOGIN | {
    *("registry_login_for_new_host", "registry_not_a_uuid", "registry_publish_needs_unit"),
    "registry_unsafe_url",
}


def test_every_step_has_its_texts() -> None:
    """A title, and a name and a description for each field."""
    steps = {
        name.removeprefix("async_step_")
        for name in vars(RegistryFlow)
        if name.startswith("async_step_")
    }
    assert steps == set(SCHEMAS) == set(FLOW["step"])
    check_steps(SCHEMAS, FLOW["step"])
    check_steps({"login": LOGIN_SCHEMA}, REPAIR["step"])
    assert set(FLOW["initiate_flow"]) == {"user", "reconfigure"}
    assert FLOW["entry_type"]


@pytest.mark.parametrize(
    ("texts", "wanted"), [(FLOW["error"], OF_FLOW), (REPAIR["error"], OF_LOGIN)]
)
def test_every_error_has_its_text(texts: dict[str, str], wanted: set[str]) -> None:
    """And none has a placeholder that it is not given."""
    assert set(texts) == wanted
    given = {key: set(placeholders) for key, placeholders in map(registry_translation_of, ERRORS)}
    for key, text in texts.items():
        assert placeholders_in(text) <= given.get(key, set()), key


def test_every_end_has_its_text() -> None:
    """Home Assistant itself says that a change was made."""
    assert set(FLOW["abort"]) == strings_in("registry_flow", "AbortFlow", "reason")
    assert set(REPAIR["abort"]) == strings_in("registry_repairs", "async_abort", "reason")
