"""The masks with the lowest scores, as pictures."""

from __future__ import annotations

from box2seg_plugin.annotate.report.gathering import MEASURES, RunSummary
from box2seg_plugin.annotate.report.markup import link, number, text, url
from box2seg_plugin.annotate.report.site import THUMBNAILS, Site
from box2seg_plugin.annotate.report.thumbnails import Thumbnail
from ltr.dataset.mask_quality import MaskQuality

MASKS_A_PAGE = 40

ODD_SHARE = 0.05
"""A measure is pointed out where no more than this share of the run's masks is as bad."""

MOST_ODD = 3

NEVER_ODD = ("score", "fill")
"""Measures that are not pointed out: what all others come to, and what is neither good nor bad."""

LABELS = {
    "score": "score",
    "box_iou": "box IoU",
    "expected_iou": "expected IoU",
    "confidence": "confidence",
    "stability": "stability",
    "agreement": "agreement",
    "likeness": "likeness",
    "area_jump": "area jump",
    "fill": "fill",
}
"""Names of ``MEASURES``."""

STAND_IN = "stand-in"


def write_gallery(site: Site) -> None:
    """Write all pages of the gallery; one at least."""
    run = site.run
    tiles = gallery_tiles(site, len(run.worst))
    site.write_paged(
        "gallery",
        "Lowest scores first",
        len(tiles),
        MASKS_A_PAGE,
        lambda start, stop: gallery(tiles[start:stop], start),
        _introduction(run),
    )


def gallery(tiles: list[str], first: int = 0) -> str:
    """Tiles as a list, counted from ``first``."""
    return f'<ol class="gallery" start="{first + 1}">\n' + "\n".join(tiles) + "\n</ol>" if tiles else ""


def gallery_tiles(site: Site, count: int) -> list[str]:
    """Html of the first masks of the gallery."""
    run, places = site.run, site.places()
    return [
        _tile(site, record, thumbnail, places[record.video])
        for record, thumbnail in zip(run.worst[:count], site.thumbnails, strict=False)
    ]


def _introduction(run: RunSummary) -> str:
    if not run.worst:
        return "<p>No masks were written.</p>"
    share = f", at most {run.share} of each video" if len(run.done) > 1 else ""
    left_out = run.total("left_out")
    hidden = (
        f" {left_out:,} masks with lower scores were left out; what is known of them is in quality.csv."
        if left_out
        else ""
    )
    return (
        f"<p>The {len(run.worst):,} lowest scores of {run.total('masks'):,} masks{share}. "
        "The thin rectangle is the box that was given, the filled area the mask. In red: measures "
        f"that are as bad in one mask of {round(1 / ODD_SHARE)} at most.{hidden}</p>"
    )


def _tile(site: Site, record: MaskQuality, thumbnail: Thumbnail | None, place: str) -> str:
    """A picture and what is known of its mask; ``place`` is the URL of the video's row."""
    who = f"object {record.object} in frame {record.frame}"
    flag = f'<span class="flag">{STAND_IN}</span>' if record.fallback else ""
    odd = _odd(site.run, record)
    pointed = f'<p class="odd">{text(odd)}</p>' if odd else ""
    numbers = "".join(
        f"<dt>{text(LABELS[name])}</dt><dd>{number(getattr(record, name), 3)}</dd>" for name in MEASURES
    )
    return (
        f"<li>{_picture(site, record, thumbnail)}\n"
        f'<div class="about"><p><span class="score">{number(record.score, 3)}</span>{flag}</p>\n'
        f"<p>{link(place, record.video)}<br>{text(who)}{_files(site, thumbnail)}</p>\n{pointed}"
        f'<details><summary>Measures</summary><dl class="measures">{numbers}</dl></details></div></li>'
    )


def _picture(site: Site, record: MaskQuality, thumbnail: Thumbnail | None) -> str:
    """The picture; words where there is none."""
    if thumbnail is None:
        return '<div class="picture none">neither mask nor frame can be read</div>'
    alt = f"{record.video}, frame {record.frame}, object {record.object}: score {number(record.score, 3)}"
    width, height = thumbnail.size
    image = (
        f'<img src="{url(THUMBNAILS, thumbnail.file)}" width="{width}" height="{height}" loading="lazy" '
        f'alt="{text(alt)}">'
    )
    return f'<div class="picture">{image}</div>'


def _files(site: Site, thumbnail: Thumbnail | None) -> str:
    """Links to the mask and the frame, those that can be read."""
    if thumbnail is None:
        return ""
    links = []
    if thumbnail.mask is not None:
        links.append(link(site.url_of(thumbnail.mask), "mask"))
    if thumbnail.frame is not None:
        links.append(link(thumbnail.frame.absolute().as_uri(), "frame"))
    return "<br>" + " · ".join(links) if links else ""


def _odd(run: RunSummary, record: MaskQuality) -> str:
    """The measures in which a mask stands out from those of the run."""
    found = []
    for name in LABELS:
        if name in NEVER_ODD:
            continue
        value, all_values = getattr(record, name), run.measures[name]
        share = all_values.share_from(value) if name == "area_jump" else all_values.share_up_to(value)
        if share <= ODD_SHARE:
            found.append(f"{LABELS[name]} {number(value, 2)}")
    return ", ".join(found[:MOST_ODD])
