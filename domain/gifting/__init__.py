"""What gifting decides: which texts are embedded, what is alike and chosen of it; who is reminded when."""
