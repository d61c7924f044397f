"""Texts and icons are there for all that the code shows, and for nothing else."""

import ast
from collections.abc import Iterator, Mapping
from itertools import chain
import json
import re
from typing import Any, Final

from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.qube import config_flow, options_flow, tenancy_forms
from custom_components.qube.api import (
    FlatPeakQueryError,
    PhyBadRequestError,
    PhyForbiddenError,
    PhyUnauthorizedError,
    PropertyReading,
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
)
from custom_components.qube.binary_sensor import ONLINE
from custom_components.qube.condition import CONDITIONS
from custom_components.qube.entity_budget import ORDER
from custom_components.qube.errors import command_failed, translation_of, update_failed
from custom_components.qube.event import ACTIVITY
from custom_components.qube.history_sensor import HISTORY_IMPORTED
from custom_components.qube.ledger_repairs import KEYS, RESTORED
from custom_components.qube.number import NUMBERS
from custom_components.qube.properties import QUANTITIES, describe_properties
from custom_components.qube.register import Verdict
from custom_components.qube.registry_errors import registry_translation_of
from custom_components.qube.registry_sensor import METER_SENSORS, REGISTRY_SENSORS
from custom_components.qube.replacement_repairs import (
    FIELD_ORIGIN,
    NEW_METER,
    ReplacementRepairFlow,
    origin_schema,
)
from custom_components.qube.select import SELECTS
from custom_components.qube.sensor import SENSORS
from custom_components.qube.site_sensor import SITE_SENSORS
from custom_components.qube.space_sensor import SPACE_SENSORS
from custom_components.qube.subentry_flow import TenancyFlow
from custom_components.qube.supply_repairs import SupplyIssue
from custom_components.qube.switch import SWITCHES
from custom_components.qube.tenancy_binary_sensor import TENANCY_BINARY_SENSORS
from custom_components.qube.tenancy_events import TenancyEventKind
from custom_components.qube.tenancy_sensor import TENANCY_SENSORS
from custom_components.qube.tenancy_switch import HOLD
from custom_components.qube.tenancy_terms import SUBENTRY_TENANCY
from custom_components.qube.trigger import TRIGGERS
from tests.texts import ENGLISH, INTEGRATION, all_calls, calls_in, leaves, placeholders_in

ICONS: Final[dict[str, Any]] = json.loads((INTEGRATION / "icons.json").read_bytes())

ERRORS: Final = (
    QubeError(),
    PhyBadRequestError("code", "detail"),
    PhyForbiddenError("code", "detail"),
    PhyUnauthorizedError("code", "detail"),
    FlatPeakQueryError("key"),
    QubeApiError("code", "detail"),
    QubeAuthenticationError("code", "detail"),
    QubeConnectionError(),
    QubeDeviceOfflineError("code", "detail"),
    QubeRateLimitError(60),
    QubeResponseError(),
)
# The steps of a repair that is more than something to confirm.
REPAIR_STEPS: Final = {
    "meter_origin": {"origin"},
    "meter_replaced": {"init"},
    "registry_login": {"login"},
    "site_key_rejected": {"renew"},
}
REGISTRY: Final = (*REGISTRY_SENSORS, *METER_SENSORS)
RAISED: Final = {"UpdateFailed", "ConfigEntryAuthFailed", "HomeAssistantError"} | {
    *("ServiceValidationError", "ConfigEntryNotReady", "ConfigEntryError")
}

BILLING_ERRORS: Final = {"InvalidAmountError", "LedgerError", "RefusedError"}


