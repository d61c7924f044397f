"""Those who look at a tenancy: what they see, and whom to tell when it changes."""

from collections.abc import Callable
from functools import partial

from homeassistant.core import CALLBACK_TYPE, callback

from .tenancy_events import TenancyEvent, TenancyEventListener
from .tenancy_view import TenancyView


class TenancyAudience:
    """Show a tenancy to entities, and tell them of its events."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.view = TenancyView()
        self._listeners: set[Callable[[], None]] = set()
        self._event_listeners: set[TenancyEventListener] = set()

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call when the view has changed; return what ends that."""
        self._listeners.add(listener)
        return partial(self._listeners.discard, listener)

    @callback
    def async_add_event_listener(self, listener: TenancyEventListener) -> CALLBACK_TYPE:
        """Call with each event; return what ends that."""
        self._event_listeners.add(listener)
        return partial(self._event_listeners.discard, listener)

    @callback
    def async_show(self, view: TenancyView) -> None:
        """Show what is known now, where it is something else than before."""
        if view != self.view:
            self.view = view
            for listener in tuple(self._listeners):
                listener()

    @callback
    def async_tell(self, event: TenancyEvent) -> None:
        """Tell what has happened."""
        for listener in tuple(self._event_listeners):
            listener(event)
