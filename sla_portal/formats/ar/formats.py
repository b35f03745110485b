"""Numbers as the Common Locale Data Repository writes them in Arabic with Western digits (ar-AE): 1,234.5."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
