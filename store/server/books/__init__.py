"""The posting stage: from accepted records to effects, differences and reports."""
