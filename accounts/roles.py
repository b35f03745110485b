"""Who may do what: roles, capabilities, the scopes of tokens."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Side(TextChoices):
    MARKETING = "marketing", _("Marketing")
    SALES = "sales", _("Sales")


class Role(TextChoices):
    ADMIN = "admin", _("Administrator")
    MARKETING_MANAGER = "marketing_manager", _("Marketing manager")
    SALES_MANAGER = "sales_manager", _("Sales manager")
    REP = "rep", _("Rep")
    LEADERSHIP = "leadership", _("Leadership")


class Capability(TextChoices):
    """What pages and endpoints ask for; roles are never asked for by name."""

    READ = "read", _("Read leads, agreements and figures")
    WORK_HANDOFFS = "work_handoffs", _("Work one’s own handoffs")
    MANAGE_HANDOFFS = "manage_handoffs", _("Reassign, waive, work anybody’s handoffs")
    READ_BOARD = "read_board", _("Read the board")
    EDIT_LEADS = "edit_leads", _("Create and change leads")
    IMPORT_LEADS = "import_leads", _("Import leads from files")
    HAND_OFF = "hand_off", _("Hand a lead to sales by hand")
    RUN_NURTURE = "run_nurture", _("Write and run nurture tracks")
    EDIT_AGREEMENT = "edit_agreement", _("Edit, propose and sign agreements")
    ADMINISTER = "administer", _("People, tokens, health")


class Scope(TextChoices):
    """What an API token may be narrowed to."""

    LEADS_READ = "leads:read", _("Read leads, activities, scores")
    LEADS_WRITE = "leads:write", _("Write leads and activities")
    HANDOFFS_READ = "handoffs:read", _("Read handoffs, deadlines, breaches")
    HANDOFFS_WRITE = "handoffs:write", _("Work handoffs")


_C = Capability
CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.ADMIN: frozenset(Capability),
    Role.MARKETING_MANAGER: frozenset(
        {
            _C.READ,
            _C.READ_BOARD,
            _C.EDIT_LEADS,
            _C.IMPORT_LEADS,
            _C.HAND_OFF,
            _C.RUN_NURTURE,
            _C.EDIT_AGREEMENT,
        }
    ),
    Role.SALES_MANAGER: frozenset(
        {
            _C.READ,
            _C.READ_BOARD,
            _C.EDIT_LEADS,
            _C.IMPORT_LEADS,
            _C.HAND_OFF,
            _C.EDIT_AGREEMENT,
            _C.WORK_HANDOFFS,
            _C.MANAGE_HANDOFFS,
        }
    ),
    Role.REP: frozenset({_C.READ, _C.WORK_HANDOFFS, _C.EDIT_LEADS, _C.HAND_OFF}),
    Role.LEADERSHIP: frozenset({_C.READ, _C.READ_BOARD}),
}

_SIDES = {
    Role.MARKETING_MANAGER: Side.MARKETING,
    Role.SALES_MANAGER: Side.SALES,
    Role.REP: Side.SALES,
}


def side_of(role: Role) -> Side | None:
    return _SIDES.get(role)
