"""The room ends what is inside it when the server stops."""

import asyncio

import pytest

from config.door.streams import Room


def test_a_stream_that_listens_ends_by_itself() -> None:
    async def run() -> str:
        room = Room(grace_seconds=30)

        async def stream() -> str:
            with room.enter("a stream"):
                await room.closing.wait()
                return "said goodbye"

        task = asyncio.create_task(stream())
        await asyncio.sleep(0)
        room.close()
        return await asyncio.wait_for(task, 5)

    assert asyncio.run(run()) == "said goodbye"


def test_a_transfer_is_cut_after_the_grace_and_named(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> str:
        room = Room(grace_seconds=0.01)

        async def transfer() -> str:
            with room.enter("download of a.mp4"):
                await asyncio.Event().wait()
            return "returned quietly"

        task = asyncio.create_task(transfer())
        await asyncio.sleep(0)
        room.close()
        return await asyncio.wait_for(task, 5)

    assert asyncio.run(run()) == "returned quietly"
    assert "download of a.mp4" in caplog.text


def test_who_comes_after_closing_is_cut_as_well() -> None:
    async def run() -> None:
        room = Room(grace_seconds=0.01)
        room.close()

        async def latecomer() -> None:
            with room.enter("late"):
                await asyncio.Event().wait()

        await asyncio.wait_for(asyncio.create_task(latecomer()), 5)

    asyncio.run(run())


def test_a_cancel_that_is_not_the_rooms_own_is_passed_on() -> None:
    async def run() -> None:
        room = Room()

        async def transfer() -> None:
            with room.enter("x"):
                await asyncio.Event().wait()

        task = asyncio.create_task(transfer())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_who_has_left_is_not_cut() -> None:
    async def run() -> str:
        room = Room(grace_seconds=0.0)

        async def visit() -> str:
            with room.enter("x"):
                pass
            room.close()
            await asyncio.sleep(0.05)
            return "undisturbed"

        return await asyncio.create_task(visit())

    assert asyncio.run(run()) == "undisturbed"
