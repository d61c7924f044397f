"""The texts of the integration, and what its source says about them."""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

INTEGRATION: Final = Path(__file__).parent.parent / "custom_components" / "qube"
ENGLISH: Final[dict[str, Any]] = json.loads((INTEGRATION / "translations/en.json").read_bytes())


def placeholders_in(text: str) -> set[str]:
    """Return what a text has to be filled with."""
    return set(re.findall(r"{(\w+)}", text))


def leaves(content: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with its path."""
    for key, value in content.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from leaves(value, f"{path}{key}.")


def calls_in(name: str) -> Iterator[tuple[str, dict[str, ast.expr], list[ast.expr]]]:
    """Yield each call of a source file: its function's name, keywords and arguments."""
    for node in ast.walk(ast.parse((INTEGRATION / f"{name}.py").read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else ""
            called = function.id if isinstance(function, ast.Name) else called
            yield called, {word.arg: word.value for word in node.keywords if word.arg}, node.args


def all_calls() -> Iterator[tuple[str, dict[str, ast.expr], list[ast.expr]]]:
    """Yield each call of the integration."""
    for folder in (INTEGRATION, INTEGRATION / "billing"):
        for source in folder.glob("*.py"):
            yield from calls_in(str(source.relative_to(INTEGRATION).with_suffix("")))
