"""Operations on films, a module each; FFmpeg does the work."""
