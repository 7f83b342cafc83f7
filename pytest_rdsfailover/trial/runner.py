"""Runs the trials of one test: fills in what the test left open, and notes what came of it."""

import warnings
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Unpack

from pytest_rdsfailover.analysis.verdicts.arguments import Expectations
from pytest_rdsfailover.analysis.verdicts.bounds import check_resolution, parse_expectations
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.options import WorkloadOptions
from pytest_rdsfailover.load.workloads import MakeWorkload, choose
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.model.clock import StoppableClock, wait_until
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import LeftBehindWarning, SettingError
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.model.target import Failover, GreenTwin, Target
from pytest_rdsfailover.trial.extensions import Extensions
from pytest_rdsfailover.trial.fingerprints import fingerprint
from pytest_rdsfailover.trial.keeping import MakeRemains
from pytest_rdsfailover.trial.key import Parts
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.options import LoadOptions, TrialOptions
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.planning import planned
from pytest_rdsfailover.trial.sampling import Place, Sampling
from pytest_rdsfailover.trial.trial import InvalidTrialError, Trial
from pytest_rdsfailover.trial.triggers import Triggers


class TrialRunner:
    """One test's experiments on one target.

    Args:
        target: what may fail over.
        settings: the run's.
        test: the test's node id, which with the run's seed decides every sampled duration.
        profile: the test's own failover profile; None for the run's.
        options: those of every load and trial, unless it is given others.
        expectations: what every trial must hold to.
        note: is called with each trial, whatever becomes of it.
        play: is called with each profile before it is played, and refuses one that must not be.
        extensions: what the project adds.
        remains: makes what is left of a trial if its process is killed; None for nothing.

    Attributes:
        clock: what its trials wait by.
        loops: the event loops in which coroutines of its loads run, of tests that await these.
    """

    def __init__(  # noqa: PLR0913 - all that a test says of its trials
        self,
        target: Target,
        settings: Settings,
        *,
        test: str,
        profile: str | None,
        expectations: Expectations,
        options: TrialOptions | None = None,
        note: Callable[[Trial], None],
        play: Callable[[str], object] = load_profile,
        extensions: Extensions | None = None,
        remains: MakeRemains | None = None,
    ) -> None:
        self._remains = remains
        self._extensions = extensions or Extensions()
        self._target, self._settings, self._test = target, settings, test
        self._expectations, self._note, self._play = expectations, note, play
        usual: TrialOptions = {} if options is None else options
        self._usual = _of_load(usual)
        self._profile = profile or usual.get("profile")
        self._instance = usual.get("target")  # which one to promote
        real = settings.switchover
        if real is not None and self._extensions.triggers:
            real = None  # a trigger of the project's own comes before that of the run
        self._switchover = usual.get("failover") or real
        self._sampling = Sampling(settings.seed, test)
        self._triggers = Triggers(target, self._sampling, self._extensions, self._place)
        self.clock = StoppableClock("the trial")
        self.loops: list[AbstractEventLoop] = []

    def giving_up(self) -> AbstractContextManager[None]:
        """Let a trial that runs in another thread give up within the block."""
        return self.clock.stopped()

    def decisive(self, endpoint: Endpoint, options: TrialOptions) -> Parts:
        """Return what decides a trial of this test, by names, as far as the runner knows."""
        plan, workload = self._planned(_of_load(options))
        switchover = options.get("failover") or self._switchover
        return {
            "seed": plan.seed,
            "endpoint": endpoint.name,
            "target": options.get("target") or self._instance,
            "failover": None if switchover is None else asdict(load_switchover(switchover)),
            "profile": load_profile(self._name_of(options.get("profile"))).contents,
            "the run's profile": load_profile(self._settings.profile).contents,
            "expectations": {name: str(bound) for name, bound in self._expectations.items()},
            **{name: value for name, value in asdict(plan).items() if name != "seed"},
            **{name: fingerprint(value, endpoint) for name, value in workload.items()},
            "policy's class": fingerprint(type(plan.policy), endpoint),
        }

    def settle(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if it does not end.
        """
        self._target.rest()

    def begin(self, endpoint: Endpoint, options: TrialOptions) -> None:
        """Begin a population: its first trial samples the same failover as that of any other."""
        self._sampling.begin(self._place_of(endpoint, options))

    def skip(self, endpoint: Endpoint, options: TrialOptions) -> None:
        """Leave out one trial: the next one gets the seed that it would have had after that."""
        self._sampling.skip(self._place_of(endpoint, options))

    def _place_of(self, endpoint: Endpoint, options: TrialOptions) -> Place:
        switchover = options.get("failover") or self._switchover
        return self._place(endpoint.name, switchover or options.get("profile"))

    def _place(self, endpoint: str, profile: str | None) -> Place:
        return endpoint, self._name_of(profile)

    def _name_of(self, profile: str | None) -> str:
        """Return which profile is meant."""
        return profile or self._profile or self._settings.profile

    def fail_over(
        self, target: str | None = None, *, profile: str | None = None, wait: bool = True
    ) -> Sequence[Milestone]:
        """Trigger a failover; return its milestones, all of them unless *wait* is false."""
        self._play(self._name_of(profile))
        failover = self._trigger(target, profile)
        if wait:
            self._watch_until(failover.told)
            self._target.rest()
        return failover.milestones()

    def _watch_until(self, told: Callable[[], bool]) -> None:
        """Let the loads that run watch a failover up to its end, or to the longest of their bounds."""

        def over() -> bool:
            for observation in self._triggers.loads:
                observation.watch()
            return told()

        wait_until(over, timeout=self._settings.bound, clock=self.clock, every=0.05)

    def _trigger(self, instance: str | None, profile: str | None) -> Failover:
        return self._triggers.fail_over(instance or self._instance, profile or self._profile)

    @contextmanager
    def load(self, endpoint: Endpoint, **options: Unpack[LoadOptions]) -> Iterator[Observation]:
        """Keep a load on an endpoint for the block; judge it at the end."""
        with self._load(endpoint, options, None) as observation:
            yield observation

    @contextmanager
    def _load(
        self, endpoint: Endpoint, options: LoadOptions, twin: GreenTwin | None
    ) -> Iterator[Observation]:
        __tracebackhide__ = True
        plan, make = self._arrange(endpoint, options)
        self._extensions.before_trial(self._target, endpoint)
        with (
            Observation(
                self._target,
                endpoint,
                make,
                plan,
                others=self._triggers.own,
                classify=self._classify(plan),
                remains=self._remains,
                old=None if twin is None else lambda: twin.old_endpoint,
                clock=self.clock,
            ) as observation,
            self._triggers.known_to(observation, endpoint),
        ):
            yield observation
        self._conclude(observation, endpoint)

    def trial(
        self,
        endpoint: Endpoint,
        *,
        target: str | None = None,
        profile: str | None = None,
        failover: str | None = None,
        **options: Unpack[LoadOptions],
    ) -> Trial:
        """Warm up, fail over, watch until settled, audit; return the trial.

        Raises:
            InvalidTrialError: if the failover did not happen as its profile says.
            SettingError: if an option makes no sense.
        """
        __tracebackhide__ = True
        if failover is not None and (target or profile):
            raise SettingError(
                f"failover={failover!r}: a switchover promotes no instance and plays no failover"
                " profile; leave out target and profile"
            )
        played = profile if self._settings.live is None else None  # AWS knows no profiles
        switchover = failover or (None if target or played else self._switchover)
        if switchover is not None:
            return self._switched_over(endpoint, switchover, options)
        self._play(self._name_of(profile))  # before the load begins
        self._target.rest()  # a failover of its own is what a trial is about
        with self.load(endpoint, **options) as observation:
            observation.warm_up()
            self._trigger(target, profile)
        return observation.trial

    def _switched_over(self, endpoint: Endpoint, name: str, options: LoadOptions) -> Trial:
        """Return the trial of a blue/green switchover, with a deployment of its own."""
        __tracebackhide__ = True
        load_switchover(name)  # before anything begins
        self._target.rest()
        with ExitStack() as stack:
            twin = stack.enter_context(self._target.blue_green())
            with self._load(endpoint, options, twin) as observation:
                observation.warm_up()
                self._triggers.start(partial(twin.switch_over, name), None, name)
        return observation.trial

    def _conclude(self, observation: Observation, endpoint: Endpoint) -> None:
        """Note the trial, then judge it, then tell what its clean-up has left behind."""
        __tracebackhide__ = True
        self._note(observation.trial)
        observation.forget()
        try:
            self._judge(observation, endpoint)
        except BaseException as verdict:  # a hook may call pytest.fail
            if observation.unaudited is not None:
                verdict.add_note(f"not audited: {observation.unaudited}")
            for line in observation.left_behind:
                verdict.add_note(line)
            raise
        for line in observation.left_behind:
            warnings.warn(LeftBehindWarning(line), stacklevel=2)
        if observation.unaudited is not None:
            raise observation.unaudited

    def _judge(self, observation: Observation, endpoint: Endpoint) -> None:
        __tracebackhide__ = True
        trial = observation.trial
        self._extensions.after_trial(self._target, endpoint, trial)
        if not trial.valid:
            raise InvalidTrialError(trial)
        if self._expectations:
            trial.expect(**self._expectations)

    def _planned(self, options: LoadOptions) -> tuple[Plan, WorkloadOptions]:
        return planned({**self._usual, **options}, self._settings)

    def _arrange(self, endpoint: Endpoint, options: LoadOptions) -> tuple[Plan, MakeWorkload]:
        plan, workload = self._planned(options)
        make = choose(
            workload,
            endpoint,
            retries=plan.retries,
            policy=plan.policy,
            classify=self._classify(plan),
        )
        check_resolution(parse_expectations(**self._expectations), plan.rate)
        return plan, make

    def _classify(self, plan: Plan) -> Classify | None:
        """Return what classifies errors under a plan; the fast engine takes no classifier.

        Raises:
            SettingError: if the writers' own processes could not ask it.
        """
        if plan.engine == "fast":
            return None
        found = self._extensions.classify
        if found is not None and not plan.is_here:
            name = "functions" if plan.functions else "processes"
            raise SettingError(
                f"{name}: only pytest itself can ask the hook pytest_rdsfailover_classify_error,"
                f" and writers in processes of their own are not in it; leave out {name}, or"
                " the hook"
            )
        return found


def _of_load(options: TrialOptions) -> LoadOptions:
    """Return the options of a trial without those of its failover."""
    of_load = options.copy()
    of_load.pop("target", None)
    of_load.pop("profile", None)
    of_load.pop("failover", None)
    return of_load
