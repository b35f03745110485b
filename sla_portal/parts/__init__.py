"""What the recurring parts of a page are made of; `templatetags/ui.py` names them for templates."""
