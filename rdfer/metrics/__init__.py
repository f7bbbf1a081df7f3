"""Measures and statistics on arrays; of the project they know the errors of ``base`` alone.

- :mod:`~rdfer.metrics.recognition`: UAR, WAR, recall, confusion, calibration
- :mod:`~rdfer.metrics.detection`: how well a score finds wrong labels
- :mod:`~rdfer.metrics.intervals`, :mod:`~rdfer.metrics.bootstrap`: over seeds; over clips, people
- :mod:`~rdfer.metrics.verdict`: what the intervals of a family of claims decide together
- :mod:`~rdfer.metrics.label_quality`: agreement of clips beside that of annotators
"""
