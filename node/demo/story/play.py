"""Plays the story on its stage."""

from rich.console import Console

from node.demo.nodes import running
from node.demo.report import step
from node.demo.story.chapters import CHAPTERS
from node.demo.story.report import print_steps, print_sums
from node.demo.story.stage import Stage
from node.demo.story.verdict import Verdict, judge
from node.messages import _


def play(console: Console, stage: Stage, until: int) -> Verdict:
    """Plays the chapters up to `until`, counted from 1, and judges what every city then holds."""
    with running(stage.nodes) as start, stage:
        with step(console, _("Six nodes start and load their operators")):
            start()
            stage.take_in()
        for chapter in CHAPTERS[:until]:
            with step(console, chapter.title):
                chapter.play(stage.begin_chapter(chapter.title, console))
                print_steps(stage.end_chapter())
        with step(console, _("Who holds what: every record in every city's store, every file of every node")):
            verdict = judge(stage)
            print_sums(stage, verdict)
        return verdict
