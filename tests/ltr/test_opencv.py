"""OpenCV is quiet while somebody wants it to be, and no longer."""

import cv2

from ltr.data.opencv import quiet_opencv


def test_quiet_for_as_long_as_anybody_is_in_it() -> None:
    """As two threads leave: the first one in is the first one out."""
    logs = cv2.utils.logging
    before = logs.getLogLevel()
    first, second = quiet_opencv(), quiet_opencv()
    first.__enter__()
    assert logs.getLogLevel() == logs.LOG_LEVEL_SILENT
    second.__enter__()
    first.__exit__(None, None, None)
    assert logs.getLogLevel() == logs.LOG_LEVEL_SILENT
    second.__exit__(None, None, None)
    assert logs.getLogLevel() == before != logs.LOG_LEVEL_SILENT
