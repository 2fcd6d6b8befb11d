"""Document 2, networks and hyper-parameters that are searched for: random, Bayesian, evolution, NEAT, DARTS."""

from collections.abc import Iterator
from functools import partial

from nas_cli.reports.experiments.darts_cells import cell_searches
from nas_cli.reports.experiments.darts_table import COLLAPSED, SKIPS_ONLY
from nas_cli.reports.experiments.estimators import EXTRAPOLATED, FULL, INHERITED, MEASURED, SHORT
from nas_cli.reports.experiments.nasbench201 import PUBLISHED
from nas_cli.reports.experiments.neat import PAPER as NEAT_PAPER
from nas_cli.reports.experiments.neat import deep_summary, xor_summary
from nas_cli.reports.reproduction import rules
from nas_cli.reports.reproduction.folder import Folder, Missing, records
from nas_cli.reports.reproduction.lecture import topic
from nas_cli.reports.reproduction.row import ALONE, DIRECTION, NOT, REPRODUCED, Claim, Judged

CHEAPER = 100.0


def claims() -> list[Claim]:
    """A claim per topic, and per published figure of a method that a topic names."""
    return [*_hyperparameters(), *_spaces(), *_strategies(), *_estimation(), *_neat(), *_darts()]


def _hyperparameters() -> Iterator[Claim]:
    command, place = "random_against_grid.py", "random_against_grid/random_against_grid"
    low = "hyper-parameters: random against grid search where one of four matters"
    yield topic(
        low, "random beats grid", place, command, partial(_random_or_grid, important=1), "a formula for the network"
    )
    all_four = "hyper-parameters: random against grid search where all four matter"
    judge = partial(_random_or_grid, important=4)
    yield topic(all_four, "no advantage named", place, command, judge, "a formula for the network")
    again, small = "hyper-parameters: search again near the best and at edges", "a formula for the network"
    place, command = "random_against_grid/regions", "search_again.py"
    yield topic(again, "repeat grid and random search, no figure", place, command, _repeated, small)
    refined = "hyper-parameters: Bayesian search against random search, NAS-Bench-201"
    yield topic(refined, "no figure", "nasbench201/nasbench201", "reproduce_nasbench201.py", _bayesian)


