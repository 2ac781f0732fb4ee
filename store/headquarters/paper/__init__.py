"""What headquarters puts on paper: previews of document formats, reports for the accountant, shelf labels."""
