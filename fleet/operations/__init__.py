"""What can be done on a site: queries that read, operations that observe, decide and enact."""
