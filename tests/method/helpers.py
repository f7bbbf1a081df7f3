"""The network on frames that are chosen already, for tests of its parts."""

from torch import Tensor

from rdfer.method.network import DualOutput, DualStream
from rdfer.method.streams import StreamOutput


def see(net: DualStream, synopsis: Tensor | None, detail: Tensor | None = None) -> DualOutput:
    long = None if net.long_term is None else net.forward_long(net.encode(synopsis))
    short = None
    if net.short_term is not None:
        context = None if long is None else long.features
        short = net.forward_short(net.encode(detail, stream="short"), context)
    return DualOutput(net.fuse(long, short), long, short, None)


def joined(long: StreamOutput | None, short: StreamOutput | None) -> DualOutput:
    return DualOutput((short or long).logits, long, short, None)
