"""What is reported of a model and of patients, with intervals: one kind of figure a file."""
