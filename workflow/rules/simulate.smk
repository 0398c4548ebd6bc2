# Configuration -> run.h5, or run.h5md of particles


rule run:
    input:
        named_made,
    output:
        f"{RESULTS}/{{run}}/run.h5",
    log:
        "logs/run/{run}.log",
    benchmark:
        "logs/benchmarks/run/{run}.tsv"
    wildcard_constraints:
        run=runs_in(".h5"),
    conda:
        "../../environment.yml"
    resources:
        gpu=1 if STUDY.device == "gpu" else 0,
    params:
        spec=run_spec,
        code=run_code,
        given=given,
        seed=STUDY.seed,
        device=STUDY.device,
    shell:
        "python -m sims {wildcards.run} --spec {params.spec:q} --seed {params.seed}"
        " --device {params.device} -o {output:q} 2> {log:q}"


use rule run as particles with:
    output:
        f"{RESULTS}/{{run}}/run.h5md",
    wildcard_constraints:
        run=runs_in(".h5md"),


rule film:
    input:
        of_run,
    output:
        report(
            f"{RESULTS}/{{run}}/film.gif",
            category="Films",
            caption="../report/figure.rst",
            labels=lambda wildcards: {"run": wildcards.run, "figure": "film"},
        ),
    log:
        "logs/film/{run}.log",
    benchmark:
        "logs/benchmarks/film/{run}.tsv"
    conda:
        "../../environment.yml"
    params:
        origin=origin,
        code=provenance.code_sha256("analysis.figures.film"),
    shell:
        "python -m analysis.figures.film {input:q} -o {output:q} 2> {log:q}"


rule simulate:
    input:
        [run_file(name) for name in STUDY.runs],
