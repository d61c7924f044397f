"""Repeatable randomness: every value is a pure function of whole numbers."""

from hashlib import blake2b

_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """Return 64 well-stirred bits that depend on every part."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = ((state ^ part) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 30)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def derive(seed: int, label: str) -> int:
    """Return the seed of a named part of something seeded."""
    return mix(seed, int.from_bytes(blake2b(label.encode(), digest_size=8).digest()))


def wave(seed: int, position: int, period: int) -> int:
    """Return smooth noise of 0 to 1000 that takes a new direction once a period."""
    knot, offset = divmod(position, period)
    start = mix(seed, knot) % 1001
    return start + (mix(seed, knot + 1) % 1001 - start) * offset // period
