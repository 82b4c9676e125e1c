"""What the matcher is measured against, on the same files in the same run."""
