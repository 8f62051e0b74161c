"""A report of an annotation run in static HTML: needs no server, no network and no script."""

from box2seg_plugin.annotate.report.writing import write_report

__all__ = ["write_report"]
