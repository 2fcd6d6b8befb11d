"""The search loop: ask a strategy, evaluate, write the journal, tell the strategy."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from nas_cli.errors import NasError, RunError
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted, stoppable, unstoppable
from nas_cli.runs.journal import Event
from nas_cli.runs.seeds import trial_seed
from nas_cli.search.accounting import times
from nas_cli.search.best_network import save_best, train_again
from nas_cli.search.economies import NONE, Economies
from nas_cli.search.evaluator import Evaluator, Job
from nas_cli.search.jobs import Jobs
from nas_cli.search.listener import Listener, Silent
from nas_cli.search.memory import MemoryMeter
from nas_cli.search.model_store import ModelStore
from nas_cli.search.past import Past
from nas_cli.search.plain_json import plain_json
from nas_cli.search.record import Record
from nas_cli.search.summary import VERSION, is_complete, summarise
from nas_cli.search.trials import CostOf, better, cached_event, outcome, trained_network, trial_event
from nas_cli.strategies.contract import Examining, Proposal, Strategy


def run_search(
    run: RunFolder,
    strategy: Strategy,
    evaluator: Evaluator,
    cost_of: CostOf,
    seed: int,
    start: Mapping[str, Any],
    listener: Listener | None = None,
    launched: float | None = None,
    economies: Economies = NONE,
    events: list[Event] | None = None,
    prelude: Callable[[Record], None] | None = None,
) -> dict[str, Any]:
    """The summary of the finished search; begins it, or resumes it by replaying its journal.

    The caller holds the run's lock. `strategy` is fresh: its proposals for the trials in the journal must be those
    of the journal. `start` holds command, config_digest and dataset for the start event. `launched` is when the
    process began to work for this run (unix seconds), so that its preparations count as time outside training.
    `economies` says what trials may use of earlier generations. `events` are those of the journal, if the caller has
    read them already. `prelude` is what the run does before the first trial, in its own events of the journal.
    The evaluator is closed at the end. A trial that failed stays failed: it is a result.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the workers are stopped and the run can be resumed.
        RunError: if every trial failed, the journal belongs to another search, or the disk is full.
    """
    events = run.events() if events is None else events
    # A journal may hold millions of values, which garbage collection would go through again and again in vain.
    gc.freeze()
    began = time.time() if launched is None else launched
    try:
        if not is_complete(events):
            with stoppable(), run.journal() as journal, MemoryMeter(evaluator.processes) as meter:
                record, heard = Record(journal, events), listener or Silent()
                search = _Search(run, record, strategy, evaluator, heard, meter, cost_of, seed, economies)
                search.begin(start, began)
                _carry_out(search, prelude)
                events = record.events
    finally:
        evaluator.close()
    return conclude(run, events)


def conclude(run: RunFolder, events: Sequence[Event]) -> dict[str, Any]:
    """The summary of a complete run with these events, written anew; what only a running search needs is removed."""
    run.remove(run.models)
    run.remove(run.data)
    return _write_summary(run, events)


def _carry_out(search: "_Search", prelude: Callable[[Record], None] | None) -> None:
    try:
        if prelude is not None:
            prelude(search.record)
        search.explore()
        search.finish()
    except KeyboardInterrupt as error:
        with unstoppable():
            search.stop("interrupted", "interrupted by the user or the system")
            kept, path = len(search.record.trials), search.run.path
            raise Interrupted(f"interrupted, trials kept: {kept}; continue with  nas search --resume {path}") from error
    except NasError as error:
        with unstoppable():
            search.stop("failed", str(error))
        raise


@final
class _Search:
    """One session of a search: the journal so far, and what is needed to continue it."""

    def __init__(
        self, run: RunFolder, record: Record, strategy: Strategy, evaluator: Evaluator, listener: Listener,
        meter: MemoryMeter, cost_of: CostOf, seed: int, economies: Economies,
    ) -> None:  # fmt: skip
        self.run = run
        self.record = record
        self._strategy = strategy
        self._evaluator = evaluator
        self._listener = listener
        self._meter = meter
        self._cost_of = cost_of
        self._seed = seed
        self._economies = economies
        self._models = ModelStore(run.models, record.events, keep_all=economies.keep_all)
        self._past = Past(economies, self._models)
        self._jobs = Jobs(seed, cost_of, self._models, self._past, economies)
        self._told = 0
        self._best: Event | None = None

    def begin(self, start: Mapping[str, Any], launched: float) -> None:
        """Writes the start of a new run; for a resumed one, checks that it is the same search."""
        if not self.record.events:
            first = {"event": "start", "version": VERSION, "seed": self._seed, "launched": launched}
            self.record.write({**first, **start})
            return
        first = self.record.events[0]
        if first["event"] != "start" or first.get("version") != VERSION:
            raise self._foreign("its journal does not begin with a start event that this version knows")
        if first["seed"] != self._seed or first.get("config_digest") != start.get("config_digest"):
            raise RunError(f"{self.run.path} was made with another configuration or seed: start a new run with --out.")
        self.record.write({"event": "resume", "launched": launched})

    def explore(self) -> None:
        """Asks, evaluates and tells until the strategy has no more proposals."""
        while proposals := self._strategy.ask():
            done = self._evaluate(proposals)
            self._strategy.tell([outcome(done[trial]) for trial in sorted(done)])
            self._past.tell(proposals, done)
            self._told += len(done)
            for event in done.values():
                self._best = better(self._best, event)
            self._jobs.forget_all_but(None if self._best is None else self._best["id"])
            self._close_generation(max(proposal.generation for proposal in proposals))
        known = len(self.record.trials)
        if self._told != known:
            raise self._foreign(f"the journal has {known} trials where the search ends after {self._told}")

    def finish(self) -> None:
        """Saves the best candidate, tests it once, and writes the end of the run."""
        best = self._best
        if best is None:
            raise self._nothing_found()
        job = self._jobs[best["id"]]
        architecture = trained_network(best)[0]
        self.run.write_json("best/architecture.json", architecture)
        has_network = self._economies.networks and self._save_best(job)
        if not self.record.has("test"):
            self._test(job, has_network)
        spent = times([*self.record.events, {"event": "end", "time": time.time()}])
        self.record.write(
            {
                "event": "end",
                "wall_seconds": spent.wall_seconds,
                "outside_fraction": spent.outside_fraction,
                "peak_memory_bytes": self._meter.peak_bytes(),
            }
        )

    def stop(self, status: str, reason: str) -> None:
        """Stops the workers, and says in journal and summary why the session ends early."""
        self._evaluator.close()
        try:
            peak = self._meter.peak_bytes()
            self.record.write({"event": "stop", "status": status, "reason": reason, "peak_memory_bytes": peak})
            _write_summary(self.run, self.record.events)
        except RunError:
            # On a full disk the error that ended the session is the one to report; the journal is whole up to there.
            pass

    def _save_best(self, job: Job) -> bool:
        if not job.model_file.exists() and not (self.run.best / "model.keras").exists():
            self._make_donors([job])
        return save_best(self.run, job, self._evaluator, self._listener)

    def _test(self, job: Job, has_network: bool) -> None:
        """The only use of the test set; a candidate without a network has a test event if its test score is known."""
        began = time.perf_counter()
        metrics = self._evaluator.known_test(job.architecture)
        if metrics is None and has_network:
            metrics = self._evaluator.test(self.run.best / "model.keras")
        seconds = time.perf_counter() - began
        if metrics is not None:
            self.record.write({"event": "test", "trial": job.trial, "metrics": plain_json(metrics), "seconds": seconds})

    def _evaluate(self, proposals: Sequence[Proposal]) -> dict[int, Event]:
        """The trial events of a batch by number: those of the journal, and new ones for the rest."""
        done: dict[int, Event] = {}
        missing: dict[int, Proposal] = {}
        for proposal in proposals:
            event, equal = self.record.trials.get(proposal.trial), self._past.equal(proposal)
            self._jobs.take(proposal)
            if event is not None:
                self._check_replay(proposal, event)
                self._listener.on_trial(event, replayed=True)
                done[proposal.trial] = event
            elif equal is not None:
                done[proposal.trial] = self._record(cached_event(proposal, equal, self._jobs[proposal.trial].seed))
            else:
                missing[proposal.trial] = proposal
        jobs = [self._jobs[trial] for trial in missing]
        self._make_donors(jobs)
        for finished in self._evaluator.evaluate(jobs, self._listener) if jobs else ():
            trial = finished.job.trial
            done[trial] = self._record(trial_event(missing[trial], finished, self._cost_of))
            if isinstance(self._strategy, Examining):
                self._strategy.examine(outcome(done[trial]))
        return done

    def _make_donors(self, jobs: Sequence[Job]) -> None:
        for job in self._jobs.lost(jobs):
            train_again(self.run, job, self._evaluator, self._listener)

    def _record(self, described: Mapping[str, Any]) -> Event:
        event = self.record.write(described)
        if self._economies.networks:
            self._models.settle(event)
        self._listener.on_trial(event, replayed=False)
        return event

    def _close_generation(self, index: int) -> None:
        """Writes the generation event unless an earlier session did; a batch is known by the trials told so far."""
        event = self.record.generation(self._told)
        if event is None:
            event = self.record.write(
                {
                    "event": "generation",
                    "index": index,
                    "trials": self._told,
                    "strategy": plain_json(self._strategy.describe()),
                    "peak_memory_bytes": self._meter.recent_peak_bytes(),
                }
            )
        self._listener.on_generation(event)

    def _check_replay(self, proposal: Proposal, event: Mapping[str, Any]) -> None:
        asked = proposal.architecture.to_json()
        same = event["architecture"] == asked or event["architecture"] == plain_json(asked)
        seed = trial_seed(self._seed, proposal.trial)
        if not same or event["seed"] != seed or event.get("budget") != proposal.budget:
            raise self._foreign(f"trial {proposal.trial} is another network than this version proposes")

    def _foreign(self, why: str) -> RunError:
        return RunError(
            f"{self.run.path} was made by another version of nas ({why}): "
            "resume it with that version, or start a new run with --out."
        )

    def _nothing_found(self) -> RunError:
        trials = self.record.trials
        if not trials:
            return RunError("the strategy proposed no network: raise its number of trials or generations.")
        where = f"see {self.run.log}, " if self.run.log.exists() else ""
        return RunError(
            f"all {len(trials)} trials failed, the first with '{trials[min(trials)]['reason']}': "
            f"{where}change the limit or setting that it names, and start a new run."
        )


def _write_summary(run: RunFolder, events: Sequence[Event]) -> dict[str, Any]:
    summary = summarise(events)
    run.write_json("summary.json", summary)
    return summary
