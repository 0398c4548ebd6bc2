"""What can go wrong that is the user's to mend: every message says where, what, and what to do."""


class EntroflowError(Exception):
    """The root: a command line prints it as `error: ...` on one line and exits with 1."""


class ConfigError(EntroflowError):
    """A key, type or value in the configuration (or its physics) cannot be used."""


class SchemaError(EntroflowError):
    """A file cannot be read as what it should be."""


class NumericsError(EntroflowError):
    """A computation broke down: a value that is not finite, or a step size that collapsed."""


class DeviceError(EntroflowError):
    """The device that was asked for cannot be used."""


class MemberError(ConfigError):
    """A measure cannot be had of one member of a run; it may be of the others."""
