"""Servers that say what they are told to, for what the simulated cloud would never say."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web
import orjson

from custom_components.qube.api.parsing import Json

API_KEY = "canary-key-81d2f0"


def envelope(data: Json) -> bytes:
    """Return the body of an answer that says yes."""
    return orjson.dumps({"success": True, "data": data})


def refusal(code: Json, detail: Json = "") -> bytes:
    """Return the body of an answer that says no."""
    return orjson.dumps({"success": False, "error": {"code": code, "detail": detail}})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One request as it came over the wire."""

    method: str
    path: str
    key: str | None
    body: bytes


@dataclass(kw_only=True, slots=True)
class Scripted:
    """A server that remembers every request, and answers all alike once it may."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.seen.append(
            Seen(
                method=request.method,
                path=request.raw_path,
                key=request.headers.get("X-Qube-API-Key"),
                body=await request.read(),
            )
        )
        await self.may_answer.wait()
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@dataclass(kw_only=True, slots=True)
class Wire:
    """A server below HTTP: it sends its answer to whoever asks, and hangs up unless it stalls."""

    url: str = ""
    answer: bytes = b""
    stalls: bool = False
