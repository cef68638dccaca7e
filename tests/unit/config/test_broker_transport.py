"""What counts as a message, and whose transport a connection gets."""

from typing import Any

import pytest
from kombu import Connection

from config import broker_transport
from config.broker_transport import is_message


def make_message(**changed: Any) -> dict[str, Any]:
    properties = {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64", **changed}
    return {"body": "W10=", "properties": properties}


def test_what_celery_sends_is_a_message() -> None:
    assert is_message(make_message())


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "text",
        {},
        {"body": 1, "properties": {}},
        {"body": "W10=", "properties": []},
        make_message(delivery_tag=None),
        make_message(delivery_info="x"),
        make_message(body_encoding="rot13"),
    ],
)
def test_anything_else_is_none(given: Any) -> None:
    assert not is_message(given)


@pytest.mark.parametrize("url", ["redis://127.0.0.1/0", "rediss://127.0.0.1/0", "redis+socket:///run/valkey.sock"])
def test_connections_to_a_redis_put_nothing_back(url: str) -> None:
    broker_transport.install()
    with Connection(url) as connection:
        used = connection.get_transport_cls()
        assert used is broker_transport.Transport
        assert not used.Channel.do_restore
