"""The configuration directory of a Home Assistant that is set up and has its owner."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
import os
from pathlib import Path
import secrets
import shutil
from typing import Any, Final

from homeassistant import config_entries
from homeassistant.auth import auth_manager_from_config
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN
from homeassistant.auth.providers.homeassistant import HassAuthProvider
from homeassistant.components.onboarding import STORAGE_KEY, STORAGE_VERSION, OnboardingStorage
from homeassistant.components.onboarding.const import STEPS
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.storage import Store

REPOSITORY: Final = Path(__file__).parents[2]
USER: Final = "demo"

_FOLDER: Final = REPOSITORY / ".demo"
_CONFIGURATION: Final = Path(__file__).with_name("configuration.yaml")
_FOR_EVERYBODY: Final = "- type: homeassistant\n"
# Whoever sits at this machine is let in without a password.
_FROM_HERE: Final = """\
- type: trusted_networks
  trusted_networks: [127.0.0.1, "::1"]
  allow_bypass_login: true
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How a person gets in, and how this program does."""

    password: str = field(repr=False)
    token: str = field(repr=False)


@contextmanager
def own_folder() -> Iterator[Path]:
    """Make an empty folder for this run alone, and remove it afterwards."""
    _FOLDER.mkdir(exist_ok=True)
    _remove_leftovers()
    folder = _FOLDER / str(os.getpid())
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def write_configuration(config: Path, *, is_open_from_here: bool) -> None:
    """Write what a person would have written, and link the integration."""
    config.mkdir()
    shutil.copy(_CONFIGURATION, config)
    for name in ("automations", "scenes", "scripts"):
        (config / f"{name}.yaml").touch()
    providers = _FROM_HERE + _FOR_EVERYBODY if is_open_from_here else _FOR_EVERYBODY
    (config / "auth_providers.yaml").write_text(providers)
    components = config / "custom_components"
    components.mkdir()
    (components / "qube").symlink_to(REPOSITORY / "custom_components" / "qube")


async def write_entry(config: Path, entry: ConfigEntry) -> None:
    """Write the entry of an integration that was set up before."""
    hass = HomeAssistant(str(config))
    store = Store[dict[str, Any]](
        hass,
        config_entries.STORAGE_VERSION,
        config_entries.STORAGE_KEY,
        minor_version=config_entries.STORAGE_VERSION_MINOR,
    )
    await store.async_save({"entries": [entry.as_dict()]})
    await hass.async_stop(force=True)


async def create_owner(config: Path) -> Access:
    """Create the owner, and mark the first steps as done."""
    hass = HomeAssistant(str(config))
    # The users hang on these registries.
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    dr.async_setup(hass)
    await asyncio.gather(dr.async_load(hass), er.async_load(hass))
    hass.auth = await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    (provider,) = hass.auth.auth_providers
    assert isinstance(provider, HassAuthProvider)  # noqa: S101 - it was asked for above
    password = secrets.token_urlsafe(9)
    await provider.async_add_auth(USER, password)
    credentials = await provider.async_get_or_create_credentials({"username": USER})
    user = await hass.auth.async_create_user("Property manager", group_ids=[GROUP_ID_ADMIN])
    await hass.auth.async_link_user(user, credentials)
    refresh_token = await hass.auth.async_create_refresh_token(
        user,
        client_name="script/demo",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=1),
    )
    token = hass.auth.async_create_access_token(refresh_token)
    store = OnboardingStorage(hass, STORAGE_VERSION, STORAGE_KEY, private=True)
    await store.async_save({"done": list(STEPS)})
    # Only what was running writes what it still holds when it is stopped.
    hass.set_state(CoreState.running)
    await hass.async_stop()
    return Access(password=password, token=token)


def _remove_leftovers() -> None:
    """Remove the folders of runs that were killed."""
    for folder in _FOLDER.iterdir():
        if not _is_alive(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ValueError, ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
