"""The paper: the network and its streams, what chooses clips, what judges them.

Read in this order: ``network`` (a forward pass), ``streams``, ``encoders``, ``losses``; then what
chooses frames, ``sampling`` and ``keyexpr``; then what judges videos, ``agreement`` and
``treatment``. ``baselines`` are what it is compared with, ``transforms`` prepare a batch.

Arrays and tensors in, arrays and tensors out; shapes and values other than those told raise
:class:`~rdfer.base.errors.UserError`. Nothing here knows a settings object, a file of the
project, a bank, a notebook or the workflow: this is the part that others import.
"""
