"""Pieces of HTML. What is called ``html`` here is markup; everything else is text and is escaped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote

MISSING = "-"
"""Stands where there is no number."""

PAGER_LINKS = 12
"""How many pages a page links to, besides its neighbours."""

PAGES = {"index": "Summary", "gallery": "Gallery", "videos": "Videos", "names": "By name", "failed": "Failed"}
"""First pages, as the navigation shows them."""


def text(value: object) -> str:
    """Text as HTML, in attributes too. Bytes of file names that are no UTF-8 are shown as ``\\udc..``."""
    shown = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    # Other control characters are not allowed in HTML, escaped or not.
    return escape("".join(c if c.isprintable() or c == " " else repr(c)[1:-1] for c in shown))


def url(*parts: str) -> str:
    """A relative URL from the parts of a path; ``..`` and names of files, any characters."""
    return "/".join(quote(os.fsencode(part), safe="") for part in parts)


def link(target: str, shown: str) -> str:
    """A link.

    Args:
        target: a URL.
        shown: text.
    """
    return f'<a href="{escape(target)}">{text(shown)}</a>'


def number(value: float | None, decimals: int = 0) -> str:
    """A number with thousands separators."""
    return MISSING if value is None else f"{value:,.{decimals}f}"


def counted(value: int, one: str, many: str = "") -> str:
    """A number and what it counts: 1 video, 2,000 videos."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def capital(words: str) -> str:
    """Words as a heading begins: "box IoU" -> "Box IoU"."""
    return words[:1].upper() + words[1:]


def page_name(kind: str, index: int = 0) -> str:
    """File of a page: ``gallery.html``, ``gallery-2.html`` ...

    Args:
        kind: a key of ``PAGES``.
        index: which of them, from 0.
    """
    return f"{kind}-{index + 1}.html" if index else f"{kind}.html"


def table(header: Sequence[str], rows: Iterable[str], label: str, numeric: Iterable[int] = ()) -> str:
    """A table in a box of its own that scrolls where the page is too narrow.

    Args:
        header: text of the columns' heads.
        rows: html, ``<tr>`` each.
        label: text for who does not see it.
        numeric: columns of numbers, from 0.
    """
    columns = set(numeric)
    heads = "".join(
        f'<th scope="col"{" class=n" if i in columns else ""}>{text(head)}</th>'
        for i, head in enumerate(header)
    )
    return (
        f'<div class="scroll" role="region" aria-label="{text(label)}" tabindex="0"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def pager(kind: str, index: int, labels: Sequence[str]) -> str:
    """Links to the pages of a kind; nothing where there is one. Of many pages only some are linked to.

    Args:
        kind: a key of ``PAGES``.
        index: the page they stand on.
        labels: text of each page's link.
    """
    if len(labels) < 2:
        return ""
    items = []
    for i in _shown_pages(index, len(labels)):
        current = ' aria-current="page"' if i == index else ""
        items.append(f'<li><a href="{page_name(kind, i)}"{current}>{text(labels[i])}</a></li>')
    steps = ""
    if index > 0:
        steps += f'<li><a rel="prev" href="{page_name(kind, index - 1)}">Previous</a></li>'
    if index + 1 < len(labels):
        steps += f'<li><a rel="next" href="{page_name(kind, index + 1)}">Next</a></li>'
    return f'<nav class="pager" aria-label="Pages"><ul>{steps}</ul><ul>{"".join(items)}</ul></nav>'


def _shown_pages(index: int, count: int) -> list[int]:
    """The first and the last page, those around this one, and some evenly between; all of a dozen."""
    step = -(-count // PAGER_LINKS)
    around = range(max(0, index - 2), min(count, index + 3))
    return sorted({*range(0, count, step), *around, count - 1})


def page(kind: str, title: str, run: str, body: str, counts: Mapping[str, int]) -> str:
    """A whole page.

    Args:
        kind: a key of ``PAGES``.
        title: text, above the body.
        run: text, name of the annotated set.
        body: html.
        counts: how much there is to see behind some of ``PAGES``.
    """
    items = []
    for name, label in PAGES.items():
        current = ' aria-current="page"' if name == kind else ""
        badge = f" <span class=badge>{counts[name]:,}</span>" if counts.get(name) else ""
        items.append(f'<li><a href="{page_name(name)}"{current}>{label}{badge}</a></li>')
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)} · {text(run)}</title>\n"
        '<link rel="stylesheet" href="style.css">\n</head>\n<body>\n'
        '<a class="skip" href="#content">Skip to the content</a>\n'
        f'<header><p class="run">{text(run)}</p>\n'
        f'<nav aria-label="Report"><ul>{"".join(items)}</ul></nav></header>\n'
        f'<main id="content">\n<h1>{text(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n'
    )
