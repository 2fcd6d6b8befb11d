"""The search loop: ask a strategy, evaluate, write the journal, tell the strategy."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas_cli.errors import NasError, RunError
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted, stoppable, unstoppable
from nas_cli.runs.journal import Event, Journal
from nas_cli.runs.seeds import trial_seed
from nas_cli.search.accounting import times
from nas_cli.search.best_network import save_best, train_again
from nas_cli.search.economies import NONE, Economies
from nas_cli.search.evaluator import Evaluator, Job
from nas_cli.search.listener import Listener, Silent
from nas_cli.search.memory import MemoryMeter
from nas_cli.search.model_store import ModelStore
from nas_cli.search.past import Past
from nas_cli.search.plain_json import plain_json
from nas_cli.search.summary import VERSION, is_complete, summarise
from nas_cli.search.trials import CostOf, best_trial, cached_event, outcome, trained_network, trial_event
from nas_cli.strategies.contract import Proposal, Strategy


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
) -> dict[str, Any]:
    """The summary of the finished search; begins it, or resumes it by replaying its journal.

    The caller holds the run's lock. `strategy` is fresh: its proposals for the trials in the journal must be those
    of the journal. `start` holds command, config_digest and dataset for the start event. `launched` is when the
    process began to work for this run (unix seconds), so that its preparations count as time outside training.
    `economies` says what trials may use of earlier generations.
    The evaluator is closed at the end. A trial that failed stays failed: it is a result.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the workers are stopped and the run can be resumed.
        RunError: if every trial failed, the journal belongs to another search, or the disk is full.
    """
    events = run.events()
    began = time.time() if launched is None else launched
    try:
        if not is_complete(events):
            with stoppable(), run.journal() as journal, MemoryMeter(evaluator.processes) as meter:
                heard = listener or Silent()
                search = _Search(run, journal, events, strategy, evaluator, cost_of, seed, heard, meter, economies)
                search.begin(start, began)
                _carry_out(search)
    finally:
        evaluator.close()
    return conclude(run)


def conclude(run: RunFolder) -> dict[str, Any]:
    """The summary of a complete run, written anew; what only a running search needs is removed."""
    run.remove(run.models)
    run.remove(run.data)
    return _write_summary(run)


def _carry_out(search: "_Search") -> None:
    try:
        search.explore()
        search.finish()
    except KeyboardInterrupt as error:
        with unstoppable():
            search.stop("interrupted", "interrupted by the user or the system")
            kept, path = len(search.known), search.run.path
            raise Interrupted(
                f"interrupted, {kept} trials are kept: continue with  nas search --resume {path}"
            ) from error
    except NasError as error:
        with unstoppable():
            search.stop("failed", str(error))
        raise


@dataclass
class _Search:
    """One session of a search: the journal so far, and what is needed to continue it."""

    run: RunFolder
    journal: Journal
    events: list[Event]
    strategy: Strategy
    evaluator: Evaluator
    cost_of: CostOf
    seed: int
    listener: Listener
    meter: MemoryMeter
    economies: Economies

    def __post_init__(self) -> None:
        self._models = ModelStore(self.run.models, self.events, keep_all=self.economies.reuse)
        self._past = Past(self.economies, self._models)
        self._jobs: dict[int, Job] = {}
        self.known = {event["id"]: event for event in self._of_kind("trial")}
        self._told = 0

    def begin(self, start: Mapping[str, Any], launched: float) -> None:
        """Writes the start of a new run; for a resumed one, checks that it is the same search."""
        if not self.events:
            self._write({"event": "start", "version": VERSION, "seed": self.seed, "launched": launched, **start})
            return
        first = self.events[0]
        if first["event"] != "start" or first.get("version") != VERSION:
            raise self._foreign("its journal does not begin with a start event that this version knows")
        if first["seed"] != self.seed or first.get("config_digest") != start.get("config_digest"):
            raise RunError(f"{self.run.path} was made with another configuration or seed: start a new run with --out.")
        self._write({"event": "resume", "launched": launched})

    def explore(self) -> None:
        """Asks, evaluates and tells until the strategy has no more proposals."""
        while proposals := self.strategy.ask():
            done = self._evaluate(proposals)
            self.strategy.tell([outcome(done[trial]) for trial in sorted(done)])
            self._past.tell(proposals, done)
            self._told += len(done)
            self._close_generation(max(proposal.generation for proposal in proposals))
        if self._told != len(self.known):
            raise self._foreign(f"the journal has {len(self.known)} trials where the search ends after {self._told}")

    def finish(self) -> None:
        """Saves the best network, tests it once, and writes the end of the run."""
        best = best_trial(self.events)
        if best is None:
            raise self._nothing_found()
        job = self._jobs[best["id"]]
        if not job.model_file.exists() and not (self.run.best / "model.keras").exists():
            self._make_donors([job])
        has_network = save_best(self.run, job, trained_network(best)[0], self.evaluator, self.listener)
        if has_network and not self._of_kind("test"):
            began = time.perf_counter()
            metrics = self.evaluator.test(self.run.best / "model.keras")
            seconds = time.perf_counter() - began
            self._write({"event": "test", "trial": best["id"], "metrics": plain_json(metrics), "seconds": seconds})
        spent = times([*self.events, {"event": "end", "time": time.time()}])
        self._write(
            {
                "event": "end",
                "wall_seconds": spent.wall_seconds,
                "outside_fraction": spent.outside_fraction,
                "peak_memory_bytes": self.meter.peak_bytes(),
            }
        )

    def stop(self, status: str, reason: str) -> None:
        """Stops the workers, and says in journal and summary why the session ends early."""
        self.evaluator.close()
        try:
            peak = self.meter.peak_bytes()
            self._write({"event": "stop", "status": status, "reason": reason, "peak_memory_bytes": peak})
            _write_summary(self.run)
        except RunError:
            # On a full disk the error that ended the session is the one to report; the journal is whole up to there.
            pass

    def _evaluate(self, proposals: Sequence[Proposal]) -> dict[int, Event]:
        """The trial events of a batch by number: those of the journal, and new ones for the rest."""
        done: dict[int, Event] = {}
        missing: dict[int, Proposal] = {}
        for proposal in proposals:
            self._jobs[proposal.trial] = self._job(proposal)
            event, equal = self.known.get(proposal.trial), self._past.equal(proposal)
            if event is not None:
                self._check_replay(proposal, event)
                self.listener.on_trial(event, replayed=True)
                done[proposal.trial] = event
            elif equal is not None:
                done[proposal.trial] = self._record(cached_event(proposal, equal, self._jobs[proposal.trial].seed))
            else:
                missing[proposal.trial] = proposal
        jobs = [self._jobs[trial] for trial in missing]
        self._make_donors(jobs)
        for finished in self.evaluator.evaluate(jobs, self.listener) if jobs else ():
            trial = finished.job.trial
            done[trial] = self._record(trial_event(missing[trial], finished, self.cost_of))
        return done

    def _job(self, proposal: Proposal) -> Job:
        return Job(
            trial=proposal.trial,
            architecture=proposal.architecture,
            seed=trial_seed(self.seed, proposal.trial),
            model_file=self._models.file(proposal.trial),
            predicted=float(self.cost_of(proposal.architecture).get("macs", 0.0)),
            hints=self._past.hints(proposal),
        )

    def _make_donors(self, jobs: Sequence[Job]) -> None:
        """Trains donors again whose network somebody deleted, and theirs before them, in order of their numbers."""
        wanted, missing = list(jobs), set[int]()
        while wanted:
            lost = {donor.trial for donor in wanted.pop().hints.donors if not donor.file.exists()} - missing
            missing |= lost
            wanted += [self._jobs[trial] for trial in lost]
        for trial in sorted(missing):
            train_again(self.run, self._jobs[trial], self.evaluator, self.listener)

    def _record(self, described: Mapping[str, Any]) -> Event:
        event = self._write(described)
        self.known[event["id"]] = event
        self._models.settle(event)
        self.listener.on_trial(event, replayed=False)
        return event

    def _close_generation(self, index: int) -> None:
        """Writes the generation event unless an earlier session did; a batch is known by the trials told so far."""
        for event in self._of_kind("generation"):
            if event["trials"] == self._told:
                self.listener.on_generation(event)
                return
        state = plain_json(self.strategy.describe())
        peak = self.meter.recent_peak_bytes()
        event = {"event": "generation", "index": index, "trials": self._told, "strategy": state}
        self.listener.on_generation(self._write(event | {"peak_memory_bytes": peak}))

    def _check_replay(self, proposal: Proposal, event: Mapping[str, Any]) -> None:
        journaled = json.dumps(event["architecture"], sort_keys=True, separators=(",", ":"))
        if journaled != proposal.architecture.digest() or event["seed"] != trial_seed(self.seed, proposal.trial):
            raise self._foreign(f"trial {proposal.trial} is another network than this version proposes")

    def _foreign(self, why: str) -> RunError:
        return RunError(
            f"{self.run.path} was made by another version of nas ({why}): "
            "resume it with that version, or start a new run with --out."
        )

    def _nothing_found(self) -> RunError:
        trials = self._of_kind("trial")
        if not trials:
            return RunError("the strategy proposed no network: raise its number of trials or generations.")
        first = min(trials, key=lambda event: int(event["id"]))
        return RunError(
            f"all {len(trials)} trials failed, the first with '{first['reason']}': "
            f"see {self.run.log}, change the limit or setting that it names, and start a new run."
        )

    def _of_kind(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]

    def _write(self, event: Mapping[str, Any]) -> Event:
        written = self.journal.append(event)
        self.events.append(written)
        return written


def _write_summary(run: RunFolder) -> dict[str, Any]:
    summary = summarise(run.events())
    run.write_json("summary.json", summary)
    return summary
