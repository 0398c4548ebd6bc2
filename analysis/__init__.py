"""Analysis: from a run file to measures, and from measures to figures and tables."""
