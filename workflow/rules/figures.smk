# <measure>.h5 -> <measure>.svg


rule figure:
    input:
        f"{RESULTS}/{{run}}/{{measure}}.h5",
    output:
        report(
            f"{RESULTS}/{{run}}/{{measure}}.svg",
            category="Figures",
            subcategory="{run}",
            caption="../report/figure.rst",
            labels=facts,
        ),
    log:
        "logs/figure/{run}/{measure}.log",
    benchmark:
        "logs/benchmarks/figure/{run}/{measure}.tsv"
    conda:
        "../../environment.yml"
    params:
        code=provenance.code_sha256("analysis.figures.__main__"),
        spec=measure_spec,
        measure_code=measure_code,
        origin=origin,
    shell:
        "python -m analysis.figures {input:q} -o {output:q} 2> {log:q}"


# <sweep>/<point>/<measure>.h5 of every point -> <sweep>/<measure>.svg, one diagram


use rule figure as diagram with:
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
    wildcard_constraints:
        run=sweeps(),
    params:
        code=provenance.code_sha256("analysis.figures.__main__"),
        spec=measure_spec,
        measure_code=measure_code,
        origin=origins,


rule figures:
    input:
        outputs(".svg"),
        comparisons(".svg"),
        diagrams(),
        films(),
