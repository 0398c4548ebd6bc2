# Entropy production on one footing: routes on exact cases, and all measures of the study side by side


rule agreement:
    output:
        f"{RESULTS}/agreement.h5",
    log:
        "logs/tables/agreement.log",
    benchmark:
        "logs/benchmarks/tables/agreement.tsv"
    conda:
        "../../environment.yml"
    params:
        code=provenance.code_sha256("analysis.comparison"),
    shell:
        "python -m analysis.comparison agreement -o {output:q} 2> {log:q}"


rule footing:
    input:
        produced(".h5"),
    output:
        f"{RESULTS}/footing.h5",
    log:
        "logs/tables/footing.log",
    benchmark:
        "logs/benchmarks/tables/footing.tsv"
    conda:
        "../../environment.yml"
    params:
        code=provenance.code_sha256("analysis.comparison"),
    shell:
        "python -m analysis.comparison footing {input:q} -o {output:q} 2> {log:q}"


rule comparison:
    input:
        f"{RESULTS}/{{table}}.h5",
    output:
        report(
            f"{RESULTS}/{{table}}.svg",
            category="3 Entropy production",
            caption="../report/comparison.rst",
            labels=lambda wildcards: {"table": COMPARED[wildcards.table]},
        ),
    log:
        "logs/comparison/{table}.log",
    benchmark:
        "logs/benchmarks/comparison/{table}.tsv"
    wildcard_constraints:
        table="|".join(COMPARED) or "none",
    conda:
        "../../environment.yml"
    params:
        code=provenance.code_sha256("analysis.figures.__main__"),
    shell:
        "python -m analysis.figures {input:q} -o {output:q} 2> {log:q}"
