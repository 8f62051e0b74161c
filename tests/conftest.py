"""Fixtures that every test may use."""

import os
import sys
import types
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from ltr.data.mask_io import write_mask

REPOSITORY = Path(__file__).resolve().parent.parent
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def pytest_configure() -> None:
    """Small tensors gain nothing from many threads, and a busy machine makes them slow."""
    torch.set_num_threads(1)  # small tensors: more threads wait for each other longer than they work


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


# The authors' networks: random numbers from names, and files in the format of their framework.


@pytest.fixture(scope="session")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight ellipses on noise, laid out like DUTS-TR."""
    root = tmp_path_factory.mktemp("stills")
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (root / folder).mkdir()
    for number in range(8):
        coarse = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (96, 72), interpolation=cv2.INTER_CUBIC)
        mask = np.zeros((72, 96), np.uint8)
        cv2.ellipse(mask, (48, 36), (18 + 2 * number, 16), 20 * number, 0, 360, 255, -1)
        image[mask > 0] = image[mask > 0] // 3 + np.uint8(20 * number)
        cv2.imwrite(str(root / "images" / f"{number}.png"), image)
        cv2.imwrite(str(root / "masks" / f"{number}.png"), mask)
    return root


@pytest.fixture(scope="session")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of five frames in the layout of DAVIS."""
    root = tmp_path_factory.mktemp("data") / "tiny_davis"
    images, masks = (root / folder / "480p" / "ball" for folder in ("JPEGImages", "Annotations"))
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for t in range(5):
        image = rng.integers(0, 90, (64, 96, 3), dtype=np.uint8)
        mask = np.zeros((64, 96), np.uint8)
        cv2.circle(mask, (40 + 2 * t, 32), 14, 255, -1)
        image[mask > 0] += 150
        cv2.imwrite(str(images / f"{t:05d}.jpg"), image)
        write_mask(masks / f"{t:05d}.png", mask)
    return root


def _seeded(name: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)


def _drawn_weights(name: str, shape: list[int]) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    random = _seeded(name)
    if name.endswith("running_var"):
        values = 0.75 + 0.5 * random.random_sample(shape)
    elif name.endswith("running_mean"):
        values = 0.1 * random.standard_normal(shape)
    elif name.endswith("filter_reg"):
        values = np.full(shape, 0.05)
    elif len(shape) >= 2:
        gain = 3.0 if name.split(".")[0] in ("label_encoder", "bbox_encoder", "segm_encoder") else 1.0
        values = random.standard_normal(shape) * np.sqrt(gain / np.prod(shape[1:]))
    elif name.endswith("weight"):
        values = 0.75 + 0.5 * random.random_sample(shape)
    else:
        values = 0.05 * random.standard_normal(shape)
    return torch.from_numpy(values.astype(np.float32))


@pytest.fixture(scope="session")
def seeded() -> Callable[[str], np.random.RandomState]:
    """Name -> random numbers: how the references' images are drawn."""
    return _seeded


@pytest.fixture(scope="session")
def drawn_weights() -> Callable[[str, list[int]], Tensor]:
    """Name and shape of a parameter of the authors -> its values in the references."""
    return _drawn_weights


class _Stranger:
    """What the authors' code base would define; pickled under a module that is gone when the file is read."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@pytest.fixture
def save_as_authors(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes a checkpoint as the authors' framework does: (path, parameters, their constructor's keyword
    arguments, its net_type)."""

    def save(path: Path, parameters: Mapping[str, object], kwds: object, net_type: str) -> None:
        modules = {
            "NetConstructor": "ltr.admin.model_constructor",
            "Settings": "ltr.admin.settings",
            "AverageMeter": "ltr.admin.stats",
        }
        classes = {}
        with monkeypatch.context() as patch:
            for name, module in modules.items():
                classes[name] = type(name, (_Stranger,), {"__module__": module})
                patch.setitem(sys.modules, module, types.ModuleType(module))
                setattr(sys.modules[module], name, classes[name])
            content = {
                "epoch": 80,
                "actor_type": "TheirActor",
                "net_type": net_type,
                "net": parameters,
                "constructor": classes["NetConstructor"](
                    fun_name="steepest_descent_resnet50", fun_module="ltr.models.theirs", args=(), kwds=kwds
                ),
                "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999)}]},
                "stats": {"train": {"Loss/total": classes["AverageMeter"](avg=np.float64(0.25), count=4)}},
                "settings": classes["Settings"](device=torch.device("cuda:0"), batch_size=4),
            }
            torch.save(content, path)
        assert not set(modules.values()) & set(sys.modules)

    return save
