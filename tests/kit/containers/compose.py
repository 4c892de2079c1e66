"""The compose file of docs/deploy.md."""

from pathlib import Path

COMPOSE = Path(__file__).parents[3] / "deploy/compose"
