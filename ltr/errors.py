"""The one error that is the user's to fix."""


class InputError(ValueError):
    """Something the user gave (a file, a path, an option, a name) cannot be used.

    The message is one line that names the thing, its value and what to do. Command-line entry points print it
    to stderr and exit with code 2; library callers catch it as a ``ValueError``.
    """
