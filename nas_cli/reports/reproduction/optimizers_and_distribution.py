"""Document 3: optimizers, and distributed training."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from nas_cli.reports.experiments.scaling import PAPER_TABLE
from nas_cli.reports.experiments.two_hosts import PART as TWO_HOSTS
from nas_cli.reports.experiments.two_hosts import PROJECTED as PROJECTED_HOSTS
from nas_cli.reports.experiments.two_hosts import ROWS as MEASURED
from nas_cli.reports.experiments.two_hosts import averaged
from nas_cli.reports.optimizer_statements import REPRODUCED as HELD
from nas_cli.reports.optimizer_statements import UNSURE, UNTESTED, Statement, statements
from nas_cli.reports.optimizer_study import TITLES
from nas_cli.reports.reproduction import rules
from nas_cli.reports.reproduction.folder import Folder, Missing, records
from nas_cli.reports.reproduction.row import ALONE, DIRECTION, NOT, REPRODUCED, Claim, Judged

NAME = "3. Optimizers and distributed training"
FIGURES = {2: "adagrad", 3: "adam", 4: "nadam", 5: "rmsprop", 6: "sgd", 7: "momentum", 8: "nesterov"}
MODELS = {"vgg16": "VGG16", "vgg19": "VGG19", "resnet50": "ResNet50", "inception_v4": "Inception4"}
ACCURACIES = {"vgg16": 90.0, "vgg19": 92.7, "resnet50": 92.9, "inception_v4": 95.0}
MODES = {"ps-sync": "synchronous parameter server", "ps-async": "asynchronous parameter server",
         "ring-allreduce": "ring all-reduce"}  # fmt: skip
CLUSTER, WORKERS = "p2_16xlarge", 16
HEAVY = ("vgg16", "vgg19")
TABLE_BAR = 0.1
SHARED = "python scripts/reproduce_optimizers.py --only shared"
STUDY = "the document: 50,000 images, 150 epochs; its batch size, learning rate, filters and dropout are not given"
PROJECTED = "projected, not measured: the document's machine has 16 K80"
HOSTS = "two namespaces of one machine stand for hosts, networks for 32×32 pixels, two workers; needs root on Linux"
MACHINE = (
    "16 K80 are not here: a cost model fitted to published measurements stands in; `nas bench --mode {mode} -np 16` "
    "with the document's five networks on a p2.16xlarge runs it"
)


def claims() -> list[Claim]:
    """Figures 2 to 14, Tables 1 and 2, and the statements."""
    figures = [_figure(number, name) for number, name in FIGURES.items()]
    studied = [
        _study(f"statement: {one.text}", "stated in words", partial(_statement, statement=one)) for one in statements()
    ]
    own = "own and shared learning rate: is the shared one the reason of the differences?"
    tuned = "python scripts/reproduce_optimizers.py --only tuned"
    return [
        *figures,
        *studied,
        Claim(NAME, own, "a hypothesis of ours", "optimizers", "tuned", tuned, STUDY, _spread),
        _study("introduction: batch size, initialiser, second-order methods", "named, no figures", _further),
        *(_table_1(key) for key in MODELS),
        _projection("Table 2: settings of the scaling study", "2–20 processes, batch 32", _settings, "ps-sync"),
        *(
            _projection(f"Figure {9 + i}: images/s, {name}", "pictures lost", partial(_rate, mode=mode), mode)
            for i, (mode, name) in enumerate(MODES.items())
        ),
        *(
            _projection(f"Figure {12 + i}: scaling, {name}", "pictures lost", partial(_scaling, mode=mode), mode)
            for i, (mode, name) in enumerate(MODES.items())
        ),
        _stated("asynchronous servers are no faster than synchronous ones", "about 1 ×", _async),
        _stated("ring all-reduce almost doubles the parameter server", "about 2 ×", _ring),
        _stated("every model but VGG16 improves with each process", "in words", _improves),
        _stated("ring: near-linear for ResNet and Inception, not for VGG", "in words", _linear),
        _stated("25 Gb/s may not be enough for VGG", "in words", _network),
        _two_hosts("ring and parameter servers between two hosts", "no figure of two hosts", _between_hosts),
        _two_hosts("projection calibrated at one width of the link, told another", "within 20 % (our bar)", _foretold),
    ]


def _study(item: str, paper: str, judge: Callable[[Folder], Judged]) -> Claim:
    return Claim(NAME, item, paper, "optimizers", "shared", SHARED, STUDY, judge)


def _figure(number: int, optimizer: str) -> Claim:
    own = [one for one in statements() if str(number) in one.figures]
    paper = "; ".join(one.text for one in own) or "curves alone"
    return _study(f"Figure {number}: {TITLES[optimizer]}", paper, partial(_curves, optimizer=optimizer, own=own))


def _curves(folder: Folder, optimizer: str, own: list[Statement]) -> Judged:
    test, low, high = (
        100 * folder.value("optimizers.csv", f"test_accuracy{end}", **_usual(folder, optimizer, "shared"))
        for end in ("", "_low", "_high")
    )
    found = [folder.text("statements.csv", "verdict", statement=one.text, protocol="shared") for one in own]
    ours = f"{test:.1f} % test ({low:.1f} to {high:.1f}), shared_{optimizer}.png"
    told = f"{sum(verdict == HELD for verdict in found)} of {len(found)} statements on it hold"
    return Judged(ours, rules.counted([verdict == HELD for verdict in found]), told)


def _usual(folder: Folder, optimizer: str, protocol: str) -> dict[str, object]:
    """The optimizer's row with the usual batch size and initialiser, which the first row has."""
    rows = folder.table("optimizers.csv", protocol=protocol)
    first = rows.iloc[0]
    same = {"batch_size": first["batch_size"], "initializer": first["initializer"]}
    return {"protocol": protocol, "optimizer": optimizer, **same}


