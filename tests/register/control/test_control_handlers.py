"""Odd peers of the control socket: strangers, cores that say too much or nothing, folders that cannot be used."""

import asyncio
import grp
import pwd
import socket
import threading

import pytest

from store.register.control.access import is_member, name_of, open_socket
from store.register.control.client import ControlClient, CoreAway, CoreLink, ask
from store.register.control.messages import Query

NOBODY_HAS_IT = 3_999_999_999


def test_user_without_a_name_is_nobodys_member_and_called_by_number():
    assert not is_member(NOBODY_HAS_IT, 1, 2)
    assert is_member(NOBODY_HAS_IT, 2, 2)
    assert name_of(NOBODY_HAS_IT) == str(NOBODY_HAS_IT)
    assert name_of(0) == pwd.getpwuid(0).pw_name
    assert not is_member(0, 1, NOBODY_HAS_IT)
    assert grp.getgrgid(0).gr_gid == 0


def test_socket_in_a_folder_that_is_not_there_leaves_no_descriptor_behind(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        open_socket(tmp_path / "missing" / "c.sock", "")


def served_once(path, *lines):
    """Somebody who answers the first caller with these lines, then hangs up when the caller does."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(1)

    def serve():
        with listening, listening.accept()[0] as wire:
            for line in lines:
                wire.sendall(line)
            while wire.recv(4096):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


WELCOME = b'{"t":"welcome","protocol":1,"version":"9","epoch":"e","last":0}\n'


def test_core_that_does_not_answer_in_time_is_a_sentence(tmp_path):
    thread = served_once(tmp_path / "c.sock", b'{"t":"news","what":"of tomorrow"}\nnot even a message\n')
    with pytest.raises(CoreAway, match=r"did not answer within 0\.1 s"):
        ask(tmp_path / "c.sock", Query(id=1, kind="status"), "0", timeout_s=0.1)
    thread.join(5)


async def test_screen_passes_over_what_a_newer_core_says(tmp_path):
    served_once(tmp_path / "c.sock", b'{"t":"news"}\n\xff\n', WELCOME)
    links = []
    client = ControlClient(
        tmp_path / "c.sock", "cashier", "0", links.append, links.append, lambda link, why: links.append(link)
    )
    client.start()
    try:
        async with asyncio.timeout(5):
            while links[-1:] != [CoreLink.CONNECTED]:
                await asyncio.sleep(0.005)
    finally:
        await client.close()
