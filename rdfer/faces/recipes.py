"""What each expression looks like: FACS recipes in ARKit blendshapes.

The action units of each class are the prototypes and major variants of Ekman and Friesen's
EMFACS (P. Ekman, W. V. Friesen, J. C. Hager, "Facial Action Coding System: Investigator's
Guide", 2002; W. V. Friesen, P. Ekman, "EMFACS-7", 1983): happy 6+12, sad 1+4+15(+17),
angry 4+5+7+23/24, surprise 1+2+5+26, disgust 9 or 10+15/16(+17), fear 1+2+4+5+20+26.

How an action unit is written in blendshapes (both sides unless said):

=====  =========================  =====================================================
AU     action                     blendshapes
=====  =========================  =====================================================
1      inner brow raiser          browInnerUp
2      outer brow raiser          browOuterUp
4      brow lowerer               browDown (with AU 1: a little of it, the brows stay up)
5      upper lid raiser           eyeWide
6      cheek raiser               cheekSquint, some eyeSquint
7      lid tightener              eyeSquint
9      nose wrinkler              noseSneer
10     upper lip raiser           mouthUpperUp
12     lip corner puller          mouthSmile
14     dimpler                    mouthDimple
15     lip corner depressor       mouthFrown
16     lower lip depressor        mouthLowerDown
17     chin raiser                mouthShrugLower
18     lip pucker                 mouthPucker
19     tongue show                tongueOut
20     lip stretcher              mouthStretch
22     lip funneler               mouthFunnel
23/24  lip tightener, presser     mouthPress, mouthRollLower, mouthRollUpper
25     lips part                  mouthLowerDown, mouthUpperUp
26/27  jaw drop, mouth stretch    jawOpen
29     jaw thrust                 jawForward
43     eyes close (half: droop)   eyeBlink
=====  =========================  =====================================================

All weights are integers in permille. Besides the shared variants each class has one that only
the development pool shows and one that only the confirmation pool shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.faces.head import BLENDSHAPES, channels

POOLS: tuple[str, ...] = ("development", "confirmation")

EMOTIONS: tuple[str, ...] = tuple(name for name in CLASSES if name != "Neutral")

#: How a neutral video passes the time: it has variants as well, but no recipe.
NEUTRAL_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "listening": POOLS,
    "talking": POOLS,
    "thinking": POOLS,
    "nodding": ("development",),
    "emphatic": ("confirmation",),
}

#: Blendshapes of the upper face; the lower face may follow it or lead it (order of actions).
UPPER: NDArray[np.bool_] = np.array(
    [name.startswith(("brow", "eye", "cheekSquint")) for name in BLENDSHAPES]
)


@dataclass(frozen=True)
class Recipe:
    """One way to show one class."""

    label: str  #: the class
    name: str  #: name of the variant
    units: str  #: its FACS action units, as in "6+12+25"
    #: weight in permille at full intensity; a name without side means both sides
    shapes: Mapping[str, int]
    pools: tuple[str, ...] = POOLS  #: the pools that show it
    #: the other class that has the same look, and differs only in its time course; empty for a look
    #: of one class
    lookalike: str = ""

    def weights(self) -> NDArray[np.int64]:
        """Weights of the 52 blendshapes in permille, int64 [52]."""
        out = np.zeros(len(BLENDSHAPES), dtype=np.int64)
        # a look that two classes share must not give either away by its strength
        scale = 1000 if self.lookalike else SALIENCE.get(self.label, 1000)
        for k, weight in channels(self.shapes):
            out[k] = weight * scale // 1000
        return out


#: Scale of a class's recipes, permille (1000 where not named). Wide mouths and deep frowns move
#: more of the face than sad or afraid brows; scaled down, no class is read at a glance while
#: others are guessed. Chosen on the development pool.
SALIENCE: Mapping[str, int] = {"Happy": 850, "Angry": 700, "Surprise": 850, "Disgust": 720}

DEVELOPMENT, CONFIRMATION = ("development",), ("confirmation",)

_HAPPY = (
    Recipe("Happy", "smile", "6+12",
           {"mouthSmile": 950, "cheekSquint": 800, "eyeSquint": 450, "mouthDimple": 250}),
    Recipe("Happy", "open smile", "6+12+25",
           {"mouthSmile": 1000, "cheekSquint": 850, "eyeSquint": 450, "mouthUpperUp": 350,
            "mouthLowerDown": 250, "jawOpen": 100}),
    Recipe("Happy", "laugh", "6+12+25+26",
           {"mouthSmile": 1000, "cheekSquint": 1000, "eyeSquint": 650, "mouthUpperUp": 400,
            "mouthLowerDown": 350, "jawOpen": 400}),
    Recipe("Happy", "grin", "6+12+16+25",
           {"mouthSmile": 900, "cheekSquint": 700, "eyeSquint": 350, "mouthUpperUp": 250,
            "mouthLowerDown": 600}, DEVELOPMENT),
    Recipe("Happy", "beam", "2+6+12+25",
           {"mouthSmile": 1000, "cheekSquint": 750, "eyeSquint": 300, "mouthUpperUp": 450,
            "browOuterUp": 300, "jawOpen": 150}, CONFIRMATION),
)  # fmt: skip

_SAD = (
    Recipe("Sad", "down", "1+4+15",
           {"browInnerUp": 950, "browDown": 200, "mouthFrown": 1000, "eyeBlink": 320,
            "mouthShrugLower": 250}),
    Recipe("Sad", "tearful", "1+4+15+17",
           {"browInnerUp": 1000, "browDown": 300, "mouthFrown": 900, "mouthShrugLower": 750,
            "eyeSquint": 350, "eyeBlink": 200}),
    Recipe("Sad", "gloom", "1+15+43",
           {"browInnerUp": 800, "mouthFrown": 850, "eyeBlink": 480, "eyeLookDown": 450,
            "mouthShrugLower": 300}),
    Recipe("Sad", "pout", "1+4+15+17+18",
           {"browInnerUp": 950, "browDown": 200, "mouthFrown": 850, "mouthShrugLower": 900,
            "mouthPucker": 250, "eyeBlink": 300}, DEVELOPMENT),
    Recipe("Sad", "grief", "1+4+6+15+20",
           {"browInnerUp": 1000, "browDown": 250, "mouthFrown": 950, "mouthStretch": 350,
            "cheekSquint": 400, "eyeBlink": 350}, CONFIRMATION),
)  # fmt: skip

_ANGRY = (
    Recipe("Angry", "glare", "4+5+7+24",
           {"browDown": 1000, "eyeSquint": 550, "eyeWide": 250, "mouthPress": 550,
            "mouthRollLower": 350, "mouthRollUpper": 250, "mouthFrown": 400,
             "mouthShrugLower": 300}),
    Recipe("Angry", "teeth", "4+5+7+16+25",
           {"browDown": 1000, "eyeSquint": 500, "eyeWide": 300, "mouthLowerDown": 950,
            "mouthUpperUp": 350, "mouthStretch": 300, "mouthFrown": 400, "jawForward": 300}),
    Recipe("Angry", "shout", "4+5+7+25+27",
           {"browDown": 1000, "eyeSquint": 450, "eyeWide": 300, "jawOpen": 600,
            "mouthLowerDown": 700, "mouthUpperUp": 450, "mouthFunnel": 250}),
    Recipe("Angry", "tight", "4+7+17+23",
           {"browDown": 1000, "eyeSquint": 700, "mouthPress": 450, "mouthShrugLower": 500,
            "mouthFrown": 350, "mouthRollUpper": 400, "jawForward": 400}, DEVELOPMENT),
    Recipe("Angry", "fury", "4+5+7+23+26",
           {"browDown": 1000, "eyeSquint": 600, "eyeWide": 300, "jawOpen": 300,
            "mouthFunnel": 500, "mouthLowerDown": 600, "jawForward": 300}, CONFIRMATION),
)  # fmt: skip

_SURPRISE = (
    Recipe("Surprise", "jaw drop", "1+2+5+26",
           {"browInnerUp": 900, "browOuterUp": 1000, "eyeWide": 750, "jawOpen": 650}),
    Recipe("Surprise", "wide mouth", "1+2+5+27",
           {"browInnerUp": 1000, "browOuterUp": 1000, "eyeWide": 850, "jawOpen": 950}),
    Recipe("Surprise", "oh", "1+2+5+22+26",
           {"browInnerUp": 900, "browOuterUp": 1000, "eyeWide": 700, "jawOpen": 500,
            "mouthFunnel": 450}),
    Recipe("Surprise", "brows", "1+2+5+25",
           {"browInnerUp": 950, "browOuterUp": 1000, "eyeWide": 900, "jawOpen": 400}, DEVELOPMENT),
    Recipe("Surprise", "wow", "1+2+26",
           {"browInnerUp": 1000, "browOuterUp": 950, "eyeWide": 500, "jawOpen": 800,
            "mouthFunnel": 250}, CONFIRMATION),
)  # fmt: skip

_DISGUST = (
    Recipe("Disgust", "wrinkle", "4+9+15+17",
           {"noseSneer": 1000, "mouthUpperUp": 600, "mouthFrown": 450, "mouthShrugLower": 450,
            "browDown": 250, "eyeSquint": 500, "cheekSquint": 550}),
    Recipe("Disgust", "raised lip", "9+10+25",
           {"noseSneer": 1000, "mouthUpperUp": 1000, "browDown": 150, "cheekSquint": 600,
            "eyeSquint": 450, "jawOpen": 100}),
    Recipe("Disgust", "retch", "9+10+16+19+26",
           {"noseSneer": 1000, "mouthUpperUp": 900, "mouthLowerDown": 300, "jawOpen": 250,
            "tongueOut": 1000, "browDown": 150, "eyeSquint": 600, "cheekSquint": 500,
            "mouthFrown": 400}),
    Recipe("Disgust", "snarl", "9+10+16+25",
           {"noseSneer": 1000, "mouthUpperUp": 950, "mouthLowerDown": 300, "mouthFrown": 450,
            "browDown": 150, "cheekSquint": 600}, DEVELOPMENT),
    Recipe("Disgust", "turned lip", "9+10+17",
           {"noseSneer": 950, "mouthUpperUp": 900, "mouthShrugLower": 700, "cheekSquint": 600,
            "eyeSquint": 550, "browDown": 150}, CONFIRMATION),
)  # fmt: skip

_FEAR = (
    Recipe("Fear", "stretch", "1+2+4+5+20+25",
           {"browInnerUp": 1000, "browOuterUp": 350, "browDown": 400, "eyeWide": 1000,
            "mouthStretch": 1000, "mouthLowerDown": 450, "jawOpen": 120}),
    Recipe("Fear", "terror", "1+2+4+5+20+26",
           {"browInnerUp": 1000, "browOuterUp": 350, "browDown": 450, "eyeWide": 1000,
            "mouthStretch": 1000, "mouthLowerDown": 600, "jawOpen": 350}),
    Recipe("Fear", "frozen", "1+2+4+5+20",
           {"browInnerUp": 950, "browOuterUp": 300, "browDown": 400, "eyeWide": 1000,
            "mouthStretch": 950, "mouthFrown": 300, "mouthDimple": 250}),
    Recipe("Fear", "dread", "1+4+5+20+25",
           {"browInnerUp": 1000, "browDown": 450, "eyeWide": 900, "mouthStretch": 850,
            "mouthLowerDown": 700}, DEVELOPMENT),
    Recipe("Fear", "scream", "1+2+4+5+20+27",
           {"browInnerUp": 1000, "browOuterUp": 350, "browDown": 400, "eyeWide": 1000,
            "mouthStretch": 900, "jawOpen": 550, "mouthLowerDown": 500}, CONFIRMATION),
)  # fmt: skip

# one look, half way between surprise and fear, that both classes show: see rdfer.faces.tracks
_GASP = {"browInnerUp": 950, "browOuterUp": 700, "browDown": 150, "eyeWide": 900, "jawOpen": 380,
         "mouthStretch": 400}  # fmt: skip
_GASPS = (
    Recipe("Surprise", "gasp", "1+2+5+20+26", _GASP, lookalike="Fear"),
    Recipe("Fear", "gasp", "1+2+5+20+26", _GASP, lookalike="Surprise"),
)

RECIPES: tuple[Recipe, ...] = (*_HAPPY, *_SAD, *_ANGRY, *_SURPRISE, *_DISGUST, *_FEAR, *_GASPS)


@lru_cache(maxsize=256)
def recipe(label: str, name: str) -> Recipe:
    """The recipe ``name`` of class ``label``.

    Raises:
        UserError: there is none.
    """
    for found in RECIPES:
        if (found.label, found.name) == (label, name):
            return found
    raise UserError(f"recipe = {label!r}, {name!r}: there is none of that name")


@lru_cache(maxsize=64)
def variants(label: str, pool: str) -> tuple[str, ...]:
    """Names of the variants of ``label`` that ``pool`` shows, without the gasps.

    Raises:
        UserError: unknown class or pool.
    """
    if pool not in POOLS:
        raise UserError(f"pool = {pool!r}: must be one of {POOLS}")
    if label not in CLASSES:
        raise UserError(f"class = {label!r}: must be one of {CLASSES}")
    if label == "Neutral":
        return tuple(name for name, pools in NEUTRAL_VARIANTS.items() if pool in pools)
    return tuple(
        r.name for r in RECIPES if r.label == label and pool in r.pools and not r.lookalike
    )
