"""Training of harmonizers: ``training.trainer.train`` does it all; the other modules are its parts."""
