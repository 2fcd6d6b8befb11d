"""report.html of one run."""

from nas_cli.reports.distillation import Distillation
from nas_cli.reports.outcome import state
from nas_cli.reports.page.analysis_tables import importance_table
from nas_cli.reports.page.candidate_section import candidate_section
from nas_cli.reports.page.distillation_page import distillation_section
from nas_cli.reports.page.elements import anchors, card, document, drawing, escape, figure, grid, note, notice, section
from nas_cli.reports.page.headline import failure_text, headline
from nas_cli.reports.page.pruning_page import pruning_headline, pruning_notices, pruning_sections
from nas_cli.reports.page.quantized_page import quantized_headline, quantized_sections
from nas_cli.reports.page.reproducibility import reproducibility, unverified
from nas_cli.reports.page.shrinking_page import shrinking_headline, shrinking_notices, shrinking_sections
from nas_cli.reports.page.structure_page import structure_section
from nas_cli.reports.page.trials_table import listing_note, trials_table
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source
from nas_cli.reports.structure import Structure

_SECTIONS = (
    ("progress", "Progress", ("best_so_far", "generations", "training_")),
    ("front", "Accuracy and cost", ("rungs", "pareto", "fronts", "hypervolume", "learning_curves")),
    ("species", "Species", ("species_",)),
)


def run_page(source: Source, plots: list[Plot]) -> str:
    """The page as text; sections without content are left out."""
    shrinks = source.command == "morph"
    quantizes = source.command == "quantize"
    sections = shrinking_sections(source, plots) if shrinks else _searched(source, plots)
    sections = quantized_sections(source, plots) if quantizes else sections
    sections = pruning_sections(source, plots) if source.command == "prune" else sections
    title = _candidate_title(source)
    sections[title] = section("architecture", title, candidate_section(source, plots))
    sections["Repeat this run"] = section("repeat", "Repeat this run", reproducibility(source))
    first = shrinking_headline(source) if shrinks else headline(source)
    first = quantized_headline(source) if quantizes else first
    first = pruning_headline(source) if source.command == "prune" else first
    body = [notice(text) for text in _notices(source)] + [first] + list(sections.values())
    return document(_title(source), _head(source, sections), "\n".join(body), _footer(source))


def _searched(source: Source, plots: list[Plot]) -> dict[str, str]:
    """The sections of a search or a training."""
    sections = {
        title: section(anchor, title, grid(figure(plot) for plot in plots if plot.name.startswith(names)))
        for anchor, title, names in _SECTIONS
    }
    found = structure_section(Structure(source.history), plots)
    sections["Structure search"] = section("structure", "Structure search", found)
    taught = distillation_section(Distillation(source.history))
    sections["Teacher and student"] = section("teacher", "Teacher and student", taught)
    sections["Decisions"] = section("decisions", "Decisions", _decisions(source, plots))
    sections[_candidate_title(source)] = ""
    sections["Trials"] = section("trials", "Trials", _trials(source))
    return sections


def _title(source: Source) -> str:
    what = source.history.start.get("model") if source.command in ("morph", "prune", "quantize") else source.strategy
    return " · ".join(str(part) for part in (f"nas {source.command}", source.dataset, what) if part)


def _head(source: Source, sections: dict[str, str]) -> str:
    status = state(source.history).status
    return (
        f'<h1>{escape(_title(source))}<span class="status {status}">{status}</span></h1>\n'
        f'<p class="lead">{escape(source.name)}</p>\n{anchors(sections.items())}'
    )


def _notices(source: Source) -> list[str]:
    """What the reader must know before reading any figure."""
    history = source.history
    current = state(history)
    found = [] if current.status == "completed" else [current.sentence]
    if history.trials and not history.scored:
        found.append("Every trial failed: there is no best network.")
    found.append(failure_text(history))
    found += [*shrinking_notices(source), *pruning_notices(source)]
    if data := unverified(history):
        found.append(f"The data are {data}: compare these figures with runs on the same data only.")
    return found


def _trials(source: Source) -> str:
    listing = trials_table(source.history)
    return card(listing, note(listing_note(source.history))) if listing else ""


def _decisions(source: Source, plots: list[Plot]) -> str:
    """Importance and scores of each decision; nothing for a space without decisions."""
    figures = {plot.name: plot for plot in plots}
    strips = drawing(figures["decisions"]) if "decisions" in figures else ""
    found = source.importance
    if found is None:
        return strips
    if isinstance(found, str):
        return strips + note(found)
    return grid([figure(figures["importance"]), card(importance_table(found))]) + strips


def _candidate_title(source: Source) -> str:
    """'Architecture', or 'Best point' where the space has no networks."""
    best = source.history.best
    return "Best point" if best is not None and "point" in best.architecture else "Architecture"


def _footer(source: Source) -> str:
    return f"Made by nas report from the journal of {source.name} ({len(source.history.events)} events)."
