"""The domain: values and pure functions. Standard library only; no I/O; never asks what time it is."""
