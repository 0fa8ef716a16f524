"""A golden set: workbooks as they come, and what must become of every row of them."""
