"""The exceptions that the command line turns into one line."""


class UserError(ValueError):
    """Bad input. The message is one line that names the thing, its value and the rule.

    The command line prints it as ``error: ...`` and exits with status 2.
    """


class Stopped(RuntimeError):
    """Work that was begun could not be ended, for a reason that is told elsewhere in full.

    The command line prints it as ``error: ...`` and exits with status 1.
    """
