"""What a run is told: frozen settings, presets, and methods and ablations as data."""
