"""Faults on demand: which there are, and which of them the next request meets."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .protocol import ErrorCode, Json
from .traffic import READS, Endpoint


class FaultKind(StrEnum):
    """What can go wrong; the names in brackets are the parameters of `Fault` that matter."""

    LATENCY = "latency"  # (seconds); comes on top of any other fault
    DROP = "drop"
    TRUNCATION = "truncation"
    HTML_200 = "html_200"  # (body)
    WRONG_TYPES = "wrong_types"  # (data)
    UNAUTHORIZED = "unauthorized"
    AUTH_ERROR_200 = "auth_error_200"
    PROXY_403 = "proxy_403"
    RATE_LIMITED = "rate_limited"  # (retry_after)
    SERVER_ERROR = "server_error"  # (status, is_json)
    FAILURE_200 = "failure_200"  # (code)
    ERROR = "error"  # (code)
    REDIRECT = "redirect"  # (url)
    OVERSIZED = "oversized"  # (size_bytes)
    IGNORED = "ignored"  # commands only
    ANSWER_LOST = "answer_lost"


@dataclass(frozen=True, slots=True)
class Unset:
    """No value given, where null would be one."""


UNSET: Final = Unset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault: where it strikes, how often, and how."""

    kind: FaultKind
    endpoint: Endpoint | None = None
    device_id: str | None = None
    times: int | None = None
    seconds: float = 1.0
    status: int = 500
    is_json: bool = False
    code: ErrorCode = ErrorCode.VALIDATION_ERROR
    retry_after: int | str | None = 5
    url: str = "http://127.0.0.1:9/"
    body: str | None = None
    data: Json | Unset = UNSET
    size_bytes: int = 3 * 1024 * 1024

    def strikes(self, endpoint: Endpoint, device_id: str | None) -> bool:
        """Return whether a request is one of those meant."""
        if self.kind is FaultKind.IGNORED and endpoint in READS:
            return False
        return self.endpoint in (None, endpoint) and self.device_id in (None, device_id)


@dataclass(kw_only=True, slots=True)
class ActiveFault:
    """A fault on the board and how many times it will still strike."""

    fault: Fault
    left: int | None


@dataclass(slots=True)
class FaultBoard:
    """The faults that wait for requests, oldest first."""

    active: dict[int, ActiveFault] = field(default_factory=dict)
    _last_id: int = 0

    def add(self, fault: Fault) -> int:
        """Put up a fault and return its number."""
        self._last_id += 1
        self.active[self._last_id] = ActiveFault(fault=fault, left=fault.times)
        return self._last_id

    def remove(self, fault_id: int) -> None:
        """Take down one fault."""
        del self.active[fault_id]

    def clear(self) -> None:
        """Take down all faults."""
        self.active.clear()

    def take(self, endpoint: Endpoint, device_id: str | None) -> list[Fault]:
        """Return what a request meets: every delay that is meant for it, and one other fault."""
        taken: list[Fault] = []
        has_other = False
        for fault_id, waiting in list(self.active.items()):
            is_latency = waiting.fault.kind is FaultKind.LATENCY
            if not waiting.fault.strikes(endpoint, device_id) or (has_other and not is_latency):
                continue
            taken.append(waiting.fault)
            has_other = has_other or not is_latency
            if waiting.left is not None:
                waiting.left -= 1
                if waiting.left <= 0:
                    del self.active[fault_id]
        return taken
