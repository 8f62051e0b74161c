"""The report's folder while it is filled: where its pages stand and how they point to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.report.gathering import RunSummary
from box2seg_plugin.annotate.report.markup import link, page, page_name, pager, url
from box2seg_plugin.annotate.report.thumbnails import Thumbnail

THUMBNAILS = "thumbnails"

VIDEOS_A_PAGE = 100


@dataclass(frozen=True)
class Site:
    """What pages are made from.

    Attributes:
        folder: where they are written.
        annotations: what is reported.
        run: what it came to.
        thumbnails: one for each of ``run.worst``; None where there is no picture.
    """

    folder: Path
    annotations: AnnotationFolder
    run: RunSummary
    thumbnails: Sequence[Thumbnail | None]

    def write(self, kind: str, title: str, body: str, index: int = 0) -> None:
        """Write a page.

        Args:
            kind: a key of :data:`box2seg_plugin.annotate.report.markup.PAGES`.
            title: text.
            body: html.
            index: which page of its kind, from 0.
        """
        counts = {"videos": len(self.run.done), "failed": len(self.run.failed)}
        content = page(kind, title, self.run.name, body, counts)
        (self.folder / page_name(kind, index)).write_text(content, encoding="utf-8", newline="\n")

    def write_paged(
        self,
        kind: str,
        title: str,
        count: int,
        size: int,
        shown: Callable[[int, int], str],
        introduction: str,
        label: Callable[[int, int], str] = "{:,} to {:,}".format,
    ) -> None:
        """Write things on as many pages as they need, one at least.

        Args:
            kind: a key of :data:`box2seg_plugin.annotate.report.markup.PAGES`.
            title: text.
            count: of the things.
            size: how many a page holds.
            shown: html of the things from a number, from 0, to another, which is not among them.
            introduction: html above them.
            label: text for a page, from the numbers of its first and its last thing, from 1.
        """
        parts = [(start, min(start + size, count)) for start in range(0, count, size)]
        labels = [label(start + 1, stop) for start, stop in parts]
        for index, (start, stop) in enumerate(parts or [(0, 0)]):
            links = pager(kind, index, labels)
            things = shown(start, stop) if stop else ""
            self.write(kind, title, "\n".join(filter(None, (introduction, links, things, links))), index)

    def url_of(self, path: Path) -> str:
        """URL of a file or folder of the run: relative, so that the run can be moved."""
        return url("..", "..", *path.relative_to(self.annotations.out).parts)

    def places(self) -> dict[str, str]:
        """Name of each video that is done -> URL of its row."""
        return {
            video.name: f"{page_name('videos', rank // VIDEOS_A_PAGE)}#{row_id(rank)}"
            for rank, video in enumerate(self.run.done)
        }


def row_id(rank: int) -> str:
    """What a video's row is called in its page: by its place in the order, since names may hold any sign."""
    return f"v{rank + 1}"


def file_link(path: Path, target: str, shown: str) -> str:
    """A link to a file or folder if it is there, else nothing."""
    return link(target, shown) if path.exists() else ""
