"""What is done with an annotated data set as a whole: its folders are made, claimed and put together."""

from __future__ import annotations

import logging
import shutil

from box2seg_plugin.annotate.manifest import Manifest
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.video_locks import LOCKS, video_lock
from box2seg_plugin.annotate.video_output import check_only_masks, clear_video
from box2seg_plugin.annotate.video_state import DONE, read_states
from ltr.dataset.mask_quality import join_quality
from ltr.output_folder import make_folder

_WHOLE = ""  # name of the lock; no video is called so

logger = logging.getLogger(__name__)


def make_folders(folder: AnnotationFolder) -> None:
    """Make the folders, and see that files can be written there.

    Raises:
        InputError: they cannot.
    """
    for place in (folder.masks, folder.state_of("any").parent, folder.quality_of("any").parent):
        make_folder(place, "--out")


def claim_folder(folder: AnnotationFolder, manifest: Manifest, force: bool = False) -> None:
    """Note what makes the masks, or see that it is the same as before.

    Args:
        folder: its folders are there.
        manifest: what is to make them.
        force: make all anew if something else made them; what that left is removed.

    Raises:
        InputError: something else made them; or what is to be removed holds files that are no masks.
    """
    with video_lock(folder.info / LOCKS, _WHOLE, wait=True):
        if folder.manifest.exists() and not force:
            manifest.check_same(folder.manifest)
        # Also those that a run with --force had not yet got to when it was killed.
        stale = [state.video for state in read_states(folder) if state.settings != manifest.hash]
        for video in stale:
            check_only_masks(folder.masks_of(video))
        if force or not folder.manifest.exists():
            manifest.write(folder.manifest)
        for video in stale:
            clear_video(folder, video)
    if stale:
        logger.warning("%s: masks of %d videos, made otherwise, are removed", folder.masks, len(stale))


def join_videos(folder: AnnotationFolder, manifest: str) -> int:
    """Put the records of all videos that are done so far into one file, by the names of the videos.

    Of several runs that end at one time the last to join sees the videos of all.

    Args:
        folder: the annotated data set.
        manifest: hash of what made it.

    Returns:
        how many videos.

    Raises:
        InputError, OSError: records cannot be read, or the file cannot be written.
    """
    with video_lock(folder.info / LOCKS, _WHOLE, wait=True):
        done = [s.video for s in read_states(folder) if (s.status, s.settings) == (DONE, manifest)]
        part = folder.info / ".joined.part"
        shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
        part.mkdir()
        try:
            join_quality(part / folder.quality.name, (folder.quality_of(video) for video in done))
            (part / folder.quality.name).replace(folder.quality)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return len(done)
