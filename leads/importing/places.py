"""Countries as files write them. Pure."""

import re
from importlib.resources import files

from django.utils.translation import gettext

from leads.countries import COUNTRIES
from leads.importing.values import BadCell


def read_country(text: str) -> str:
    """Two letters (ISO 3166-1) from such letters or from a name in one of a few languages."""
    code = text.upper()
    if code in COUNTRIES:
        return code
    found = COUNTRY_NAMES.get(_plain_name(text))
    if found is None:
        raise BadCell(
            gettext("“%(text)s” is no country known here. Write two letters, like DE.") % {"text": text[:40]}
        )
    return found


def _plain_name(name: str) -> str:
    return re.sub(r"[^\w]+", " ", name.casefold()).strip()


def _country_names() -> dict[str, str]:
    """English names as the time zone database has them, and what people write besides."""
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {_plain_name(name): code for code, name in pairs} | {
        _plain_name(name): code for code, names in _SPELLINGS.items() for name in names.split("|")
    }


_SPELLINGS = {
    "AE": "UAE|Emirates|Emirate|الإمارات",
    "AR": "Argentinien|Argentine",
    "AT": "Österreich|Autriche|Austria",
    "AU": "Australien",
    "BE": "Belgien|Belgique|België|Bélgica|Belgio",
    "BO": "Bolivia, Plurinational State of",
    "BR": "Brasil|Brasilien|Brésil|Brasile",
    "CA": "Kanada|Canadá",
    "CH": "Schweiz|Suisse|Svizzera|Suiza|Suíça|Swiss",
    "CI": "Ivory Coast|Elfenbeinküste|Cote d'Ivoire",
    "CN": "PR China|People's Republic of China|中国",
    "CZ": "Czechia|Tschechien|Česko|Tschechische Republik",
    "DE": "Deutschland|Allemagne|Alemania|Alemanha|Germania|Duitsland|GER|BRD",
    "DK": "Dänemark|Danmark|Danemark|Dinamarca",
    "EG": "مصر|Ägypten",
    "ES": "España|Spanien|Espagne|Espanha|Spagna",
    "FI": "Finnland|Suomi|Finlande",
    "FR": "Frankreich|Francia|França|Frankrijk",
    "GB": "United Kingdom|Great Britain|UK|U.K.|England|Scotland|Wales|Northern Ireland|Großbritannien"
    "|Vereinigtes Königreich|Royaume-Uni|Reino Unido|Regno Unito",
    "GR": "Griechenland|Hellas",
    "HR": "Kroatien|Hrvatska",
    "HU": "Ungarn|Magyarország",
    "IE": "Irland|Republic of Ireland|Irlande",
    "IN": "Indien|Inde|Bharat",
    "IR": "Islamic Republic of Iran",
    "IT": "Italien|Italia|Italie",
    "JP": "日本",
    "KP": "North Korea",
    "KR": "South Korea|Korea|Republic of Korea|Südkorea|Korea, Republic of",
    "LU": "Luxemburg",
    "MK": "Macedonia|Mazedonien",
    "MX": "México|Mexiko|Mexique",
    "NL": "Netherlands|The Netherlands|Holland|Niederlande|Nederland|Pays-Bas|Países Bajos",
    "NO": "Norwegen|Norge|Norvège",
    "NZ": "Neuseeland",
    "PL": "Polen|Polska|Pologne",
    "PT": "Portogallo",
    "RO": "Rumänien|România",
    "RU": "Russian Federation|Russland|Россия",
    "SA": "السعودية|Saudi-Arabien|KSA",
    "SE": "Schweden|Sverige|Suède|Suecia",
    "SK": "Slowakei|Slovensko",
    "SI": "Slowenien|Slovenija",
    "SY": "Syrian Arab Republic",
    "TR": "Türkiye|Türkei|Turquie",
    "TW": "Taiwan, Province of China",
    "TZ": "Tanzania, United Republic of",
    "UA": "Україна",
    "US": "United States of America|USA|U.S.A.|U.S.|America|Vereinigte Staaten|États-Unis|Estados Unidos"
    "|Stati Uniti",
    "VE": "Venezuela, Bolivarian Republic of",
    "VN": "Viet Nam",
    "ZA": "Südafrika",
}
COUNTRY_NAMES = _country_names()
