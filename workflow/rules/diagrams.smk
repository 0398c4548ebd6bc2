# <sweep>/<point>/<measure>.h5 of every point -> <sweep>/<measure>.svg, one diagram


rule diagram:
    input:
        lambda wildcards: [
            f"{RESULTS}/{name}/{wildcards.measure}.h5"
            for name in points(wildcards.run, wildcards.measure)
        ],
    output:
        report(
            f"{RESULTS}/{{run}}/{{measure}}.svg",
            category="Figures",
            subcategory="{run}",
            caption="../report/figure.rst",
            labels=facts,
        ),
    log:
        "logs/diagram/{run}/{measure}.log",
    benchmark:
        "logs/benchmarks/diagram/{run}/{measure}.tsv"
    wildcard_constraints:
        run=sweeps(),
    conda:
        "../../environment.yml"
    params:
        code=provenance.code_sha256("analysis.figures.__main__"),
        spec=measure_spec,
        measure_code=measure_code,
        origin=origins,
    shell:
        "python -m analysis.figures {input:q} -o {output:q} 2> {log:q}"
