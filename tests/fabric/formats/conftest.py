import os
from pathlib import Path

import pytest


@pytest.fixture
def data() -> Path:
    folder = Path(os.environ.get("FABRICBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the shared data folder is absent: set FABRICBENCH_DATA")
    return folder
