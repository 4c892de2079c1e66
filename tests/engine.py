"""The container engine of this machine, for the tests that need one."""

import os

import pytest

from node.testing.containers import IMAGE, missing_engine


def needed_image() -> str:
    """The node's image: GONGZHI_IMAGE, else what `make image` builds.

    Without it, or without an engine, the test is skipped and says why; with GONGZHI_ENGINE=required (.ci/run, which
    installs an engine) it fails.
    """
    image = os.environ.get("GONGZHI_IMAGE", IMAGE)
    if why := missing_engine(image):
        (pytest.fail if os.environ.get("GONGZHI_ENGINE") == "required" else pytest.skip)(why)
    return image
