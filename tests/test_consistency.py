"""What hassfest and HACS would say, as far as it can be known without them."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
import tomllib
from typing import Any, Final

from awesomeversion import AwesomeVersion
from homeassistant import components
from homeassistant.const import Platform, __version__ as ha_version
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube import PLATFORMS
from custom_components.qube.const import DOMAIN

ROOT: Final = Path(__file__).parent.parent
INTEGRATION: Final = ROOT / "custom_components" / "qube"
SOURCES: Final = sorted(INTEGRATION.rglob("*.py"))
MANIFEST: Final[dict[str, Any]] = json.loads((INTEGRATION / "manifest.json").read_bytes())

# Used through Home Assistant's own hooks; hassfest wants no dependency for them.
COMPONENTS_WITHOUT_DEPENDENCY: Final = {
    *Platform,
    *("repairs", "diagnostics", "logbook", "system_health", "llm", "homeassistant"),
}

DEPRECATED: Final = {
    "voluptuous",
    "via_device",
    "async_get_device",
    "show_advanced_options",
    "OptionsFlowWithConfigEntry",
    "async_register_info",
    "async_setup_platforms",
    "async_forward_entry_setup",
    "async_config_entry_first_refresh_and_log",
    "async_get_registry",
    "FlowResult",
    "ServiceDataType",
    "HomeAssistantType",
}

# The rules of the quality scale, as Home Assistant's own integrations list them.
TIERS: Final = {
    "Bronze": {
        *("action-setup", "appropriate-polling", "brands", "common-modules", "config-flow"),
        *("config-flow-test-coverage", "dependency-transparency", "docs-actions"),
        *("docs-conditions", "docs-high-level-description", "docs-installation-instructions"),
        *("docs-removal-instructions", "docs-triggers", "entity-event-setup", "entity-unique-id"),
        *("has-entity-name", "runtime-data", "test-before-configure", "test-before-setup"),
        "unique-config-entry",
    },
    "Silver": {
        *("action-exceptions", "config-entry-unloading", "docs-configuration-parameters"),
        *("docs-installation-parameters", "entity-unavailable", "integration-owner"),
        *("log-when-unavailable", "parallel-updates", "reauthentication-flow", "test-coverage"),
    },
}


def tree_of(source: Path) -> ast.Module:
    """Return a source file, parsed."""
    return ast.parse(source.read_text())


def names_in(source: Path) -> Iterator[str]:
    """Yield every name that a source file imports or uses."""
    for node in ast.walk(tree_of(source)):
        match node:
            # The function of the component is deprecated, the method of the registration is not.
            case ast.Attribute(value=ast.Name(id="register"), attr="async_register_info"):
                pass
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.alias(name=name):
                yield from name.split(".")
            case ast.ImportFrom(module=str(name)):
                yield from name.split(".")


def components_in(source: Path) -> Iterator[str]:
    """Yield every component of Home Assistant that a source file imports from."""
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.ImportFrom(module="homeassistant.components", names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module)):
                if found := re.match(r"homeassistant\.components\.(\w+)", module):
                    yield found[1]


def test_the_manifest_has_its_keys_in_order() -> None:
    """Domain and name come first, the others by the alphabet."""
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    required = {"codeowners", "documentation", "issue_tracker", "integration_type", "iot_class"}
    assert required | {"version", "config_flow", "requirements"} <= set(keys)


def test_the_manifest_says_what_is_so() -> None:
    """The domain is that of the code and the folder, and the version that of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert MANIFEST["domain"] == DOMAIN == INTEGRATION.name
    assert MANIFEST["version"] == project["version"]
    assert AwesomeVersion(MANIFEST["version"]).strategy == "SemVer"
    assert MANIFEST["config_flow"] is (INTEGRATION / "config_flow.py").exists()
    assert MANIFEST["iot_class"] == "cloud_polling"
    assert MANIFEST["integration_type"] == "hub"
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert MANIFEST["documentation"].startswith("https://")
    assert MANIFEST["issue_tracker"].startswith("https://")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_components_that_are_used_are_dependencies(source: Path) -> None:
    """What is imported from another component must be set up before."""
    known = {*MANIFEST.get("dependencies", []), *MANIFEST.get("after_dependencies", [])}
    assert set(components_in(source)) <= known | COMPONENTS_WITHOUT_DEPENDENCY


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_nothing_deprecated_is_used(source: Path) -> None:
    """Names that Home Assistant is about to drop."""
    assert set(names_in(source)) & DEPRECATED == set()


