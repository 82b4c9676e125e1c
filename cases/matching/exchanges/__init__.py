"""Requests to other departments, their answers and the feedback."""
