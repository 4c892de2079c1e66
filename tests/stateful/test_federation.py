"""Three cities publish, correct, take back, change rules and keys, and pull: bad lines, bad clocks, crashes and all."""

from tests.kit.effort import effort
from tests.kit.stateful.federation import Federation

TestFederation = Federation.TestCase
TestFederation.settings = effort(examples=60, steps=30)
