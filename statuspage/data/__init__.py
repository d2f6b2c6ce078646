"""Files that the product reads: the words of notices, the page's own words, a configuration to begin with."""
