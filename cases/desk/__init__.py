"""One queue over everything that waits for somebody, oldest promise first; see docs/desk.md."""
