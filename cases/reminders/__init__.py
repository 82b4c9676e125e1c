"""Reminders (提醒): once a day each person is told what is due, what is late and what a sweep still lacks."""
