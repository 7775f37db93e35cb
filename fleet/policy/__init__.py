"""What sites should be: policies, what they mean for a site, and how changes are rolled out."""
