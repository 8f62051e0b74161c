"""Network parts shared by trackers and plugins."""
