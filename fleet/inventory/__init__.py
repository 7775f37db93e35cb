"""The fleet on paper: which sites there are, how to reach them and where their secrets are."""
