"""PHY's meter registry, simulated: its organisations, its meters, and who may ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from .clock import Clock, real_clock
from .protocol import Json
from .registry_faults import RegistryFault

ACCOUNT_ID: Final = "0b7c1a52-6c1e-4f0a-9d39-2a7d5b0c8e11"
OTHER_ACCOUNT_ID: Final = "7f9be0d4-2f55-4b8e-8d2e-9d1f3f5b6a22"
EMAIL: Final = "owner@example.com"
PASSWORD: Final = "registry-password-canary"
TOKEN: Final = "registry-token-canary"
METER_TYPES: Final = ("ELECTRICITY", "GAS", "WATER", "SOLAR", "GENSET", "HVAC", "EV", "CARBON")


class RegistryEndpoint(StrEnum):
    """The endpoints of the Meters API, and the two before it."""

    LOGIN = "login"
    ORGANIZATIONS = "organizations"
    LIST = "list"
    CREATE = "create"
    GET = "get"
    UPDATE = "update"
    DELETE = "delete"


class RegistryError(Exception):
    """An answer that says no."""

    def __init__(self, status: int, error: str) -> None:
        """Take the status and the text of `error`."""
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(kw_only=True)
class SimulatedRegistryMeter:
    """A meter as the registry keeps it: its owner, and its fields under their own names."""

    account_id: str
    fields: dict[str, Json]

    @property
    def meter_id(self) -> int:
        """Return the id in the path."""
        meter_id = self.fields["id"]
        assert isinstance(meter_id, int)
        return meter_id


@dataclass(kw_only=True)
class SimulatedRegistry:
    """A registry with two organisations; the login sees both of them, unless told otherwise."""

    clock: Clock = real_clock
    token_life_s: int = 3600
    # What the page leaves open.
    count_is_total: bool = True
    delete_is_empty: bool = True
    max_limit: int = 100
    ignores_page: bool = False
    fixed_tokens: set[str] = field(default_factory=lambda: {TOKEN})
    email: str = EMAIL
    password: str = PASSWORD
    organizations: dict[str, str] = field(
        default_factory=lambda: {ACCOUNT_ID: "Lakeside Trust", OTHER_ACCOUNT_ID: "Hilltop Trust"}
    )
    meters: dict[int, SimulatedRegistryMeter] = field(default_factory=dict)
    faults: list[RegistryFault] = field(default_factory=list)
    log: list[RegistryEndpoint] = field(default_factory=list)
    bodies: list[Mapping[str, Json]] = field(default_factory=list)
    logins: int = 0
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _last_id: int = 40

    def add(
        self,
        name: str,
        serial_number: str,
        meter_type: str = "ELECTRICITY",
        account_id: str = ACCOUNT_ID,
        **fields: Json,
    ) -> SimulatedRegistryMeter:
        """Put up a meter."""
        wanted: dict[str, Json] = {
            "name": name,
            "serial_number": serial_number,
            "meter_type": meter_type,
            "communication_type": "HTTP",
            **fields,
        }
        return self.create(account_id, wanted)

    def populate(self, serial_numbers: Iterable[str] = ()) -> SimulatedRegistry:
        """Put up one meter of each type, and one for each of these serial numbers."""
        for number, meter_type in enumerate(METER_TYPES, 1):
            self.add(
                f"{meter_type.title()} main",
                f"PHY-{number:04}",
                meter_type,
                location=f"Plant room {number}",
                building_block_id=7,
                last_reading_value=1000.5 * number,
                last_reading_at=self.clock().isoformat(),
            )
        for number, serial_number in enumerate(serial_numbers, 101):
            self.add(f"Room {number}", serial_number, billing_direction="ACCREC")
        return self

    def create(self, account_id: str, fields: Mapping[str, Json]) -> SimulatedRegistryMeter:
        """Take in a meter under the next id."""
        self._last_id += 1
        content: dict[str, Json] = {
            "id": self._last_id,
            "account_id": account_id,
            "description": None,
            "reading_interval": 900,
            "building_block_id": None,
            "gateway_id": None,
            "tariff_id": None,
            "last_reading_value": None,
            "last_reading_at": None,
            "location": None,
            "billing_direction": None,
            "created_at": self.clock().astimezone(UTC).isoformat(),
            **fields,
        }
        meter = SimulatedRegistryMeter(account_id=account_id, fields=content)
        self.meters[self._last_id] = meter
        return meter

    def by_serial(self, serial_number: str) -> SimulatedRegistryMeter:
        """Return the meter with a serial number."""
        return next(m for m in self.meters.values() if m.fields["serial_number"] == serial_number)

    def login(self, email: Json, password: Json) -> dict[str, Json]:
        """Return a new token for the right e-mail and password."""
        if (email, password) != (self.email, self.password):
            raise RegistryError(401, "Invalid email or password")
        self.logins += 1
        token = f"registry-login-canary-{self.logins}"
        expires_at = self.clock().timestamp() + self.token_life_s
        self._tokens[token] = datetime.fromtimestamp(expires_at, UTC)
        return {
            "access_token": token,
            "refresh_token": f"registry-refresh-canary-{self.logins}",
            "expires_at": int(expires_at),
            "expires_in": self.token_life_s,
        }

    def expire_tokens(self) -> None:
        """Let no token of a login be good any more."""
        self._tokens.clear()

    def check_token(self, header: str) -> None:
        """Raise where an `Authorization` header lets nobody in."""
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token:
            raise RegistryError(401, "Missing bearer token")
        expires_at = self._tokens.get(token)
        is_fresh = expires_at is not None and self.clock() < expires_at
        if token not in self.fixed_tokens and not is_fresh:
            raise RegistryError(401, f"Token {token} is not valid")
