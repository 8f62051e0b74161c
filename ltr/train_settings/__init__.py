"""Training settings: what all runs on clips have in common, and those of the networks that ltr brings."""
