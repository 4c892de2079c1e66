"""The lies: what a city with its real keys can say that is not so, each with the reason it has to be caught with.

A module of lies enters its own when it is imported.
"""

from tests.kit.simulator.lies import batches, checkpoints, histories, places, records
from tests.kit.simulator.lies.register import LIES, Lie, told

__all__ = ["LIES", "Lie", "batches", "checkpoints", "histories", "places", "records", "told"]
