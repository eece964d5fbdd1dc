"""A report → a page that stands alone: it opens offline, has no script in it, and prints on paper."""
