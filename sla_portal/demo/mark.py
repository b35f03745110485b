"""Whether a database holds the demo company, and whether it may.

The demo's own people are the mark. It belongs to the database, not to the checkout that loaded it: a portal that is
turned to another server asks there, and emptying the database takes the mark with it.
"""

from accounts.models import User
from agreements.models import Agreement
from leads.models import Lead
from sla_portal.demo.cast import DOMAIN


def is_loaded() -> bool:
    """Whether the demo's people are here. Their domain is a reserved one, so they are nobody else's."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}").exists()


def is_empty() -> bool:
    """Whether nobody has begun to use this database: an import or a REST client needs no people."""
    return not any(model._default_manager.exists() for model in (User, Lead, Agreement))
