"""The first page: what came out, how good it may be, and how it was made."""

from __future__ import annotations

from box2seg_plugin.annotate.report.charts import bar_chart
from box2seg_plugin.annotate.report.gallery_pages import LABELS, gallery, gallery_tiles
from box2seg_plugin.annotate.report.gathering import MEASURES, RunSummary
from box2seg_plugin.annotate.report.histogram import Histogram
from box2seg_plugin.annotate.report.markup import capital, counted, link, number, page_name
from box2seg_plugin.annotate.report.provenance import made_section
from box2seg_plugin.annotate.report.site import Site
from box2seg_plugin.annotate.report.video_pages import failed_table, video_table

MASKS, VIDEOS, FAILED = 8, 10, 10
"""How many of each the first page shows."""

LIMITS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Scores below which the masks are counted."""

MEANINGS = {
    "score": "The IoU with the true mask (J) to expect, from all the other measures.",
    "box_iou": "IoU of the box around the mask and the box that was given.",
    "expected_iou": "IoU with the truth if the network's own probabilities were true.",
    "confidence": "How sure the network is of the box's pixels: 0 is a coin toss.",
    "stability": "IoU of the masks at a stricter and at a laxer threshold.",
    "agreement": "IoU of the masks before and after refinement.",
    "likeness": "IoU with the masks of the neighbouring frames, their boxes laid over each other.",
    "area_jump": "Change of the filled share of the box against the neighbouring frames, as a logarithm.",
    "fill": "Share of the box that the mask fills.",
}


def write_summary(site: Site) -> None:
    """Write the first page."""
    parts = [
        _tiles(site.run),
        _worst(site),
        _distributions(site.run),
        _videos(site),
        _failed(site.run),
        made_section(site.run.manifest),
    ]
    site.write("index", "Annotation report", "\n".join(part for part in parts if part))


def _tiles(run: RunSummary) -> str:
    """The numbers of the run."""
    masks, left_out, fallbacks = run.total("masks"), run.total("left_out"), run.total("fallbacks")
    made, begun = masks + left_out, len(run.done) + len(run.failed)
    broken = sum(video.broken for video in run.failed)
    failed = link(page_name("failed"), f"{len(run.failed):,}") if run.failed else "0"
    score = run.measures["score"]
    frames, files = run.total("frames"), run.total("files")
    absent, refused = run.total("absent"), run.total("refused")
    tiles = [
        ("Videos done", f"{len(run.done):,}", f"of {begun:,} begun", False),
        ("Videos failed", failed, f"{broken:,} with broken files" if broken else "", bool(run.failed)),
        ("Frames", f"{frames:,}", "of the videos that are done", False),
        ("Masks", f"{masks:,}", f"of single objects, in {counted(files, 'file')}", False),
        ("Mean score", number(score.mean, 3), f"median {number(score.quantile(0.5), 3)}", False),
        ("Stand-ins", f"{fallbacks:,}", f"{_share(fallbacks, made)} of masks; nothing was found", False),
        ("Left out", f"{left_out:,}", f"{_share(left_out, made)} of masks; scores too low", False),
        ("Boxes absent", f"{absent:,}", f"{refused:,} of them outside the frame or empty", False),
    ]
    items = [
        f'<div{" class=bad" if bad else ""}><dt>{name}</dt><dd class="big">{value}</dd>'
        f'<dd class="note">{note}</dd></div>'
        for name, value, note, bad in tiles
    ]
    return f'<dl class="tiles">{"".join(items)}</dl>'


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "0.00 %"


def _worst(site: Site) -> str:
    if not site.run.worst:
        return ""
    shown = counted(len(site.run.worst), "mask")
    more = f"<p>{link(page_name('gallery'), f'All {shown} of the gallery')}</p>"
    return f"<h2>Lowest scores</h2>\n{gallery(gallery_tiles(site, MASKS))}\n{more}"


def _distributions(run: RunSummary) -> str:
    """A histogram for each measure, and one of the videos' means."""
    if not run.measures["score"].total:
        return ""
    series = ("written", "left out")
    legend = ""
    if run.total("left_out"):
        items = [
            '<li><svg viewBox="0 0 10 10" aria-hidden="true">'
            f'<rect class="s{i}" width="10" height="10"/></svg>{name}</li>'
            for i, name in enumerate(series)
        ]
        legend = f'<ul class="legend">{"".join(items)}</ul>'
    charts = [
        bar_chart(run.measures[name], capital(LABELS[name]), MEANINGS[name], series, "masks", high > 1)
        for name, high in MEASURES.items()
    ]
    of_videos = bar_chart(
        run.means, "Mean score of a video", "Each video counts once.", ("videos",), "videos"
    )
    return (
        f"<h2>Distributions</h2>\n{_below(run.measures['score'])}\n{legend}\n"
        f'<div class="charts two">\n{charts[0]}\n{of_videos}\n</div>\n'
        '<div class="charts">\n' + "\n".join(charts[1:]) + "\n</div>"
    )


def _below(scores: Histogram) -> str:
    """What leaving out the lowest scores would cost."""
    shares = ", ".join(f"{100 * (1 - scores.share_from(limit)):.1f} % below {limit}" for limit in LIMITS)
    return f"<p>Masks with low scores, which --min-quality can leave out: {shares}.</p>"


def _videos(site: Site) -> str:
    if not site.run.done:
        return ""
    count = counted(len(site.run.done), "video")
    more = f"<p>{link(page_name('videos'), f'All {count}')}</p>"
    return f"<h2>Worst videos</h2>\n{video_table(site, site.run.done[:VIDEOS])}\n{more}"


def _failed(run: RunSummary) -> str:
    if not run.failed:
        return ""
    more = ""
    if len(run.failed) > FAILED:
        more = f"<p>{link(page_name('failed'), f'All {len(run.failed):,} that failed')}</p>"
    return f"<h2>Failed videos</h2>\n{failed_table(run.failed[:FAILED])}\n{more}"
