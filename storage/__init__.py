"""Everything that outlives a crash."""
