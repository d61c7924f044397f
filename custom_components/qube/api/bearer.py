"""A bearer token: fetched once for all who need it, renewed early, and once more where refused."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import math
from typing import Final

from .errors import QubeAuthenticationError, QubeConnectionError, QubeError

RENEW_EARLY_S: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A bearer token, in no repr; without `valid_s` it holds until it is refused."""

    value: str = field(repr=False)
    valid_s: float | None = None


type Login = Callable[[], Awaitable[Token]]


def typed(value: str) -> Login:
    """Return the login of a token that its owner typed: there is no other to be had."""

    async def login() -> Token:
        return Token(value=value)

    return login


class Bearer:
    """The token of one account: of all who need a new one, only one logs in."""

    def __init__(self, login: Login) -> None:
        """Fetch tokens by `login`, which raises a QubeError where it cannot."""
        self._login = login
        self._lock = asyncio.Lock()
        self._logins = 0
        self._latest: Token | QubeError = QubeConnectionError("not logged in yet")
        self._renew_at = 0.0

    async def call[Result](self, send: Callable[[str], Awaitable[Result]]) -> Result:
        """Send with a token; where `send` is refused, log in once and send once more.

        `send` raises QubeAuthenticationError for a 401 only: such a request was not carried out,
        so it may be sent again. Raises a QubeError.
        """
        token = await self._token()
        try:
            return await send(token)
        except QubeAuthenticationError:
            pass
        # Not within the handler: what comes now is not caused by the refusal.
        return await send(await self._renewed(token))

    async def _token(self) -> str:
        """Return a token that holds for a while yet."""
        if isinstance(self._latest, Token) and _now_s() < self._renew_at:
            return self._latest.value
        return await self._renewed(None)

    async def _renewed(self, refused: str | None) -> str:
        """Return another token than the one that was refused."""
        logins = self._logins
        async with self._lock:
            # Who had to wait shares what the login came to: a wrong password that is tried once
            # for each who waits could lock the account.
            if logins == self._logins and not self._was_renewed_after(refused):
                await self._log_in()
            latest = self._latest
        if isinstance(latest, Token):
            return latest.value
        raise latest.with_traceback(None)

    def _was_renewed_after(self, refused: str | None) -> bool:
        latest = self._latest
        return refused is not None and isinstance(latest, Token) and latest.value != refused

    async def _log_in(self) -> None:
        try:
            token = await self._login()
        except QubeError as err:
            self._latest = err
        else:
            self._latest = token
            self._renew_at = _now_s() + _use_s(token.valid_s)
        self._logins += 1


def _use_s(valid_s: float | None) -> float:
    """Return for how long a token is used: not to its end, which could pass under way."""
    return math.inf if valid_s is None else max(valid_s - RENEW_EARLY_S, valid_s / 2)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
