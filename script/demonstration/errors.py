"""What keeps a demonstration from going on."""


class DemoError(Exception):
    """Something a person has to know; the message says what."""
