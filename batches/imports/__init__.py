"""From a workbook to jobs: sniff, read, match columns, normalise, group, store."""
