"""Attachments: store, share and fetch them, show them, and pack those of a case."""
