"""Tasks as they are looked at: one, a page, one as it goes on, and what is said of them in words."""
