"""Which meter of a registry is which Qube meter: the one with its serial number (pure)."""

from collections import Counter
from collections.abc import Mapping


def matches(
    serial_numbers: Mapping[int, str | None], device_ids: Mapping[str, str]
) -> dict[int, str]:
    """Return the key of the Qube meter that each registry meter is, by registry id.

    The Qube device that is on the wall now has the serial number, in whichever case it was typed.
    A number that two meters of the registry share says of neither which it is.
    """
    keys = {_plain(device_id): key for key, device_id in device_ids.items()}
    plain = {meter_id: _plain(each) for meter_id, each in serial_numbers.items() if each}
    times = Counter(plain.values())
    return {
        meter_id: keys[each]
        for meter_id, each in plain.items()
        if each in keys and times[each] == 1
    }


def _plain(serial_number: str) -> str:
    return serial_number.strip().casefold()