def keys_of(node: ast.expr | None) -> set[str]:
    """Return the constant keys of a dictionary that is written down."""
    keys = node.keys if isinstance(node, ast.Dict) else []
    return {
        key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def entities() -> dict[str, dict[str, Any]]:
    """Return the description of each entity there can be, by platform and key of its text."""
    phases = (None, "r", "y", "b", "l1", "l2", "l3", "1", "2", "3")
    readings = [
        PropertyReading(
            property_id=f"{name}_{phase}" if phase else name,
            context_type=None,
            value=1.0,
            unit=None,
        )
        for name in (*QUANTITIES, "something_else")
        for phase in phases
    ]
    further = (description for _, description in describe_properties(readings))
    return {
        "binary_sensor": {
            each.translation_key or each.key: each for each in (ONLINE, *TENANCY_BINARY_SENSORS)
        },
        "event": {ACTIVITY.key: ACTIVITY},
        "number": {each.translation_key or each.key: each for each in NUMBERS},
        "select": {each.translation_key or each.key: each for each in SELECTS},
        "sensor": {
            each.translation_key or each.key: each
            for each in chain(
                *(SPACE_SENSORS, [HISTORY_IMPORTED], SENSORS, further, TENANCY_SENSORS),
                *(SITE_SENSORS, REGISTRY),
            )
        },
        "switch": {each.translation_key or each.key: each for each in (*SWITCHES, HOLD)},
    }


def exceptions() -> dict[str, set[str]]:
    """Return the placeholders of each exception that can be raised, by the key of its text."""
    used: dict[str, set[str]] = {}
    for error in ERRORS:
        for raised in (update_failed(error), command_failed(error, "Room 101")):
            assert raised.translation_key is not None
            used[raised.translation_key] = set(raised.translation_placeholders or {})
    for function, words, _ in all_calls():
        if function in RAISED and isinstance(key := words.get("translation_key"), ast.Constant):
            assert isinstance(key.value, str)
            used[key.value] = keys_of(words.get("translation_placeholders"))
    return used | billing_errors() | site_errors() | registry_errors()


def site_errors() -> dict[str, set[str]]:
    """Return the placeholders of each error of FlatPeak, by the key of its text."""
    used = {f"site_{key}": set(placeholders) for key, placeholders in map(translation_of, ERRORS)}
    tree = ast.parse((INTEGRATION / "api/flatpeak_models.py").read_text())
    tree.body += ast.parse((INTEGRATION / "api/flatpeak.py").read_text()).body
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "FlatPeakQueryError":
            key, *placeholders = node.args
            assert isinstance(key, ast.Constant)
            used[str(key.value)] = keys_of(placeholders[0] if placeholders else None)
    return used


def billing_errors() -> dict[str, set[str]]:
    """Return the placeholders that each error of billing always has, by the key of its text.

    The actions add to an error about an amount in which field it is.
    """
    used = {key: set[str]() for key in KEYS if key != RESTORED}
    for function, _, arguments in all_calls():
        if function in BILLING_ERRORS and isinstance(key := arguments[0], ast.Constant):
            assert isinstance(key.value, str)
            placeholders = keys_of(arguments[1] if len(arguments) > 1 else None)
            if function == "InvalidAmountError":
                placeholders.add("field")
            used[key.value] = used.get(key.value, placeholders) & placeholders
    return used


def issues() -> dict[str, tuple[set[str], bool]]:
    """Return the placeholders of each repair, and whether it can be fixed, by its key."""
    used: dict[str, tuple[set[str], bool]] = {}
    for function, words, _ in all_calls():
        if function != "async_create_issue":
            continue
        key = ast.unparse(words["translation_key"]).removeprefix("f").strip("'")
        placeholders = keys_of(words["translation_placeholders"])
        if key == "issue":
            used |= {each: (placeholders, each is SupplyIssue.CONTESTED) for each in SupplyIssue}
            continue
        if key == "error":
            used |= {each: (placeholders, each == RESTORED) for each in KEYS}
            continue
        is_fixable = ast.unparse(words["is_fixable"]) == "True"
        for verdict in Verdict if "{" in key else ("",):
            if verdict is not Verdict.GOOD:
                used[re.sub("{.*}", verdict, key)] = (placeholders, is_fixable)
    return used


def registry_errors() -> dict[str, set[str]]:
    """Return the placeholders of each exception of a meter registry, by the key of its text."""
    used = {key: {"device"} for key in strings_in("registry_services", "_not_it", "key")}
    for function, _, arguments in calls_in("api/phy_rules"):
        if function == "PhyFieldError":
            used[str(ast.literal_eval(arguments[0]))] = {"field", "wanted"}
    for error in ERRORS:
        key, placeholders = registry_translation_of(error)
        used[key] = set(placeholders)
    return used


def fields(schema: object) -> dict[str, Any]:
    """Return the fields of a schema and, below their section, those of a section."""
    return {
        str(key): fields(inner) if (inner := getattr(value, "schema", None)) is not None else None
        for key, value in getattr(schema, "schema", {}).items()
    }


def strings_in(source: str, name: str, where: str) -> set[str]:
    """Return the constants that calls of a function are given under a keyword, or first."""
    found = {
        words.get(where) or (arguments[0] if arguments else None)
        for function, words, arguments in calls_in(source)
        if function == name
    }
    return {node.value for node in found if isinstance(node, ast.Constant)}  # type: ignore[misc]


def errors_in(source: str, *fields: str) -> set[str]:
    """Return the constants that a flow says are wrong with its fields, as they are written."""
    tree = ast.parse((INTEGRATION / f"{source}.py").read_text())
    pairs: list[tuple[ast.expr | None, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs += zip(node.keys, node.values, strict=True)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            pairs.append((node.targets[0].slice, node.value))
    return {
        value.value
        for key, value in pairs
        if key is not None
        and ast.unparse(key) in ("'base'", *fields)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    }


def test_all_errors_of_the_client_are_looked_at() -> None:
    """A new kind of error needs a text."""
    assert {type(error) for error in ERRORS} == {QubeError, *descendants(QubeError)}


def descendants(kind: type[QubeError]) -> Iterator[type[QubeError]]:
    """Yield all kinds of error below one."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


@pytest.mark.parametrize("platform", entities())
def test_every_entity_has_its_name_and_no_other_has(platform: str) -> None:
    """By the key of its description."""
    assert set(ENGLISH["entity"]) == set(entities())
    assert set(ENGLISH["entity"][platform]) == set(entities()[platform])


def test_names_have_the_placeholders_that_entities_fill() -> None:
    """A phase, or the property itself."""
    for key, description in entities()["sensor"].items():
        name = ENGLISH["entity"]["sensor"][key]["name"]
        filled = set(getattr(description, "placeholders", {}))
        assert placeholders_in(name) == filled, key


def test_what_is_left_off_on_large_accounts_can_be_named() -> None:
    """The repair lists the entities by the names that these texts give them."""
    for key, platform in ORDER.items():
        assert ENGLISH["entity"][platform][key]["name"]


def test_states_are_the_options() -> None:
    """Each choice of a select and each state of a sensor in words has its text, each event too."""
    for platform in ("select", "sensor"):
        for key, description in entities()[platform].items():
            states = ENGLISH["entity"][platform][key].get("state", {})
            assert set(states) == set(description.options or ()), key
    events = ENGLISH["entity"]["event"]["activity"]["state_attributes"]["event_type"]["state"]
    assert set(events) == set(TenancyEventKind)


def test_icons_are_there_only_for_what_exists() -> None:
    """Entities, their states, and names that can be those of an icon."""
    possible = {"switch": {"on", "off"}, "binary_sensor": {"on", "off"}}
    for platform, icons in ICONS["entity"].items():
        for key, icon in icons.items():
            description = entities()[platform][key]
            states = possible.get(platform) or set(getattr(description, "options", None) or ())
            assert set(icon.get("state", {})) <= states, key
            assert all(float(bound) <= 10**10 for bound in icon.get("range", {})), key
            assert set(icon) <= {"default", "state", "range"}
            assert "default" in icon
    for path, name in leaves(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", name), path


def test_entities_without_a_device_class_have_an_icon() -> None:
    """Home Assistant has one for each device class; the others would all look alike."""
    for platform, described in entities().items():
        for key, description in described.items():
            has_icon = key in ICONS["entity"].get(platform, {})
            is_phase_of = key.removesuffix("_phase") in QUANTITIES
            assert has_icon or is_phase_of or description.device_class, key


def test_every_exception_has_its_text_and_no_other_has() -> None:
    """With the placeholders that it is raised with."""
    texts = {key: placeholders_in(text["message"]) for key, text in ENGLISH["exceptions"].items()}
    used = exceptions()
    assert set(texts) == set(used)
    assert {key: texts[key] - used[key] for key in texts if texts[key] - used[key]} == {}


def test_every_repair_has_its_text_and_no_other_has() -> None:
    """A form where it can be fixed, a description where it cannot."""
    assert set(ENGLISH["issues"]) == set(issues())
    for key, (placeholders, is_fixable) in issues().items():
        issue = ENGLISH["issues"][key]
        assert set(issue) == {"title", "fix_flow" if is_fixable else "description"}
        said = {
            placeholder
            for path, text in leaves(issue)
            # What is wrong with a form comes with placeholders of its own.
            if not path.startswith("fix_flow.error")
            for placeholder in placeholders_in(text)
        }
        assert said == placeholders
        if is_fixable:
            assert set(issue["fix_flow"]["step"]) == REPAIR_STEPS.get(key, {"confirm"})


def test_an_older_ledger_that_cannot_be_confirmed_has_its_text() -> None:
    """The only end of its form but the good one."""
    abort = ENGLISH["issues"][RESTORED]["fix_flow"]["abort"]
    assert set(abort) == strings_in("ledger_repairs", "async_abort", "reason")


def test_what_a_repair_about_a_replacement_offers_has_its_texts() -> None:
    """The options of its menu, the field of its form with what can be chosen, and its ends."""
    told = ENGLISH["issues"]["meter_replaced"]["fix_flow"]
    asked = ENGLISH["issues"]["meter_origin"]["fix_flow"]
    steps = {name for name in vars(ReplacementRepairFlow) if name.startswith("async_step_")}
    options = set(told["step"]["init"]["menu_options"])
    assert {f"async_step_{option}" for option in options} == steps - {"async_step_init"}
    wanted = set(fields(origin_schema({})))
    form = asked["step"]["origin"]
    assert set(form["data"]) == set(form["data_description"]) == wanted
    assert ENGLISH["selector"][FIELD_ORIGIN] == {"options": {NEW_METER: "A new meter"}}
    reasons = strings_in("replacement_repairs", "async_abort", "reason")
    assert set(told["abort"]) | set(asked["abort"]) == reasons


SCHEMAS: Final = {
    "config": {
        "user": config_flow.user_schema(None),
        "reauth_confirm": config_flow.REAUTH_SCHEMA,
        "reconfigure": config_flow.RECONFIGURE_SCHEMA,
    },
    "options": {
        "settings": options_flow.SETTINGS_SCHEMA,
        "wifi": options_flow.meter_schema({}),
        "wifi_network": options_flow.NETWORK_SCHEMA,
        "wifi_confirm": options_flow.CONFIRM_SCHEMA,
    },
}
MENUS: Final = {"config": set[str](), "options": {"init"}}
TENANCY: Final = ENGLISH["config_subentries"][SUBENTRY_TENANCY]
TENANCY_SCHEMAS: Final = {
    "user": tenancy_forms.parties_schema({}),
    "start": tenancy_forms.START_SCHEMA,
    "rates": tenancy_forms.RATES_SCHEMA,
    "mode_prepaid": tenancy_forms.CONFIRM_SCHEMA,
    "mode_relay_off": tenancy_forms.MODE_SCHEMA,
    "mode_other": tenancy_forms.MODE_SCHEMA,
    **{plan.value: schema for plan, schema in tenancy_forms.SUPPLY_SCHEMAS.items()},
    **{f"change_{plan}": schema for plan, schema in tenancy_forms.CHANGE_SCHEMAS.items()},
}


@pytest.mark.parametrize("flow", SCHEMAS)
def test_every_step_of_a_flow_has_its_texts(flow: str) -> None:
    """A title, and a name and a description for each field, those of sections too."""
    schemas, texts = SCHEMAS[flow], ENGLISH[flow]["step"]
    assert strings_in(f"{flow}_flow", "async_show_form", "step_id") == set(schemas)
    assert set(texts) == set(schemas) | MENUS[flow]
    check_steps(schemas, texts)


def test_every_step_of_a_tenancy_has_its_texts() -> None:
    """Its forms and its menu; to change something begins with the form of the plan."""
    steps = {
        name.removeprefix("async_step_")
        for name in vars(TenancyFlow)
        if name.startswith("async_step_")
    }
    assert steps - {"reconfigure"} == set(TENANCY_SCHEMAS) | {"opening"} == set(TENANCY["step"])
    check_steps(TENANCY_SCHEMAS, TENANCY["step"])
    menu = TENANCY["step"]["opening"]
    ((words),) = (
        words for function, words, _ in calls_in("subentry_flow") if function == "async_show_menu"
    )
    assert set(ast.literal_eval(words["menu_options"])) == set(menu["menu_options"]) <= steps
    assert placeholders_in(menu["description"]) == keys_of(words["description_placeholders"])
    assert TENANCY["entry_type"]
    assert set(TENANCY["initiate_flow"]) == {"user", "reconfigure"}


def test_every_error_and_every_end_of_a_tenancy_has_its_text() -> None:
    """Of its own, of amounts, of the cloud, and of a command that changes the mode."""
    texts = {key: placeholders_in(text) for key, text in TENANCY["error"].items()}
    amounts = strings_in("billing/money", "InvalidAmountError", "key")
    amounts |= strings_in("billing/models", "InvalidAmountError", "key")
    own = {
        node.value
        for source in ("subentry_flow", "tenancy_input", "tenancy_start")
        for function, _, arguments in calls_in(source)
        if function == "refuse" and len(arguments) > 1
        for node in ast.walk(arguments[1])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    cloud = {key: set(placeholders) for key, placeholders in map(translation_of, ERRORS)}
    commands = {
        key: placeholders for key, placeholders in exceptions().items() if key.startswith("command")
    }
    assert set(texts) == amounts | own | set(cloud) | set(commands)
    assert {key: texts[key] for key in cloud} == cloud
    assert {key: texts[key] - commands[key] for key in commands if texts[key] - commands[key]} == {}
    ends = strings_in("subentry_flow", "AbortFlow", "reason")
    ends |= strings_in("subentry_flow", "async_abort", "reason")
    assert set(TENANCY["abort"]) == ends


def test_every_choice_in_the_forms_of_a_tenancy_has_its_text() -> None:
    """By the key that its selector names."""
    schemas = TENANCY_SCHEMAS.values()
    for selector in chain.from_iterable(map(selectors_in, schemas)):
        config = getattr(selector, "config", {})
        if (key := config.get("translation_key")) is not None:
            assert set(ENGLISH["selector"][key]["options"]) == set(config["options"]), key


def selectors_in(schema: object) -> Iterator[object]:
    """Yield what the fields of a schema are chosen with, those of its sections too."""
    for value in getattr(schema, "schema", {}).values():
        inner = getattr(value, "schema", None)
        if inner is not None:
            yield from selectors_in(inner)
        else:
            yield value


def check_steps(schemas: Mapping[str, object], texts: Mapping[str, Any]) -> None:
    """Look whether the forms of a flow have a title, and names and descriptions of their fields."""
    for step, schema in schemas.items():
        assert texts[step]["title"]
        wanted = fields(schema)
        plain = {field for field, inner in wanted.items() if inner is None}
        named = texts[step].get("data", {})
        assert set(named) == set(texts[step].get("data_description", {})) == plain
        sections = {field: set(inner) for field, inner in wanted.items() if inner is not None}
        described = texts[step].get("sections", {})
        assert {name: set(section["data"]) for name, section in described.items()} == sections
        for section in described.values():
            assert section["name"]
            assert set(section["data_description"]) == set(section["data"])


def test_every_choice_of_the_menu_has_its_texts() -> None:
    """Each leads to a step, and says what that is for."""
    ((words),) = (
        words for function, words, _ in calls_in("options_flow") if function == "async_show_menu"
    )
    choices = set(ast.literal_eval(words["menu_options"]))
    menu = ENGLISH["options"]["step"]["init"]
    assert menu["title"]
    assert choices == set(menu["menu_options"]) == set(menu["menu_option_descriptions"])
    assert choices <= set(SCHEMAS["options"])


def test_every_error_and_every_end_of_a_flow_has_its_text() -> None:
    """And there is no text for what cannot happen."""
    assert set(ENGLISH["config"]["error"]) == errors_in("config_flow", "CONF_API_KEY")
    called = {function for function, _, _ in calls_in("config_flow")}
    assert {"_async_abort_entries_match", "async_update_reload_and_abort"} <= called
    ends = strings_in("config_flow", "AbortFlow", "reason")
    theirs = {"already_configured", "reauth_successful", "reconfigure_successful"}
    assert set(ENGLISH["config"]["abort"]) == ends | theirs


@pytest.mark.parametrize(("kind", "there"), [("trigger", TRIGGERS), ("condition", CONDITIONS)])
def test_every_trigger_and_condition_has_its_texts_and_its_icon(
    kind: str, there: dict[str, object]
) -> None:
    """The files that describe them have the same keys, and the same fields."""
    described = load_yaml_dict(str(INTEGRATION / f"{kind}s.yaml"))
    described = {key: value for key, value in described.items() if not key.startswith(".")}
    texts = ENGLISH[f"{kind}s"]
    assert set(described) == set(texts) == set(ICONS[f"{kind}s"]) == set(there)
    for key, text in texts.items():
        assert text["name"]
        assert text["description"].endswith(".")
        fields = text.get("fields", {})
        assert set(fields) == set(described[key].get("fields", {}))
        assert all(field["name"] for field in fields.values())
        assert set(ICONS[f"{kind}s"][key]) == {kind}


def test_every_error_and_every_end_of_the_options_has_its_text() -> None:
    """Those of the cloud among them, whose reasons are told."""
    cloud = {key: set(placeholders) for key, placeholders in map(translation_of, ERRORS)}
    own = errors_in("options_flow", "CONF_SSID", "CONF_PASSWORD")
    texts = ENGLISH["options"]["error"]
    assert set(texts) == own | set(cloud)
    for key, placeholders in cloud.items():
        assert placeholders_in(texts[key]) == placeholders, key
    assert set(ENGLISH["options"]["abort"]) == strings_in("options_flow", "async_abort", "reason")
