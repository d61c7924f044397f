"""What a Qube meter is to be in a meter registry (pure)."""

from collections.abc import Mapping

from .api import Communication, MeterType, Space
from .meter_identity import MeterIdentity


def fields_of(meter: MeterIdentity, spaces: Mapping[int, Space]) -> dict[str, object]:
    """Return the fields of a new registry meter.

    Its location is its space and its first UDF, which is the place by the vendor's own use; the
    others may be anything, a tenant's name too.
    """
    fields: dict[str, object] = {
        "name": meter.name,
        "serial_number": meter.device_id,
        "meter_type": MeterType.ELECTRICITY.value,
        "communication_type": Communication.HTTP.value,
    }
    space = spaces.get(meter.space_id)
    if parts := [each for each in (space and space.name, meter.udfs[0]) if each]:
        fields["location"] = ", ".join(parts)
    return fields
