"""The embedded benchmark: synthetic faces whose truth is known, and weights to start from.

A video comes about in this order, in integers up to the frames:

``recipes``, ``factors``, ``timing``, ``scenario``
    which videos there are: the looks of the classes, what makes a video hard, when things happen.
    ``sample`` is a video as data, ``truth`` its row in the manifest.
``tracks``
    from a sample to blendshape weights and head pose per frame.
``head``, ``anatomy``, ``texture``, ``skin``, ``creases``, ``identity``
    the mesh, and a person made of it.
``render`` (its kernels: ``raster``), ``degrade``
    frames of that person, and what spoils them.
``video``
    all of it in one call, and as a source of a frame bank.

``oracle`` and ``facts`` say how far the label can be read from the motion; ``export`` writes real
files; ``portraits`` are for figures. ``pretrain`` makes the encoder's starting weights from
``pretrain_pictures``. ``build_head`` rebuilds the mesh file.
"""
