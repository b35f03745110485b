"""Where upper apps hold scoring back, without `scoring` knowing them. They register in `AppConfig.ready`."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

Hold = Callable[[Sequence[int], datetime], Collection[int]]
"""lead ids, now → those among them that no score may make an MQL now, such as leads returned a week ago.

They are looked at again by the hourly sweep, so that a hold that ends is noticed.
"""

holds: list[Hold] = []
