"""Videos on their way to tensors.

`manifest`: a row a video. `video`: its frames, of a file (`containers`, `decoding`) or of a folder
of `pictures`. `bank`: the frames of all videos in one array, which `stored` reads, `filling` writes
and `workers` fill; `ingest` does it for a manifest. `features`: what a frozen encoder makes of
them. `inputs`: either as batches. `task`: which videos and labels a seed draws, with the label
`noise` and the integer `draws` behind it.
"""
