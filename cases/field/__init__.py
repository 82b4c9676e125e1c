"""Work without a signal: phones, what they send, and what is kept for a child who is no longer there."""
