"""The commands that a client has sent ahead of their turn. No I/O."""

from collections import deque

ENOUGH = 1 << 20  # bytes of commands; of a client that has sent more, no more is read
WEIGHT = 128  # bytes that a waiting command takes beside its contents


class CommandQueue:
    """Commands in the order in which they came; an empty one takes hardly any memory."""

    __slots__ = ("_commands", "_size")

    def __init__(self) -> None:
        self._commands: deque[tuple[bytes, int]] | None = None
        self._size = 0  # bytes that these take

    def __bool__(self) -> bool:
        return self._commands is not None

    @property
    def enough(self) -> bool:
        """Tell whether so many wait that no more of the client should be read."""
        return self._size > ENOUGH

    def put(self, command: bytes, sequence: int) -> None:
        """Take a command that has just come, and the number of its last packet."""
        if self._commands is None:
            self._commands = deque()
        self._commands.append((command, sequence))
        self._size += len(command) + WEIGHT

    def take(self) -> tuple[bytes, int]:
        """Return the next command, which then waits no more, and the number of its last packet.

        Raises:
            IndexError: if none waits.
        """
        if self._commands is None:
            raise IndexError("no command waits")
        command, sequence = self._commands.popleft()
        self._size -= len(command) + WEIGHT
        self._commands = self._commands or None
        return command, sequence
