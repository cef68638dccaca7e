"""What stops Filemill from starting, said in one sentence that tells how to mend it."""


class LaunchError(Exception):
    """Filemill can't start, or can't go on. `str()` is the sentence for the person at the keyboard.

    `code` is stable: tests and scripts may rely on it, the sentence may be reworded.
    """

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code
