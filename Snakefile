# The workflow of notebooks: the main results (data, training, ablation, evaluation, figures, book), and
# the larger studies where they are asked for. `rdfer reproduce` runs it here; on a cluster, in runs/<preset>:
#   snakemake --snakefile ../../Snakefile --config preset=<preset> --executor ... --jobs ...
# Every job writes a small file under done/; its executed notebook is under notebooks/.
# A job loops over the runs of one experiment and seed, and skips those that are fresh.
import os
import sys

from rdfer.pipeline.runs import find_root, preset_dir
from rdfer.pipeline.workflow import JOB_MB, NOTEBOOKS, book_sources, note_source, write_keys
from rdfer.settings.presets import get_preset
from rdfer.studies.design import STUDIES, USUAL, world_slug

PRESET = get_preset(config.get("preset", "laptop"))
FOLDER = preset_dir(PRESET.name)
# of a real data set, whose folder `rdfer reproduce --data` notes, or --config data=... here
FOLDS = note_source(PRESET.name, data=str(config.get("data", "")))
workdir: str(FOLDER)
write_keys(PRESET.name, (*NOTEBOOKS, *STUDIES, "worlds", "claims"))
if (FOLDER / "results" / "claims.json").exists():
    from rdfer.report.stale import set_aside_stale  # imports torch, so only where it is needed

    set_aside_stale(PRESET.name)

