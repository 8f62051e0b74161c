"""LaSOT with masks made from its boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ltr.dataset.pseudo_masks import PseudoMasks
from ltr.dataset.video_folders import folders_in
from ltr.environment import require_folder

MASKS = "lasot_masks"


def lasot_masks(root: str | Path, pregenerated: str | Path, **options: Any) -> PseudoMasks:
    """Frames ``<root>/<class>/<sequence>/img/00000001.jpg`` or ``<root>/<sequence>/img/00000001.jpg``, masks
    ``<pregenerated>/lasot_masks/<sequence>/00000001.png`` of some of them (1, 6, 11 ...), which
    ``box2seg annotate lasot`` makes and pytracking reads.

    Args:
        root: folder of LaSOT.
        pregenerated: holds the folder of the masks.
        options: ``sequences``, ``exclude`` and ``min_quality``, see :class:`PseudoMasks`.

    Raises:
        InputError: a folder or list is missing, no sequence remains, or an option is out of range.
    """
    root = require_folder(Path(root), "lasot")
    masks = require_folder(Path(pregenerated) / MASKS, "pregenerated_masks")
    return PseudoMasks(root, masks, MASKS, videos=_videos(root), tracking_set=True, **options)


def _videos(root: Path) -> dict[str, Path]:
    """Name -> folder of a sequence, ``airplane-1``; what has no number is a class."""
    videos: dict[str, Path] = {}
    for name, folder in folders_in(root).items():
        videos |= {name: folder} if name.rpartition("-")[2].isdecimal() else folders_in(folder)
    return dict(sorted(videos.items()))
