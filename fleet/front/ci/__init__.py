"""What a job of a CI system is told beside the report, and its comment on a pull request."""
