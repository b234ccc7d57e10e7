"""The whole paper for any cohort: methods, harmonization, features, models, and what came of them as tables."""
