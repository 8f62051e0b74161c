"""Still pictures with one object mask each: DUTS, ECSSD, MSRA and whatever is laid out like them."""

from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np

from ltr.data.image_io import IMAGE_SUFFIXES, read_image
from ltr.dataset.still_cache import StillCache, limit_longest_side
from ltr.errors import InputError

LAYOUTS = (
    ("images", "masks"),
    ("images", "ground_truth_mask"),  # ECSSD
    ("DUTS-TR-Image", "DUTS-TR-Mask"),
    ("DUTS-TE-Image", "DUTS-TE-Mask"),
    ("Imgs", "Imgs"),  # MSRA10K: NAME.jpg beside NAME.png
)
"""Folder of the pictures and folder of the masks, in the order in which they are looked for."""

MASK_THRESHOLD = 127
"""Masks are stored as grey pictures; what is brighter than this belongs to the object."""


class ImageMasks:
    """Pictures and masks in two folders, paired by file name.

    Layouts: ``images/NAME.jpg|png|webp`` with ``masks/NAME.png``, or the folders in which the sets are
    published, see ``LAYOUTS``. A mask is a grey picture, the object brighter than 127.

    Items are (image H x W x 3 uint8 RGB, mask H x W uint8 with values 0 and 1), in the order of the names.
    With `cache` they are read-only views of memory.

    Args:
        root: folder that holds the two folders.
        limit_side: pictures with a longer side are shrunk to it, pixels; None keeps their size.
        cache: decode all pictures now and keep them in memory (height * width * 4 bytes each).
        skip: names (without suffix) of pictures to leave out.
        name: name of the data set; the folder's by default.

    Raises:
        InputError: no layout is found, a picture has no mask, or there are no pictures. Reading an item
            raises it for a file that cannot be read and for a mask whose size differs from its picture's.
    """

    def __init__(
        self,
        root: str | Path,
        limit_side: int | None = None,
        cache: bool = False,
        skip: Collection[str] = (),
        name: str | None = None,
    ) -> None:
        root = Path(root)
        self.name = name or root.name
        self._pairs = _find_pairs(root, frozenset(skip))
        self._limit_side = limit_side
        self._images = StillCache(self._read_image)
        self._masks = StillCache(self._read_mask)
        if cache:
            self._images.fill(image for image, _ in self._pairs)
            self._masks.fill(mask for _, mask in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        image_path, mask_path = self._pairs[index]
        image, mask = self._images.read(image_path), self._masks.read(mask_path)
        if image.shape[:2] != mask.shape:
            raise InputError(
                f"{mask_path} is {mask.shape[1]} x {mask.shape[0]} pixels, its picture is "
                f"{image.shape[1]} x {image.shape[0]}: they must be equal"
            )
        return image, mask

    def picture(self, index: int) -> str:
        """Return the name of an item's picture, without suffix."""
        return self._pairs[index][0].stem

    def _read_image(self, path: Path) -> np.ndarray:
        return limit_longest_side(read_image(path), self._limit_side)

    def _read_mask(self, path: Path) -> np.ndarray:
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
        if grey is None:
            raise InputError(f"cannot read the mask {path}: not a picture, or damaged")
        return (limit_longest_side(grey, self._limit_side) > MASK_THRESHOLD).astype(np.uint8)


def _find_pairs(root: Path, skip: frozenset[str]) -> list[tuple[Path, Path]]:
    """Pictures and their masks, sorted by name."""
    image_folder, mask_folder = _find_layout(root)
    files = [path for path in image_folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    masks = {path.stem: path for path in files if path.suffix.lower() == ".png"}
    if mask_folder != image_folder:
        masks = {path.stem: path for path in mask_folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES}
    else:
        files = [path for path in files if path.suffix.lower() != ".png"]
    pictures = sorted(path for path in files if path.stem not in skip)
    if not pictures:
        raise InputError(f"{image_folder} holds no pictures ({', '.join(IMAGE_SUFFIXES)})")
    bare = [path for path in pictures if path.stem not in masks]
    if bare:
        raise InputError(
            f"{bare[0]} has no mask {mask_folder / bare[0].stem}.png ({len(bare)} pictures have none)"
        )
    return [(path, masks[path.stem]) for path in pictures]


def _find_layout(root: Path) -> tuple[Path, Path]:
    """Folder of the pictures and folder of the masks."""
    for images, masks in LAYOUTS:
        if (root / images).is_dir() and (root / masks).is_dir():
            return root / images, root / masks
    for images, masks in LAYOUTS:
        if (root / images).is_dir():
            raise InputError(f"{root / images} has no masks beside it: expected the folder {root / masks}")
    wanted = " or ".join(f"{images}/ with {masks}/" for images, masks in LAYOUTS)
    raise InputError(f"no pictures with masks in {root}: expected {wanted}")
