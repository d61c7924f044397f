"""What diagnostics tell of a meter registry: no name, no serial number, no reading, no login."""

from collections import Counter
from collections.abc import Mapping

from yarl import URL

from .registries import RunningRegistry


def registry_facts(running: RunningRegistry) -> Mapping[str, object]:
    """Return how a registry is connected, what kinds of meters it has, and how publishing goes."""
    registry, publisher = running.registry, running.publisher
    settings = registry.settings
    types = Counter(meter.meter_type for meter in registry.data.values())
    published = publisher.last_published
    return {
        "host": URL(settings.url).host,
        "logs_in_with": "token" if isinstance(settings.credentials, str) else "password",
        "is_login_rejected": registry.is_login_rejected,
        "meters": len(registry.data),
        "meters_by_type": {kind and kind.value: number for kind, number in types.items()},
        "meters_matched": len(registry.matches()),
        "units": {kind.value: unit for kind, unit in settings.units.items()},
        "publishes_every": settings.publish_interval and str(settings.publish_interval),
        "readings_waiting": publisher.waiting,
        "publish_failures": publisher.failures,
        "last_publish_error": publisher.last_error,
        "last_published": published and published.isoformat(timespec="seconds"),
    }
