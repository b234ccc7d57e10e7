"""Radiomics models of lymph node metastasis (LNM): features, selection, model, score, statistics, comparison.

Nothing heavy (scikit-learn, scipy) is imported here; each module imports what it needs.
"""
