"""The limit alone: commands first, and no slot is ever lost."""

import asyncio

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.qube.api.transport import RequestLimit


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Tasks that want a slot of one limit, and the order in which they got it."""

    def __init__(self, at_once: int) -> None:
        """Begin with nobody."""
        self.limit = RequestLimit(at_once)
        self.inside: list[str] = []
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.doors: dict[str, asyncio.Event] = {}

    async def enter(self, name: str, *, command: bool = False) -> None:
        """Let one more come and do what it can."""
        self.doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, command=command))
        await settle()

    async def leave(self, name: str) -> None:
        """Let one finish its work."""
        self.doors[name].set()
        await settle()

    async def _hold(self, name: str, *, command: bool) -> None:
        async with self.limit.slot(command=command):
            self.order.append(name)
            self.inside.append(name)
            try:
                await self.doors[name].wait()
            finally:
                self.inside.remove(name)


async def test_commands_pass_all_who_wait_and_each_kind_keeps_its_order() -> None:
    """First come, first served, among commands and then among the others."""
    crowd = Crowd(1)
    await crowd.enter("running")
    for name, command in (("poll 1", False), ("poll 2", False), ("cmd 1", True), ("cmd 2", True)):
        await crowd.enter(name, command=command)
    assert crowd.inside == ["running"]
    for name in ("running", "cmd 1", "cmd 2", "poll 1", "poll 2"):
        assert crowd.inside == [name]
        await crowd.leave(name)
    assert crowd.limit._free == 1


async def test_who_gives_up_waiting_takes_no_slot_along() -> None:
    """The next one in line is served in its place."""
    crowd = Crowd(1)
    for name in ("running", "gives up", "next"):
        await crowd.enter(name)
    crowd.tasks["gives up"].cancel()
    await settle()
    await crowd.leave("running")
    assert crowd.inside == ["next"]
    await crowd.leave("next")
    assert crowd.limit._free == 1


@pytest.mark.parametrize("has_next", [True, False])
async def test_who_is_cancelled_in_the_moment_of_being_served_hands_on(has_next: bool) -> None:
    """The slot was given and never taken: it must not be lost."""
    crowd = Crowd(1)
    await crowd.enter("running")
    await crowd.enter("unlucky")
    if has_next:
        await crowd.enter("next")
    crowd.doors["running"].set()
    while not crowd.tasks["running"].done():
        await asyncio.sleep(0)
        if "running" not in crowd.inside:
            crowd.tasks["unlucky"].cancel()
    await settle()
    assert crowd.tasks["unlucky"].cancelled()
    assert "unlucky" not in crowd.order
    assert crowd.inside == (["next"] if has_next else [])
    if has_next:
        await crowd.leave("next")
    assert crowd.limit._free == 1


async def test_an_error_or_a_cancellation_inside_frees_the_slot() -> None:
    """However it ends, it ends."""
    crowd = Crowd(2)
    await crowd.enter("cancelled")
    crowd.tasks["cancelled"].cancel()
    await settle()
    with pytest.raises(ZeroDivisionError):
        async with crowd.limit.slot(command=True):
            raise ZeroDivisionError
    assert crowd.limit._free == 2


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["come", "command", "leave", "cancel"]), st.integers(0))))
async def test_no_sequence_of_events_leaks_or_oversells_a_slot(
    events: list[tuple[str, int]],
) -> None:
    """Three inside at most, nobody waits beside a free slot, and in the end all are free."""
    crowd = Crowd(3)
    for number, (event, choice) in enumerate(events):
        present = [name for name, task in crowd.tasks.items() if not task.done()]
        if event in ("come", "command"):
            await crowd.enter(str(number), command=event == "command")
        elif present and event == "leave":
            await crowd.leave(present[choice % len(present)])
        elif present:
            crowd.tasks[present[choice % len(present)]].cancel()
            await settle()
        waiting = sum(not task.done() for task in crowd.tasks.values()) - len(crowd.inside)
        assert len(crowd.inside) == 3 - crowd.limit._free
        assert not (waiting and crowd.limit._free)
    for name in crowd.tasks:
        await crowd.leave(name)
    await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)
    assert crowd.limit._free == 3
