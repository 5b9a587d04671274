"""Calendars (カレンダー): one activity as a file, and feeds to subscribe to."""
