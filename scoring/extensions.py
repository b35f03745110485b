"""Where upper apps hold scoring back, without `scoring` knowing them. They register in `AppConfig.ready`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

Hold = Callable[[Sequence[int], datetime], Mapping[int, datetime]]
"""lead ids, now → those among them that no score makes an MQL now, with until when: sales gave them back lately.

They are looked at again by the hourly sweep, so that a hold that ends is noticed.
"""

holds: list[Hold] = []
