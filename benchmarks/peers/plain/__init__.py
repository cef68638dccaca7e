"""Plain views of REST framework on the product's own models and server: what most projects would begin with."""
