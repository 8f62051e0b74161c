"""Masks and boxes drawn over frames: overlays, contact sheets, videos."""
