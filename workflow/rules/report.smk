# All measures -> tables; everything -> the report


rule tables:
    input:
        outputs(".h5"),
        comparisons(".h5"),
    output:
        verification=report(
            f"{RESULTS}/verification.csv",
            category="1 Verification",
            caption="../report/verification.rst",
            labels={"table": "verification, as CSV"},
        ),
        page=report(
            f"{RESULTS}/verification.html",
            category="1 Verification",
            caption="../report/verification.rst",
            labels={"table": "verification"},
        ),
        summary=report(
            f"{RESULTS}/summary.csv",
            category="2 Summary",
            caption="../report/summary.rst",
            labels={"table": "all measures"},
        ),
    log:
        "logs/tables/tables.log",
    benchmark:
        "logs/benchmarks/tables/tables.tsv"
    conda:
        "../../environment.yml"
    params:
        code=provenance.code_sha256("analysis.verification"),
    shell:
        "python -m analysis.verification {input:q} -o {output.verification:q}"
        " --summary {output.summary:q} --html {output.page:q} 2> {log:q}"


rule verdict:
    input:
        rules.tables.output.verification,
    output:
        touch(f"{RESULTS}/.verified"),
    log:
        "logs/verdict/verdict.log",
    benchmark:
        "logs/benchmarks/verdict/verdict.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python -m analysis.verification --check {input:q} 2> {log:q}"


rule verify:
    input:
        rules.verdict.output,


rule report:
    input:
        outputs(".svg"),
        comparisons(".svg"),
        diagrams(),
        films(),
        rules.tables.output,
    output:
        f"{RESULTS}/report.zip",
    log:
        "logs/report/report.log",
    benchmark:
        "logs/benchmarks/report/report.tsv"
    conda:
        "../../environment.yml"
    params:
        config=everything(),
    shell:
        "printf '%s' {params.config:q} > logs/report/config.json;"
        ' snakemake --snakefile "$MAIN" --configfile logs/report/config.json'
        " --nolock --report {output:q} -- figures tables > {log:q} 2>&1"
