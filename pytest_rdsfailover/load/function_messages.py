"""What travels to a function of AWS Lambda that runs a share of a load, and what it answers."""

import functools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.load.alignment import Offset
from pytest_rdsfailover.load.options import WorkloadOptions
from pytest_rdsfailover.load.processes import LoadOrder
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint, Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEndpoint:
    """An endpoint, as it travels.

    Attributes:
        name: as in `Endpoint`, like the others.
        kind: decides whether a connection may move.
        host: name or address.
        port: TCP port.
        user: database user.
        password: its password.
        database: the schema.
        ca: the authority's certificate itself; None for no encryption.
    """

    name: str
    kind: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    ca: str | None = None

    @classmethod
    def of(cls, endpoint: Endpoint) -> "SentEndpoint":
        """Return an endpoint ready to travel."""
        ca = endpoint.tls.ca if endpoint.tls.wanted else None
        return cls(
            name=endpoint.name,
            kind=endpoint.kind,
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=str(endpoint.secret()),
            database=endpoint.database,
            ca=None if ca is None else Path(ca).read_text(encoding="utf-8"),
        )

    def endpoint(self) -> Endpoint:
        """Return the endpoint, here."""
        return Endpoint(
            name=self.name,
            kind=self.kind,
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            tls=Tls(ca=None if self.ca is None else _kept(self.ca)),
        )


@functools.cache  # an environment serves many orders, and has little room for files
def _kept(certificate: str) -> str:
    """Return the path of a new file that holds a certificate."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(certificate)
    return file.name


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOrder:
    """What one function is to do.

    Attributes:
        run: the trial's own prefix.
        function: its number, from 0.
        functions: how many there are; writer w belongs to function w modulo this number.
        writers: how many writers there are in all functions.
        rate: writes per second of all functions together; 0 without a schedule.
        start: the first moment of the load on the database's clock, in nanoseconds since 1970.
        seconds: how long the load lasts.
        place: where to write.
        engine: `threads` or `fast`.
        policy: how writers get their connections back.
        workload: weights of our own steps by their names; None for our own insert.
        reader: where our own reads read.
        retries: how often a write is tried again.
        think: seconds that a writer without a schedule waits after an answer, on average.
        upload: the URL to put a parcel that no answer has room for; None for nowhere.
    """

    run: str
    function: int
    functions: int
    writers: int
    rate: float
    start: int
    seconds: float
    place: SentEndpoint
    engine: str = "threads"
    policy: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    workload: Mapping[str, int] | None = None
    reader: SentEndpoint | None = None
    retries: int = 0
    think: float = 0.0
    upload: str | None = field(default=None, repr=False)

    def load_order(self, endpoint: Endpoint) -> LoadOrder:
        """Return what the engine is told; *endpoint* is the place, here."""
        options: WorkloadOptions = {}
        if self.workload is not None:
            mix: Any = dict(self.workload)  # of names that the plan has checked
            options["workload"] = mix
        if self.reader is not None:
            options["reader"] = self.reader.endpoint()
        make = choose(options, endpoint, retries=self.retries, policy=self.policy, classify=None)
        return LoadOrder(
            make=make,
            run=self.run,
            writers=self.writers,
            process=self.function,
            processes=self.functions,
            events=None,
            engine=self.engine,
            rate=self.rate,
            policy=self.policy,
            think=self.think,
            secrets=(self.place.password,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReport:
    """What one function did; times on its own clock.

    Attributes:
        parcel: what its writers did, as `parcel.pack` says it, in base64; None if it was put where the
            order's `upload` leads.
        offset: what to add to its times for those of the database's clock, in nanoseconds.
        pauses: (first, last) seconds between which it stood still.
        complaints: what its writers' errors said.
        late: seconds by which its writers began after the first moment of the load; 0 for in time.
        cold: whether its environment was made for this invocation.
        environment: the name of that.
    """

    parcel: str | None
    offset: Offset
    pauses: Sequence[tuple[float, float]]
    complaints: Sequence[Complaint]
    late: float
    cold: bool
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """What an invocation answers that only had its environment made.

    Attributes:
        cold: whether it was made for this invocation.
        environment: its name.
    """

    cold: bool
    environment: str
