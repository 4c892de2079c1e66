"""What ends a demonstration."""

import click


class DemoError(click.ClickException):
    """Something of the demonstration did not hold; exit code 1."""
