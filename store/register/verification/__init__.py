"""Checks a journal with code that shares nothing with the writer."""
