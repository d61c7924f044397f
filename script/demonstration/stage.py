"""What a demonstration runs on: a Qube cloud and a Home Assistant."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import socket
import sys
from time import monotonic
from typing import Final

from aiohttp import ClientSession

from custom_components.qube.api import DEFAULT_URL

from . import STARTED_AT
from .cloud import Account, account_of, read_truth, simulator
from .errors import DemoError
from .home import Home
from .house import Rented, let_house
from .instance import create_owner, own_folder, write_configuration
from .meters import Truth
from .processes import Program, running, while_running

_DEFAULT_PORT: Final = 8123


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says; without a key the cloud is simulated."""

    port: int | None
    meters: int
    spaces: int
    seed: int
    check: bool
    api_key: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What runs, and how to get at it."""

    session: ClientSession
    home: Home
    url: str
    password: str = field(repr=False)
    account: Account
    is_simulated: bool
    rented: list[Rented]
    programs: list[Program]

    @property
    def seconds(self) -> str:
        """Return how long it has taken until now."""
        return f"{monotonic() - STARTED_AT:.1f} s"

    async def truth(self) -> list[Truth] | None:
        """Return the truth about the meters, where it can be known."""
        if not self.is_simulated:
            return None
        return await read_truth(self.session, self.account.url)


@asynccontextmanager
async def build_stage(options: Options) -> AsyncIterator[Stage]:
    """Start a cloud, unless it is a real one, and a Home Assistant; end both afterwards."""
    port = _take_port(options)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(own_folder())
        session = await stack.enter_async_context(ClientSession())
        programs: list[Program] = []
        if options.api_key is None:
            programs.append(await stack.enter_async_context(running(_simulator(folder, options))))
        config = folder / "config"
        write_configuration(config, is_open_from_here=options.api_key is None)
        access = await create_owner(config)
        rented: list[Rented] = []
        if options.api_key is None:
            account = await while_running(account_of(programs[0]), programs)
            rented = await while_running(let_house(session, account, config), programs)
        else:
            account = Account(url=DEFAULT_URL, api_key=options.api_key)
        programs.append(await stack.enter_async_context(running(_home_assistant(folder, port))))
        url = f"http://127.0.0.1:{port}"
        yield Stage(
            session=session,
            home=Home(session, url, access.token),
            url=url,
            password=access.password,
            account=account,
            is_simulated=options.api_key is None,
            rented=rented,
            programs=programs,
        )


def _simulator(folder: Path, options: Options) -> Program:
    return simulator(folder, spaces=options.spaces, meters=options.meters, seed=options.seed)


def _home_assistant(folder: Path, port: int) -> Program:
    return Program(
        "Home Assistant",
        [sys.executable, "-m", "homeassistant", "--skip-pip", "--config", str(folder / "config")],
        folder / "home-assistant.log",
        # In the configuration a port would be on trial for five minutes only.
        {"SETUP_PORT": str(port)},
    )


def _take_port(options: Options) -> int:
    """Return the port to use, which must be free."""
    wanted = options.port or (0 if options.check else _DEFAULT_PORT)
    try:
        with socket.create_server(("", wanted)) as server:
            port: int = server.getsockname()[1]
            return port
    except OSError as error:
        raise DemoError(
            f"port {wanted} cannot be used: {os.strerror(error.errno or 0).lower()}. "
            "Is a Home Assistant running already? Choose another port with --port."
        ) from error
