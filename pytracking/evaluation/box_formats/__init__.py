"""Boxes of whole videos in the formats that annotation tools and data sets write them in: one file each.

All give ``BoxTracks``; ``catalog`` is the table of them. Coordinates are taken as they are, none is shifted.
"""