# relative, so that a moved clone is still up to date
SOURCES = os.path.relpath(find_root(), FOLDER)
END_TO_END = not PRESET.settings.network.frozen
CORES = max(1, workflow.cores or 1)
# runs with cached features gain nothing from a second thread; a GPU is not shared
TRAIN_THREADS = CORES if END_TO_END else max(1, CORES // len(PRESET.seeds))
PYTHON = sys.executable
# filled in when a job starts, so that another environment alone reruns nothing
NOTEBOOK = (
    "{PYTHON:q} -m rdfer notebook {rule} -p preset {PRESET.name} "
    "--threads {threads} --out {log:q} --done {output:q}"
)


def notebook(name):
    return {"notebook": f"{SOURCES}/notebooks/{name}.ipynb", "key": f"keys/{name}.json"}


def done(name, seeds):
    return expand("done/{name}-seed{seed}.json", name=name, seed=seeds)


# one job of training a seed, or a fold and seed
EACH = "fold{fold}-seed{seed}" if FOLDS else "seed{seed}"
OF_EACH = " -p fold {wildcards.fold}" * bool(FOLDS) + " -p seed {wildcards.seed}"
OVER = {"fold": FOLDS, "seed": PRESET.seeds} if FOLDS else {"seed": PRESET.seeds}
TRAINED = expand(f"done/train-{EACH}.json", **OVER)


wildcard_constraints:
    seed=r"\d+",
    fold=r"\d+",
    world=r"[a-z-]+",


localrules:
    all,


# what the claims rest on takes hours at laptop, so only `rdfer reproduce --studies` asks for it;
# `headline` is the usual kind of noise with the first seeds: what takes no hour
ASKED = config.get("studies", "none")
CLAIMS = ["done/claims.json"] if ASKED == "all" else []
WORLDS = {world_slug(name): name for name in PRESET.worlds}
FIRST, *LATER = PRESET.few_seeds if WORLDS else [0]


rule all:
    input:
        "done/book.json",
        done("headline", PRESET.few_seeds) if ASKED == "headline" else [],


rule data:
    input:
        ["source.json"] if FOLDS else [],
        **notebook("data"),
    output:
        "done/data.json",
    log:
        "notebooks/data.ipynb",
    threads: CORES
    resources:
        mem_mb=2 * JOB_MB,
        gpu=int(END_TO_END),
    shell:
        NOTEBOOK


rule train:
    input:
        "done/data.json",
        **notebook("train"),
    output:
        f"done/train-{EACH}.json",
    log:
        f"notebooks/train-{EACH}.ipynb",
    threads: TRAIN_THREADS
    resources:
        mem_mb=JOB_MB,
        gpu=int(END_TO_END),
    shell:
        NOTEBOOK + OF_EACH


rule ablate:
    input:
        "done/data.json",
        **notebook("ablate"),
    output:
        "done/ablate-seed{seed}.json",
    log:
        "notebooks/ablate-seed{seed}.ipynb",
    threads: TRAIN_THREADS
    resources:
        mem_mb=JOB_MB,
        gpu=int(END_TO_END),
    shell:
        NOTEBOOK + " -p seed {wildcards.seed}"


rule evaluate:
    input:
        TRAINED,
        **notebook("evaluate"),
    output:
        "done/evaluate.json",
    log:
        "notebooks/evaluate.ipynb",
    resources:
        mem_mb=JOB_MB,
    shell:
        NOTEBOOK


rule agreement:
    input:
        TRAINED,
        **notebook("agreement"),
    output:
        "done/agreement.json",
    log:
        "notebooks/agreement.ipynb",
    resources:
        mem_mb=JOB_MB,
    shell:
        NOTEBOOK


for STUDY in STUDIES:  # a notebook and a seed each

    rule:
        name:
            STUDY
        input:
            "done/data.json",
            **notebook(STUDY),
        output:
            f"done/{STUDY}-seed{{seed}}.json",
        log:
            f"notebooks/{STUDY}-seed{{seed}}.ipynb",
        threads: TRAIN_THREADS
        resources:
            mem_mb=JOB_MB,
            gpu=int(END_TO_END),
        shell:
            NOTEBOOK + " -p seed {wildcards.seed}"


rule headline:
    input:
        "done/data.json",
        **notebook("noise"),
    output:
        "done/headline-seed{seed}.json",
    log:
        "notebooks/headline-seed{seed}.ipynb",
    threads: TRAIN_THREADS
    resources:
        mem_mb=JOB_MB,
        gpu=int(END_TO_END),
    shell:
        NOTEBOOK.replace("{rule}", "noise") + f" -p seed {{wildcards.seed}} -p kind {USUAL.kind}"


def made_world(wildcards):
    """The first seed makes the frames and features of its world, the later ones find them."""
    return done(f"worlds-{wildcards.world}", [FIRST] if int(wildcards.seed) in LATER else [])


rule worlds:
    input:
        "done/data.json",
        made_world,
        **notebook("worlds"),
    output:
        "done/worlds-{world}-seed{seed}.json",
    log:
        "notebooks/worlds-{world}-seed{seed}.ipynb",
    threads: TRAIN_THREADS
    resources:
        mem_mb=JOB_MB,
        gpu=int(END_TO_END),
    params:
        world=lambda wildcards: WORLDS[wildcards.world],
    shell:
        NOTEBOOK + " -p world {params.world:q} -p seed {wildcards.seed}"


rule claims:
    input:
        [done(name, PRESET.study_seeds) for name in STUDIES],
        [done(f"worlds-{world}", PRESET.few_seeds) for world in WORLDS],
        **notebook("claims"),
    output:
        "done/claims.json",
    log:
        "notebooks/claims.ipynb",
    resources:
        mem_mb=JOB_MB,
    shell:
        NOTEBOOK


rule figures:
    input:
        "done/evaluate.json",
        "done/agreement.json",
        done("ablate", PRESET.ablation_seeds),
        CLAIMS,  # whose results have figures too
        **notebook("figures"),
    output:
        "done/figures.json",
    log:
        "notebooks/figures.ipynb",
    resources:
        mem_mb=JOB_MB,
    shell:
        NOTEBOOK


rule book:
    input:
        "done/figures.json",
        [os.path.relpath(path, FOLDER) for path in book_sources()],
        key="keys/book.json",
    output:
        "done/book.json",
    params:
        # of the jobs that ran once a seed, the book shows the first
        firsts=[
            f"{path.replace('done', 'notebooks').removesuffix('.json')}.ipynb"
            for path in (*TRAINED[:1], *done("ablate", PRESET.ablation_seeds[:1]))
        ],
    shell:
        "for first in {params.firsts:q}; do "
        'name="${{first#notebooks/}}"; cp "$first" "notebooks/${{name%%-*}}.ipynb" || exit 1; '
        "done && "
        "{PYTHON:q} -m rdfer book --preset {PRESET.name} --done {output:q}"
