"""Fixtures that every test may use."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

REPOSITORY = Path(__file__).resolve().parent.parent
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def pytest_configure() -> None:
    """Small tensors gain nothing from many threads, and a busy machine makes them slow."""
    torch.set_num_threads(min(2, os.cpu_count() or 1))


@pytest.fixture(autouse=True)
def _seeds() -> None:
    """Every test starts from the same random state, whichever tests ran before it."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  what code under test may still use


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The paths that this machine has configured reach neither the tests nor the processes they start."""
    for variable in list(os.environ):
        if variable.startswith("LTR_") or variable == "PYTRACKING_RESULTS_DIR":
            monkeypatch.delenv(variable)
    empty = tmp_path_factory.getbasetemp() / "environment.toml"
    empty.touch()
    monkeypatch.setenv("LTR_ENVIRONMENT", str(empty))


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    """The CPU, and a GPU where there is one."""
    return torch.device(request.param)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with data/, reference/ and evalcases/ that tests may compare with; skips without it."""
    folder = Path(os.environ.get("BOX2SEG_SHARED") or REPOSITORY.parent / "shared")
    if not (folder / "reference").is_dir():
        pytest.skip(f"no reference data at {folder} (BOX2SEG_SHARED names the folder)")
    return folder
