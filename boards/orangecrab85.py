"""OrangeCrab r0.2 with an ECP5-85F."""

from boards.devices import LFE5U_85F_CSFBGA285
from boards.orangecrab import orangecrab

BOARD = orangecrab(
    "orangecrab85", LFE5U_85F_CSFBGA285, 96_000_000, 128 * 1024, "OrangeCrabR0_2_85FPlatform"
)
