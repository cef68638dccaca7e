"""The index of names that the how-to offers is on the very expression that a search by name compares."""

import re

from filemill.tasks.models import TaskLog
from tests.unit.docs.reading import read_page

PAGE = "docs/how-to/run-on-your-own-servers.md"


def test_the_index_of_names_is_on_what_a_search_compares() -> None:
    offered = re.search(r"ON (\w+) USING gin \((.+) gin_trgm_ops\)", read_page(PAGE))
    compared = re.search(r"(\S+) LIKE UPPER\(%needle%\)", str(TaskLog.objects.named_like("needle").query))
    assert offered is not None
    assert compared is not None
    table, expression = offered.groups()
    assert compared.group(1).replace(f'"{table}".', "").replace('"', "").lower() == expression
