"""What a command of a proxy's client becomes on the connection that works on it."""

from proxy_world import World, query
from test_proxy_session import told

from pytest_rdsfailover.mysql.packets import MAX_PAYLOAD, encode, frame, lenenc, parse_error
from pytest_rdsfailover.mysql.responses import Command

RESET = b""  # COM_RESET_CONNECTION has no text
SHOW, LAST_ID = b"SHOW WARNINGS", b"SELECT LAST_INSERT_ID()"
ZONE = b"SET time_zone = '+02:00'"
READS = b"SELECT @a"  # what another session may have set


class Talk:
    """Clients of one proxy with one database connection, unless more are allowed."""

    def __init__(self, most=1, clients=2):
        self.world = World(most=most)
        self.one, self.two, *_ = [self.world.client(number) for number in range(1, clients + 1)]
        self.warns, self.ids = {}, {}

    @property
    def servers(self):
        return list(self.world.servers.values())

    def do(self, client, sql, sequence=0):
        """Send a command; return what servers are asked meanwhile."""
        before = {id(server): len(server.seen) for server in self.servers}
        client.from_client(frame(b"\x03" + sql, sequence))
        self._plant()
        self.world.settle()
        return [
            text for server in self.servers for text in server.seen[before.get(id(server), 0) :]
        ]

    def _plant(self):
        """Have new servers warn, and tell ids, where they are to."""
        for server in self.servers:
            if not hasattr(server, "usual"):
                server.usual, server.answer = server.answer, self._answering(server)

    def _answering(self, server):
        def answer(message, sequence):
            sql = message[1:]
            if sql == SHOW:
                server.seen.append(sql)
                server.rows([b"Note", b"1", b"careful"], sequence)
            elif sql in self.warns or sql in self.ids:
                server.seen.append(sql)
                payload = b"\0\0" + lenenc(self.ids.get(sql, 0)) + bytes((server.status, 0))
                server.out += frame(payload + bytes((self.warns.get(sql, 0), 0)), sequence)
            else:
                server.usual(message, sequence)

        return answer


# Whose connection it is --------------------------------------------------------------------------


def test_who_comes_back_to_its_own_connection_finds_it_as_it_was():
    talk = Talk()
    talk.do(talk.one, ZONE)
    talk.do(talk.one, b"SELECT 1")
    assert talk.do(talk.one, READS) == [READS]
    (server,) = talk.servers
    assert server.zones[-1] == b"+02:00"


def test_who_comes_to_a_connection_that_another_one_had_brings_its_state_along():
    talk = Talk()
    talk.do(talk.one, ZONE)
    talk.do(talk.two, b"SELECT 1")
    (server,) = talk.servers
    assert server.zones[-1] == b"SYSTEM"
    assert talk.do(talk.one, b"SELECT 1") == [ZONE, b"SELECT 1"]
    assert server.zones[-1] == b"+02:00"


def test_what_reads_a_variable_of_the_session_finds_none_of_anothers():
    talk = Talk()
    talk.do(talk.one, b"SELECT 1")
    assert talk.do(talk.two, b"SELECT 2") == [b"SELECT 2"]
    assert RESET in talk.do(talk.one, READS)
    assert RESET not in talk.do(talk.one, READS)


def test_a_new_connection_need_not_be_reset_for_what_reads_a_variable():
    talk = Talk()
    assert RESET not in talk.do(talk.one, READS)


def test_a_connection_that_was_lent_meanwhile_is_another_though_it_is_the_same():
    talk = Talk()
    talk.do(talk.one, ZONE)
    for _ in range(2):
        talk.do(talk.two, b"SELECT 1")
    assert talk.do(talk.one, b"SELECT 1")[0] == ZONE


# Numbers -----------------------------------------------------------------------------------------


def test_the_answer_to_a_command_of_several_packets_counts_on_from_its_last():
    talk = Talk()
    message = b"\x03DO 1".ljust(MAX_PAYLOAD + 3)
    talk.one.from_client(encode(message, 250))
    talk.world.settle()
    assert [packet.sequence for packet in told(talk.one)] == [252]


def test_what_the_proxy_answers_itself_counts_on_from_the_command():
    talk = Talk()
    talk.one.from_client(frame(bytes((Command.PING,)), 254))
    talk.one.from_client(frame(b"\x55", 255))
    assert [packet.sequence for packet in told(talk.one)] == [255, 0]


# Ids ---------------------------------------------------------------------------------------------


def test_an_id_is_carried_to_the_connection_on_which_it_is_asked_for():
    talk = Talk()
    talk.ids[b"INSERT INTO t VALUES (1)"] = 42
    talk.do(talk.one, b"SELECT 1")  # so that its server is there
    talk.do(talk.one, b"INSERT INTO t VALUES (1)")
    talk.do(talk.two, b"DO LAST_INSERT_ID(5)")
    asked = talk.do(talk.one, LAST_ID)
    assert asked[:2] == [b"SET LAST_INSERT_ID = 42", LAST_ID]


def test_an_id_that_the_connection_has_already_is_not_set():
    talk = Talk()
    talk.ids[b"INSERT INTO t VALUES (1)"] = 42
    talk.do(talk.one, b"SELECT 1")
    talk.do(talk.one, b"INSERT INTO t VALUES (1)")
    assert talk.do(talk.one, LAST_ID)[0] == LAST_ID


