"""Many pictures on one: frames side by side in a grid, each with a caption."""

from collections.abc import Sequence

import cv2
import numpy as np

from ltr.data.image_io import RgbImage
from pytracking.visualization.overlay import FONT

BACKGROUND = 24
CAPTION_HEIGHT = 22
CAPTION_COLOUR = (255, 255, 255)
GAP = 4


def contact_sheet(
    frames: Sequence[RgbImage],
    columns: int,
    captions: Sequence[str] | None = None,
    tile_width: int = 320,
) -> RgbImage:
    """Lays out frames row by row.

    Args:
        frames: (H, W, 3) uint8 RGB each, of any sizes; every tile has the first one's aspect, and a frame of
            another aspect is fitted into it.
        columns: tiles in a row.
        captions: one for each frame, written above it; None leaves no room for them. Plain ASCII, cut at the
            tile's width.
        tile_width: pixels.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: no frames, columns or tile_width < 1, or another number of captions than of frames.
    """
    if not frames or columns < 1 or tile_width < 1:
        raise ValueError(
            f"contact sheet of {len(frames)} frames, {columns} columns, tiles of {tile_width}: all >= 1"
        )
    if captions is not None and len(captions) != len(frames):
        raise ValueError(f"contact sheet has {len(captions)} captions for {len(frames)} frames")
    tile_height = max(1, round(tile_width * frames[0].shape[0] / frames[0].shape[1]))
    caption_height = 0 if captions is None else CAPTION_HEIGHT
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    step_x, step_y = tile_width + GAP, tile_height + caption_height + GAP
    sheet = np.full((GAP + rows * step_y, GAP + columns * step_x, 3), BACKGROUND, dtype=np.uint8)
    for index, frame in enumerate(frames):
        x, y = GAP + index % columns * step_x, GAP + index // columns * step_y
        if captions is not None:
            _write_caption(sheet[y : y + caption_height, x : x + tile_width], captions[index])
        _fit(sheet[y + caption_height : y + caption_height + tile_height, x : x + tile_width], frame)
    return sheet


def _fit(tile: RgbImage, frame: RgbImage) -> None:
    """Draws the frame as large as it fits into the middle of the tile."""
    height, width = tile.shape[:2]
    zoom = min(width / frame.shape[1], height / frame.shape[0])
    size = min(width, max(1, round(frame.shape[1] * zoom))), min(height, max(1, round(frame.shape[0] * zoom)))
    resized = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    tile[y : y + size[1], x : x + size[0]] = resized


def _write_caption(strip: RgbImage, text: str) -> None:
    # putText needs an array of its own; a strip of the sheet is not contiguous.
    canvas = np.ascontiguousarray(strip)
    cv2.putText(canvas, text, (2, CAPTION_HEIGHT - 7), FONT, 0.5, CAPTION_COLOUR, 1, cv2.LINE_AA)
    strip[:] = canvas
