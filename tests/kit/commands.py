"""Commands run in the process of the test."""

from collections.abc import Mapping

import click
from click.testing import CliRunner, Result

from node.cli.main import gongzhi


def invoke(
    command: click.Command,
    *words: object,
    text: str | None = None,
    env: Mapping[str, str] | None = None,
    catch_exceptions: bool = True,
) -> Result:
    """Runs a command; what it raises stands in the result, or is raised.

    Args:
        command: A program, or one command of it.
        words: As typed after it; paths and numbers too.
        text: What its user types when asked.
        env: Set for the command alone.
        catch_exceptions: Else what it raises is raised here.
    """
    return CliRunner(env=env).invoke(command, [str(word) for word in words], text, catch_exceptions=catch_exceptions)


def output_of(*words: object, command: click.Command = gongzhi) -> str:
    """What a command prints, which has to succeed."""
    result = invoke(command, *words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
