"""Trial documents sorted into scenarios: what is a repeat of what, and what is compared with what."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_rdsfailover.analysis.compare import Comparison, compare, compare_pairs
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import Population, population
from pytest_rdsfailover.model.node_ids import function_of
from pytest_rdsfailover.report.figure_documents import figure_of
from pytest_rdsfailover.report.trial_schema import TrialDocument

FEWEST_COMPARED = 2  # a single trial says nothing about a difference


class Key(NamedTuple):
    """What makes trials repeats of each other, in one run as in two.

    Attributes:
        test: the test's node id without its parameters.
        scenario: its parameters, or its name.
        endpoint: the kind of endpoint.
        profile: the failover profile.
    """

    test: str
    scenario: str
    endpoint: str
    profile: str

    def __str__(self) -> str:
        own = self.test.rpartition("::")[2] == self.scenario  # a test without parameters
        return f"{self.test}{'' if own else f'[{self.scenario}]'} {self.endpoint} {self.profile}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Trials that repeat each other.

    Attributes:
        name: unique among the scenarios of a run, short for people; another run may call it
            otherwise.
        key: what it is, in any run.
        trials: their documents, in order.
        places: where each stands in the run.
    """

    name: str
    key: Key
    trials: tuple[TrialDocument, ...]
    places: tuple[int, ...]

    @property
    def test(self) -> str:
        """Return the test's node id without its parameters."""
        return self.key.test

    @property
    def downtimes(self) -> list[float]:
        """Return the downtime of every trial whose downtime is a figure, in order."""
        return [figure.value for figure in measured_downtimes(self.trials)]

    @property
    def problem(self) -> str:
        """Return why its figures are of too few of its trials; empty if they are not."""
        return self.population.problem

    @property
    def sampled(self) -> dict[tuple[str, int, int], float]:
        """Return the downtimes that are figures by the failover that was sampled.

        A failover has a profile, a seed, and a number, should one scenario have it several times.
        """
        found: dict[tuple[str, int, int], float] = {}
        seen: Counter[int] = Counter()
        for trial in self.trials:
            seed = trial.get("failover_seed")
            if seed is None:
                continue
            seen[seed] += 1
            downtime = trial["downtime_s"]
            if is_measured(trial) and downtime is not None:
                found[trial["profile"], seed, seen[seed]] = downtime
        return found

    @property
    def profile(self) -> str:
        """Return the failover profile of all its trials."""
        return self.key.profile

    @property
    def endpoint(self) -> str:
        """Return the kind of endpoint that all its trials wrote to."""
        return self.key.endpoint

    @property
    def population(self) -> Population:
        """Return what its trials say together."""
        downtimes = measured_downtimes(self.trials)
        invalid = sum(not trial["valid"] for trial in self.trials)
        unreliable = len(self.trials) - invalid - len(downtimes)
        return population(downtimes, invalid=invalid, unreliable=unreliable)


def measured_downtimes(trials: Iterable[TrialDocument]) -> list[Figure]:
    """Return the downtime of every trial whose downtime is a figure, in order."""
    return [
        figure_of(trial, "downtime", downtime, trial["resolution_s"])
        for trial in trials
        if is_measured(trial) and (downtime := trial["downtime_s"]) is not None
    ]


def is_measured(trial: TrialDocument) -> bool:
    """Tell whether a trial is valid and its downtime a figure."""
    return trial["valid"] and is_reliable(trial)


def is_reliable(trial: TrialDocument) -> bool:
    """Tell whether the load generator's clock was fit; a document says so only if it was not."""
    return "clock" not in trial or trial["clock"]["reliable"]


def scenarios(trials: Iterable[TrialDocument]) -> list[Scenario]:
    """Return the scenarios of a run, in order of their first trials.

    Trials belong together if test, parameters, endpoint and profile are the same: an average over
    different conditions would say nothing.
    """
    groups: dict[Key, list[tuple[int, TrialDocument]]] = {}
    for place, trial in enumerate(trials):
        groups.setdefault(_key(trial), []).append((place, trial))
    names = _names(list(groups))
    return [
        Scenario(
            name=names[key],
            key=key,
            trials=tuple(trial for _, trial in members),
            places=tuple(place for place, _ in members),
        )
        for key, members in groups.items()
    ]


def comparisons(found: Sequence[Scenario]) -> list[tuple[Scenario, Scenario, Comparison]]:
    """Return baseline, candidate and comparison within each test.

    A test's first scenario is the baseline of its others. One with fewer than two valid trials is
    left out.
    """
    first: dict[str, Scenario] = {}
    pairs = []
    for scenario in found:
        if len(scenario.downtimes) < FEWEST_COMPARED:
            continue
        baseline = first.setdefault(scenario.test, scenario)
        if baseline is not scenario:
            pairs.append((baseline, scenario, compared(baseline, scenario)))
    return pairs


def compared(baseline: Scenario, candidate: Scenario) -> Comparison:
    """Return how two scenarios differ: by pairs of trials of one failover, where there are any.

    Raises:
        ValueError: if one of them has no figure.
    """
    pairs = paired(baseline, candidate)
    if not pairs:
        return compare(baseline.downtimes, candidate.downtimes)
    dropped = len(baseline.trials) + len(candidate.trials) - 2 * len(pairs)
    return compare_pairs(pairs, dropped=dropped)


def paired(baseline: Scenario, candidate: Scenario) -> list[tuple[float, float]]:
    """Return the downtimes of the same failovers of one test; none if there are too few."""
    before, after = baseline.sampled, candidate.sampled
    shared = [failover for failover in before if failover in after]
    if baseline.test != candidate.test or len(shared) < FEWEST_COMPARED:
        return []
    return [(before[failover], after[failover]) for failover in shared]


def _key(trial: TrialDocument) -> Key:
    return Key(function_of(trial["test"]), trial["scenario"], trial["endpoint"], trial["profile"])


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """Return a name for each key: the shortest that no other key of its scenario has.

    A parameter without a letter, such as a number, is no name: its test's stands before it.
    """
    levels: list[Callable[[Key], str]] = [
        _called,
        lambda key: f"{_called(key)} {key.profile}",
        lambda key: f"{_called(key)} {key.endpoint} {key.profile}",
        lambda key: f"{key.test.rpartition('::')[2]}[{key.scenario}] {key.endpoint} {key.profile}",
        lambda key: f"{key.test}[{key.scenario}] {key.endpoint} {key.profile}",
    ]
    names = {}
    for key in keys:
        rivals = [other for other in keys if other != key and other.scenario == key.scenario]
        names[key] = next(
            name
            for level in levels
            if (name := level(key)) not in [level(rival) for rival in rivals]
        )
    return names


def _called(key: Key) -> str:
    """Return the parameters if they are a name, otherwise those of which test they are."""
    if any(character.isalpha() for character in key.scenario):
        return key.scenario
    return f"{key.test.rpartition('::')[2]}[{key.scenario}]"
