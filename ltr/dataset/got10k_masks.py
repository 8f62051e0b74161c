"""GOT-10k with masks made from its boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ltr.dataset.mask_folders import read_sequence_list
from ltr.dataset.pseudo_masks import Names, PseudoMasks
from ltr.environment import require_folder
from ltr.errors import InputError

MASKS = "got10k_masks"


def got10k_masks(
    root: str | Path,
    pregenerated: str | Path,
    split: str = "train",
    sequences: Names | None = None,
    **options: Any,
) -> PseudoMasks:
    """Frames ``<root>/train/<sequence>/00000001.jpg``, masks
    ``<pregenerated>/got10k_masks/<sequence>/00000001.png``, which ``box2seg annotate got10k`` makes and
    pytracking reads.

    Args:
        root: folder of GOT-10k.
        pregenerated: holds the folder of the masks.
        split: folder of the sequences, "train" or "val".
        sequences: those to take, names or a file that lists them. Files of numbers, as pytracking's are
            (``got10k_vot_train_split.txt``), count the lines of ``<root>/train/list.txt`` from 0.
        options: ``exclude`` (such as GOT-10k's own list for VOT) and ``min_quality``, see
            :class:`PseudoMasks`.

    Raises:
        InputError: a folder or list is missing, no sequence remains, or an option is out of range.
    """
    frames = require_folder(Path(root) / split, "got10k")
    masks = require_folder(Path(pregenerated) / MASKS, "pregenerated_masks")
    if isinstance(sequences, str | Path):
        sequences = _listed(Path(sequences), frames / "list.txt")
    return PseudoMasks(frames, masks, MASKS, tracking_set=True, sequences=sequences, **options)


def _listed(path: Path, all_names: Path) -> tuple[str, ...]:
    """The names in a list of names or numbers."""
    entries = read_sequence_list(path)
    if not all(entry.isdecimal() for entry in entries):
        return entries
    names = read_sequence_list(all_names)
    if beyond := [entry for entry in entries if int(entry) >= len(names)]:
        raise InputError(f"{path}: {beyond[0]} is no line of {all_names}: it has {len(names)}, from 0")
    return tuple(names[int(entry)] for entry in entries)
