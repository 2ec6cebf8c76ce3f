"""A scan: everything that matches, several pages at a time, as fast as the quota allows."""
