"""A process that is told to end many times at once ends."""

import subprocess
import sys

PROGRAM = """
from node.supervisor import StopSignal
stopped = StopSignal()
print("ready", flush=True)
while not stopped.wait(1):
    pass
"""


def test_signals_that_come_while_one_is_handled_stop_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(5000):
        process.terminate()
    try:
        # Those that come when it has ended its work end it too.
        assert process.wait(20) in {0, -15}
    finally:
        process.kill()
