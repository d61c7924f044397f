"""Texts are there for all that a main meter shows and asks, and for nothing else."""

from typing import Any, Final

import probatio
import pytest

from custom_components.qube import site_flow
from custom_components.qube.site_access import ACCESS, ACCESS_SCHEMA, RENEW_SCHEMA
from custom_components.qube.site_terms import SUBENTRY_SITE_METER
from tests.test_texts import (
    check_steps,
    errors_in,
    selectors_in,
    strings_in,
)
from tests.texts import ENGLISH, leaves, placeholders_in

SITE: Final[dict[str, Any]] = ENGLISH["config_subentries"][SUBENTRY_SITE_METER]
REPAIR: Final[dict[str, Any]] = ENGLISH["issues"]["site_key_rejected"]["fix_flow"]
VALUES: Final = site_flow._values({})
SCHEMAS: Final = {
    "user": ACCESS_SCHEMA,
    "device": site_flow._device_schema([]),
    "values": probatio.Schema(VALUES),
    "reconfigure": probatio.Schema({**ACCESS, **VALUES}),
}
# What `access_error` says, which is a value there and no error of a field.
OF_THE_CLOUD: Final = {"invalid_auth", "rate_limited", "cannot_connect", "not_flatpeak"}


def test_every_step_has_its_texts() -> None:
    """Of the flow, and of the repair."""
    steps = {
        name.removeprefix("async_step_")
        for name in vars(site_flow.SiteMeterFlow)
        if name.startswith("async_step_")
    }
    assert steps == set(SCHEMAS) == set(SITE["step"])
    check_steps(SCHEMAS, SITE["step"])
    check_steps({"renew": RENEW_SCHEMA}, REPAIR["step"])
    assert SITE["entry_type"]
    assert set(SITE["initiate_flow"]) == {"user", "reconfigure"}


def test_placeholders_are_those_that_are_filled() -> None:
    """The meter and its latest values, in the form that asks for the unit."""
    filled = {path: placeholders_in(text) for path, text in leaves(SITE) if placeholders_in(text)}
    assert filled == {"step.values.description": {"device_id", "latest"}}


def test_every_error_and_every_end_has_its_text() -> None:
    """And there is no text for what cannot happen."""
    of_access = errors_in("site_access", "field") | OF_THE_CLOUD
    own = errors_in("site_flow", "'device_id'", "'price'", "'flows'") | {"site_device_unknown"}
    assert set(SITE["error"]) == of_access | own
    # A repair changes no address.
    assert set(REPAIR["error"]) == of_access - {"unsafe_url", "key_for_new_host"}
    ends = strings_in("site_flow", "AbortFlow", "reason")
    ends |= strings_in("site_flow", "async_abort", "reason")
    assert set(SITE["abort"]) == ends


@pytest.mark.parametrize("step", SCHEMAS)
def test_every_choice_has_its_text(step: str) -> None:
    """By the key that its selector names."""
    for selector in selectors_in(SCHEMAS[step]):
        config = getattr(selector, "config", {})
        if (key := config.get("translation_key")) is not None:
            assert set(ENGLISH["selector"][key]["options"]) == set(config["options"]), key
