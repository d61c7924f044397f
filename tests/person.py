"""Somebody who goes through repairs in the frontend."""

from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from custom_components.qube.const import DOMAIN
from tests.account import Account

FIX = "/api/repairs/issues/fix"


class Person:
    """The owner of an account, one repair at a time."""

    def __init__(self, account: Account, client: TestClient[web.Request, web.Application]) -> None:
        """Use an authenticated client."""
        self._account = account
        self._client = client
        self._flow_id = ""

    async def open(self, issue_id: str) -> dict[str, Any]:
        """Open a repair and return its form, or its menu."""
        response = await self._client.post(FIX, json={"handler": DOMAIN, "issue_id": issue_id})
        assert response.status == HTTPStatus.OK
        form: dict[str, Any] = await response.json()
        self._flow_id = form["flow_id"]
        return form

    async def submit(self, **answer: str) -> dict[str, Any]:
        """Submit the form with an answer, and return the result."""
        response = await self._client.post(f"{FIX}/{self._flow_id}", json=answer)
        assert response.status == HTTPStatus.OK
        await self._account.settle()
        result: dict[str, Any] = await response.json()
        return result

    async def choose(self, option: str) -> dict[str, Any]:
        """Choose an option of the menu, and return the result."""
        return await self.submit(next_step_id=option)
