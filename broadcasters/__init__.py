"""Knows channels and nothing of statuspage. One module per kind of network; see post.py for what goes in and comes out."""
