"""Where the data sets are and where results go: from options, environment variables or one TOML file.

Each place is a row of ``PLACES``. Its path is the first one given of: an override (a command-line option),
the environment variable of the row, the key in the TOML file. That file is the one that ``LTR_ENVIRONMENT``
names, else ``~/.config/box2seg/environment.toml`` if there is one::

    davis = "~/data/DAVIS"        # relative paths start at the folder of this file
    workspace = "/scratch/box2seg"

Nothing here writes anything. Segmenting and tracking need none of it.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ltr.errors import InputError
from ltr.registry import unknown_name

FILE_VARIABLE = "LTR_ENVIRONMENT"
DEFAULT_FILE = Path("~/.config/box2seg/environment.toml")


@dataclass(frozen=True)
class Place:
    """One folder: its key, its environment variable, what lies in it and, if we write there, the default."""

    key: str
    variable: str
    layout: str
    default: Path | None = None


PLACES: dict[str, Place] = {
    place.key: place
    for place in (
        Place("davis", "LTR_DAVIS_DIR", "JPEGImages/480p/, Annotations/480p/, ImageSets/"),
        Place(
            "youtube_vos",
            "LTR_YOUTUBE_VOS_DIR",
            "train/JPEGImages/, train/Annotations/, train/meta.json, valid/ likewise",
        ),
        Place("got10k", "LTR_GOT10K_DIR", "train/GOT-10k_Train_000001/groundtruth.txt, val/, test/"),
        Place("lasot", "LTR_LASOT_DIR", "airplane/airplane-1/img/, airplane/airplane-1/groundtruth.txt"),
        Place("trackingnet", "LTR_TRACKINGNET_DIR", "TRAIN_0/frames/, TRAIN_0/anno/ ... TEST/"),
        Place("otb", "LTR_OTB_DIR", "Basketball/img/, Basketball/groundtruth_rect.txt"),
        Place(
            "vot",
            "LTR_VOT_DIR",
            "sequences/list.txt, sequences/<sequence>/color/, sequences/<sequence>/groundtruth.txt",
        ),
        Place(
            "pregenerated_masks",
            "LTR_PREGENERATED_MASKS_DIR",
            "got10k_masks/GOT-10k_Train_000001/00000001.png, lasot_masks/airplane-1/00000001.png, as "
            "`box2seg annotate` makes them",
        ),
        Place("pseudo_frames", "LTR_PSEUDO_FRAMES_DIR", "<video>/<frame>.jpg, or <video>/img/<frame>.jpg"),
        Place(
            "pseudo_masks",
            "LTR_PSEUDO_MASKS_DIR",
            "<video>/<frame>.png for the videos of pseudo_frames, as `box2seg annotate folder` makes it",
        ),
        Place("duts", "LTR_DUTS_DIR", "DUTS-TR-Image/, DUTS-TR-Mask/ (or images/, masks/)"),
        Place("ecssd", "LTR_ECSSD_DIR", "images/, ground_truth_mask/ (or images/, masks/)"),
        Place("coco", "LTR_COCO_DIR", "train2017/, annotations/instances_train2017.json"),
        Place("workspace", "LTR_WORKSPACE_DIR", "checkpoints and logs of training", Path("workspace")),
        Place("results", "PYTRACKING_RESULTS_DIR", "results of trackers", Path("results")),
    )
}


class Environment:
    """The paths that are configured; made by ``environment()``."""

    def __init__(self, configured: Mapping[str, tuple[Path, str]]) -> None:
        """``configured``: key -> (path, the option, variable or file that gave it)."""
        self._configured = dict(configured)

    def has(self, key: str) -> bool:
        """Whether somebody configured ``key``; its folder may still be missing, which ``path`` then says."""
        return _place(key).key in self._configured

    def path(self, key: str) -> Path:
        """The folder of ``key``; one that we write to need not exist yet, all others do.

        Raises:
            InputError: the key is unknown, not configured and without default, or its folder does not exist.
        """
        place = _place(key)
        if key not in self._configured:
            if place.default is not None:
                return place.default
            raise InputError(
                f'no folder is configured for "{key}": set {place.variable}, or {key} = "..." in '
                f"{_environment_file()}, to the folder with {place.layout}"
            )
        path, source = self._configured[key]
        if place.default is None and not path.is_dir():
            raise InputError(
                f'{source} gives {path} for "{key}", which is no folder: set {place.variable} to the folder '
                f"with {place.layout}"
            )
        return path


def environment(overrides: Mapping[str, str | PathLike[str] | None] | None = None) -> Environment:
    """Look up every place once.

    Args:
        overrides: key -> path from the command line; None stands for an option that was not given.

    Raises:
        InputError: an unknown key in ``overrides`` or in the TOML file, or a file that is not such TOML.
    """
    configured = _from_file()
    for place in PLACES.values():
        value = os.environ.get(place.variable)
        if value:
            configured[place.key] = (Path(value).expanduser(), place.variable)
    for key, given in (overrides or {}).items():
        place = _place(key)
        if given is not None:
            configured[place.key] = (Path(given).expanduser(), "the command line")
    return Environment(configured)


def require_folder(path: Path, key: str) -> Path:
    """A folder in that of ``key``, which is laid out otherwise if it is missing.

    Raises:
        InputError: it is missing.
    """
    if not path.is_dir():
        place = _place(key)
        raise InputError(f'no folder {path}: "{key}" ({place.variable}) is the folder with {place.layout}')
    return path


def _place(key: str, kind: str = "environment key") -> Place:
    if key not in PLACES:
        raise unknown_name(kind, key, PLACES)
    return PLACES[key]


def _environment_file() -> Path:
    return Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE).expanduser()


def _from_file() -> dict[str, tuple[Path, str]]:
    file = _environment_file()
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if os.environ.get(FILE_VARIABLE):
            raise InputError(f"{FILE_VARIABLE} names {file}, which does not exist") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read as UTF-8 text ({error})") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: not valid TOML: {error}") from None

    configured = {}
    for key, value in table.items():
        place = _place(key, kind=f"key in {file}:")
        if not isinstance(value, str) or not value:
            raise InputError(f'{file}: {key} is {value!r}; write a path in quotes: {key} = "/some/folder"')
        configured[place.key] = (file.parent / Path(value).expanduser(), str(file))
    return configured
