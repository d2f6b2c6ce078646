"""Demonstration networks: local servers that answer the contracts of the real ones, and keep the true list of what was posted."""

from statuspage.demo.networks.accounts import account_entries, environment
from statuspage.demo.networks.server import RunningNetworks, running_networks, serve

__all__ = ["RunningNetworks", "account_entries", "environment", "running_networks", "serve"]
