"""Operations on pictures, a module each; libvips does the work."""
