# run.h5 or run.h5md -> <measure>.h5


rule measure:
    input:
        run=of_run,
        fitted=fitted,
    output:
        f"{RESULTS}/{{run}}/{{measure}}.h5",
    log:
        "logs/measure/{run}/{measure}.log",
    benchmark:
        "logs/benchmarks/measure/{run}/{measure}.tsv"
    conda:
        "../../environment.yml"
    params:
        spec=measure_spec,
        code=measure_code,
        origin=origin,
    shell:
        "python -m analysis {wildcards.measure} {input.run:q} --spec {params.spec:q} -o {output:q}"
        " 2> {log:q}"


ruleorder: run > particles > measure


rule analyse:
    input:
        outputs(".h5"),
