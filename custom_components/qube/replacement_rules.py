"""Whether a device that no meter has took the place of one that has gone."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedDevice:
    """A device as the cloud lists it now."""

    device_id: str
    udf1: str | None
    space_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownMeter:
    """A meter as it was last seen; `device_ids` are those it has had, the present one last."""

    key: str
    device_ids: Sequence[str]
    udf1: str | None
    space_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What a device is: the new one of the meter `replaces`, or perhaps of a candidate, or new."""

    replaces: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def likely(self) -> tuple[str, ...]:
        """Return the meters whose new device it is or may be."""
        return self.candidates if self.replaces is None else (self.replaces,)


def find_origins(
    device_ids: Collection[str],
    listed: Collection[ListedDevice],
    meters: Collection[KnownMeter],
    incomplete_spaces: Collection[int] = (),
) -> dict[str, Origin]:
    """Return what each of these listed devices is, by its id.

    Certain is only a `udf1` that one listed device carries and one meter had, whose own device is
    listed nowhere. Uncertain is any other meter of that `udf1`, and one that had the device
    before; where there is none, every meter that is missing in the device's space. A space that
    was not read whole makes nothing certain, and nobody in it missing.
    """
    by_id = {device.device_id: device for device in listed}
    # A device that is asked about is not yet a meter that others could be the replacement of.
    known = [meter for meter in meters if meter.device_ids[-1] not in device_ids]
    carriers = Counter(device.udf1 for device in listed)
    named: dict[str, list[str]] = defaultdict(list)
    missing: dict[int, list[str]] = defaultdict(list)
    had: dict[str, list[str]] = defaultdict(list)
    for meter in known:
        present = by_id.get(meter.device_ids[-1])
        if udf1 := present.udf1 if present else meter.udf1:
            named[udf1].append(meter.key)
        if present is None:
            missing[meter.space_id].append(meter.key)
        for device_id in meter.device_ids[:-1]:
            had[device_id].append(meter.key)

    certain: dict[str, str] = {}
    for device_id in device_ids:
        udf1 = by_id[device_id].udf1
        # With one carrier, this device, the meter's own can be listed only without it.
        if udf1 and carriers[udf1] == 1 and len(named[udf1]) == 1 and not incomplete_spaces:
            certain[device_id] = named[udf1][0]

    def candidates(device: ListedDevice) -> tuple[str, ...]:
        likely = [*(named[device.udf1] if device.udf1 else ()), *had[device.device_id]]
        if not likely and device.space_id not in incomplete_spaces:
            likely = missing[device.space_id]
        taken = set(certain.values())
        return tuple(key for key in dict.fromkeys(likely) if key not in taken)

    return {
        device_id: Origin(replaces=certain[device_id])
        if device_id in certain
        else Origin(candidates=candidates(by_id[device_id]))
        for device_id in device_ids
    }
