"""The one exception that means: the user gave something that cannot be used."""


class UserError(ValueError):
    """Bad input. The message is one line that names the thing, its value and the rule.

    The command line prints it as ``error: ...`` and exits with status 2.
    """