def _statement(folder: Folder, statement: Statement) -> Judged:
    where = {"statement": statement.text, "protocol": "shared"}
    verdict, ours = (folder.text("statements.csv", column, **where) for column in ("verdict", "measured"))
    if statement.rule == "hours":
        return Judged(ours, ALONE, "the document does not name its hardware")
    if verdict == UNTESTED:
        raise Missing(f"optimizers/statements.csv: not tested {ours}")
    levels = "; levels of a reduced study are not those of 150 epochs" if statement.rule == "level" else ""
    told = f"study: {verdict}{levels if folder.scale != 'paper' else ''}"
    return Judged(ours, REPRODUCED if verdict == HELD else NOT, f"{told}; differences taken seed by seed"
                  if verdict == UNSURE else told)  # fmt: skip


def _spread(folder: Folder) -> Judged:
    """Whether the seven are closer together at rates of their own."""
    gaps = {}
    for protocol in ("shared", "tuned"):
        values = [100 * folder.value("optimizers.csv", "test_accuracy", **_usual(folder, name, protocol))
                  for name in FIGURES.values()]  # fmt: skip
        gaps[protocol] = max(values) - min(values)
    ours = f"best less worst of seven: {gaps['shared']:.1f} points at one rate, {gaps['tuned']:.1f} at own rates"
    verdict = (
        REPRODUCED if gaps["tuned"] <= gaps["shared"] / 2 else DIRECTION if gaps["tuned"] < gaps["shared"] else NOT
    )
    return Judged(ours, verdict, "reproduced where own rates at least halve the distance")


def _further(folder: Folder) -> Judged:
    rows = folder.table("optimizers.csv", protocol="shared")
    usual = rows.iloc[0]
    other = rows[
        (rows.batch_size != usual.batch_size) | (rows.initializer != usual.initializer) | (rows.optimizer == "muon")
    ]
    if other.empty:
        raise Missing("optimizers/optimizers.csv has no further rows")
    ours = "; ".join(
        f"{row['optimizer']}, batch {row['batch_size']}, {row['initializer']}: {100 * row['test_accuracy']:.1f} %"
        for row in records(other)
    )
    return Judged(ours, ALONE, "test accuracy at the shared rate; the document names the methods without figures")


def _table_1(key: str) -> Claim:
    params, flops = PAPER_TABLE[key]
    paper = f"{params} M parameters, {flops} GFLOPs, {ACCURACIES[key]:g} %"
    reduced = "nothing; the accuracies are those of published weights, which are not here"
    command = "python scripts/reproduce_projection.py"
    judge = partial(_model, key=key)
    return Claim(NAME, f"Table 1, {MODELS[key]}", paper, "scaling", "projection", command, reduced, judge, scale="full")


def _model(folder: Folder, key: str) -> Judged:
    params, flops = (folder.value("models.csv", column, model=key) for column in ("parameters, millions", "GFLOPs"))
    theirs = PAPER_TABLE[key]
    held = [abs(ours / paper - 1) <= TABLE_BAR for ours, paper in zip((params, flops), theirs, strict=True)]
    why = "parameters and FLOPs (2 per MAC) of the built network within 10 %"
    why += "" if held[0] else "; the published Inception v4 has 42.7 M parameters, not 65"
    return Judged(f"{params:.2f} M parameters, {flops:.1f} GFLOPs", rules.counted(held), why)


def _projection(item: str, paper: str, judge: Callable[[Folder], Judged], mode: str) -> Claim:
    command = "python scripts/reproduce_projection.py"
    impossible = MACHINE.format(mode=mode)
    return Claim(NAME, item, paper, "scaling", "projection", command, PROJECTED, judge, impossible, "projected")


def _stated(item: str, paper: str, judge: Callable[[Folder], Judged]) -> Claim:
    command = "python scripts/reproduce_projection.py"
    return Claim(
        NAME, f"statement: {item}", paper, "scaling", "projection", command, PROJECTED, judge, scale="projected"
    )


def _two_hosts(item: str, paper: str, judge: Callable[[Folder], Judged]) -> Claim:
    command = "python scripts/two_hosts.py"
    return Claim(NAME, f"measured: {item}", paper, "scaling", TWO_HOSTS, command, HOSTS, judge)


