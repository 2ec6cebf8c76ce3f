"""How pages become one stream: the pager, its resume tokens, and prefetching."""
