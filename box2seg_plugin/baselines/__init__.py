"""What the paper compares Box2Seg with."""
