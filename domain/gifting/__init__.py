"""What gifting decides: which texts are embedded, what is alike, and what is chosen of it."""
