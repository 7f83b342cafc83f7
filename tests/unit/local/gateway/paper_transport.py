"""A connection made of paper: keeps what is sent, whether it reads, and how it ends."""

import asyncio
import socket


class PaperTransport(asyncio.Transport):
    """What a protocol writes to in place of a socket.

    Attributes:
        sent: the bytes so far.
        ends: how it was ended, each time.
        reads: its protocol wants to read.
        options: what was set of its socket, by name.
        left: how many bytes wait for the peer to take them.
    """

    def __init__(self, family=socket.AF_INET, left=0):
        super().__init__({"socket": self})
        self.family, self.left = family, left
        self.sent, self.ends, self.reads, self.options = b"", [], True, {}

    def setsockopt(self, _, name, value):
        self.options[name] = value

    def write(self, data):
        self.sent += data

    def close(self):
        self.ends.append("closed")

    def abort(self):
        self.ends.append("aborted")

    def is_closing(self):
        return bool(self.ends)

    def get_write_buffer_size(self):
        return self.left

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True
