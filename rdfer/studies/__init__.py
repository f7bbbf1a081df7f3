"""Runs that answer questions together: from runs to rows with intervals, from claims to verdicts.

- :mod:`~rdfer.studies.design`, :mod:`~rdfer.studies.plan`: which runs there are;
  :mod:`~rdfer.studies.tuning`: how their hyper-parameters were chosen
- :mod:`~rdfer.studies.suspicion`, :mod:`~rdfer.studies.rivals`: how suspicious a run finds each of
  its training videos
- :mod:`~rdfer.studies.results`: seeds to rows; :mod:`~rdfer.studies.fold_results`,
  :mod:`~rdfer.studies.fold_agreement`: the same over folds of a real set
- :mod:`~rdfer.studies.bench`: one number of a study's run; :mod:`~rdfer.studies.study_results`,
  :mod:`~rdfer.studies.sensitivity`: rows of them; :mod:`~rdfer.studies.worlds`: elsewhere
- :mod:`~rdfer.studies.claims`, :mod:`~rdfer.studies.judging`: claims to evidence to verdicts
- :mod:`~rdfer.studies.real_results`, :mod:`~rdfer.studies.flops`: scores and cost on real sets
"""
