"""From the results of a study to a report that people read: one HTML file, its figures and its tables."""
