"""Data sets of images and videos, one layout of files on disk in each module."""
