"""The tier that runs the product against a real WordPress."""