def _settings(folder: Folder) -> Judged:
    rows = folder.table("projection.csv", cluster=CLUSTER)
    counts = sorted({int(value) for value in rows["processes"]})
    batches = ", ".join(str(int(value)) for value in sorted(set(rows["batch"])))
    return Judged(f"projected for {counts[0]} to {counts[-1]} processes, batch {batches}", ALONE, PROJECTED)


def _rate(folder: Folder, mode: str) -> Judged:
    rows = folder.table("projection.csv", cluster=CLUSTER, mode=mode, processes=WORKERS)
    told = ", ".join(f"{row['model']} {row['images_per_second']:.0f}" for row in records(rows))
    return Judged(f"{told} images/s projected with {WORKERS} workers (rate_{CLUSTER}.png)", ALONE, PROJECTED)


def _scaling(folder: Folder, mode: str) -> Judged:
    rows = folder.table("projection.csv", cluster=CLUSTER, mode=mode, processes=WORKERS)
    told = ", ".join(f"{row['model']} {row['efficiency'] * WORKERS:.1f}" for row in records(rows))
    return Judged(f"{told} of {WORKERS} times one worker, projected (scaling_{CLUSTER}.png)", ALONE, PROJECTED)


def _per_model(folder: Folder, column: str) -> dict[str, float]:
    rows = folder.table("statements.csv", cluster=CLUSTER)
    return {str(model): float(value) for model, value in zip(rows["model"], rows[column], strict=True)}


def _projected(ours: str, held: list[bool], why: str) -> Judged:
    """A projection holds a direction at most."""
    return Judged(ours, rules.no_better_than(rules.counted(held), DIRECTION), f"{why}; {PROJECTED}")


def _async(folder: Folder) -> Judged:
    ratios = _per_model(folder, "ps-async / ps-sync")
    ours = ", ".join(f"{name} {value:.2f}" for name, value in ratios.items())
    return _projected(f"{ours} × projected", [value <= 1.2 for value in ratios.values()], "at most 1.2 × for all")


def _ring(folder: Folder) -> Judged:
    ratios = _per_model(folder, "ring / ps-sync")
    ours = ", ".join(f"{name} {value:.2f}" for name, value in ratios.items())
    return _projected(f"{ours} × projected", [value >= 1.5 for value in ratios.values()], "at least 1.5 × for all")


def _improves(folder: Folder) -> Judged:
    rows = folder.table("projection.csv", cluster=CLUSTER, mode="ring-allreduce")
    rows = rows[rows.processes <= 20].sort_values("processes")
    rising = {
        str(model): bool(group.images_per_second.is_monotonic_increasing) for model, group in rows.groupby("model")
    }
    held = [up for model, up in rising.items() if model != "vgg16"] + [not rising["vgg16"]]
    ours = ", ".join(f"{model} {'rises' if up else 'does not always rise'}" for model, up in rising.items())
    return _projected(f"{ours}, up to 20 workers", held, "all rise with each process, VGG16 does not")


def _linear(folder: Folder) -> Judged:
    shares = _per_model(folder, "ring efficiency %")
    held = [(value < 80) if name in HEAVY else (value >= 80) for name, value in shares.items()]
    ours = ", ".join(f"{name} {value:.0f} %" for name, value in shares.items())
    return _projected(f"{ours} of linear, projected", held, "80 % or more for all but VGG, less for VGG")


def _network(folder: Folder) -> Judged:
    """On GPUs fast enough for the network to matter."""
    rows = folder.table("statements.csv", cluster="p3_25g")
    binds = {str(row["model"]): str(row["ring binds"]) for row in records(rows)}
    ours = ", ".join(f"{name}: {what}" for name, what in binds.items())
    held = [(what != "compute") == (name in HEAVY) for name, what in binds.items()]
    return _projected(f"V100 and 25 Gb/s, what binds: {ours}", held, "the network binds VGG, and only VGG")


def _between_hosts(folder: Folder) -> Judged:
    rows = pd.DataFrame(averaged(records(folder.table(MEASURED))))
    told = []
    for (name, link), group in rows[rows.processes == 2].groupby(["model", "cluster"], sort=False):
        rates = ", ".join(f"{row['mode']} {row['images_per_second']:.1f}" for row in records(group))
        told.append(f"{name}, {link}: {rates}")
    return Judged(f"{'; '.join(told)} images/s", ALONE, "measured; a core each, a token bucket limits the link")


def _foretold(folder: Folder) -> Judged:
    """Of the predictions alone: a row that the profile was fitted to says nothing."""
    rows = folder.table(PROJECTED_HOSTS, used="predicted")
    errors = rows["error %"].abs()
    met = rows["within 20 %"] == "yes"
    ours = f"{int(met.sum())} of {len(rows)} predictions within 20 %, median error {errors.median():.0f} %"
    ours += f", largest {errors.max():.0f} %"
    return Judged(ours, rules.counted(met.tolist()), "every prediction of a link that the profile was not fitted to")
