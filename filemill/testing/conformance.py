"""The tests that every operation has to pass, as a class to inherit from."""

import atexit
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final

from filemill.processing.cage import Cage
from filemill.processing.error_codes import ERROR_CODES
from filemill.processing.errors import ProcessingError
from filemill.processing.media import DOCUMENT_TYPES, IMAGE_TYPES, VIDEO_TYPES
from filemill.processing.operations import Operation
from filemill.processing.operations.checking import check, schema, valid_values
from filemill.processing.operations.steps import RESERVED
from filemill.testing.running import Finished, run_operation, sniff_file

BAD_VALUES: Final[tuple[object, ...]] = (
    *("\N{SNOWMAN} no such value", "", -1, 10**12, 1.5, float("1e300"), True),
    *([], [[]], ["\N{SNOWMAN}"], {}, {"\N{SNOWMAN}": 1}),
)
"""Of these every option must refuse some."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_DAMAGED_AT: Final = (0.25, 0.5, 0.9)


class OperationConformance:
    """Inherit from it with an operation and one or more files that it reads; `inputs` are further files for it.

    `options` are given to every run, for an operation that has nothing to do without any.
    """

    operation: ClassVar[Operation[Any]]
    files: ClassVar[Sequence[Path]]
    inputs: ClassVar[Sequence[Path]] = ()
    options: ClassVar[dict[str, Any]] = {}

    # --- the declaration ---
    def test_its_name_is_of_the_form_kind_verb(self) -> None:
        assert _NAME.fullmatch(self.operation.name), self.operation.name

    def test_it_says_in_a_sentence_what_it_makes(self) -> None:
        assert self.operation.summary.endswith(".")

    def test_it_reads_media_types_of_its_task_type_that_filemill_knows(self) -> None:
        known = {"image": IMAGE_TYPES, "video": VIDEO_TYPES, "document": DOCUMENT_TYPES}
        assert self.operation.task_type in known
        assert self.operation.media_types <= frozenset().union(*known.values())
        assert self.operation.media_types & known[self.operation.task_type]

    def test_no_option_is_called_like_a_word_of_the_steps(self) -> None:
        assert RESERVED.isdisjoint(self.operation.options.model_fields)

    def test_every_option_is_described_with_examples_and_what_is_valid(self) -> None:
        for option, described in schema(self.operation)["properties"].items():
            assert described.get("description", "").strip(), f"{option} has no description"
            assert described.get("examples"), f"{option} has no examples"
            assert valid_values(self.operation, option), f"{option} does not say what is valid"

    def test_every_option_may_be_left_out(self) -> None:
        assert check(self.operation, {}).problems == []

    def test_the_examples_of_options_are_accepted(self) -> None:
        for option, described in schema(self.operation)["properties"].items():
            for example in described["examples"]:
                problems = [problem for problem in check(self.operation, {option: example}).problems if problem.option]
                assert problems == [], f"{option} refuses its own example {example!r}"

    def test_every_option_refuses_bad_values_in_a_sentence(self) -> None:
        for option in self.operation.options.model_fields:
            refused = [problem for value in BAD_VALUES for problem in check(self.operation, {option: value}).problems]
            own = [problem for problem in refused if problem.option == option]
            assert own, f"{option} takes everything: {BAD_VALUES}"
            assert all(problem.message.startswith(f"Option '{option}' must be ") for problem in own)

    def test_its_limits_are_above_nothing(self) -> None:
        limits = self.operation.limits
        assert min(limits.memory_bytes, limits.cpu_seconds, limits.output_bytes) > 0
        assert limits.wall_seconds > 0

    # --- the work ---
    def test_it_works_on_its_files_and_tells_json(self) -> None:
        for file in self.files:
            with self._ran(file) as done:
                json.dumps(done.result, allow_nan=False)

    def test_its_outputs_are_what_it_says_that_it_produces(self) -> None:
        for file in self.files:
            options = check(self.operation, self.options).options
            promised = self.operation.produces(sniff_file(file), options)
            with self._ran(file) as done:
                assert bool(promised) <= bool(done.outputs), f"it produces {promised}, but made nothing of {file.name}"
                if promised:
                    assert done.first.media_type == promised
                for output in done.outputs.values():
                    assert output.path.stat().st_size > 0, f"{output.name} is empty"

    def test_its_progress_never_falls(self) -> None:
        for file in self.files:
            with self._ran(file) as done:
                assert done.percents == sorted(done.percents)
                assert all(0 <= percent <= 100 for percent in done.percents)

    def test_a_file_cut_short_ends_in_a_listed_error_or_in_outputs(self) -> None:
        """A damaged file is the file's fault: an error of the service's own here would be run again and again."""
        for file in self.files:
            for damaged in self._damage(file):
                try:
                    with self._ran(damaged):
                        continue
                except ProcessingError as error:
                    assert error.code in ERROR_CODES
                    assert error.code not in {"internal_error", "cage_crashed"}, error.message
                except ValueError:
                    continue  # cut so short that nothing tells its type any more: it is refused at the door

    def _damage(self, file: Path) -> Iterator[Path]:
        content = file.read_bytes()
        with TemporaryDirectory(prefix="filemill-damaged-") as directory:
            for part in _DAMAGED_AT:
                damaged = Path(directory) / file.name
                damaged.write_bytes(content[: int(len(content) * part)])
                yield damaged

    def _ran(self, file: Path) -> "_Ran":
        return _Ran(self, file)


class _Ran:
    """A run with its scratch directory, which lasts as long as its outputs are looked at."""

    def __init__(self, test: OperationConformance, file: Path) -> None:
        self._test = test
        self._file = file
        self._scratch = TemporaryDirectory(prefix="filemill-conformance-")

    def __enter__(self) -> Finished:
        try:
            return run_operation(
                self._test.operation,
                self._file,
                self._test.options,
                cage=_open_cage(tuple(self._test.operation.sealed_modules)),
                scratch=Path(self._scratch.name),
                inputs=self._test.inputs,
            )
        except BaseException:
            self._scratch.cleanup()
            raise

    def __exit__(self, *_: object) -> None:
        self._scratch.cleanup()


@cache
def _open_cage(preload: tuple[str, ...]) -> Cage:
    """One cage for all tests of a run: starting it is the dear part. It ends with this process."""
    cage = Cage(preload=preload)
    atexit.register(cage.close)
    return cage
