"""To which addresses a secret may be sent."""

from ipaddress import ip_address

from homeassistant.util.network import is_loopback
from yarl import URL


def is_safe(url: str) -> bool:
    """Return whether a key may be sent there: by https, or within this machine; a host only."""
    try:
        parsed = URL(url)
    except ValueError:
        return False
    # An empty query or user would be lost in parsing, but not in what is stored.
    if parsed.host is None or parsed.path != "/" or not set("?#@").isdisjoint(url):
        return False
    return parsed.scheme == "https" or (parsed.scheme == "http" and _is_this_machine(parsed.host))


def is_other_host(url: str, known: str) -> bool:
    """Return whether an address is not where the known one is: a secret must be entered again."""
    return URL(url).origin() != URL(known).origin()


def _is_this_machine(host: str) -> bool:
    try:
        return is_loopback(ip_address(host))
    except ValueError:
        return host == "localhost"
