"""A real Home Assistant with this integration, for a demonstration."""

from time import monotonic
from typing import Final

# Before the imports of the other modules, which take their time too.
STARTED_AT: Final = monotonic()
