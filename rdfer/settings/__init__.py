"""What a run is told.

:mod:`~rdfer.settings.schema` has the settings with their ranges, and how changes are laid over
them; :mod:`~rdfer.settings.presets` the named sizes; :mod:`~rdfer.settings.variants` methods and
ablations, each a row of changed settings.
"""
