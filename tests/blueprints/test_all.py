"""What all blueprints have in common."""

from pathlib import Path
from typing import Final

from homeassistant.util.yaml import load_yaml_dict
import pytest

from .home import FOLDER

FILES: Final = sorted(FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_blueprint_says_what_it_is(path: Path) -> None:
    """In words, with inputs that fit only this integration's entities and a to-do list."""
    content = path.read_text()
    blueprint = load_yaml_dict(str(path))["blueprint"]
    assert blueprint["name"].startswith("Qube: ")
    assert blueprint["description"].strip()
    assert blueprint["homeassistant"] == {"min_version": "2026.10.0"}
    assert "source_url" not in blueprint
    for key, field in blueprint["input"].items():
        assert f"!input {key}\n" in content, key
        assert field["name"]
        (selector,) = field["selector"]
        if selector == "entity":
            (each,) = field["selector"]["entity"]["filter"]
            assert each.get("integration") == "qube" or each == {"domain": "todo"}, key


def test_all_blueprints_are_tested() -> None:
    """By a file of the same name."""
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert {path.stem for path in FILES} == tests - {"all"}
