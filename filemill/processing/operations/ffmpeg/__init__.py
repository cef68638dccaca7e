"""How FFmpeg is asked: arguments made of checked numbers and enumerations alone, its progress read, its end judged.

No text of a client's reaches an argument. The input is at descriptor 3, progress goes to 4, outputs are from 5 on.
"""
