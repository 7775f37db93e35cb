"""What a run says to people and to programs: each format is a function of the `RunReport`."""