def test_each_platform_is_a_file() -> None:
    """What is forwarded exists, what exists is forwarded, and each says how it takes updates."""
    files = {source.stem for source in INTEGRATION.glob("*.py")} & set(Platform)
    assert files == set(PLATFORMS)
    assert sorted(PLATFORMS) == PLATFORMS
    for platform in files:
        assert "PARALLEL_UPDATES" in set(names_in(INTEGRATION / f"{platform}.py")), platform


async def test_actions_are_described_where_there_are_any(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Those that are registered are those of services.yaml, of the texts and of the icons."""
    path = INTEGRATION / "services.yaml"
    described = load_yaml_dict(str(path)) if path.exists() else {}
    registered = set(hass.services.async_services_for_domain(DOMAIN))
    assert registered == set(described)
    for name in ("icons.json", "translations/en.json"):
        content = json.loads((INTEGRATION / name).read_bytes())
        assert set(content.get("services", {})) == registered, name


def test_the_quality_scale_is_kept_up_to_silver() -> None:
    """Each rule is done, or exempt for a reason."""
    rules = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))["rules"]
    for tier, names in TIERS.items():
        assert names <= set(rules), tier
        for name in names:
            rule = rules[name]
            assert rule == "done" or (rule["status"] == "exempt" and rule["comment"].strip()), name


def test_the_quality_scale_has_the_rules_of_home_assistant() -> None:
    """Each rule is one that Home Assistant's own integrations have, in the same tier."""
    theirs = Path(components.__path__[0]) / "peblar" / "quality_scale.yaml"
    rules = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))["rules"]
    assert set(rules) <= set(load_yaml_dict(str(theirs))["rules"])
    assert tiers_of(theirs)["Bronze"] == TIERS["Bronze"]
    assert tiers_of(theirs)["Silver"] == TIERS["Silver"]


def tiers_of(path: Path) -> dict[str, set[str]]:
    """Return the rules of a quality scale by the tier in the comment above them."""
    tiers: dict[str, set[str]] = {}
    tier = ""
    for line in path.read_text().splitlines():
        if found := re.fullmatch(r"  # (\w+)", line):
            tier = found[1]
        elif found := re.match(r"  ([a-z-]+):", line):
            tiers.setdefault(tier, set()).add(found[1])
    return tiers


def test_hacs_knows_every_key() -> None:
    """HACS refuses keys that it does not know, and downloads the file that a release has."""
    hacs = json.loads((ROOT / "hacs.json").read_bytes())
    known = {"name", "homeassistant", "country", "zip_release", "filename", "hacs"}
    known |= {"hide_default_branch", "persistent_directory", "render_readme", "content_in_root"}
    assert set(hacs) <= known
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["country"] == ["IN"]
    assert AwesomeVersion(hacs["homeassistant"]) <= AwesomeVersion(ha_version)
    assert hacs["zip_release"] is True
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert hacs["filename"] in release


def test_hacs_finds_what_it_wants() -> None:
    """One integration, a readme, and a licence that the project names."""
    folders = [path for path in (ROOT / "custom_components").iterdir() if path.is_dir()]
    assert [path.name for path in folders if path.name != "__pycache__"] == [DOMAIN]
    assert (ROOT / "README.md").stat().st_size > 0
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


@pytest.mark.parametrize("prefix", ["", "dark_"])
@pytest.mark.parametrize(("suffix", "scale"), [("", 1), ("@2x", 2)])
def test_the_brand_has_the_right_sizes(prefix: str, suffix: str, scale: int) -> None:
    """An icon is 256 pixels square, a logo as high and wider, and both are there twice as large."""
    with Image.open(INTEGRATION / "brand" / f"{prefix}icon{suffix}.png") as icon:
        assert (icon.format, icon.size) == ("PNG", (256 * scale, 256 * scale))
        assert "A" in icon.getbands() or "transparency" in icon.info
    with Image.open(INTEGRATION / "brand" / f"{prefix}logo{suffix}.png") as logo:
        assert logo.format == "PNG"
        assert logo.width > logo.height
        assert 128 * scale <= logo.height <= 256 * scale
    with Image.open(INTEGRATION / "brand" / "logo.png") as smallest:
        assert logo.size == (smallest.width * scale, smallest.height * scale)
