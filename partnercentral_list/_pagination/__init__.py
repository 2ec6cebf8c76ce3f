"""Pagination: the pager that makes one stream of pages, its resume tokens, and prefetching."""
