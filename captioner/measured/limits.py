"""The limits between what may be said and what may not, each with a reason.

A `Band` has a gap: at or below `low` one thing is clear, at or above `high` the other, and
between them nothing is said. Units are those of `clip_scores` in `schemas.tables`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Band:
    """Two limits with a gap of doubt between them."""

    low: float
    high: float

    def side(self, value: float) -> Literal["low", "high"] | None:
        """Return the side on which `value` clearly lies, None inside the gap or for a NaN."""
        if value <= self.low:
            return "low"
        return "high" if value >= self.high else None


# Light. Mean luma of 0..255; a well-exposed scene averages 90-150.
DARK = Band(60.0, 78.0)
BRIGHT = Band(160.0, 178.0)
NEARLY_BLACK = Band(12.0, 20.0)
# Shares of pixels that are black or white to the eye; "half" and "a quarter" must be true.
DARK_SHARE = Band(0.40, 0.52)
BRIGHT_SHARE = Band(0.15, 0.27)
# Standard deviation of luma: fog and plain walls lie below 20, hard sunlight above 70.
LOW_CONTRAST = Band(20.0, 28.0)
HIGH_CONTRAST = Band(60.0, 72.0)
# Luma may drift by some levels with exposure noise; a fade is far above.
LIGHT_CHANGE = Band(8.0, 25.0)
LIGHT_STEP_BACK = 4.0
"""Levels by which one step may go against a fade."""
LIGHT_JUMP = 30.0
LIGHT_JUMP_CELLS = 0.85
"""A change of light at once: so many levels in the mean, in so many cells the same way."""
# Mean Oklab colour of all visible cells: a grey scene under a white light stays below 0.015.
TONE_CHROMA = 0.028
WARM_HUE = (25.0, 98.0)
COOL_HUE = (195.0, 285.0)

# Colour. HSV saturation of camera noise on a grey picture stays below 6.
GREYSCALE_SATURATION = Band(4.0, 8.0)
# Oklab chroma of the most colourful 1 % of cells; JPEG of a grey picture stays below 0.01.
GREYSCALE_CHROMA = Band(0.012, 0.03)
# Mean Oklab chroma: overcast streets lie near 0.03, cartoons and flowers above 0.11.
MUTED_CHROMA = Band(0.030, 0.045)
VIVID_CHROMA = Band(0.085, 0.105)
CHROMA_MIN_LIGHTNESS = 0.27
"""Oklab lightness of luma 38: below it chroma is mostly noise."""
CHROMA_MIN_CELLS = 0.02
"""With fewer visible cells than this share nothing is said about colour."""

# Change. Mean luma change per second beside the camera's. Compression noise alone makes up
# to 3; a small moving thing or a person talking 5-40; a busy street or a fast hand above 60.
CHANGE_NONE = Band(0.3, 1.0)
CHANGE_LITTLE = Band(6.0, 12.0)
CHANGE_MUCH = Band(45.0, 70.0)
# A burst: the 95th percentile stands this many times over the mean.
BURST_RATIO = Band(2.5, 4.0)
# Share of frames equal to the one before: all but a few for a still picture.
STILL_SHARE = Band(0.5, 0.98)

# Camera, in shares of the frame per second. A thing that moves over a still background alone
# can give 0.03, and a large one more, so the pictures have a say as well (below).
CAMERA_STILL = Band(0.03, 0.05)
PAN = Band(0.01, 0.03)
PAN_FAST = Band(0.12, 0.20)
# The score is near 0 where the camera's movement could not be measured, and off 0 where a large
# thing moves. So a still camera is named only where most cells keep their luma, within so many
# levels, from each sampled frame to the next; and a moving one only where many do not.
UNMOVED_CELLS = Band(0.55, 0.75)
UNMOVED_LEVELS = (3.0, 8.0)
UNMOVED_CONTRAST = 0.2
"""The levels are this share of the picture's own contrast, within the bounds above: below is
the noise of JPEG, and above even a stark picture would have moved."""
# A direction is named when at least this share of the movement goes that way.
PAN_NET_SHARE = 0.6
# One axis is named alone only when the other moves less than 0.3 of it (17 degrees).
PAN_OTHER_AXIS = Band(0.30, 0.45)
ZOOM = Band(0.02, 0.03)
# Movement that cancels out; hand-held footage that people call shaky is above 0.1.
SHAKE = Band(0.05, 0.12)
# Tiles of 16 cells on a grid of 128. A tile is found where the normalised correlation is at
# least TILE_MATCH; it stays unless another place is better by TILE_BETTER. Limits set on real
# footage: a camera on a stand keeps the median of 0.34-1.0 of its tiles, a hand-held one up to
# 0.29 (a drawn logo over the picture), a slow drift of two cells none from first to last.
MIN_TILES = 10
MIN_TILE_SHARE = 0.4
TILE_STRUCTURE = 5.0
TILE_MATCH = 0.8
TILE_BETTER = 0.02
STAY = 0.33
STAY_ENDS = 0.30
STAY_CLEARLY = 0.5
STAY_MAX_MOVED = 0.30
GONE = 0.30
"""At most so many tiles keep their place while the camera moves."""
STILL_MAX_MOVEMENT = 0.08
MOVES = 0.045
"""`camera_motion` from which a camera that no tile contradicts moves."""
HARDLY_MOVES = 0.012
"""`camera_motion` up to which a camera that cannot be called still hardly moves."""
CAMERA_MAX_DARK = 0.8
DRIFT_TILES = 0.4
DRIFT_AGREEMENT = 0.7
DRIFT_STEPS = 0.6
DRIFT_CELLS = 1.5
"""A slow movement: of so many steps each has so many tiles going one common way, and they add
up to so many cells."""
# A camera over a picture without structure cannot be measured, and no claim is made.
CAMERA_MIN_CONTRAST = 8.0

# Laplacian variance over luma variance: focused footage up to 2000 px lies above 0.01. Beyond
# that size single pixels are finer than any lens, and the number says nothing about focus.
SOFT = Band(0.002, 0.006)
SOFT_MAX_PX = 2000
SOFT_MIN_CONTRAST = 15.0
BARS = Band(0.005, 0.03)
BARS_MAX = 0.65
"""Bars that leave less than a third of the frame are a background, such as behind a title."""

# Shape of the frame, width / height. Below 0.9 it is upright, above 1.1 it is wide.
PORTRAIT = Band(0.9, 0.97)
LANDSCAPE = Band(1.03, 1.1)
PANORAMA = Band(1.9, 2.1)

# Colour shares of the picture.
COLOUR_NAMED = Band(0.05, 0.08)
COLOUR_MOST = Band(0.45, 0.52)
COLOUR_NEARLY_ALL = Band(0.75, 0.85)
BACKGROUND_AREA = Band(0.35, 0.45)
BACKGROUND_RIM = Band(0.50, 0.60)

RIM_DEPTH = 0.08
"""Depth of the rim, as a share of the shorter side."""

LAYOUT_MIN_CELLS = 9
"""A picture with fewer rows or columns has no thirds to speak of."""
# Mean luma of one outer third over the opposite one, in the frame where it is least.
LIGHTER_PART = Band(15.0, 30.0)

# Areas that stand out. Smaller ones may be noise (16 cells; an area of 0.5 % has lost its mixed
# edge to that), larger ones are a background.
REGION_MIN_SHARE = 0.0035
REGION_MAX_SHARE = 0.25
REGION_SMALL = Band(0.025, 0.035)
REGION_LARGE = Band(0.08, 0.11)
REGION_MIN_FILL = 0.35
"""Share of its bounding box that an area covers: a disc 0.79, a star 0.38, a thin L less."""
REGION_MIN_OF_COLOUR = 0.7
"""One area is named only when it holds most of the cells of its colour."""
REGION_MIN_CONTRAST = 0.12
"""Oklab distance to the background; 0.02 is just noticeable."""
REGION_MIN_PRESENCE = 0.75
"""Share of the sampled frames in which the area must be found."""
REGION_STEADY_AREA = 0.6
"""Smallest over largest area while it moves: else it is being covered, not moving."""

# Movement of an area, in shares of the frame's longer side.
MOVE_TOTAL = Band(0.02, 0.06)
MOVE_TOTAL_TWO_FRAMES = 0.10
MOVE_MIN_STEP = -0.004
"""A step against the direction up to this is jitter of a centroid on the grid."""
MOVE_SPEED_SLOW = Band(0.05, 0.08)
MOVE_SPEED_FAST = Band(0.25, 0.40)
MOVER_MIN_FRAMES = 3
MOVER_LEVELS = 14.0
MOVER_CONTRAST = 0.35
MOVER_MIN_SHARE = 0.003
MOVER_DOMINANCE = 0.75
MOVER_IN_PLACE = 0.7
"""A cell is off its median by so many levels, or by this share of the contrast; the biggest
patch of such cells is most of them; a place holds most of them."""
MOVE_AXIS = Band(0.35, 0.50)
"""Smaller over larger component: below it the larger names the direction, above it both."""
PLACE = Band(0.30, 0.40)
"""Up to 0.30 is left or top and, mirrored, from 0.70 right or bottom."""
PLACE_CENTRE = 0.07
"""A centre is this close to the middle of both axes."""
