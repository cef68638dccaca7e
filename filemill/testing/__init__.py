"""The conformance kit: what every operation has to keep to, as tests to run on one's own.

    from filemill.testing import OperationConformance

    class TestPosterize(OperationConformance):
        operation = OPERATION
        files = (Path("tests/photo.jpg"),)

pytest then finds the tests of the class. `run_operation` runs an operation in the real cage, to see what it makes.
"""

from filemill.testing.conformance import OperationConformance
from filemill.testing.running import Finished, run_operation

__all__ = ["Finished", "OperationConformance", "run_operation"]
