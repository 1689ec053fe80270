"""OrangeCrab r0.2 with an ECP5-25F."""

from boards.devices import LFE5U_25F
from boards.orangecrab import orangecrab

BOARD = orangecrab("orangecrab25", LFE5U_25F, 80_000_000, 16 * 1024, "OrangeCrabR0_2_25FPlatform")
