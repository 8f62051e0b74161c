"""The data sets that training can be told to use by name."""

from collections.abc import Callable
from typing import Any

from ltr.dataset.coco_objects import CocoObjects
from ltr.dataset.davis import Davis
from ltr.dataset.got10k_masks import got10k_masks
from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.interface import StillDataset, VideoDataset
from ltr.dataset.lasot_masks import lasot_masks
from ltr.dataset.procedural import ProceduralClips
from ltr.dataset.pseudo_masks import PseudoMasks
from ltr.dataset.youtube_vos import YoutubeVos
from ltr.environment import Environment
from ltr.registry import DATASETS


def _davis2016(environment: Environment, **options: Any) -> VideoDataset:
    return Davis(environment.path("davis"), year=2016, **options)


def _davis2017(environment: Environment, **options: Any) -> VideoDataset:
    return Davis(environment.path("davis"), year=2017, **options)


def _youtube_vos(environment: Environment, **options: Any) -> VideoDataset:
    return YoutubeVos(environment.path("youtube_vos"), **options)


def _got10k_masks(environment: Environment, **options: Any) -> VideoDataset:
    return got10k_masks(environment.path("got10k"), environment.path("pregenerated_masks"), **options)


def _lasot_masks(environment: Environment, **options: Any) -> VideoDataset:
    return lasot_masks(environment.path("lasot"), environment.path("pregenerated_masks"), **options)


def _pseudo_masks(environment: Environment, **options: Any) -> VideoDataset:
    return PseudoMasks(environment.path("pseudo_frames"), environment.path("pseudo_masks"), **options)


def _duts(environment: Environment, **options: Any) -> StillDataset:
    return ImageMasks(environment.path("duts"), name="duts", **options)


def _ecssd(environment: Environment, **options: Any) -> StillDataset:
    return ImageMasks(environment.path("ecssd"), name="ecssd", **options)


def _coco(environment: Environment, **options: Any) -> StillDataset:
    return CocoObjects(environment.path("coco"), name="coco", **options)


def _procedural(_environment: Environment, **options: Any) -> VideoDataset:
    return ProceduralClips(**options)


STILLS: dict[str, Callable[..., StillDataset]] = {"coco": _coco, "duts": _duts, "ecssd": _ecssd}
VIDEOS: dict[str, Callable[..., VideoDataset]] = {
    "davis2016": _davis2016,
    "davis2017": _davis2017,
    "got10k_masks": _got10k_masks,
    "lasot_masks": _lasot_masks,
    "procedural": _procedural,
    "pseudo_masks": _pseudo_masks,
    "youtube_vos": _youtube_vos,
}
CATALOG: dict[str, Callable[..., StillDataset | VideoDataset]] = {**STILLS, **VIDEOS}
"""Name -> factory, which takes the environment (it says where the data are) and the data set's options."""


def register_datasets() -> None:
    """Register the data sets under their names; a name that a plugin has taken stays the plugin's."""
    for name, factory in CATALOG.items():
        if name not in DATASETS:
            DATASETS.register(name, factory)
