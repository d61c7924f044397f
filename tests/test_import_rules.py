"""Who may import whom, by the floors of the house: downwards only."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from homeassistant.const import Platform
import pytest

from custom_components import qube

ROOT: Final = Path(qube.__file__).parent
PACKAGE: Final = "custom_components.qube"
PLATFORMS: Final = {platform.value for platform in Platform}
REPAIRS: Final = {
    "repairs",
    "ledger_repairs",
    "registry_repairs",
    "replacement_repairs",
    "site_repairs",
    "supply_repairs",
}
FLOWS: Final = {
    *("config_flow", "options_flow", "registry_flow", "site_flow", "subentry_flow")
} | REPAIRS
# What Home Assistant looks for by its name, beside platforms and flows.
HOOKS: Final = {"condition", "diagnostics", "llm", "logbook", "system_health", "trigger"}
# Plain Python, each a package of its own: what of this integration they may import.
PLAIN: Final = {"api": {"api"}, "billing": {"billing"}}
# The runtime raises its repairs itself.
REPAIRS_RAISED_BY: Final = {
    "books",
    "coordinator",
    "devices",
    "registry",
    "replacements",
    "site_meter",
    "supply",
    "supply_orders",
}
# Home Assistant asks the config flow for the flows that come later, and one room for all repairs.
OPENED_BY: Final = {
    "config_flow": {"options_flow", "registry_flow", "site_flow", "subentry_flow"},
    "repairs": REPAIRS,
}


def imported_by(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the full names of all modules a module imports, wherever in it."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parents = package.split(".")[: len(package.split(".")) + 1 - level]
                base = ".".join([*(parents if level else []), *([module] if module else [])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)


def rooms() -> dict[str, Path]:
    """Return all modules by their name within the integration."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sorted(ROOT.rglob("*.py"))
    }


def imports_of(path: Path) -> set[str]:
    """Return the full names of what a file imports."""
    package = ".".join([PACKAGE, *path.parent.relative_to(ROOT).parts])
    return set(imported_by(ast.parse(path.read_text(encoding="utf-8")), package))


def neighbours_of(path: Path) -> set[str]:
    """Return the rooms of the first floor below the integration that a file imports."""
    prefix = f"{PACKAGE}."
    return {
        name.removeprefix(prefix).split(".")[0]
        for name in imports_of(path)
        if name.startswith(prefix)
    }


def floor_of(room: str) -> str:
    """Return which floor a room is on."""
    first = room.partition(".")[0]
    if first in PLAIN:
        return first
    if first in PLATFORMS:
        return "platforms"
    if first in HOOKS:
        return "hooks"
    return "flows" if first in FLOWS else "runtime"


ROOMS: Final = rooms()


def on_floor(*floors: str) -> list[str]:
    """Return the rooms of some floors."""
    return [room for room in ROOMS if floor_of(room) in floors]


def test_every_floor_has_rooms() -> None:
    """Otherwise the rules below would hold of nothing."""
    for floor in ("api", "runtime", "platforms", "flows", "hooks"):
        assert on_floor(floor), floor
    assert (ROOT / "billing").exists() == bool(on_floor("billing"))
    assert "const" in neighbours_of(ROOMS["coordinator"])


@pytest.mark.parametrize("room", on_floor(*PLAIN))
def test_plain_python_knows_no_home_assistant(room: str) -> None:
    """Wire and money could each be published tomorrow."""
    assert not [name for name in imports_of(ROOMS[room]) if name.split(".")[0] == "homeassistant"]


@pytest.mark.parametrize("room", on_floor(*PLAIN))
def test_plain_python_knows_only_its_own_package(room: str) -> None:
    """The wire knows nothing of money, money nothing of the wire, and neither of the rest."""
    assert neighbours_of(ROOMS[room]) <= PLAIN[floor_of(room)]


@pytest.mark.parametrize("room", on_floor("runtime"))
def test_the_runtime_knows_no_platform(room: str) -> None:
    """What happens does not depend on what is shown."""
    assert not neighbours_of(ROOMS[room]) & (PLATFORMS | HOOKS)


@pytest.mark.parametrize("room", on_floor("runtime"))
def test_the_runtime_knows_no_flow(room: str) -> None:
    """Nor on what a person enters, but for the repairs that it raises."""
    allowed = REPAIRS if room in REPAIRS_RAISED_BY else set()
    assert neighbours_of(ROOMS[room]) & FLOWS <= allowed


@pytest.mark.parametrize("room", on_floor("platforms", "flows", "hooks"))
def test_platforms_flows_and_hooks_know_neither_each_other_nor_their_like(room: str) -> None:
    """What two of them need is on a floor below."""
    others = (PLATFORMS | FLOWS | HOOKS) - {room} - OPENED_BY.get(room, set())
    assert not neighbours_of(ROOMS[room]) & others


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("import homeassistant.core", PACKAGE, {"homeassistant.core"}),
        ("def f():\n from homeassistant import core", PACKAGE, {"homeassistant.core"}),
        ("from . import switch", PACKAGE, {f"{PACKAGE}.switch"}),
        ("from .switch import X", PACKAGE, {f"{PACKAGE}.switch"}),
        ("from ..switch import X", f"{PACKAGE}.api", {f"{PACKAGE}.switch"}),
        ("from .. import switch", f"{PACKAGE}.api", {f"{PACKAGE}.switch"}),
    ],
)
def test_imports_are_found_however_they_are_written(
    source: str, package: str, expected: set[str]
) -> None:
    """Also relative ones, and ones inside a function."""
    assert expected <= set(imported_by(ast.parse(source), package))
