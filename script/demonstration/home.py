"""A running Home Assistant, as its own browser talks to it."""

import asyncio
from collections.abc import Mapping
import json
from typing import Any, Final

from aiohttp import ClientError, ClientSession, WSMsgType

from .errors import DemoError
from .instance import REPOSITORY

_SECONDS_BETWEEN_LOOKS: Final = 0.05
_TRANSLATIONS: Final = REPOSITORY / "custom_components" / "qube" / "translations" / "en.json"


class Home:
    """Talk to Home Assistant over REST and its websocket."""

    def __init__(self, session: ClientSession, url: str, token: str) -> None:
        """Talk to the given address as the owner of the token."""
        self._session = session
        self._url = url
        self._token = token
        self._headers = {"Authorization": f"Bearer {token}"}

    async def wait_until_running(self) -> None:
        """Wait until everything is set up."""
        while True:
            if await self._is_running():
                return
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def add_account(self, api_key: str, url: str) -> None:
        """Add a Qube account through the config flow, as a person would."""
        flow = await self._post("config/config_entries/flow", {"handler": "qube"})
        step = f"config/config_entries/flow/{flow['flow_id']}"
        result = await self._post(step, {"api_key": api_key, "advanced": {"url": url}})
        if result["type"] != "create_entry":
            raise DemoError(f"the account could not be added. {_reason(result)}")

    async def add_subentry(self, kind: str, *forms: Mapping[str, Any]) -> None:
        """Add something to the account through its flow, one form after the other."""
        (entries,) = await self.ask({"type": "config_entries/get", "domain": "qube"})
        flow = "config/config_entries/subentries/flow"
        result = await self._post(flow, {"handler": [entries[0]["entry_id"], kind]})
        for form in forms:
            result = await self._post(f"{flow}/{result['flow_id']}", form)
        if result["type"] != "create_entry":
            raise DemoError(f"{kind} could not be added: {result.get('errors') or result['type']}.")

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        async with self._session.get(f"{self._url}/api/states", headers=self._headers) as response:
            response.raise_for_status()
            return {state["entity_id"]: state for state in await response.json()}

    async def faults(self) -> list[str]:
        """Return what the integration logged as a warning or an error."""
        (entries,) = await self.ask({"type": "system_log/list"})
        return [
            f"{entry['level']}: {' '.join(entry['message'])}"
            for entry in entries
            if entry["name"].startswith("custom_components.qube")
        ]

    async def act(self, domain: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to an action; raise DemoError where it is refused."""
        answer = await self._post(f"services/{domain}/{action}?return_response", data)
        response: dict[str, Any] = answer["service_response"]
        return response

    async def ask(self, *commands: Mapping[str, Any]) -> list[Any]:
        """Return the answers to some websocket commands."""
        answers: list[Any] = []
        async with self._session.ws_connect(
            f"{self._url}/api/websocket", max_msg_size=0
        ) as websocket:
            await websocket.receive_json()
            await websocket.send_json({"type": "auth", "access_token": self._token})
            await websocket.receive_json()
            for number, command in enumerate(commands, 1):
                await websocket.send_json({"id": number, **command})
                message = await websocket.receive()
                if message.type is not WSMsgType.TEXT:
                    raise DemoError("Home Assistant closed its websocket.")
                answer = json.loads(message.data)
                if not answer["success"]:
                    raise DemoError(f"{command['type']} failed: {answer['error']['message']}")
                answers.append(answer["result"])
        return answers

    async def _is_running(self) -> bool:
        try:
            async with self._session.get(
                f"{self._url}/api/config", headers=self._headers
            ) as response:
                config = await response.json() if response.ok else {"state": "NOT_RUNNING"}
        except ClientError:
            return False
        if config.get("recovery_mode"):
            raise DemoError("Home Assistant could only start in its recovery mode.")
        return bool(config["state"] == "RUNNING")

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        async with self._session.post(
            f"{self._url}/api/{path}", json=body, headers=self._headers
        ) as response:
            if not response.ok:
                why = await response.text()
                raise DemoError(f"Home Assistant answered {response.status} to {path}: {why}")
            result: dict[str, Any] = await response.json()
            return result


def _reason(result: Mapping[str, Any]) -> str:
    """Return what the form would have said."""
    texts: dict[str, dict[str, str]] = json.loads(_TRANSLATIONS.read_text())["config"]
    if result["type"] == "abort":
        return texts["abort"][result["reason"]]
    return " ".join(texts["error"][error] for error in result["errors"].values())
