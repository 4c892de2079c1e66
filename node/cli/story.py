"""`gongzhi story`: one matter through six cities, from a consumer's complaint to a warning withdrawn."""

import time
from pathlib import Path

import click
from rich.console import Console

from node.demo.inputs import load_policies
from node.demo.report import write_json
from node.demo.story.chapters import CHAPTERS
from node.demo.story.play import play
from node.demo.story.report import as_json, print_violations
from node.demo.story.stage import found_stage
from node.demo.story.verdict import Verdict
from node.demo.workspace import check_writable, prepare, workspace
from node.messages import _, render

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--json", "json_file", type=_FILE, help="Also write every step and who saw what to this file.")
@click.option("--policies", type=_FOLDER, help="Folder of <city>.yaml: policies to try instead of the shipped ones.")
@click.option("--until", type=click.IntRange(1, len(CHAPTERS)), default=len(CHAPTERS), help="Stop after this chapter.")
@click.option("--keep", is_flag=True, help="Keep the six nodes' folders.")
def story(json_file: Path | None, policies: Path | None, until: int, keep: bool) -> None:
    """Play one case through six real nodes on this machine, and check what every city may see.

    A consumer in Changsha complains about a live-stream seller; the case goes to Hefei, Nanchang publishes a
    listing, Wuhan finds the seller on a platform, which restricts it; a year later (the nodes' clock is moved) the
    listing ends by credit repair; a warning is raised and retracted. Officers act with their own certificates, two
    of them where an act binds somebody; every step shows its record, its position under a signed checkpoint, its
    deadlines and who saw it.

    Exit code 1 if a step fails, if any city holds what it may not see, or lacks what it should have.
    """
    if json_file:
        check_writable(json_file.absolute())
    texts = load_policies(policies) if policies else {}
    console = Console(highlight=False)
    prepare()
    began = time.monotonic()
    with workspace("story", keep) as base:
        stage = found_stage(base, texts)
        verdict = Verdict()
        try:
            verdict = play(console, stage, until)
        finally:
            if json_file:
                write_json(json_file, as_json(stage, verdict, time.monotonic() - began))
    print_violations(console, verdict)
    if not verdict.holds:
        raise SystemExit(1)
    seconds = time.monotonic() - began
    text = _("No city saw what it may not see. Everything went as it should, in {seconds:.0f} s.", seconds=seconds)
    console.print(render(text), style="bold green")
