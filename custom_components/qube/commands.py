"""From what somebody wants to what the meter does: send, then read back until it shows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .api import (
    Metrics,
    Mode,
    QubeAuthenticationError,
    QubeClient,
    QubeConnectionError,
    QubeError,
    QubeResponseError,
    Source,
)
from .const import DOMAIN
from .coordinator import MeterCoordinator
from .errors import command_failed

# Meters talk to the cloud about every five seconds.
CONFIRM_DELAYS_S: Final = (0.5, 0.5, 1.0, 2.0, 3.0, 3.0)
ATTEMPTS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Command:
    """One absolute state of one field of a meter's metrics, and how to ask for it."""

    field: str
    apply: Callable[[Metrics], Metrics]
    send: Callable[[QubeClient, str], Awaitable[None]]

    def is_shown_by(self, metrics: Metrics) -> bool:
        """Return whether the meter shows what was asked for."""
        return self.apply(metrics) == metrics


def relay(*, closed: bool) -> Command:
    """Switch the power on (closed) or off."""
    return Command(
        field="relay",
        apply=lambda metrics: replace(metrics, relay_closed=closed),
        send=lambda client, device_id: client.set_relay(device_id, closed=closed),
    )


def payment_gateway(*, enabled: bool) -> Command:
    """Let tenants pay through the vendor's gateway, or not."""
    return Command(
        field="payment_gateway",
        apply=lambda metrics: replace(metrics, gateway_enabled=enabled),
        send=lambda client, device_id: client.set_payment_gateway(device_id, enabled=enabled),
    )


def mode(value: Mode) -> Command:
    """Change how the meter treats balance and relay."""
    return Command(
        field="mode",
        apply=lambda metrics: replace(metrics, mode=value),
        send=lambda client, device_id: client.set_mode(device_id, value),
    )


def active_tariff(source: Source) -> Command:
    """Charge by the tariff of this source."""
    return Command(
        field="active_tariff",
        apply=lambda metrics: replace(metrics, source=source),
        send=lambda client, device_id: client.set_active_tariff(device_id, source),
    )


def tariff(source: Source, tariff_paise: int) -> Command:
    """Set the tariff of a source, in paise per kWh."""
    return Command(
        field=f"tariff_{source}",
        apply=lambda metrics: metrics.with_tariff(source, tariff_paise),
        send=lambda client, device_id: client.set_tariff(device_id, source, tariff_paise),
    )


async def async_execute(meter: MeterCoordinator, command: Command) -> None:
    """Carry out a command and return when the meter shows it.

    The requested state is shown meanwhile; a younger command on the same field takes over.
    Raises ServiceValidationError where the meter is offline, HomeAssistantError where the command
    failed or was not confirmed; then the meter's own state is shown again.
    """
    if not meter.is_online:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="command_meter_offline",
            translation_placeholders={"meter": meter.name_of_place},
        )
    meter.async_request_state(command)
    try:
        confirmed = await _async_send_until_shown(meter, command)
    except QubeAuthenticationError as err:
        meter.config_entry.async_start_reauth(meter.hass)
        raise command_failed(err, meter.name_of_place) from err
    except QubeError as err:
        raise command_failed(err, meter.name_of_place) from err
    finally:
        meter.async_settle(command)
    if not confirmed:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_not_confirmed",
            translation_placeholders={"meter": meter.name_of_place},
        )


async def _async_send_until_shown(meter: MeterCoordinator, command: Command) -> bool:
    """Send up to twice: an answer that is lost or wrong does not tell what the meter did."""
    device_id = meter.device_id
    error: QubeError | None = None
    for _ in range(ATTEMPTS):
        # Commands to one meter reach the cloud in the order in which they were given.
        async with meter.sending:
            _check_device(meter, device_id)
            if not meter.is_wanted(command):
                return True
            try:
                await command.send(meter.client, device_id)
            except (QubeConnectionError, QubeResponseError) as err:
                error = err
            else:
                error = None
        if await _async_is_shown(meter, device_id, command):
            return True
    if error is not None:
        # Not even the last try was accepted.
        raise error
    return False


async def _async_is_shown(meter: MeterCoordinator, device_id: str, command: Command) -> bool:
    """Read back until the command shows; raise the last error where no reading came at all."""
    error: QubeError | None = None
    read = False
    for delay_s in CONFIRM_DELAYS_S:
        await asyncio.sleep(delay_s)
        _check_device(meter, device_id)
        if not meter.is_wanted(command):
            return True
        try:
            metrics = await meter.client.metrics(device_id, command=True)
        except (QubeConnectionError, QubeResponseError) as err:
            error = err
            continue
        _check_device(meter, device_id)
        read = True
        meter.async_show(metrics)
        if command.is_shown_by(metrics):
            return True
    if error is not None and not read:
        raise error
    return False


def _check_device(meter: MeterCoordinator, device_id: str) -> None:
    """Raise HomeAssistantError where the meter has another device than the command was given to."""
    if meter.device_id != device_id:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_meter_replaced",
            translation_placeholders={"meter": meter.name_of_place},
        )
