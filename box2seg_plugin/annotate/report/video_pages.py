"""Tables of videos: by score, by name, and those that failed."""

from __future__ import annotations

from collections.abc import Sequence

from box2seg_plugin.annotate.report.charts import curve
from box2seg_plugin.annotate.report.gathering import DoneVideo, FailedVideo
from box2seg_plugin.annotate.report.markup import (
    MISSING,
    counted,
    link,
    number,
    page_name,
    table,
    text,
)
from box2seg_plugin.annotate.report.site import VIDEOS_A_PAGE, Site, file_link, row_id

NAMES_A_PAGE = 1000

COLUMNS = (
    "Video", "Mean score", "Lowest", "Along the video", "Masks", "Stand-ins", "Left out", "Absent", "Files"
)  # fmt: skip
NUMERIC = (1, 2, 4, 5, 6, 7)


def write_videos(site: Site) -> None:
    """Write the tables of the videos that are done, the worst first; one page at least."""
    videos = site.run.done
    introduction = (
        "<p>By mean score, the worst first. The line follows the scores along the video, from 0 (bottom) to "
        "1; of several objects the lowest.</p>"
    )
    site.write_paged(
        "videos",
        "Videos",
        len(videos),
        VIDEOS_A_PAGE,
        lambda start, stop: video_table(site, videos[start:stop], start, anchors=True),
        introduction if videos else "<p>No video is done.</p>",
    )


def video_table(site: Site, videos: Sequence[DoneVideo], first: int = 0, anchors: bool = False) -> str:
    """Html of a table.

    Args:
        videos: some that follow each other in ``site.run.done``.
        first: place of the first of them.
        anchors: whether rows can be linked to; else they link to the table in which they can.
    """
    rows = []
    for rank, video in enumerate(videos, first):
        place = f"{page_name('videos', rank // VIDEOS_A_PAGE)}#{row_id(rank)}"
        name = text(video.name) if anchors else link(place, video.name)
        rows.append(_row(site, video, name, f' id="{row_id(rank)}"' if anchors else ""))
    return table(COLUMNS, rows, "Videos by mean score", NUMERIC)


def _row(site: Site, video: DoneVideo, name: str, attribute: str) -> str:
    """A row; ``name`` and ``attribute`` are html."""
    masks, records = site.annotations.masks_of(video.name), site.annotations.quality_of(video.name)
    lowest, line = MISSING, ""
    if video.lowest is not None:
        lowest = number(video.lowest.score, 3)
        mask = masks / f"{video.lowest.frame}.png"
        if mask.is_file():
            lowest = link(site.url_of(mask), lowest)
        line = curve(
            video.curve, f"Scores along the video, lowest {video.lowest.score:.3f} in {video.lowest.frame}"
        )
    files = [
        file_link(masks, site.url_of(masks) + "/", "masks"),
        file_link(records, site.url_of(records), "records"),
    ]
    numbers = (video.masks, video.fallbacks, video.left_out)
    return (
        f'<tr{attribute}><th scope="row">{name}</th><td class=n>{number(video.mean, 3)}</td>'
        f"<td class=n>{lowest}</td><td>{line}</td>"
        + "".join(f"<td class=n>{value:,}</td>" for value in numbers)
        + f"<td class=n>{video.absent:,}{_refused(video)}</td>"
        f'<td class="files">{" · ".join(filter(None, files))}</td></tr>'
    )


def _refused(video: DoneVideo) -> str:
    """The boxes of a video that could not be used, to be unfolded."""
    if not video.refused:
        return ""
    reasons = [f"object {object_id} in frame {frame}" for frame, object_id in video.refusals]
    if video.refused > len(reasons):
        reasons.append(f"and {video.refused - len(reasons):,} more")
    items = "<br>".join(text(reason) for reason in reasons)
    return f'<details><summary>{video.refused:,} unusable</summary><p class="row-note">{items}</p></details>'


def write_failed(site: Site) -> None:
    """Write the tables of the videos that failed; one page at least."""
    videos = site.run.failed
    again = "<p>Once its cause is gone, the same command begins a video anew.</p>"
    site.write_paged(
        "failed",
        "Failed videos",
        len(videos),
        VIDEOS_A_PAGE,
        lambda start, stop: failed_table(videos[start:stop]),
        again if videos else "<p>No video failed.</p>",
    )


def failed_table(videos: Sequence[FailedVideo]) -> str:
    """Html of a table of videos and reasons."""
    rows = []
    for video in videos:
        what = "Files about it are broken: " if video.broken else ""
        reason = f"{what}{video.reason or 'no reason is given'}"
        rows.append(f'<tr><th scope="row">{text(video.name)}</th><td class="reason">{text(reason)}</td></tr>')
    return table(("Video", "Reason"), rows, "Videos that failed")


def write_names(site: Site) -> None:
    """Write the list of all videos by name; one page at least."""
    places = site.places() | {
        video.name: page_name("failed", rank // VIDEOS_A_PAGE) for rank, video in enumerate(site.run.failed)
    }
    failed = {video.name for video in site.run.failed}
    names = sorted(places)

    def listed(start: int, stop: int) -> str:
        items = (
            f"<li>{link(places[name], name)}{' <span class=dim>failed</span>' if name in failed else ''}</li>"
            for name in names[start:stop]
        )
        return '<ul class="names">\n' + "\n".join(items) + "\n</ul>"

    site.write_paged(
        "names",
        "Videos by name",
        len(names),
        NAMES_A_PAGE,
        listed,
        f"<p>{counted(len(names), 'video')}.</p>" if names else "<p>No video was begun.</p>",
        label=lambda first, _: f"from {names[first - 1]}",
    )
