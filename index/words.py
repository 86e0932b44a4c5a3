"""Words that carry no meaning of their own."""

from __future__ import annotations

# Words that say nothing about what is sought; without them the rest decides.
STOP_WORDS = frozenset(
    "a about an and any are as at be been being but by can could did do does for from had has have he her his how i if "
    "in into is it its may me might must my no not of on or our shall she should so such than that the their them then "
    "there these they this those to us was we were what when where which while who whom whose why will with would you "
    "your".split()
)
