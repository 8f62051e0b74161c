"""Writes frames to an MP4 file: H.264 through PyAV where it is installed, else MPEG-4 through OpenCV."""

import importlib
import logging
from fractions import Fraction
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import cv2
import numpy as np

from ltr.data.image_io import RgbImage
from ltr.data.opencv import opencv_name, quiet_opencv
from ltr.errors import InputError
from pytracking.evaluation.frames import MAX_FPS, MIN_FPS

logger = logging.getLogger(__name__)


class _Encoder(Protocol):
    def write(self, frame: RgbImage) -> None: ...

    def close(self) -> None: ...


class VideoWriter:
    """A video file that frames are appended to; a context manager, at whose end the file is whole.

    When an exception leaves the context the file holds the frames so far. H.264 (what browsers play) needs
    the package ``av``; without it the codec is MPEG-4, which video players show and some browsers do not.
    Both want even sides: an odd one grows by a copy of the last row or column.

        with VideoWriter("overlay.mp4", fps=25, size=(854, 480)) as video:
            video.write(frame)
    """

    def __init__(self, path: str | PathLike[str], fps: float, size: tuple[int, int]) -> None:
        """
        Args:
            path: the file, ending in .mp4; its folder must exist.
            fps: frames a second, ``MIN_FPS`` to ``MAX_FPS``.
            size: (width, height) of the frames, pixels.

        Raises:
            InputError: the path does not end in .mp4, fps or size is out of range, or the file cannot be
                opened.
        """
        self.path = Path(path)
        self.size = size
        if self.path.suffix.lower() != ".mp4":
            raise InputError(f"{self.path}: video files are written as MP4: the name must end in .mp4")
        if not MIN_FPS <= fps <= MAX_FPS or min(size) < 1:
            raise InputError(
                f"{self.path}: a video of {size[0]} x {size[1]} at {fps} frames/s: must have a pixel, and "
                f"{MIN_FPS:g} to {MAX_FPS:g} frames/s"
            )
        even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        self._encoder: _Encoder | None = _open_encoder(self.path, fps, even)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except InputError:
            if error is None:  # otherwise what went wrong first is the news
                raise

    def write(self, frame: RgbImage) -> None:
        """Appends a frame.

        Args:
            frame: (height, width, 3) uint8 RGB.

        Raises:
            ValueError: the frame has another size or type, or the video is closed.
            InputError: it cannot be written, as when the disk is full.
        """
        if self._encoder is None:
            raise ValueError(f"{self.path}: the video is closed")
        if frame.shape != (self.size[1], self.size[0], 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"{self.path}: frame is {frame.dtype} of shape {frame.shape}: must be uint8, "
                f"{self.size[1]} x {self.size[0]} x 3"
            )
        odd_width, odd_height = self.size[0] % 2, self.size[1] % 2
        if odd_width or odd_height:
            frame = np.pad(frame, ((0, odd_height), (0, odd_width), (0, 0)), mode="edge")
        try:
            self._encoder.write(frame)
        except OSError as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Finishes the file; a second call does nothing.

        Raises:
            InputError: the file is not whole, as when the disk is full.
        """
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            try:
                encoder.close()
            except OSError as error:
                raise self._failed(error) from None

    def _failed(self, error: OSError) -> InputError:
        return InputError(f"{self.path}: cannot write the video ({error.strerror or error})")


def _open_encoder(path: Path, fps: float, size: tuple[int, int]) -> _Encoder:
    if not path.parent.is_dir():
        raise InputError(f"{path}: cannot write the video: no such folder {path.parent}")
    opencv_name(path)
    try:
        path.open("ab").close()
    except OSError as error:
        raise InputError(f"{path}: cannot write the video ({error.strerror or error})") from None
    try:
        av = importlib.import_module("av")
    except ImportError:
        return _OpenCvEncoder(path, fps, size)
    try:
        return _PyAvEncoder(av, path, fps, size)
    except (ValueError, OSError) as error:  # PyAV's errors are both; a build without x264 ends here
        logger.warning("%s: PyAV cannot write H.264 (%s), OpenCV writes MPEG-4 instead", path, error)
        return _OpenCvEncoder(path, fps, size)


class _OpenCvEncoder:
    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        self._name, self._frames = opencv_name(path), 0
        with quiet_opencv():
            self._writer = cv2.VideoWriter(self._name, cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
        if not self._writer.isOpened():
            raise InputError(
                f"{path}: OpenCV cannot write an MP4 video of {size[0]} x {size[1]} at {fps} frames/s"
            )

    def write(self, frame: RgbImage) -> None:
        with quiet_opencv():
            self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        self._frames += 1

    def close(self) -> None:
        """Raises OSError unless the file holds all frames: OpenCV does not say when a write has failed."""
        with quiet_opencv():
            self._writer.release()
            capture = cv2.VideoCapture(self._name)
            held = capture.get(cv2.CAP_PROP_FRAME_COUNT)
            capture.release()
        if self._frames and held < self._frames:
            raise OSError(f"the file does not hold its {self._frames} frames: is the disk full?")


class _PyAvEncoder:
    def __init__(self, av: Any, path: Path, fps: float, size: tuple[int, int]) -> None:
        self._av = av
        # moov first, so that a browser starts before it has the whole file.
        self._container = av.open(opencv_name(path), "w", options={"movflags": "faststart"})
        try:
            self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        except BaseException:
            self._container.close()
            raise
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": "20"}

    def write(self, frame: RgbImage) -> None:
        picture = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()
