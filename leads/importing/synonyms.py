"""Headings by which columns are known: those of common CRMs' exports, and what people write in several
languages.

Normalised as `headers.normal` does. The earlier in a list, the surer.
"""

from leads.importing.headers import normal

_SPELLINGS = {
    "email": (
        "email|e mail|email address|e mail address|mail|work email|business email|primary email"
        "|person email|contact email|lead email|email work|person email work|correo"
        "|correo electronico|courriel|adresse email|adresse e mail|e mail adresse|email adresse"
        "|mailadresse|mail adresse|e mail geschaftlich|endereco de email|indirizzo email"
        "|emailadres|email 1|البريد الالكتروني|البريد الإلكتروني|电子邮件|メールアドレス"
    ),
    "external_id": (
        "external id|externe id|external ref|lead id|contact id|record id|record id contact"
        "|mql id|prospect id|prospect number|person id|crm id|hubspot id|salesforce id"
        "|contact record id|vid|lead number|customer id|kundennummer|kunden nr|kontakt id|id|uuid"
        "|guid|person id id"
    ),
    "first_name": (
        "first name|firstname|given name|forename|vorname|prenom|nombre|nome|voornaam|fname"
        "|contact first name|person first name|الاسم الاول|الاسم الأول|名"
    ),
    "last_name": (
        "last name|lastname|surname|family name|nachname|familienname|zuname|nom|nom de famille"
        "|apellido|apellidos|sobrenome|cognome|achternaam|lname|contact last name"
        "|person last name|اسم العائلة|姓"
    ),
    "full_name": (
        "full name|name|contact name|person name|lead name|kontaktname|ansprechpartner"
        "|nom complet|nombre completo|nome completo|person|contact"
    ),
    "job_title": (
        "job title|jobtitle|title|position|role|job role|funktion|stellenbezeichnung"
        "|berufsbezeichnung|jobtitel|poste|fonction|cargo|puesto|qualifica|functie|occupation"
    ),
    "phone": (
        "phone|phone number|telephone|tel|mobile|mobile phone|mobile phone number|work phone"
        "|business phone|cell|cell phone|telefon|telefonnummer|rufnummer|mobil|mobiltelefon|handy"
        "|telephone number|telefono|telefone|celular|person phone|person phone work|telefoon"
        "|الهاتف|电话|電話番号"
    ),
    "time_zone": "time zone|timezone|zeitzone|fuseau horaire|zona horaria|tz",
    "company.name": (
        "company name|company|company account|account name|account|organization|organisation|organization name"
        "|organisation name|associated company|firma|firmenname|unternehmen|unternehmensname"
        "|societe|entreprise|nom de l entreprise|empresa|nombre de la empresa|azienda|bedrijf"
        "|person organization|organisatie|الشركة|公司"
    ),
    "company.domain": (
        "company domain name|company domain|domain|website|web site|website url|company website"
        "|webseite|homepage|internetseite|url|site web|sitio web|sito web|email domain"
    ),
    "company.industry": (
        "industry|branche|sector|secteur|sector industrial|setor|settore|industrie|company industry|القطاع"
    ),
    "company.employees": (
        "employees|number of employees|no of employees|num employees|company size|employee count"
        "|headcount|mitarbeiter|mitarbeiterzahl|anzahl mitarbeiter|anzahl der mitarbeiter"
        "|nombre d employes|effectif|empleados|numero de empleados|funcionarios|dipendenti"
        "|numberofemployees"
    ),
    "company.country": (
        "country|country code|country region|company country|mailing country|billing country|land"
        "|lander code|staat|pays|pais|paese|البلد|国家|国"
    ),
    "source": (
        "source|lead source|original source|origin|utm source|original traffic source|lead origin"
        "|channel|quelle|leadquelle|lead quelle|herkunft|kanal|origine|origen|fuente|fonte|origem"
        "|bron|المصدر"
    ),
    "owner": (
        "owner|owner email|lead owner|contact owner|record owner|account owner|sales rep"
        "|sales representative|assigned to|responsible|inhaber|zustandig|betreuer|verantwortlich"
        "|vertriebsmitarbeiter|proprietaire|responsable|propietario|proprietario|hubspot owner"
        "|lead owner email|person owner"
    ),
    "email_consent": (
        "email consent|consent|marketing consent|opt in|email opt in|newsletter|einwilligung"
        "|consentement|consentimiento|consenso|legal basis|marketing contact status"
    ),
    "email_opt_out": (
        "email opt out|do not email|opt out|opted out|unsubscribed|unsubscribed from all email"
        "|has opted out of email|hasoptedoutofemail|abgemeldet|keine e mails|desabonne"
    ),
    "do_not_call": "do not call|donotcall|no calls|nicht anrufen|ne pas appeler|no llamar",
    "created_at": (
        "created at|created|create date|created date|date created|createdate|lead created"
        "|creation date|first contact date|first contact|first contact at|first seen"
        "|first conversion date|signup date|erstellt|erstellt am|erstellungsdatum|angelegt am"
        "|anlagedatum|erstkontakt|erstkontakt am"
        "|erster kontakt|erster kontakt am|date de creation|cree le|fecha de creacion|data de criacao"
        "|data creazione|person created|lead created at|تاريخ الانشاء|تاريخ الإنشاء"
    ),
    "mql_at": (
        "mql at|mql date|date mql|became mql|became a marketing qualified lead date"
        "|marketing qualified at|marketing qualified date|mql datum|mql seit"
        "|date entered marketing qualified lead lifecycle stage pipeline"
        "|date entered marketing qualified lead"
    ),
    "sql_at": (
        "sql at|sql date|date sql|became sql|became a sales qualified lead date"
        "|sales qualified at|sales qualified date|sql datum|sql seit"
        "|date entered sales qualified lead lifecycle stage pipeline"
        "|date entered sales qualified lead|converted date"
    ),
    "won_at": (
        "won|won at|won date|won on|date won|won time|deal won time|closed won date|closed won"
        "|became a customer date|customer since|gewonnen|gewonnen am|abschlussdatum|kunde seit"
        "|gagne le|fecha ganado|date entered customer"
    ),
    "lost_at": (
        "lost|lost at|lost date|lost on|date lost|lost time|deal lost time|closed lost date"
        "|closed lost|verloren|verloren am|perdu le|fecha perdido"
    ),
    "value": (
        "value|deal value|deal amount|amount|opportunity amount|acv|arr|contract value"
        "|total revenue|umsatz|auftragswert|wert|betrag|montant|valeur|importe|valor|importo"
        "|deal size"
    ),
}
SYNONYMS = {
    normal(spelling): (rank, target)
    for target, spellings in _SPELLINGS.items()
    for rank, spelling in enumerate(spellings.split("|"))
}
"""Normalised heading → (how sure, target)."""

SYSTEMS = {
    "hubspot": {"record id", "record id contact", "vid", "hubspot id", "hubspot owner"},
    "salesforce": {
        *("salesforce id", "is converted", "has opted out of email"),
        *("company account", "lead owner alias"),  # of its reports
    },
    "pipedrive": {"person id", "person id id", "person organization"},
}
"""Headings that only one system's exports have."""
