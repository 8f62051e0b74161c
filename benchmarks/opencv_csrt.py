"""OpenCV's CSRT tracker on lists of images. Needs a Python with opencv-contrib-python, and nothing else.

    python opencv_csrt.py < videos.json > boxes.json

The input is a JSON list of {"name", "files", "box", "scale"}: image files, x, y, w, h in the first of them,
and the factor by which images are shrunk before. The output maps names to {"boxes": one for each file, pixels
of the files; "seconds": of the tracker alone, for all files but the first}. A box that the tracker has lost
stays where it was.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import cv2


def track(video: dict[str, Any]) -> dict[str, Any]:
    """Follow one box through one video."""
    scale = video["scale"]
    tracker = cv2.TrackerCSRT.create()  # type: ignore[attr-defined, unused-ignore]
    boxes, seconds = [video["box"]], 0.0
    for index, file in enumerate(video["files"]):
        image = cv2.imread(file)
        if image is None:
            raise SystemExit(f"opencv_csrt.py: {file} cannot be read")
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if index == 0:
            tracker.init(image, [round(value * scale) for value in video["box"]])
            continue
        begun = time.perf_counter()
        found, box = tracker.update(image)
        seconds += time.perf_counter() - begun
        boxes.append([value / scale for value in box] if found else boxes[-1])
    return {"boxes": boxes, "seconds": seconds}


if __name__ == "__main__":
    json.dump({video["name"]: track(video) for video in json.load(sys.stdin)}, sys.stdout)
