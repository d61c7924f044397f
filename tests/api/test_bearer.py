"""One login for all who need a token, early, and once more where it was refused."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from custom_components.qube.api import QubeAuthenticationError, QubeConnectionError, QubeError
from custom_components.qube.api.bearer import Bearer, Token, typed

REFUSED = QubeAuthenticationError("authentication_error", "refused")


class Office:
    """Issues numbered tokens, and remembers what was sent with which."""

    def __init__(self) -> None:
        """Issue tokens for an hour, all of them good."""
        self.logins = 0
        self.sent: list[str] = []
        self.valid_s: float | None = 3600.0
        self.error: QubeError | None = None
        self.refuses: set[str] = set()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    async def login(self) -> Token:
        """Issue the next token."""
        self.logins += 1
        number = self.logins
        self.was_asked.set()
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return Token(value=f"token-{number}", valid_s=self.valid_s)

    async def send(self, token: str) -> str:
        """Answer with the token, or refuse it."""
        self.sent.append(token)
        await asyncio.sleep(0)
        if token in self.refuses:
            raise QubeAuthenticationError("authentication_error", "refused")
        return token


@pytest.fixture
def office() -> Office:
    """Return an office that issues tokens."""
    return Office()


@pytest.fixture
def bearer(office: Office) -> Bearer:
    """Return the bearer of its tokens."""
    return Bearer(office.login)


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what moves the loop's clock, in seconds."""
    passed = [1000.0]
    monkeypatch.setattr("custom_components.qube.api.bearer._now_s", lambda: passed[0])

    def move(seconds: float) -> None:
        passed[0] += seconds

    return move


async def together(bearer: Bearer, send: Callable[[str], Awaitable[str]]) -> list[object]:
    """Return what twenty calls at once come to."""
    return [*await asyncio.gather(*(bearer.call(send) for _ in range(20)), return_exceptions=True)]


async def test_a_token_is_kept_until_shortly_before_its_end(
    office: Office, bearer: Bearer, pass_time: Callable[[float], None]
) -> None:
    """A minute early, so that it does not expire under way."""
    assert await bearer.call(office.send) == "token-1"
    pass_time(3539)
    assert await bearer.call(office.send) == "token-1"
    pass_time(1)
    assert await bearer.call(office.send) == "token-2"


async def test_a_short_token_is_used_for_half_its_time(
    office: Office, bearer: Bearer, pass_time: Callable[[float], None]
) -> None:
    """Otherwise one of a minute would never be used twice."""
    office.valid_s = 60
    await bearer.call(office.send)
    pass_time(29)
    assert await bearer.call(office.send) == "token-1"
    pass_time(1)
    assert await bearer.call(office.send) == "token-2"


async def test_a_token_without_an_end_holds_until_it_is_refused(
    office: Office, bearer: Bearer, pass_time: Callable[[float], None]
) -> None:
    """Some clouds do not say for how long."""
    office.valid_s = None
    await bearer.call(office.send)
    pass_time(10**9)
    assert await bearer.call(office.send) == "token-1"
    office.refuses = {"token-1"}
    assert await bearer.call(office.send) == "token-2"


async def test_all_who_start_together_share_one_login(office: Office, bearer: Bearer) -> None:
    """The first of twenty logs in."""
    assert await together(bearer, office.send) == ["token-1"] * 20
    assert office.logins == 1


async def test_all_who_are_refused_together_share_one_renewal(
    office: Office, bearer: Bearer
) -> None:
    """Each sends twice, and there are two logins in all."""
    office.refuses = {"token-1"}
    assert await together(bearer, office.send) == ["token-2"] * 20
    assert office.logins == 2
    assert len(office.sent) == 40


async def test_who_is_refused_late_uses_the_token_that_is_there_by_then(
    office: Office, bearer: Bearer
) -> None:
    """A slow request under an old token does not throw the new one away."""
    may_refuse = asyncio.Event()

    async def slow(token: str) -> str:
        if token == "token-1":
            await may_refuse.wait()
        return await office.send(token)

    office.refuses = {"token-1"}
    late = asyncio.create_task(bearer.call(slow))
    await asyncio.sleep(0)
    assert await bearer.call(office.send) == "token-2"
    may_refuse.set()
    assert await late == "token-2"
    assert office.logins == 2


async def test_what_is_refused_again_is_refused(office: Office, bearer: Bearer) -> None:
    """One login and one retry, no more."""
    office.refuses = {f"token-{number}" for number in range(9)}
    with pytest.raises(QubeAuthenticationError) as caught:
        await bearer.call(office.send)
    assert (office.logins, office.sent) == (2, ["token-1", "token-2"])
    assert caught.value.__context__ is None


@pytest.mark.parametrize("error", [REFUSED, QubeConnectionError("no answer in time")])
async def test_a_login_that_fails_fails_for_all_who_wait(
    office: Office, bearer: Bearer, error: QubeError
) -> None:
    """Twenty tries with a wrong password could lock the account."""
    office.error = error
    office.may_answer.clear()
    calls = asyncio.create_task(together(bearer, office.send))
    await office.was_asked.wait()
    office.may_answer.set()
    assert await calls == [error] * 20
    assert (office.logins, office.sent) == (1, [])
    office.error = None
    assert await bearer.call(office.send) == "token-2"


async def test_who_gives_up_while_logging_in_holds_nobody_up(
    office: Office, bearer: Bearer
) -> None:
    """The next in line logs in."""
    office.may_answer.clear()
    first, second = (asyncio.create_task(bearer.call(office.send)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    office.may_answer.set()
    assert await second == "token-2"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_other_errors_are_not_tried_again(office: Office, bearer: Bearer) -> None:
    """They say nothing about the token."""

    async def fail(token: str) -> str:
        office.sent.append(token)
        raise QubeConnectionError("no answer in time")

    with pytest.raises(QubeConnectionError):
        await bearer.call(fail)
    assert (office.logins, office.sent) == (1, ["token-1"])


async def test_a_typed_token_is_tried_again_and_never_renewed(office: Office) -> None:
    """A single refusal does not end it: its owner would have to type it again."""
    bearer = Bearer(typed("mine"))
    assert await bearer.call(office.send) == "mine"
    office.refuses = {"mine"}
    with pytest.raises(QubeAuthenticationError):
        await bearer.call(office.send)
    assert office.sent == ["mine"] * 3
    office.refuses.clear()
    assert await bearer.call(office.send) == "mine"


def test_a_token_is_in_no_repr() -> None:
    """Nor is it in a log, which writes reprs."""
    assert "canary" not in repr(Token(value="canary", valid_s=1.0))
