"""Widgets that draw rows of a picture and nothing else; none of them can have the focus."""