def _random_or_grid(folder: Folder, important: int) -> Judged:
    """At the middle number of trials."""
    rows = folder.table("summary.csv", important=important)
    trials = sorted(set(rows["trials"]))[len(set(rows["trials"])) // 2]
    random, grid = (folder.table("summary.csv", important=important, trials=trials, strategy=name).iloc[0]
                    for name in ("random", "grid"))  # fmt: skip
    ours = f"best score after {trials} trials: random {random['best']:.2f}, grid {grid['best']:.2f}"
    if important > 1:
        return Judged(ours, ALONE, "more values of one hyper-parameter alone are no advantage then")
    apart = random["best_low"] > grid["best_high"]
    verdict = REPRODUCED if apart else DIRECTION if random["best"] > grid["best"] else NOT
    return Judged(ours, verdict, "95 % intervals apart")


def _repeated(folder: Folder) -> Judged:
    """At the largest number of trials."""
    rows = folder.table("regions_gains.csv")
    rows = rows[rows.trials == rows.trials.max()]
    ours = "; ".join(
        f"{name}, optimum {place}: {', '.join(f'{gain:+.2f}' for gain in group['gain'])}"
        for (name, place), group in rows.groupby(["strategy", "optimum"], sort=False)
    )
    why = (
        f"best score of {rows.trials.max()} trials less that in one go, where one and where all four matter; every "
        "95 % interval above zero"
    )
    return Judged(ours, rules.counted((rows.gain_low > 0).tolist()), why)


def _bayesian(folder: Folder) -> Judged:
    tests = {arm: folder.value("nasbench201.csv", "test", arm=arm) for arm in ("random", "tpe", "gaussian_process")}
    ours = ", ".join(f"{arm.replace('_', ' ')} {value:.2f} %" for arm, value in tests.items())
    return Judged(ours, ALONE, "test accuracy of the chosen cell, mean over seeds")


def _strategies() -> Iterator[Claim]:
    names = {"random": "random", "regularized_evolution": "evolutionary", "reinforce": "reinforcement learning",
             "bohb": "fewer epochs first (BOHB)"}  # fmt: skip
    for arm, name in names.items():
        judge = partial(_published, arm=arm)
        text, paper = f"NAS strategies: {name}, NAS-Bench-201", f"{PUBLISHED[arm]} % (Dong & Yang 2020)"
        yield topic(
            text,
            paper,
            "nasbench201/nasbench201",
            "reproduce_nasbench201.py",
            judge,
            "200 of 500 seeds, 100 cells each",
        )


def _published(folder: Folder, arm: str) -> Judged:
    mean, deviation = (float(word) for word in PUBLISHED[arm].split(" ± "))
    ours, low, high = (folder.value("nasbench201.csv", column, arm=arm) for column in ("test", "test_low", "test_high"))
    verdict = rules.within(ours, mean, deviation / 2)
    return Judged(f"{ours:.2f} % ({low:.2f} to {high:.2f})", verdict, "within half a published standard deviation")


def _estimation() -> Iterator[Claim]:
    place, command, less = (
        "estimators/estimators",
        "reproduce_estimators.py",
        "fashion_mini, 20 chains of a small space",
    )
    paper = "less time than to train and test, no figure"
    methods = {SHORT: "less training", EXTRAPOLATED: "learning curves extrapolated", INHERITED: "weights inherited"}
    for method, name in methods.items():
        yield topic(f"NAS estimation: {name}", paper, place, command, partial(_estimator, method=method), less)
    one = "NAS estimation: weights of a supernet, NAS-Bench-201"
    command = "reproduce_darts.py --parts nasbench201 --arms one_shot"
    yield topic(one, "no figure", "darts/nasbench201", command, _one_shot, "8 channels, one cell a stage, 4,000 images")


def _estimator(folder: Folder, method: str) -> Judged:
    """A curve must rank better than the last value that it is made from, too."""
    tau, low, high, time = (
        folder.value("summary.csv", column, method=method) for column in ("tau", "tau_low", "tau_high", "time")
    )
    limit = folder.value("summary.csv", "tau", method=FULL)
    ours = f"Kendall's tau {tau:.2f} ({low:.2f} to {high:.2f}) with full training in {time:.0f} % of its time"
    held, why = [low > 0, time < 100], f"tau above zero, less time; two full trainings have {limit:.2f}"
    if method == EXTRAPOLATED:
        last = folder.value("summary.csv", "tau", method=MEASURED)
        held, why = [*held, tau > last], f"{why}; above the {last:.2f} of the last value measured"
    return Judged(ours, rules.counted(held), why)


def _one_shot(folder: Folder) -> Judged:
    rows = folder.table("one_shot.csv")
    ours = ", ".join(f"{row['tau']:.2f} ({row['tau_low']:.2f} to {row['tau_high']:.2f})" for row in records(rows))
    return Judged(f"Kendall's tau of scores and published accuracies: {ours}", ALONE, "one value per supernet")


def _neat() -> Iterator[Claim]:
    paper = "{solved} of {searches} solved, {generations} generations, {networks} networks".format(**NEAT_PAPER)
    xor = "NEAT: exclusive or"
    yield topic(xor, f"{paper} (Stanley & Miikkulainen 2002)", "neat/xor", "reproduce_neat.py --only xor", _xor)
    yield topic("NEAT: Boston housing", "no figure", "neat/boston", "reproduce_neat.py --only boston", _boston)
    deep = "DeepNEAT and CoDeepNEAT against random search at equal budget"
    yield topic(
        deep, "no figure", "neat/deep", "reproduce_neat.py --only deep", _deep, "40 networks of 3 epochs, 3,000 images"
    )


def _xor(folder: Folder) -> Judged:
    ours = xor_summary(folder.table("xor.csv")).iloc[0]
    shares = [ours["solved"] / ours["searches"], ours["generations"] / NEAT_PAPER["generations"]]
    shares.append(ours["networks"] / NEAT_PAPER["networks"])
    text = f"{ours['solved']:.0f} of {ours['searches']:.0f} solved"
    text += f", {ours['generations']:.1f} generations, {ours['networks']:.0f} networks" if ours["solved"] else ""
    held = [shares[0] >= 0.95, *(abs(share - 1) <= rules.RATIO_BAR for share in shares[1:])]
    return Judged(text, rules.counted(held), "95 % solved, generations and networks within 20 %")


def _boston(folder: Folder) -> Judged:
    rows = folder.table("boston.csv").groupby("method", sort=False)["test_rmse"].mean()
    return Judged(", ".join(f"{name} {value:.2f}" for name, value in rows.items()), ALONE, "test RMSE in 1000 $")


def _deep(folder: Folder) -> Judged:
    rows = deep_summary(folder.table("deep.csv"))
    ours = "; ".join(f"{row['strategy']} {row['test_accuracy']} %" for row in records(rows))
    return Judged(ours, ALONE, "test accuracy of the chosen network, mean over seeds with its 95 % interval")


def _darts() -> Iterator[Claim]:
    command, less = (
        "reproduce_darts.py --parts nasbench201",
        "16 of 50 epochs, 4,000 of 50,000 images, 8 channels, one cell",
    )
    found = "DARTS: first order, NAS-Bench-201"
    paper = f"{COLLAPSED:.2f} %, skip connections alone (Dong & Yang 2020)"
    yield topic(found, paper, "darts/nasbench201", command, _collapse, less)
    yield topic(
        "DARTS: cost against random search", "about 100 times cheaper", "darts/nasbench201", command, _cheaper, less
    )


def _collapse(folder: Folder) -> Judged:
    last = folder.table("nasbench201.csv", arm="first").sort_values("epoch").groupby("seed").tail(1)
    skips, accuracy = float(last["skips"].mean()), float(last["accuracy"].mean())
    alone = int((last["skips"] == len(SKIPS_ONLY)).sum())
    verdict = REPRODUCED if alone == len(last) else DIRECTION if alone else NOT
    ours = f"{accuracy:.2f} %, {skips:.1f} of {len(SKIPS_ONLY)} edges skip, {alone} of {len(last)} searches skip alone"
    return Judged(ours, verdict, "all searches end in skip connections alone; short searches need not get there")


def _cheaper(folder: Folder) -> Judged:
    """Seconds of a supernet here against the 100 trainings of 12 epochs on the benchmark's GPU."""
    rows = folder.table("nasbench201.csv", arm="first")
    ours = float(rows.groupby("seed")["seconds"].sum().mean())
    table = Folder(folder.path.with_name(folder.path.name.replace("darts", "nasbench201")), folder.scale)
    theirs = table.value("nasbench201.csv", "simulated_seconds", arm="random")
    times = theirs / ours
    verdict = REPRODUCED if times >= CHEAPER / 2 else DIRECTION if times > 1 else NOT
    why = (
        "at least 50 times; the search is reduced and on a processor, the trainings' times are those of the table's GPU"
    )
    return Judged(f"{times:.1f} times: {ours:.0f} s a search, {theirs:.0f} s for 100 trainings", verdict, why)


def _spaces() -> Iterator[Claim]:
    cheap = "NAS spaces: derived cells against random ones"
    yield topic(cheap, "no figure", "darts/cell", "reproduce_darts.py --parts cell", _cells, "8 of 600 epochs")


def _cells(folder: Folder) -> Judged:
    rows = cell_searches(folder.table("cell.csv"))
    known = {(str(row["arm"]), str(row["networks"])): row for row in records(rows)}
    derived = {arm: row for (arm, kind), row in known.items() if kind == "derived" and (arm, "random") in known}
    if not derived:
        raise Missing("darts/cell.csv has no derived networks beside random ones")
    ours = "; ".join(
        f"{arm} order {row['valid_accuracy']:.2f} % at {row['mflops']:.2f} MFLOPs, random "
        f"{known[arm, 'random']['valid_accuracy']:.2f} % at {known[arm, 'random']['mflops']:.2f}"
        for arm, row in derived.items()
    )
    return Judged(ours, ALONE, "validation accuracy of networks trained in the same way")
