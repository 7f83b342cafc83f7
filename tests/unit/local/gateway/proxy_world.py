"""A proxy without sockets: sessions, a pool and servers that answer with what they were asked."""

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.proxy.authentication import Directory
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.pool import Pool
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.server_login import Setup
from pytest_rdsfailover.local.gateway.proxy.session import ProxySession
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.mysql.auth import CLEAR, NATIVE, native_proof
from pytest_rdsfailover.mysql.handshake import (
    RELAYED,
    Capability,
    Greeting,
    encode_greeting,
    parse_greeting,
)
from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    MessageReader,
    PacketReader,
    eof_packet,
    frame,
    lenenc_string,
    ok_packet,
)
from pytest_rdsfailover.mysql.responses import Command
from pytest_rdsfailover.mysql.results import encode_row

PASSWORD = b"secret"
NAMES = (b"autocommit", b"sql_mode", b"time_zone")
NEW = (b"1", b"", b"SYSTEM")
CAPABILITIES = (
    Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH
    | Capability.MULTI_STATEMENTS | Capability.MULTI_RESULTS | Capability.CONNECT_WITH_DB
)  # fmt: skip
COLUMN = b"".join(map(lenenc_string, (b"def", b"", b"", b"", b"c", b""))) + b"\x0c" + bytes(12)


class Server:
    """The real server's side of one connection: echoes a SELECT, and knows transactions."""

    def __init__(self, thread):
        self.reader, self.messages = PacketReader(), MessageReader()
        self.greeted = False
        self.status = STATUS_AUTOCOMMIT
        self.values = [*NEW]
        self.seen = []  # every command's text
        self.zones = []  # the time zone that it was executed in
        greeting = Greeting(
            version=b"8.0.30", thread_id=thread, capabilities=RELAYED, status=2, charset=45,
            scramble=b"s" * 20, plugin=NATIVE,
        )  # fmt: skip
        self.out = bytearray(frame(encode_greeting(greeting), 0))

    def feed(self, data):
        for packet in self.reader.feed(data):
            if not self.greeted:
                assert packet.sequence == 1  # behind the greeting's
                self.greeted = True
                self.out += frame(ok_packet(self.status), packet.sequence + 1)
                continue
            message = self.messages.add(packet)
            if message is not None:
                self.answer(message.payload, packet.sequence + 1)

    def answer(self, message, sequence):
        sql = message[1:]
        self.seen.append(sql)
        self.zones.append(self.values[2])
        if message[0] == Command.QUERY and sql.startswith(b"SELECT DATABASE()"):
            more = sql.count(b"@@") - len(self.values)  # of what else the proxy asks for
            self.rows([b"app", *self.values, *[b""] * more], sequence)
        elif sql == b"SELECT LAST_INSERT_ID()":
            self.rows([b"7"], sequence)
        elif message[0] == Command.QUERY and sql.startswith(b"SELECT"):
            self.rows([sql], sequence)
        else:
            if message[0] == Command.RESET_CONNECTION:
                self.values = [*NEW]
            if sql == b"BEGIN":
                self.status |= STATUS_IN_TRANS
            elif sql == b"COMMIT" or message[0] == Command.RESET_CONNECTION:
                self.status &= ~STATUS_IN_TRANS
            elif sql.startswith(b"SET time_zone = "):
                self.values[2] = sql.removeprefix(b"SET time_zone = ").strip(b"'")
            self.out += frame(ok_packet(self.status), sequence)

    def rows(self, row, sequence):
        parts = [bytes((len(row),)), *[COLUMN] * len(row), eof_packet(self.status),
                 encode_row(row), eof_packet(self.status)]  # fmt: skip
        for number, part in enumerate(parts):
            self.out += frame(part, sequence + number)


class World:
    """What sessions need of a proxy; `settle` lets everything that was sent arrive."""

    def __init__(self, most=2):
        self.settings = ProxySettings()
        self.facts = ServerFacts(names=NAMES, charsets={})
        self.directory = Directory(key=None, users=[Secret(username="app", password="secret")])
        self.servers = {}
        self.pins = []
        self.instance = Instance(id="instance-1", writer=True)
        self.pool = Pool(self.open, self.drop, most=most, most_idle=most)
        self.pool.follow(self.instance)

    def open(self, key, instance):
        setup = Setup(password=PASSWORD, names=NAMES)
        database = Database(key, instance, setup, ready=self.pool.ready, touch=lambda _: None)
        self.servers[database] = Server(len(self.servers) + 1)
        return database

    def drop(self, database):
        self.servers.pop(database, None)

    def borrow(self, session, last):
        self.pool.borrow(session, last)

    def give_back(self, database):
        self.pool.give_back(database)

    def discard(self, database):
        self.pool.discard(database)
        self.pool.pump()

    def leave(self, session):
        self.pool.leave(session)

    def lent(self, session):
        pass

    def touch(self, session):
        pass

    def pinned(self, session, reason, statement):
        self.pins.append((session.number, reason, statement))

    def settle(self, chunk=1 << 20):
        """Carry bytes between the proxy and its servers until nobody has any, in chunks."""
        moved = True
        while moved:
            moved = False
            for database, server in list(self.servers.items()):
                if database.session.to_server:
                    moved = True
                    data = bytes(database.session.to_server)
                    database.session.to_server.clear()
                    server.feed(data)
                if server.out and database in self.servers:
                    moved = True
                    data = bytes(server.out[:chunk])
                    del server.out[:chunk]
                    database.from_server(data)

    def client(self, number, charset=45):
        """Return a session that has logged in."""
        session = ProxySession(self, number)
        session.greet()
        (packet,) = PacketReader().feed(bytes(session.to_client))
        session.to_client.clear()
        session.from_client(frame(login(parse_greeting(packet.payload).scramble, charset), 1))
        session.to_client.clear()
        return session


def login(scramble, charset=45, user=b"app", password=PASSWORD, *, clear=False):
    """Return a login, whose password is proved, or told as it is."""
    proof = password + b"\0" if clear else native_proof(password, scramble)
    return b"".join((
        int(CAPABILITIES).to_bytes(4, "little"), (1 << 24).to_bytes(4, "little"),
        bytes((charset,)), bytes(23), user, b"\0", bytes((len(proof),)), proof, b"app\0",
        CLEAR if clear else NATIVE, b"\0",
    ))  # fmt: skip


def query(sql):
    return frame(bytes((Command.QUERY,)) + sql, 0)