def test_what_does_not_ask_for_an_id_has_none_set():
    talk = Talk()
    talk.ids[b"INSERT INTO t VALUES (1)"] = 42
    talk.do(talk.one, b"SELECT 1")
    talk.do(talk.one, b"INSERT INTO t VALUES (1)")
    talk.do(talk.two, b"DO LAST_INSERT_ID(5)")
    assert talk.do(talk.one, b"SELECT 2") == [b"SELECT 2"]


def test_the_id_that_an_insert_names_itself_is_asked_for():
    talk = Talk()
    sql = b"INSERT INTO t VALUES (42)"
    talk.ids[sql] = 42
    talk.do(talk.one, b"SELECT 1")
    assert talk.do(talk.one, sql) == [sql, LAST_ID]
    assert talk.one._carried.insert_id == 7  # which the server tells


# Warnings ----------------------------------------------------------------------------------------

WARNED = b"DELETE FROM t"


def test_warnings_are_kept_before_the_connection_is_given_back_and_told_elsewhere():
    talk = Talk(most=2)
    talk.warns[WARNED] = 1
    talk.do(talk.one, b"SELECT 1")
    assert talk.do(talk.one, WARNED) == [WARNED, SHOW]
    told(talk.one)
    talk.do(talk.two, b"SELECT 1")
    asked = talk.do(talk.one, SHOW)
    assert len(asked) == 1
    assert b"CONVERT(X'6361726566756c' USING utf8mb4)" in asked[0]


def test_without_warnings_nobody_asks_for_them():
    talk = Talk()
    talk.warns[WARNED] = 0
    talk.do(talk.one, b"SELECT 1")
    assert talk.do(talk.one, WARNED) == [WARNED]


def test_who_keeps_its_connection_keeps_its_warnings_there():
    talk = Talk()
    talk.warns[WARNED] = 1
    talk.do(talk.one, b"SET @a = 1")
    assert talk.do(talk.one, WARNED) == [WARNED]
    assert talk.do(talk.one, SHOW) == [SHOW]


def test_a_client_gets_its_answer_once_all_about_it_is_known():
    talk = Talk()
    talk.warns[WARNED] = 1
    talk.do(talk.one, b"SELECT 1")
    told(talk.one)
    talk.do(talk.one, WARNED)
    (answer,) = told(talk.one)
    assert (answer.sequence, answer.payload[0], answer.payload[5]) == (1, 0, 1)


# Pins, and what is left behind -------------------------------------------------------------------


def test_a_session_is_pinned_once_and_told_of_with_its_first_reason():
    talk = Talk()
    for sql in (b"SET @a = 1", b"SET @b = 2"):
        talk.do(talk.one, sql)
    ((number, _, statement),) = talk.world.pins
    assert (number, statement, bool(talk.one.pin)) == (1, b"SET @a = 1", True)


def test_what_a_pinned_session_leaves_is_reset_before_the_next_has_it():
    talk = Talk()
    talk.do(talk.one, b"SET @a = 1")
    talk.one.leave()
    talk.world.settle()
    assert talk.servers[0].seen[-2] == RESET
    assert talk.do(talk.two, b"SELECT 1") == [b"SELECT 1"]


def test_in_a_transaction_a_connection_stays_and_behind_it_goes_back():
    talk = Talk()
    talk.do(talk.one, b"BEGIN")
    assert talk.one.database is not None
    talk.do(talk.one, b"SELECT 1")
    assert talk.one.database is not None
    talk.do(talk.one, b"COMMIT")
    assert (talk.one.database, talk.one.in_transaction) == (None, False)


def test_commands_that_were_sent_ahead_are_begun_one_after_the_other():
    talk = Talk()
    talk.one.from_client(b"".join(query(b"SELECT %d" % number) for number in range(3)))
    talk.world.settle()
    rows = [packet.payload[1:] for packet in told(talk.one)[3::5]]
    assert rows == [b"SELECT 0", b"SELECT 1", b"SELECT 2"]


def test_a_file_is_asked_for_and_passed_on_with_the_numbers_of_its_command():
    talk = Talk()
    sql = b"LOAD DATA LOCAL INFILE 'f' INTO TABLE t"
    talk.do(talk.one, b"SELECT 1")
    told(talk.one)
    (database,), (server,) = talk.world.servers, talk.servers
    server.answer = lambda _, sequence: server.out.extend(frame(b"\xfbf", sequence))
    talk.one.from_client(frame(b"\x03" + sql, 9))
    database_sent = database.session
    server.feed(bytes(database_sent.to_server))
    database_sent.to_server.clear()
    out, server.out = bytes(server.out), bytearray()
    database.from_server(out)
    assert [(packet.sequence, packet.payload) for packet in told(talk.one)] == [(10, b"\xfbf")]
    talk.one.from_client(frame(b"rows", 11))
    assert bytes(database_sent.to_server) == frame(b"rows", 2)
    database_sent.to_server.clear()
    talk.one.from_client(frame(b"", 12) + query(b"SELECT 2"))
    assert bytes(database_sent.to_server) == frame(b"", 3)
    assert parse_error_or_none(told(talk.one)) is None


def parse_error_or_none(packets):
    return next((parse_error(each.payload) for each in packets if each.payload[0] == 0xFF), None)
