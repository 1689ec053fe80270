"""The exception that every user-facing failure of weft derives from."""


class WeftError(Exception):
    """A failure that the user can act on; its text is one line: what, where, limit, way out."""


class ConfigError(WeftError):
    """A configuration that cannot be built."""
