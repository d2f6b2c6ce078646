"""Guard rail: no text asks for what a customer must never give away, in any of the five languages.

A sentence is refused if words that ask stand near a word for a secret. The rule looks at every language in every text, and
reads as a hurried reader does: without accents, "p4ssw0rd" and "p a s s w o r d" as password. It refuses some honest sentences
too ("enter the code only once"): the catalogue's own sentences are there for them.
"""

from __future__ import annotations

import re

from statuspage.core.errors import InvalidText
from statuspage.words.characters import skeleton

# All as skeleton() writes them: lower case, without accents. German umlauts also as "ae", "oe", "ue".
_SECRETS = {
    "any": r"pins?|tans?|cvv2?|cvc2?|otp|iban|\w*codes?|dni",
    "en": r"passwords?|passphrases?|credentials?|user ?names?|user ids?|(?:card|account) ?numbers?"
    r"|(?:card|account|login|log in|sign in|bank|banking) details",
    "es": r"contrasenas?|claves?|codigos?|firma (?:electronica|digital)|credenciales|usuario"
    r"|numeros? de (?:la |su |tu )?(?:tarjeta|cuenta)|datos (?:de acceso|bancarios|de (?:la|su|tu) (?:tarjeta|cuenta))",
    "nl": r"wachtwoord(?:en)?|inloggegevens|gebruikersnaam|(?:pas|kaart|rekening)nummers?|(?:pas|kaart|bank|rekening)gegevens",
    "fr": r"mots? de passe|identifiants?|numeros? de (?:votre |ta |la )?carte|numeros? de (?:votre |ton )?compte|cryptogrammes?"
    r"|(?:coordonnees|donnees) bancaires|nom d.utilisateur",
    "de": r"passwort(?:er)?|passwoerter|kennwort(?:er)?|geheimzahl|(?:zugangs|anmelde|bank|konto|karten)daten|benutzernamen?"
    r"|(?:karten|konto)nummern?|prue?fziffer|(?:pin|tan)-?nummern?",
}
_ASKING = {
    # "we send codes", "we can confirm that codes arrive late" tell, they do not ask
    "en": r"(?<!we )(?<!will )send|(?<!we )(?<!can )(?:confirm|verify)|give|tell|share|provide|submit|supply|enter|fill in|disclose"
    r"|(?:text|e-?mail|mail|dm|message) (?:us|me|your)|validate|(?:reply|respond|answer) with|(?:post|type|type in|update|read out) your"
    r"|forward|hand over|let us (?:know|have)|we (?:need|require)|(?:what is|what.?s|what are) your",
    "es": r"envie(?:nos|n)?|enviarnos|(?:debe|tiene que|puede|hay que|por favor|favor de) enviar|mande(?:nos)?|denos|diga(?:nos)?"
    r"|facilite(?:nos)?|introdu(?:zca|ce)|escriba(?:nos)?|confirme(?:nos)?|verifique|comparta|comunique(?:nos)?|responda con"
    r"|indique(?:nos)?|proporcione(?:nos)?|actualice|teclee|publique|necesitamos|envianos|dinos|danos|mandanos|responde con"
    r"|(?:cual es|envia|confirma|escribe|confirmar|facilitar|introducir|verificar|compartir|indicar) (?:su|tu)s?",
    "nl": r"stuur|mail (?:ons|uw|je|naar)|geef|vertel|deel(?! van)|noem|typ|voer|vul|bevestig|verifieer|antwoord met|reageer met"
    r"|plaats|app ons|(?:controleer|wat is) (?:uw|je)",
    "fr": r"envoyez|donnez|dites|communiquez|transmettez|fournissez|saisissez|entrez|tapez|confirmez|verifiez|partagez|repondez avec"
    r"|indiquez|ecrivez|publiez|renseignez|validez|mettez a jour|avons besoin|(?:quel est|quels sont) (?:votre|vos|ton|tes)"
    r"|(?:envoie|donne|confirme|saisis) t(?:on|a|es)"
    r"|(?:merci de|veuillez)(?: nous)? (?:envoyer|donner|communiquer|transmettre|fournir|confirmer|indiquer|saisir)",
    "de": r"(?:senden|schicken|geben|nennen|teilen|sagen|mailen|schreiben|tippen|bestae?tigen|verifizieren|prue?fen|aktualisieren"
    r"|posten|ue?bermitteln|antworten) sie|(?:sende|schick|gib|nenn|teil|sag)e? uns|wir (?:brauchen|benoe?tigen)"
    r"|(?:was ist|wie lautet|wie ist) (?:ihre?|deine?)",
}
# Languages that put the verb last: "uw pincode invullen", "bitte PIN eingeben".
_ASKING_LAST = (
    r"invoeren|invullen|doorgeven|opgeven|delen|bevestigen|sturen|in te vullen|nodig"
    r"|eingeben|angeben|mitteilen|senden|schicken|nennen|bestae?tigen|durchgeben|verraten|weitergeben|ue?bermitteln|antworten"
)
_DEMAND = r"your|su|sus|tu|tus|uw|je|jouw|votre|vos|ton|ta|tes|ihr|ihre|ihren|ihrer|dein|deine|deinen|bitte|graag|gelieve"

_ANY_SECRET = "|".join(_SECRETS.values())
_ANY_ASKING = "|".join(_ASKING.values())
_NEAR = r"[^.!?]{0,60}?"
_PATTERNS = (
    re.compile(rf"\b(?:{_ANY_ASKING})\b{_NEAR}\b(?:{_ANY_SECRET})\b"),
    re.compile(rf"\b(?:{_DEMAND})\b{_NEAR}\b(?:{_ANY_SECRET})\b{_NEAR}\b(?:{_ASKING_LAST})\b"),
)
_SPACED_OUT = re.compile(r"\b(?:[a-z][\s.*_-]{1,2}){2,}[a-z]\b")


def check_asking(text: str, where: str) -> None:
    """Raises InvalidText for a sentence that asks for a password, a code, a card number and the like."""
    read = _SPACED_OUT.sub(lambda match: re.sub(r"[^a-z]", "", match.group()), skeleton(text))
    for pattern in _PATTERNS:
        if match := pattern.search(read):
            raise InvalidText(
                f"{where}: a sentence that asks customers for a secret found, near {match.group()!r}. No text of ours asks for passwords, "
                "codes or numbers of cards and accounts; use the catalogue's sentences on them. The text was not taken."
            )
