"""Operations on sound, a module each; FFmpeg does the work."""
