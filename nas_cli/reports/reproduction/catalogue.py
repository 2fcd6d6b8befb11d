"""The folders of results/, and the experiments that fill them: scripts, arguments by scale, budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nas_cli.reports.experiments.made import MADE

SCALES = ("smoke", "reduced", "paper")
LIMIT = 100
"""Minutes that a single reduced experiment may take on 2 cores."""

FOLDERS: Mapping[str, str] = {
    "nasbench201": "search strategies on NAS-Bench-201 beside the published figures",
    "random_against_grid": "random against grid search where one of four hyper-parameters matters, or all; repeated",
    "estimators": "cheap estimators against full training: rank correlation and time",
    "neat": "NEAT on exclusive or and on Boston housing, DeepNEAT beside CoDeepNEAT and random search",
    "codeepneat": "the thesis: CoDeepNEAT with and without MorphNet",
    "darts": "DARTS on NAS-Bench-201, whose table knows the answer, and in its own space of cells",
    "relevance": "priors on the structure and relevance of parameters on three data sets; planted structure",
    "optimizers": "optimizers at one shared learning rate and each at its own",
    "scaling": "a cost model of data-parallel training, fitted to published rows, and what it projects",
    "morphnet": "MorphNet beside other ways to a smaller network, on one process and with Horovod",
    "pruning": "weights and filters by criterion, latency, lottery tickets, regrowth; tfmot's tutorials by two engines",
    "architectures": "small networks of the zoo by MACs, parameters and measured time",
    "distillation": "what a teacher is worth, and losses that bear wrong labels",
}
"""By name: what it shows."""


@dataclass(frozen=True)
class Experiment:
    """A script with its arguments.

    `folder`: of FOLDERS. `parts`: its rows in made.csv. `minutes`: expected of the reduced scale on 2 cores, without
    what is there already. `budget`: minutes that it may take, as the headers of `configs` in conf/experiment/ declare.
    `smoke`: arguments of the smoke scale, None where `no_smoke` says why it has none; `paper` likewise. `data`: sets
    that smoke needs. `journals`: False for a script without run folders, which begins anew.
    """

    name: str
    folder: str
    parts: tuple[str, ...]
    script: str
    reduced: str
    minutes: int
    budget: int
    configs: tuple[str, ...] = ()
    smoke: str | None = None
    no_smoke: str = ""
    smoke_minutes: float = 0.5
    paper: str | None = None
    no_paper: str = ""
    data: tuple[str, ...] = ()
    journals: bool = True

    def arguments(self, scale: str) -> str | None:
        """Of the script at a scale; None where it has none, for which `reason` gives the reason."""
        return {"smoke": self.smoke, "reduced": self.reduced, "paper": self.paper}[scale]

    def reason(self, scale: str) -> str:
        """Why there are no arguments at a scale."""
        return {"smoke": self.no_smoke, "reduced": "", "paper": self.no_paper}[scale]


SMALL = "dataset=fashion_mini dataset.train_size=256 dataset.valid_size=128 dataset.test_size=128 training.epochs=1"
"""Of every smoke run on images: the embedded data set, so that none is downloaded."""

SAME = "the reduced scale has no sizes to enlarge"
LARGER = "no configuration of the document's sizes; give larger ones as overrides of the script"
DAYS = "--scale paper"


def _codeepneat(dataset: str, minutes: int) -> Experiment:
    first = dataset == "mnist"
    tiny = "strategy.generations=1 strategy.population=2 strategy.modules.population=4 strategy.blueprints.population=2"
    return Experiment(
        f"codeepneat_{dataset}", "codeepneat", (dataset,), "reproduce_codeepneat.py", f"--datasets {dataset}", minutes,
        LIMIT, (f"codeepneat_{dataset}",),
        smoke=f"--datasets {dataset} --arms plain,b --repeats 1 {SMALL} {tiny} space.max_flops=1e6" if first else None,
        no_smoke="the same code as codeepneat_mnist", smoke_minutes=1.2,
        paper=f"--datasets {dataset} --repeats 4 {DAYS}",
    )  # fmt: skip


def _pruning(only: str, part: str, minutes: int, smoke_arm: str = "", tiny: str = "") -> Experiment:
    config = "pruning_lottery" if only in ("lottery", "regrowth") else "pruning_cifar10"
    return Experiment(
        f"pruning_{only}", "pruning", (part,), "reproduce_pruning.py", f"--only {only}", minutes, LIMIT, (config,),
        smoke=f"--only {only} --arms {smoke_arm} --seeds 1 {SMALL} {tiny}" if smoke_arm else None,
        no_smoke="the same code as pruning_weights", smoke_minutes=1.0, no_paper=LARGER,
    )  # fmt: skip


def _relevance(dataset: str, minutes: int) -> Experiment:
    first = dataset == "boston"
    return Experiment(
        f"relevance_{dataset}", "relevance", (dataset,), "reproduce_relevance.py", f"--datasets {dataset}", minutes,
        LIMIT, (f"relevance_{dataset}",),
        smoke="--datasets boston --arms first,handmade --repeats 1 --jobs 1 strategy.epochs=1 training.epochs=1"
        if first else None,
        no_smoke="the same code as relevance_boston", smoke_minutes=0.7, no_paper=LARGER,
        data=("boston",) if first else (),
    )  # fmt: skip


EXPERIMENTS: Sequence[Experiment] = (
    Experiment(
        "projection", "scaling", ("projection",), "reproduce_projection.py", "", 1, 5, smoke="", no_paper=SAME,
        journals=False,
    ),
    Experiment(
        "random_against_grid", "random_against_grid", ("random_against_grid",), "random_against_grid.py", "", 1, 5,
        smoke="--seeds 3", smoke_minutes=0.2, no_paper=SAME, journals=False,
    ),
    Experiment(
        "search_again", "random_against_grid", ("regions",), "search_again.py", "", 1, 5, smoke="--seeds 3",
        smoke_minutes=0.2, no_paper=SAME, journals=False,
    ),
    Experiment(
        "neat_xor", "neat", ("xor",), "reproduce_neat.py", "--only xor", 3, 10, ("neat_xor",),
        smoke="--only xor --seeds 2", no_paper=SAME,
    ),
    Experiment(
        "neat_boston", "neat", ("boston",), "reproduce_neat.py", "--only boston", 2, 10, ("neat_boston",),
        smoke="--only boston --seeds 1", no_paper=SAME, data=("boston",),
    ),
    Experiment(
        "nasbench201", "nasbench201", ("nasbench201",), "reproduce_nasbench201.py", "", 20, LIMIT,
        smoke="--arms random,regularized_evolution --seeds 2 --processes 1", paper="--seeds 500",
        data=("nas-bench-201",),
    ),
    Experiment(
        "relevance_planted", "relevance", ("planted",), "planted_structure.py", "", 40, LIMIT,
        smoke="--seeds 1 --starts 1", smoke_minutes=0.6, no_paper=SAME, journals=False,
    ),
    Experiment(
        "tfmot_mnist", "pruning", ("tfmot_mnist",), "reproduce_tfmot_mnist.py", "", 15, 30,
        smoke="--seeds 1 --train-size 600", smoke_minutes=1.0, no_paper=SAME, data=("mnist",), journals=False,
    ),
    Experiment(
        "estimators", "estimators", ("estimators",), "reproduce_estimators.py", "", 15, 30, ("estimators",),
        no_smoke="two seeds of every estimator take longer than a smoke run; tests read made-up journals",
        no_paper=LARGER,
    ),
    Experiment(
        "architectures", "architectures", ("architectures",), "reproduce_architectures.py", "", 15, 30,
        ("architectures",), no_smoke="`nas train` as in morphnet_equal_flops; tests read made-up journals",
        no_paper=LARGER,
    ),
    _codeepneat("mnist", 40), _codeepneat("cifar10", 50), _codeepneat("cifar100", 60), _codeepneat("tiny_imagenet", 60),
    Experiment(
        "neat_deep", "neat", ("deep",), "reproduce_neat.py", "--only deep", 60, LIMIT, ("deepneat",),
        smoke="--only deep --seeds 1 dataset.train_size=256 dataset.valid_size=128 dataset.test_size=128 "
        "training.epochs=1 strategy.generations=1 strategy.population=2",
        smoke_minutes=1.2, no_paper=SAME,
    ),
    Experiment(
        "optimizers_shared", "optimizers", ("shared",), "reproduce_optimizers.py", "--only shared", 70, LIMIT,
        ("bench_optimizers_shared",),
        smoke=f"--only shared {SMALL} bench.seeds=1 bench.batch_sizes=[] bench.initializers=[] "
        "bench.optimizers=[sgd,momentum,nesterov,rmsprop,adam,adagrad,nadam]",
        smoke_minutes=0.7, paper=f"--only shared {DAYS}",
    ),
    Experiment(
        "optimizers_tuned", "optimizers", ("tuned",), "reproduce_optimizers.py", "--only tuned", 60, LIMIT,
        ("bench_optimizers_tuned",), no_smoke="the same code as optimizers_shared", paper=f"--only tuned {DAYS}",
    ),
    Experiment(
        "morphnet_equal_flops", "morphnet", ("equal_flops",), "reproduce_morphnet.py", "--only equal_flops", 25, LIMIT,
        ("morphnet_resnet20",), smoke=f"--only equal_flops --arms width,morphnet --seeds 1 {SMALL}", smoke_minutes=1.5,
        no_paper=LARGER,
    ),
    Experiment(
        "morphnet_pruned", "morphnet", ("equal_flops", "fine_tuned"), "reproduce_morphnet.py", "--only pruned", 45,
        LIMIT, ("morphnet_resnet20",), no_smoke="the same code as morphnet_equal_flops and pruning_filters",
        no_paper=LARGER,
    ),
    Experiment(
        "morphnet_inception_v2", "morphnet", ("inception_v2",), "reproduce_morphnet.py", "--only inception_v2", 90,
        LIMIT, ("morphnet_inception_v2",), no_smoke="the same code as morphnet_equal_flops", no_paper="needs ImageNet",
    ),
    _pruning("weights", "weights", 80, "magnitude", "prune.rounds=1 prune.fine_tune=1"),
    _pruning("filters", "filters", 90),
    _pruning("latency", "latency", 60),
    _pruning("half_resnet20", "half_flops", 20),
    _pruning("half_vgg16", "half_flops", 35),
    _pruning("lottery", "lottery", 30, "ticket", "prune.rounds=2"),
    _pruning("regrowth", "regrowth", 5),
    Experiment(
        "distillation_mnist", "distillation", ("mnist",), "reproduce_distillation.py",
        "--parts mnist --seeds 3 --arms student_plain,student_T20,small_plain,small_T4", 45, LIMIT,
        ("distill_mnist", "distill_mnist_teacher"),
        smoke=f"--parts mnist --seeds 1 --temperatures 20 --arms student_plain,student_T20 {SMALL}", smoke_minutes=1.0,
        no_paper=LARGER,
    ),
    Experiment(
        "distillation_temperatures", "distillation", ("mnist",), "reproduce_distillation.py",
        "--parts mnist --seeds 1", 15, LIMIT, ("distill_mnist", "distill_mnist_teacher"),
        no_smoke="the same code as distillation_mnist", no_paper=LARGER,
    ),
    Experiment(
        "distillation_self", "distillation", ("self",), "reproduce_distillation.py", "--parts self", 60, LIMIT,
        no_smoke="the same code as distillation_mnist", no_paper=LARGER,
    ),
    Experiment(
        "distillation_cifar10", "distillation", ("cifar10",), "reproduce_distillation.py", "--parts cifar10", 40, LIMIT,
        no_smoke="the same code as distillation_mnist", no_paper=LARGER,
    ),
    Experiment(
        "distillation_label_noise", "distillation", ("label_noise",), "reproduce_distillation.py",
        "--parts label_noise", 30, LIMIT, no_smoke="the same code as distillation_mnist", no_paper=LARGER,
    ),
    *(
        Experiment(
            f"darts_nasbench201_{arm}", "darts", ("nasbench201",), "reproduce_darts.py",
            f"--parts nasbench201 --arms {arm}", minutes, LIMIT, ("darts_nasbench201",),
            smoke=f"--parts nasbench201 --arms {arm} dataset=fashion_mini dataset.train_size=128 dataset.valid_size=64 "
            "strategy.searches=1 strategy.epochs=1 space.channels=4" if arm == "first" else None,
            no_smoke="the same code as darts_nasbench201_first", smoke_minutes=1.0, no_paper=LARGER,
            data=("nas-bench-201",),
        )
        for arm, minutes in (("first", 7), ("second", 40), ("one_shot", 15))
    ),
    *(
        Experiment(
            f"darts_cell_{arm}", "darts", ("cell",), "reproduce_darts.py", f"--parts cell --arms {arm}", minutes, LIMIT,
            ("darts_cell",), no_smoke="the same code as darts_nasbench201_first", no_paper=LARGER,
        )
        for arm, minutes in (("first", 25), ("second", 65))
    ),
    _relevance("boston", 60), _relevance("mnist", 60), _relevance("cifar10", 75),
)  # fmt: skip
"""In the order in which they run: cheap ones first."""


def state(folder: Path) -> str:
    """In words: which parts of a folder have tables."""
    if not any(folder.glob("*.csv")):
        return "not run yet"
    file = folder / MADE
    made = set(pd.read_csv(file, dtype=str)["part"]) if file.exists() else set()
    known = dict.fromkeys(part for one in EXPERIMENTS if one.folder == folder.name for part in one.parts)
    absent = [part for part in known if part not in made and not _in_tables(folder, part)]
    return "complete" if not absent else f"without {', '.join(absent)}"


def _in_tables(folder: Path, part: str) -> bool:
    """True if a table is named after the part, or has rows of it; for folders without made.csv."""
    if (folder / f"{part}.csv").exists():
        return True
    for file in folder.glob("*.csv"):
        # A table without rows has not even a header.
        rows = pd.read_csv(file) if file.read_text(encoding="utf-8").strip() else pd.DataFrame()
        keys = [key for key in ("dataset", "experiment", "part", "protocol", "arm") if key in rows]
        if any(part in set(rows[key].astype(str)) for key in keys):
            return True
    return False
