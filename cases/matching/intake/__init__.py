"""From an uploaded file to a list that is kept: checks, columns, confirmation."""
