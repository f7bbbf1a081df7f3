"""The paper: the network and its streams, what chooses clips, what judges them.

Arrays and tensors in, arrays and tensors out. Nothing here knows a settings object, a file of the
project, a store, a notebook or the workflow: this is the part that others import.
"""
