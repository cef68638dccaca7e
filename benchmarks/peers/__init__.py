"""The peers: what the product is measured against. Each is what a competent team would write, or the bare work."""
