"""The books of an experiment script, kept once for all: `Study`.

    study = Study("02_autoencoder", seeds=[0, 1, 2], columns={"MSE": ""})
    study.note("PCA-16", MSE=0.0205)
    study.train("16-number code", build, objective, batches, measure=measure, epochs=8)
    study.table("first", ["PCA-16", "16-number code"])
    study.save()

A script is read and run from top to bottom. Any number of processes may run the same
script at once: each takes the runs that no other has taken, and waits where it needs
the result of one (`make evidence` starts two). Finished runs wait in
_build/evidence/SLUG/, so that an interrupted script goes on where it was.
"""

from aelib.lab.study import Study

__all__ = ["Study"]
