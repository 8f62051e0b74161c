"""The frames of a video, read one after the other from a folder of images or from a video file."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from os import PathLike
from pathlib import Path

import cv2
import numpy as np

from ltr.data.image_io import IMAGE_SUFFIXES, MAX_PIXELS, RgbImage, image_size, read_image
from ltr.data.opencv import opencv_name, quiet_opencv
from ltr.dataset.video_folders import natural_order
from ltr.errors import InputError

MIN_FPS, MAX_FPS = 0.01, 1000.0
"""What a video's frames a second can be."""

logger = logging.getLogger(__name__)


class FrameSource(ABC):
    """A video that is read in order, as often as one likes; nothing of it is kept.

    Iterating gives H x W x 3 uint8 RGB arrays, all of one size, and raises ``InputError`` at the first frame
    that is unreadable or of another size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """What each frame is called: the image's file name without suffix; 00000, 00001 ... in a video."""

    @cached_property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """(width, height) of the first frame, pixels."""

    @property
    def fps(self) -> float | None:
        """Frames a second, None when that is not known, as of a folder of images."""
        return None

    @abstractmethod
    def __iter__(self) -> Iterator[RgbImage]: ...

    @abstractmethod
    def check(self) -> None:
        """Finds what is wrong as far as that is cheap, before anything is computed.

        Raises:
            InputError: a frame is unreadable or of another size than the first.
        """

    def __len__(self) -> int:
        return len(self.names)

    def _check_size(self, width: int, height: int, frame: str) -> None:
        if (width, height) != self.size:
            raise InputError(
                f"{frame}: frame is {width} x {height}, the first one is {self.size[0]} x {self.size[1]}: "
                "all must have one size"
            )


class ImageFrames(FrameSource):
    """A folder of images, or a single image, which is a video of one frame."""

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        super().__init__(path)
        self.files = files

    @cached_property
    def names(self) -> Sequence[str]:
        return [file.stem for file in self.files]

    @cached_property
    def size(self) -> tuple[int, int]:
        return image_size(self.files[0])

    def __iter__(self) -> Iterator[RgbImage]:
        for file in self.files:
            image = read_image(file)
            self._check_size(image.shape[1], image.shape[0], str(file))
            yield image

    def check(self) -> None:
        """Reads the header of every image; a file that is cut off later shows itself when it is read."""
        for file in self.files:
            self._check_size(*image_size(file), str(file))


class VideoFrames(FrameSource):
    """A video file, read by OpenCV.

    What a container says of its number of frames is often an estimate. The frames are counted by decoding the
    file once, without converting or keeping them, when their number is first asked for.
    """

    @cached_property
    def names(self) -> Sequence[str]:
        return [f"{index:05d}" for index in range(self._count_frames())]

    @cached_property
    def size(self) -> tuple[int, int]:
        height, width = next(self._decode()).shape[:2]
        return width, height

    @cached_property
    def fps(self) -> float | None:
        with self._opened() as capture:
            fps = capture.get(cv2.CAP_PROP_FPS)
        return fps if MIN_FPS <= fps <= MAX_FPS else None  # some files give their clock's ticks

    def __iter__(self) -> Iterator[RgbImage]:
        count = 0
        for frame in self._decode():
            self._check_size(frame.shape[1], frame.shape[0], f"{self.path}, frame {count}")
            yield frame
            count += 1
        if count != len(self):
            raise InputError(f"{self.path}: frame {count} cannot be decoded, {len(self)} frames were counted")

    def check(self) -> None:
        """Decodes the file once, to count its frames."""
        logger.debug("%s: %d frames of %d x %d", self.path, len(self), *self.size)

    def _count_frames(self) -> int:
        with self._opened() as capture:
            claimed = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            count = 0
            while capture.grab():
                count += 1
        if 0 < claimed != count:
            logger.warning("%s: the file claims %d frames, %d can be decoded", self.path, claimed, count)
        return count

    def _decode(self) -> Iterator[RgbImage]:
        """All frames that can be decoded, at least one."""
        with self._opened() as capture:
            there, frame = capture.read()
            if not there:
                raise InputError(f"{self.path}: no frame of this video can be decoded")
            while there:
                yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)
                there, frame = capture.read()

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        # FFmpeg by name: OpenCV would otherwise take a name with digits for a numbered series of images.
        with quiet_opencv():
            capture = cv2.VideoCapture(opencv_name(self.path), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                suffixes = " ".join(IMAGE_SUFFIXES)
                raise InputError(f"{self.path}: not a video that OpenCV can open, nor an image ({suffixes})")
            width = capture.get(cv2.CAP_PROP_FRAME_WIDTH)
            height = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
            if width * height > MAX_PIXELS:
                raise InputError(
                    f"{self.path}: {width:.0f} x {height:.0f} pixels: at most {MAX_PIXELS:,} are read"
                )
            yield capture
        finally:
            capture.release()


def open_frames(path: str | PathLike[str]) -> FrameSource:
    """Opens a folder of images (jpg, jpeg, png, webp, bmp; in natural order), a single image, or a video
    file.

    Raises:
        InputError: no such path, a pipe or device, not a video, or a folder without images, with two images
            of one name or with a link to nowhere for an image.
    """
    path = Path(path)
    if path.is_dir():
        return ImageFrames(path, _images_in(path))
    if not path.exists():
        raise InputError(f"{path}: no such folder of images or video file")
    if not path.is_file():
        raise InputError(f"{path}: neither a folder nor a file, and is read more than once: save it first")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ImageFrames(path, [path])
    video = VideoFrames(path)
    _ = video.size  # decodes the first frame, so that what is no video is told here
    return video


def _images_in(folder: Path) -> list[Path]:
    """The folder's images in natural order; hidden files and folders are no frames."""
    try:
        entries = sorted(folder.iterdir(), key=natural_order)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from None
    files = [
        e
        for e in entries
        if e.suffix.lower() in IMAGE_SUFFIXES and not e.name.startswith(".") and not e.is_dir()
    ]
    if odd := [file for file in files if not file.is_file()]:
        raise InputError(f"{odd[0]}: no file that can be read (a link to nowhere?): restore or remove it")
    if not files:
        raise InputError(f"{folder}: holds no images ({' '.join(IMAGE_SUFFIXES)})")
    by_stem: dict[str, Path] = {}
    for file in files:
        twin = by_stem.setdefault(file.stem, file)
        if twin is not file:
            raise InputError(f"{folder}: {twin.name} and {file.name} are one frame by their name: remove one")
    return files
