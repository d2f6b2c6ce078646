"""`make bench`: how fast, as ratios within one run. Nothing here is a test and nothing fails for being slow."""
