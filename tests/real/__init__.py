"""Real servers in place of our own fakes: Synapse and a WebSub hub on every long run, the others by hand (`make test-real`)."""
