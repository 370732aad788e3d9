"""Entries about sentences: voices, tenses, questions, joined and split sentences, corrections, and styles."""
# ruff: noqa: SIM905  (words in one string read more easily than a list of strings)
import re
from collections import namedtuple

from statements import (
    CITIES,
    DAYS,
    GROUPS,
    HE_SHE,
    LIKE,
    LISTS,
    MONTHS,
    NAMES,
    NOUNS,
    SHORT,
    TEXT,
    THINGS_TO_COUNT,
    a,
    capital,
    is_plural,
    listing,
    read_blocks,
    scene,
    shortened,
    topic_maker,
)

ROWS = {block.name: block.rows for block in read_blocks(TEXT / "sentences.txt")}
Noun = namedtuple("Noun", "text number pronoun")  # number: one, many, or I
Clause = namedtuple("Clause", "subject verb object place")  # object: a Noun or, if not, the rest of the sentence
FORMS = ("base", "third", "past", "participle", "ing")


def verb_forms(entry):
    """Return the forms of a verb from "paint", "drop+", "find/found", or "draw/drew/drawn"."""
    base, *more = entry.split("/")
    stem, base = (base[:-1] + base[-2] if base.endswith("+") else base), base.rstrip("+")
    y = re.search(r"[^aeiou]y$", base)
    third = base[:-1] + "ies" if y else base + ("es" if re.search(r"(s|sh|ch|x|z|o)$", base) else "s")
    past = more[0] if more else base[:-1] + "ied" if y else stem + ("d" if base.endswith("e") else "ed")
    ing = (stem[:-1] if re.search(r"[^eyo]e$", stem) else stem) + "ing"
    return dict(zip(FORMS, (base, third, past, more[-1] if more else past, ing), strict=True))


def verbs(text):
    return [verb_forms(entry) for entry in text.split()]


def many(noun):
    """Return the plural of a regular noun."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|sh|ch|x)$", noun) else "s")


JOBS = ("baker teacher farmer doctor nurse pilot tailor sailor waiter dentist gardener lawyer plumber singer student"
        " tourist visitor guest neighbor reporter carpenter clerk janitor dancer driver hiker barber judge guard poet"
        " mechanic camper cyclist swimmer editor engineer potter beekeeper shepherd librarian jeweler weaver").split()
RELATIVES = {"aunt": "she", "uncle": "he", "sister": "she", "brother": "he", "grandmother": "she", "nephew": "he"}
SURNAMES = "Okafor Silva Novak Tanaka Haddad Larsen Moreno Patel Dubois Rossi Chen Hill Nakamura Petrov Brown".split()
THINGS = ("lamp basket kettle ladder drum map mirror clock coat kite violin letter box parcel chair bench tent bicycle"
          " canoe blanket lantern notebook poster carpet vase bowl bell statue camera suitcase jacket pumpkin puppet"
          " robot rope bucket shovel wagon pillow curtain candle bottle ring crown coin ticket diary trophy whistle"
          " necklace guitar anchor barrel crate helmet ribbon quilt cushion").split()
LOOKS = "red blue green white old new small large wooden silver heavy tiny round shiny strange dusty pretty".split()
MOODS = "young old tall kind famous clever shy friendly curious tired brave patient".split()
NUMBERS = "two three four five six seven eight nine ten twelve twenty".split()
PLACES = ("in the kitchen|at the market|in the attic|near the river|behind the barn|at the station|in the library|under"
          " the bridge|in the garden|at school|in the park|on the beach|at the museum|by the lake|on the"
          " porch").split("|")
WHEN = {"past": "yesterday|last night|last week|on Monday|an hour ago|this morning|two days ago|last year".split("|"),
        "present": "every day|on Sundays|every morning|each year|twice a week|every Friday|once a month".split("|"),
        "future": "tomorrow|next week|soon|tonight|next month|in an hour|next summer".split("|")}
HANDY = verbs("paint carry find/found lose/lost draw/drew/drawn hide/hid/hidden clean sell/sold buy/bought wash borrow"
              " mend drop+ photograph describe count inspect notice admire collect forget+/forgot/forgotten steal/stole"
              "/stolen choose/chose/chosen throw/threw/thrown break/broke/broken hold/held see/saw/seen bring/brought"
              " build/built repair decorate polish measure cover lift push pull examine deliver order make/made open"
              " wrap+ weigh design donate touch replace take/took/taken send/sent keep/kept fix copy dust drag+")
SOCIAL = verbs("help thank call visit greet follow invite teach/taught meet/met guide warn praise forgive/forgave"
               "/forgiven interview hire remember miss surprise advise defend lead/led tease ignore")
HARM = verbs("damage destroy block shake/shook/shaken flood cover close threaten ruin hit+/hit reach")
BEASTLY = verbs("chase follow watch frighten bite/bit/bitten hear/heard attack wake/woke/woken scratch guard smell")
OFFICIAL = verbs("publish announce cancel postpone approve reject revise discuss plan+ change write/wrote/written")
FORCES = ("the storm|the strong wind|heavy rain|a fire|heavy snow|an earthquake|the hail|falling rocks|the"
        " waves").split("|")
BIG = "bridge|road|barn|harbor|old mill|railway|village|orchard|tunnel|castle wall|airport|greenhouse".split("|")
BEASTS = "dog cat fox goat horse rabbit bear raccoon monkey parrot duck squirrel donkey hen eagle otter pony".split()
OFFICES = "the committee|the city council|the company|the museum|the school|the club|the airline".split("|")
MATTERS = "report plan contract schedule concert meeting proposal budget exhibition trip policy rule menu".split()
RESTS = ("walk to the old mill|run+/ran/run along the river|sleep/slept under a tree|swim+/swam/swum across the lake|"
         "sing/sang/sung in the choir|wait for the bus|live near the airport|work in a shop|dance at the wedding|"
         "laugh at the joke|travel to Rome|sit+/sat on the wall|climb over the fence|speak/spoke/spoken to the judge|"
         "look for the key|listen to the radio|talk about the weather|fall/fell/fallen off the chair|go/went/gone to"
         " the"
         " market|drive/drove/driven to the coast|fly/flew/flown to Cairo|ride/rode/ridden through the valley|stay at"
         " home|"
         "arrive before noon|stand/stood near the gate|come/came/come by train|smile at the baby|play in the garden|"
         "think/thought about the problem|eat/ate/eaten at noon|drink/drank/drunk from the spring|write/wrote/written"
         " to"
         " the mayor|jump over the puddle|hurry to the station|cook for the guests|skate on the pond").split("|")
RESTS = [(verb_forms(entry.split()[0]), entry.split(" ", 1)[1]) for entry in RESTS]
OBJECTIVE = {"I": "me", "he": "him", "she": "her", "we": "us", "they": "them"}


def pick(r, words):
    return r.choice(words.split("|"))


def pronoun_noun(word):
    return Noun(word, "I" if word == "I" else "one" if word in ("he", "she", "it") else "many", word)


def person(r, pronouns=False):
    """Return a person, or people, as a Noun."""
    kind, job = r.random(), r.choice(JOBS)
    if pronouns and r.random() < 0.22:
        return pronoun_noun(r.choice(["I", "we", "they", "you", "he", "she"]))
    if kind < 0.27:
        name = r.choice(NAMES)
        return Noun(name, "one", HE_SHE.get(name, ("she",))[0])
    if kind < 0.5:
        job = f"{r.choice(MOODS)} {job}" if r.random() < 0.3 else job
        return Noun(r.choice([f"the {job}", f"the {job}", a(job), f"our {job}"]), "one", None)
    if kind < 0.6:
        relative = r.choice(list(RELATIVES))
        return Noun(f"{r.choice(['my', 'her', 'our', 'his'])} {relative}", "one", RELATIVES[relative])
    if kind < 0.67:
        title = r.choice(["Mr.", "Mrs.", "Ms."])
        return Noun(f"{title} {r.choice(SURNAMES)}", "one", "he" if title == "Mr." else "she")
    return Noun(r.choice([f"the {many(job)}", f"{r.choice(NUMBERS)} {many(job)}", f"the {r.choice(MOODS)} {many(job)}",
                          "the twins", f"many {many(job)}", "the children", listing(r.sample(NAMES, 2))]), "many",
                          "they")


def thing(r, nouns=THINGS):
    noun = f"{r.choice(LOOKS)} {r.choice(nouns)}" if nouns is THINGS and r.random() < 0.5 else r.choice(nouns)
    if r.random() < 0.7:
        return Noun(r.choice([f"the {noun}", a(noun), f"this {noun}", f"{r.choice(NAMES)}'s {noun}"]), "one", "it")
    noun = many(noun)
    return Noun(r.choice([f"the {noun}", f"{r.choice(NUMBERS)} {noun}", f"all the {noun}"]), "many", "they")


def noun_of(phrase):
    return Noun(phrase, *(("many", "they") if is_plural(phrase) else ("one", None)))


def handy(r, pronouns=False):
    return Clause(person(r, pronouns), r.choice(HANDY), thing(r), r.choice(["", "", r.choice(PLACES)]))


def transitive(r, pronouns=False):
    """Return a Clause that has an object."""
    kind = r.random()
    if kind < 0.44:
        return handy(r, pronouns)
    if kind < 0.52:
        return Clause(person(r, pronouns), r.choice(SOCIAL), Noun(f"the {r.choice(JOBS)}", "one", None), "")
    if kind < 0.59:
        return Clause(noun_of(r.choice(FORCES)), r.choice(HARM), Noun(f"the {r.choice(BIG)}", "one", "it"), "")
    if kind < 0.66:
        one, two = r.sample(BEASTS, 2)
        return Clause(noun_of(r.choice([f"the {one}", a(one), f"two {many(one)}"])), r.choice(BEASTLY),
                      noun_of(r.choice([f"the {two}", a(two), f"the {many(two)}"])), "")
    if kind < 0.73:
        return Clause(Noun(r.choice(OFFICES), "one", "it"), r.choice(OFFICIAL), thing(r, MATTERS), "")
    if kind < 0.84:
        agent, verb, patient = scene(r)
        return Clause(noun_of(agent), verb, noun_of(patient), "")
    row = r.choice(ROWS["active and passive, one thing"] + ROWS["active and passive, several things"])
    verb = dict(zip(FORMS, (row[key] for key in ("base", "s", "past", "pp", "ing")), strict=True))
    target = Noun(row["obj"], "one", None) if "obj" in row else Noun(row["objs"], "many", "they")
    agent = Noun(row["subj"], "one", None) if r.random() < 0.7 else Noun(row["subjs"], "many", "they")
    return Clause(agent, verb, target, "")


def any_clause(r, pronouns=True):
    """Return a Clause with or without an object."""
    if r.random() < 0.5:
        return transitive(r, pronouns)
    if r.random() < 0.2:
        row = r.choice(LISTS["doings"])
        return Clause(noun_of(row["subject"]), row, row["rest"], "")
    return Clause(person(r, pronouns), *r.choice(RESTS), "")


def auxiliary(verb, tense, noun, passive=False, modal="can"):
    """Return (auxiliary, the rest of the verb) as in a question: does, cook."""
    singular, i = noun.number == "one", noun.number == "I"
    does, has = ("does", "has") if singular else ("do", "have")
    present, past = "am" if i else "is" if singular else "are", "was" if singular or i else "were"
    base, ing, pp = verb["base"], verb["ing"], verb["participle"]
    if passive:
        does, did, base, ing, pp = present, past, f"be {pp}", f"being {pp}", f"been {pp}"
        simple = verb["participle"]
    else:
        did, simple = "did", base
    return {"present": (does, simple), "past": (did, simple), "future": ("will", base), "modal": (modal, base),
            "present continuous": (present, ing), "past continuous": (past, ing), "present perfect": (has, pp),
            "past perfect": ("had", pp), "future perfect": ("will", f"have {pp}"), "going": (present,
            f"going to {base}"),
            "present perfect continuous": (has, f"been {ing}")}[tense]


def verb_of(clause, tense, negative=False, modal="can"):
    aux, rest = auxiliary(clause.verb, tense, clause.subject, modal=modal)
    if negative:
        return f"{aux}{'' if aux == 'can' else ' '}not {rest}"
    if tense in ("present", "past"):
        return clause.verb["past" if tense == "past" else "third" if clause.subject.number == "one" else "base"]
    return f"{aux} {rest}"


def rest_of(clause, when="", target=True):
    text = (clause.object.text if isinstance(clause.object, Noun) else clause.object) if target else ""
    return "".join(f" {part}" for part in (text, clause.place, when) if part)


def bare(clause, tense, when="", negative=False, modal="can"):
    """Return a statement without a capital letter and without a period."""
    return f"{clause.subject.text} {verb_of(clause, tense, negative, modal)}{rest_of(clause, when)}"


def say(*args, **more):
    return capital(bare(*args, **more)) + "."


def ask(clause, tense, when="", word="", target=True, modal="can"):
    """Return a question, with a question word or without."""
    aux, rest = auxiliary(clause.verb, tense, clause.subject, modal=modal)
    return capital(f"{word} {aux} {clause.subject.text} {rest}{rest_of(clause, when, target)}?".strip())


def passively(clause, tense, when="", by=True, modal="can", asking=False):
    aux, rest = auxiliary(clause.verb, tense, clause.object, passive=True, modal=modal)
    doer = f" by {OBJECTIVE.get(clause.subject.text, clause.subject.text)}" if by else ""
    front = f"{aux} {clause.object.text}" if asking else f"{clause.object.text} {aux}"
    return capital(f"{front} {rest}{doer}{rest_of(clause, when, False)}{'?' if asking else '.'}")


def about(r, titles, sentence, text, inside=0.25):
    """Return an entry about a sentence, which is its material or, sometimes, stands inside the title."""
    title = pick(r, titles)
    if r.random() > inside or '"' in sentence + title or "\n" in sentence:
        return title, text, sentence
    if "this sentence" in title:
        before, _, after = title.partition("this sentence")
        quote = sentence.rstrip(".") if after else sentence
        return f'{before}"{quote}"{after}', text
    if re.match(r"(in|with|without|as) ", title):
        return f'"{sentence.rstrip(".")}" {title}', text
    return title, text, sentence


def full(text):
    """Return a sentence with its last mark."""
    return text if text[-1] in '.?!"' else text + "."


def low(text):
    """Return a sentence as it reads after other words: without its capital, if that is no name's, and its period."""
    first = text.split()[0].removesuffix(",").removesuffix("'s")
    keep = first in NAMES or first in ("Mr.", "Mrs.", "Ms.") or re.match(r"I\b", first)
    return (text if keep else text[0].lower() + text[1:]).rstrip(".")


def tense_and_when(r):
    tense = r.choice(["present", "past", "past", "future", "present continuous", "past continuous", "present perfect",
                      "past perfect", "modal"])
    when = r.choice(WHEN[tense]) if tense in WHEN and r.random() < 0.3 else ""
    return tense, when, r.choice(["can", "must", "should", "may"])


# ---- Voices and tenses -------------------------------------------------------------------------------------------

@topic_maker(7)
def into_passive(r):
    clause, (tense, when, modal) = transitive(r, True), tense_and_when(r)
    target = capital(clause.object.text)
    if r.random() < 0.2:
        doer = r.choice(["someone", "somebody", "they", "people"])
        clause = clause._replace(subject=Noun(doer, "many" if doer in ("they", "people") else "one", "they"))
        return about(r, "in the passive, without saying who did it|the passive form of this sentence without the"
                " doer|in the"
                     f' passive voice without a doer|in the passive, leaving out "{doer}"|the passive without an agent',
                     say(clause, tense, when, modal=modal), passively(clause, tense, when, False, modal))
    if r.random() < 0.07:
        return about(r, "this question in the passive voice|as a passive question|the passive form of the question",
                     ask(clause, tense, when, modal=modal), passively(clause, tense, when, True, modal, True))
    return about(r, "in the passive voice|in the passive voice|the passive form of this sentence|as a passive"
            " sentence|in the"
                 " passive|the passive version of this sentence|in passive form|the sentence with its object as the"
                 " subject|the"
                 f' same thing, said in the passive|with the verb in the passive|with "{target}" as the subject of a'
                 f' passive'
                 f' verb|the same idea in a sentence that starts with "{target}"|with the receiver of the action'
                 f' first|how'
                 " this sentence reads in the passive|the voice shifted from active to passive|a passive sentence"
                 " with the same"
                 " meaning|the active sentence turned into a passive one|the active verb transformed into a passive"
                 " one",
                 say(clause, tense, when, modal=modal), passively(clause, tense, when, True, modal))


@topic_maker(6)
def into_active(r):
    clause, (tense, when, modal) = transitive(r), tense_and_when(r)
    doer, kind = clause.subject.text, r.random()
    before, after = passively(clause, tense, when, True, modal), say(clause, tense, when, modal=modal)
    if kind < 0.1:
        return about(r, "whether this sentence is passive, and its active form|whether the sentence is in the"
                " passive, and how it"
                     " reads in the active", before, f"Yes, it is passive. {after}", 0)
    if kind < 0.2:
        word = r.choice(["we", "they", "I"])
        clause = clause._replace(subject=pronoun_noun(word))
        return about(r, f'with "{word}" as the subject, in the active voice|an active sentence with "{word}" as its'
                f' subject',
                     passively(clause, tense, when, False, modal), say(clause, tense, when, modal=modal))
    if kind < 0.26:
        return about(r, "the question in the active voice|as an active question", passively(clause, tense, when,
                True, modal, True),
                     ask(clause, tense, when, modal=modal))
    if kind < 0.38:
        active, sentence = r.choice([(True, after), (False, before)])
        name, why = ("active", "does") if active else ("passive", "receives")
        return about(r, "whether this sentence is active or passive|the voice of this sentence|active or passive"
                " voice|which voice"
                     " is used in this sentence|whether the verb is active or passive", sentence, r.choice([
                         f"It is {name} because the subject {why} the action.", f"The verb is {name}.",
                         capital(name)]), 0.4)
    return about(r, "in the active voice|in the active voice|the active form of this sentence|the active version of"
            " this sentence|as"
                 " an active sentence|with an active verb|with the doer at the front|changed from passive to"
                 " active|the passive"
                 f' sentence turned into an active one|how this sentence reads in the active|the same idea with'
                 f' "{doer}" as the'
                 " subject|edited so that the verb is active|made shorter by an active verb|the sentence started with"
                 " the one who"
                 " did the action|the passive verb converted to an active one", before, after)


TENSES = {"present": "present tense|simple present|present", "past": "past tense|simple past|past", "past perfect":
          "past perfect", "future": 'future tense|future with "will"|future', "present continuous":
          "present continuous|present progressive", "past continuous": "past continuous|past progressive",
          "present perfect":
          "present perfect", "future perfect": "future perfect", "going": 'future with "going to"',
          "present perfect continuous": "present perfect continuous"}


@topic_maker(7)
def into_tense(r):
    clause, kind = any_clause(r), r.random()
    one = r.choice(["present", "past", "past", "present", "future", *TENSES])
    two = r.choice([tense for tense in ["past", "past", "future", "present", *TENSES] if tense != one])
    name, was = pick(r, TENSES[two]), pick(r, TENSES[one])
    if kind < 0.1:
        return about(r, f"the question in the {name}|the same question in the {name}", ask(clause, one), ask(clause,
                two))
    if kind < 0.18:
        return about(r, f"still negative, in the {name}|the negative sentence moved to the {name}",
                     say(clause, one, negative=True), say(clause, two, negative=True))
    if kind < 0.38:
        two = r.choice([tense for tense in WHEN if tense != one])
        word, happens = r.choice(WHEN[two]), {"past": "happened", "present": "happens", "future": "will happen"}[two]
        if r.random() < 0.5:
            word = capital(word)
            return about(r, f'with "{word}" at the beginning and the verb to match|the sentence started with'
                    f' "{word}"|the sentence'
                         f' with "{word}" at the start and the tense that fits', say(clause, one),
                         f"{word} {bare(clause, two)}.")
        return about(r, f'with "{word}" at the end and the right tense|about what {happens} {word}|with the time'
                f' "{word}"|as'
                     f" something that {happens} {word}", say(clause, one, r.choice(WHEN.get(one, [""]))),
                     say(clause, two, word))
    if kind < 0.46:
        clause, (one, two) = handy(r, True), r.choice([("past", "present"), ("present", "past")])
        verb, rest = r.choice(RESTS)
        before, after = (f"{capital(bare(clause, tense))} and {verb_of(clause._replace(verb=verb), tense)} {rest}."
                         for tense in (one, two))
        return about(r, "every verb in the {0}|with both verbs in the {0}|in the {0}".format(pick(r, TENSES[two])),
                before, after)
    return about(r, f"in the {name}|in the {name}|in the {name}|the {name} of this sentence|with the verb in the"
            f" {name}|how this"
                 f" sentence reads in the {name}|the sentence changed from the {was} to the {name}|moved into the"
                 f" {name}|with the"
                 f" {name} in place of the {was}|what this sentence becomes in the {name}", say(clause, one),
                 say(clause, two))


@topic_maker(3)
def forms_of_verbs(r):
    verb, kind = r.choice(HANDY + SOCIAL + OFFICIAL + [verb for verb, _ in RESTS] * 2), r.random()
    base = verb["base"]
    if kind < 0.3:
        form = r.choice(["past", "participle"])
        line = f"I {base}, I {verb['past']}, I have ___." if form != "past" else \
            f"I {base}, I ___, I have {verb['participle']}."
        return pick(r, "which word goes in the blank|the missing verb form|the word for the blank"), verb[form], line
    if kind < 0.5:
        tense = r.choice(list(TENSES))
        return about(r, "the tense of this sentence|in which tense this sentence is written|the tense of the verb",
                     say(any_clause(r), tense), f"It is in the {pick(r, TENSES[tense])}.".replace('".', '."'), 0.4)
    form, names = r.choice([("past", "past tense|simple past"), ("participle", "past participle"), ("ing",
            'present participle|"-ing" form')])
    name = pick(r, names)
    return (r.choice([f'the {name} of "{base}"', f'the {name} of the verb "{base}"',
            f'which form is the {name} of "{base}"']),
            r.choice([verb[form], f'The {name} of "{base}" is "{verb[form]}."']))


# ---- Questions, negatives, and contractions ----------------------------------------------------------------------

ASKING = ["present", "past", "past", "future", "present continuous", "present perfect", "past continuous"]


@topic_maker(6)
def asked(r):
    """Questions with question words about a part of a sentence."""
    clause, tense, when = handy(r), r.choice(ASKING), ""
    kind = r.choice(["who", "what", "where", "when", "how many", "how often", "why"])
    if kind == "who":
        question = f"Who {verb_of(clause._replace(subject=pronoun_noun('he')), tense)}{rest_of(clause)}?"
    elif kind == "what":
        question = ask(clause, tense, word="what", target=False)
    elif kind == "where":
        clause = r.choice([clause, any_clause(r, False)._replace(object=thing(r),
                verb=r.choice(HANDY))])._replace(place="")
        question, clause = ask(clause, tense, word="where"), clause._replace(place=r.choice(PLACES))
    elif kind == "how many":
        noun = f"{r.choice(['', r.choice(LOOKS) + ' '])}{many(r.choice(THINGS))}"
        clause = clause._replace(object=Noun(f"{r.choice(NUMBERS)} {noun}", "many", "they"))
        question = ask(clause, tense, word=f"how many {noun}", target=False)
    else:
        clause = any_clause(r, False)
        tense = {"when": r.choice(["past", "future"]), "how often": "present", "why": "past"}[kind]
        question = ask(clause, tense, word=kind)
        when = "because " + pick(r, "it was a holiday|there was no time|everyone asked for it|it was late|the weather"
                " was bad") \
            if kind == "why" else r.choice(WHEN[tense])
    topic = {"who": "person", "what": "thing", "where": "place", "when": "time", "how many": "number",
            "why": "reason"}.get(
        kind, "frequency")
    return about(r, f'a question that has this answer|a question about the {topic}|a question with "{kind}" about'
            f' this sentence|the'
                 f' question with "{kind}" that this sentence answers|the question to which this is the reply|a'
                 f' question that asks'
                 f' for the {topic}|as a question that begins with "{capital(kind)}"|what somebody asked to get this'
                 f' answer',
                 say(clause, tense, when), question)


@topic_maker(6)
def yes_or_no(r):
    clause, tense, kind = any_clause(r), r.choice(ASKING + ["modal", "past perfect"]), r.random()
    statement, question = say(clause, tense), ask(clause, tense)
    if kind < 0.3 and clause.subject.pronoun not in (None, "I") and tense != "modal":
        aux = auxiliary(clause.verb, tense, clause.subject)[0]
        aux = "won't" if aux == "will" else f"{aux}n't"
        return about(r, "with a question tag|with a tag question at the end|the statement with a short tag"
                " question|ended by a"
                     " question tag|with a tag added", statement, f"{statement[:-1]}, {aux} {clause.subject.pronoun}?")
    if kind < 0.45:
        return about(r, "as a statement|the statement behind the question|the question turned into a statement",
                question, statement)
    return about(r, "as a question|as a yes-or-no question|the question form of this sentence|a question that can be"
            " answered with"
                 f' yes or no|as a question that begins with "{question.split()[0]}"|the statement turned into a'
                 f' question|the'
                 " yes-or-no question made from this sentence|how this sentence becomes a question", statement,
                 question)


@topic_maker(3)
def other_questions(r):
    kind, noun, job = r.randrange(6), r.choice(THINGS), r.choice(JOBS)
    place = pick(r, "ticket office|train station|library|bank|post office|museum|bus stop|elevator|swimming pool|main"
            " gate")
    if kind == 0:
        opener = r.choice(["Could you tell me", "Do you know", "Can you tell me"])
        before, after = r.choice([
            (f"Where is the {place}?", f"where the {place} is"), (f"Who owns this {noun}?", f"who owns this {noun}"),
            (f"How far away is the {place}?", f"how far away the {place} is"), (f"Why is the {place} closed?",
            f"why the {place} is"
             " closed"), (f"What does this {noun} cost?", f"what this {noun} costs")])
        return about(r, f'as an indirect question that begins with "{opener}"|the question in a polite form, with'
                f' "{opener}"',
                     before, f"{opener} {after}?")
    if kind == 1:
        return pick(r, f"a question for {a(job)} in an interview|an interview question for someone who works as"
                f" {a(job)}"), pick(
            r, f"What do you like best about your work as {a(job)}?|Why did you want to become {a(job)}?|What does"
                    f" {a(job)} need to"
            f" know?|How did you learn to be {a(job)}?|What is the hardest part of being {a(job)}?")
    if kind == 2:
        group, _, members = r.choice(GROUPS[:9])
        wrong = r.sample([word for name, _, words in GROUPS[12:18] for word in words if name != group], 2)
        options = r.sample([r.choice(members), *wrong], 3)
        return f"a multiple-choice question about {group}, with three options", \
            f"Which of these is {group}? " + " ".join(
            f"{letter}) {capital(option)}" for letter, option in zip("ABC", options, strict=True))
    if kind == 3:
        word, line = r.choice([("Whose", f"___ {noun} is this?"), ("Who", f"___ found the {noun}?"), ("How",
                f"___ much does the"
                              f" {noun} cost?"), ("Where", f"___ did you put the {noun}?"), ("Whom",
                              f"To ___ did you give the {noun}?")])
        return pick(r, "which question word fits the blank|the missing question"
                " word"), word.lower() if word == "Whom" else word, line
    if kind == 4:
        event = pick(r, "a week in the mountains|a trip to Rome|a concert|a long walk|a day at the lake|a swimming"
                " lesson")
        return (pick(r, "a friendly question after this remark|a short question that shows interest|a follow-up"
                " question"),
                f"What was the best part of {re.sub('^a ', 'the ', event)}?", f"I just came back from {event}.")
    x, y = r.randrange(2, 40), r.randrange(2, 40)
    n, question = r.choice([(7, "How many days are there in a week?"), (8, "How many legs does a spider have?"), (60,
            "How many minutes"
                            " are there in an hour?"), (24, "How many hours are there in a day?"), (x + y,
                            f"What is {x} plus {y}?")])
    return pick(r, f"a question whose answer is the number {n}|a question that is answered by {n}"), question


@topic_maker(6)
def short_forms(r):
    """Sentences with and without contractions."""
    clause, tense = any_clause(r), r.choice(ASKING)
    if r.random() < 0.5:
        clause = clause._replace(subject=pronoun_noun(r.choice(["I", "we", "they", "you", "he", "she"])))
    long = say(clause, tense, negative=r.random() < 0.65)
    if r.random() < 0.2:
        long = pick(r, "It is late, and|We are sure that|They are glad that|It is true that|I am afraid"
                " that") + f" {low(long)}."
    short = shortened(long)
    if short == long:
        return short_forms(r)
    if r.random() < 0.5:
        return about(r, "with a contraction|with contractions|the sentence in its short form|in short forms|made less"
                " formal by"
                     " contractions|with two of the words joined into one|how this sentence looks with a"
                     " contraction", long, short)
    return about(r, "without contractions|without a contraction|with all short forms written out|in full words|with"
            " the contraction"
                 " expanded|the full form of this sentence|written out in full|as a formal letter has it, without"
                 " short forms",
                 short, long)


@topic_maker(5)
def with_not(r):
    clause, tense, kind = any_clause(r), r.choice(ASKING + ["past perfect", "modal"]), r.random()
    yes, no = say(clause, tense), say(clause, tense, negative=True)
    if kind < 0.2:
        return about(r, "in the affirmative|as a positive sentence|the positive form of this sentence|made positive",
                     r.choice([no, shortened(no)]), yes)
    if kind < 0.35:
        return about(r, "in the negative, with a contraction|the contracted negative form of this sentence", yes,
                shortened(no))
    if kind < 0.6:
        long, short = r.choice(SHORT)
        return r.choice([
            (f'what "{short}" stands for', f'"{capital(short)}" stands for "{long}."'),
            (f'the contraction of "{long}"', short),
            (f'the short form of "{long}"', f'The short form of "{long}" is "{short}."'),
            (f'the full form of "{short}"', long),
            (f'how "{long}" is written as one short word', short)])
    return about(r, 'in the negative|as a negative sentence|the negative form of this sentence|with "not"|made'
            ' negative|the opposite'
                 ' of this sentence, made with "not"|how this sentence reads in the negative|the statement denied',
                 yes, no)


# ---- Joining, correcting, and rewording --------------------------------------------------------------------------

BECAUSE = [pair.split("/") for pair in (
    "{x} went to bed early/{x} felt tired|{x} stayed indoors/the rain was heavy|{x} took the bus/the car was"
    " broken|{x} bought a"
    " new {thing}/the old one was broken|{x} put on a coat/it was cold outside|{x} opened the window/the room was"
    " hot|{x} drank some water"
    "/{x} felt thirsty|{x} walked home/the last train had left|{x} called the police/{his} {thing} had"
    " disappeared|{x} whispered/the baby"
    " was asleep|{x} lit a candle/the power was out|{x} smiled/the news was good|{x} missed the {event}/{his} train"
    " was late|{x} won the"
    " prize/{his} {thing} was the best|{x} laughed/the joke was funny|{x} ate two sandwiches/{x} felt hungry|{x} left"
    " early/the {event} was"
    " dull|{x} returned the {thing}/it was too small|{x} moved the {thing}/it blocked the door|{x} cleaned the"
    " {thing}/guests were coming"
    ).split("|")]
ALTHOUGH = [pair.split("/") for pair in (
    "{x} felt tired/{x} finished the race|{x} practiced daily/{x} lost the game|the {thing} was old/it still looked"
    " good|the soup was cold"
    "/{x} ate all of it|the {event} was long/nobody left|the path was steep/{x} reached the top|{x} had a map/{x} got"
    " lost|the {thing} was"
    " expensive/{x} bought it|it rained hard/{x} enjoyed the {event}|{x} looked everywhere/{x} did not find the"
    " {thing}").split("|")]
TIME = [pair.split("/") for pair in (
    "{x} set the table/the guests arrived/before|{x} locked the door/{x} left the house/before|{x} washed the"
    " {thing}/{x} ate breakfast/before|{x}"
    " heard the news/{x} sat down/when|{x} waited in the hall/the {event} ended/until|{x} found the {thing}/the sun"
    " rose/after|{x} watched the"
    " stars/the fire went out/until").split("|")]


def facts(r, pairs):
    """Return (one, two): two clauses about the same person, who is a pronoun in the second."""
    who = person(r)
    while who.pronoun is None:
        who = person(r)
    first, second = r.choice(pairs)
    his = {"he": "his", "she": "her", "they": "their"}[who.pronoun]
    more = {"thing": r.choice(THINGS), "event": pick(r, "concert|party|meeting|play|game|parade|lesson|picnic")}

    def forms(one, two):
        name_first = "{x}" in one or "{his}" in one
        own = f"{who.text}'{'' if who.text.endswith('s') else 's'}"
        one = one.format(x=who.text, his=his if "{x}" in one else own, **more)
        return one, two.format(x=who.pronoun if name_first else who.text, his=his if name_first else own, **more)
    return forms(first, second), forms(second, first)


@topic_maker(6)
def joined(r):
    kind, clause, other = r.randrange(8), handy(r), any_clause(r, False)
    one, two = bare(clause, "past"), bare(other, "past")
    if kind == 0:
        row = r.choice(ROWS["two sentences combined"])
        return about(r, f"joined with {row['word']}|as one sentence with {row['word']}|the two sentences combined by"
                f" {row['word']}|one"
                     f" sentence, made with the help of {row['word']}", row["parts"], row["whole"])
    if kind == 1:
        (one, two), (back, front) = facts(r, BECAUSE)
        pair, word = (f"{capital(one)}. {capital(two)}.", "because") if r.random() < 0.5 else (
            f"{capital(back)}. {capital(front)}.", "so")
        whole = f"{capital(one)} because {two}." if word == "because" else f"{capital(back)}, so {front}."
    elif kind == 2:
        (one, two), _ = facts(r, ALTHOUGH)
        word = r.choice(["but", "although", "even though"])
        pair = f"{capital(one)}. {capital(two)}."
        whole = f"{capital(one)}, but {two}." if word == "but" else f"{capital(word)} {one}, {two}."
    elif kind == 3:
        row = r.choice(TIME)
        (one, two), _ = facts(r, [row[:2]])
        word = row[2]
        pair, whole = f"{capital(one)}. {capital(two)}.", f"{capital(one)} {word} {two}."
    elif kind == 4:
        word, pair = r.choice(["and", "while", "but"]), f"{capital(one)}. {capital(two)}."
        whole = f"{capital(one)}{',' * (word != 'while')} {word} {two}."
    elif kind == 5:
        word, noun, job = r.choice(["who", "which", "that", "whose", "where"]), r.choice(THINGS), r.choice(JOBS)
        verb, rest = r.choice(RESTS)
        color, name = r.choice(LOOKS), r.choice(NAMES)
        pair, whole = {
            "who": (f"{name} knows {a(job)}. The {job} {verb['third']} {rest}.",
            f"{name} knows {a(job)} who {verb['third']} {rest}."),
            "which": (f"The {noun} stands in the hall. It is {color}.", f"The {noun}, which is {color}, stands in the"
            f" hall."),
            "that": (f"{name} bought {a(noun)}. It is {color}.", f"{name} bought {a(noun)} that is {color}."),
            "whose": (f"That is the {job}. {capital('the ' + job)}'s {noun} won a prize.",
            f"That is the {job} whose {noun} won a prize."),
            "where": (f"This is the {noun} shop. {name} works there.", f"This is the {noun} shop where {name}"
            f" works.")}[word]
    elif kind == 6:
        (x, y), (p, q) = r.sample(NAMES, 2), r.sample(GROUPS[0][2] + GROUPS[1][2][:4], 2)
        word, pair, whole = r.choice([
            ("both", f"{x} likes the {p}. {x} likes the {q}.", f"{x} likes both the {p} and the {q}."),
            ("neither", f"{x} did not come. {y} did not come.", f"Neither {x} nor {y} came."),
            ("either", f"{x} may win. {y} may win.", f"Either {x} or {y} may win."),
            ("if", f"You press this button. The {r.choice(THINGS)} opens.", "")])
        whole = whole or f"If you press this button, {low(pair.split('. ')[1])}."
    else:
        verb, rest = r.choice(RESTS)
        who = capital(clause.subject.text)
        word = "and"
        pair, whole = f"{capital(one)}. {who} {verb['past']} {rest}.", f"{capital(one)} and {verb['past']} {rest}."
    if r.random() < 0.3 and word in ("and", "but", "so") and kind in (1, 2, 4):
        return about(r, "as two sentences|split into two sentences|the sentence divided into two|two shorter"
                " sentences", whole, pair)
    if r.random() < 0.1:
        return about(r, "joined with a semicolon|connected by a semicolon", f"{capital(one)}. {capital(two)}.",
                f"{capital(one)}; {two}.")
    return about(r, f'joined with "{word}"|as one sentence with "{word}"|the two sentences combined by "{word}"|a'
            f' single sentence with'
                 f' "{word}"|connected by "{word}"|merged into one sentence with the help of "{word}"|"{word}" used'
                 f' to join the two', pair, whole)


@topic_maker(7)
def corrected_grammar(r):
    clause, kind = any_clause(r, True), r.randrange(9)
    who, verb, when = clause.subject, clause.verb, r.choice(WHEN["present"])
    name, other, noun = *r.sample(NAMES, 2), r.choice(THINGS)
    about_what = "subject-verb agreement"
    if kind == 0:
        wrong = who._replace(number="many" if who.number == "one" else "one")
        before, after = say(clause._replace(subject=wrong), "present", when), say(clause, "present", when)
    elif kind == 1:
        tense = r.choice(["present continuous", "past continuous", "present perfect", "present"])
        wrong = who._replace(number="many" if who.number == "one" else "one")
        before, after = (shortened(say(clause._replace(subject=x), tense,
                negative=tense == "present")) for x in (wrong, who))
    elif kind == 2 and verb["past"] != verb["participle"]:
        about_what, after = "the verb form", say(clause, "present perfect")
        before = after.replace(f" {verb['participle']} ", f" {verb['past']} ", 1)
    elif kind == 3:
        about_what, noun = "the articles", r.choice(THINGS_TO_COUNT)
        wrong = r.choice(["an " if a(noun).startswith("a ") else "a ", ""]) + noun
        line = pick(r, "{n} drew {w}.|There is {w} in the picture.|{n} is looking for {w}.|{n} saw {w} near the lake.")
        before, after = line.format(n=name, w=wrong), line.format(n=name, w=a(noun))
    elif kind == 4:
        about_what, job = "the pronouns", r.choice(JOBS)
        before, after = r.choice([
            (f"Me and {name} {verb['past']}{rest_of(clause)}.", f"{name} and I {verb['past']}{rest_of(clause)}."),
            (f"The {job} gave {name} and I {a(noun)}.", f"The {job} gave {name} and me {a(noun)}."),
            (f"{name} she has {a(noun)}.", f"{name} has {a(noun)}."), (f"Them {many(noun)} are new.",
            f"Those {many(noun)} are new."),
            (f"Her and {name} went home.", f"She and {name} went home."), (f"The {noun} is her's.",
            f"The {noun} is hers.")])
    elif kind == 5:
        about_what, (wrong, right, best) = "the comparison", r.choice([row.split() for row in (
            "old older oldest|long longer longest|small smaller smallest|tall taller tallest|cheap cheaper"
            " cheapest").split("|")])
        before, after = r.choice([
            (f"The new {noun} is more {right} than the old one.", f"The new {noun} is {right} than the old one."),
            (f"This {noun} is {wrong} than mine.", f"This {noun} is {right} than mine."),
            (f"It is the most {wrong} {noun} in the shop.", f"It is the {best} {noun} in the shop.")])
    elif kind == 6:
        about_what, (wrong, right) = "the preposition", r.choice([row.split("/") for row in (
            "good in chess/good at chess|afraid from dogs/afraid of dogs|interested on trains/interested in"
            " trains|married with a nurse"
            "/married to a nurse|proud on the garden/proud of the garden|tired from waiting/tired of"
            " waiting").split("|")])
        before, after = f"{name} is {wrong}.", f"{name} is {right}."
    elif kind == 7:
        about_what = "the mistake"
        activities = r.sample("swimming cycling painting reading cooking dancing skating".split(), 2)
        before, after = r.choice([
            (f"{name} likes {activities[0]}, {activities[1]}, and to sing.",
            f"{name} likes {activities[0]}, {activities[1]}, and singing."),
            (f"{name} don't have no {noun}.", f"{name} doesn't have a {noun}.") if noun[0] not in "aeiou" else
            (f"{name} and {other} was late.", f"{name} and {other} were late."),
            (f"If {name} would have known, {other} would have waited.", f"If {name} had known, {other} would have"
            f" waited."),
            (f"There is {r.choice(NUMBERS)} {many(noun)} here.", "")])
        after = after or before.replace("There is", "There are")
    else:
        row = r.choice([row for block in ("agreement of subject and verb", "corrected verb tenses",
                "corrected articles", "corrected pronouns",
                        "words that sound alike", "other mistakes corrected") for row in ROWS[block]])
        about_what, before, after = "the mistake", full(row["wrong"]), full(row["right"])
    if before == after:
        return corrected_grammar(r)
    return about(r, f"with the grammar corrected|the correct form of this sentence|in standard English|without the"
            f" mistake|with {about_what}"
                 f" corrected|the sentence with its error fixed|a grammatically correct version of this sentence|with"
                 f" {about_what} put"
                 " right|how this sentence should read|in correct English|edited for grammar", before, after)


@topic_maker(6)
def corrected_marks(r):
    clause, kind, name = any_clause(r, False), r.randrange(8), r.choice(NAMES)
    after, topic = say(clause, r.choice(["past", "present", "future"])), "its punctuation and capital letters"
    if kind == 0:
        before = r.choice([after[:-1], after[:-1].lower()])
    elif kind == 1:
        after = ask(clause, r.choice(ASKING))
        before = after[:-1].lower()
    elif kind == 2:
        word, row = r.choice([("Although", r.choice(ALTHOUGH)), ("After", r.choice(TIME)), ("Because",
                r.choice(BECAUSE)[::-1])])
        (one, two), _ = facts(r, [row[:2]])
        after, topic = f"{word} {one}, {two}.", "the missing comma"
        before = after.replace(",", "")
    elif kind == 3:
        things = [many(thing_) for thing_ in r.sample(r.choice([THINGS, JOBS, BEASTS]), 3)]
        opening = r.choice([f"{name} talked about", "We drew", "The book tells about", f"{name} and I saw"])
        after, topic = f"{opening} {listing(things)}.", "commas"
        before = after.replace(",", "")
    elif kind == 4:
        noun = r.choice(THINGS)
        after, topic = f"{name}'s {noun} was {pick(r, 'near the door|new|lost|under the bed')}.", \
            "the missing apostrophe"
        before = after.replace("'", "")
    elif kind == 5:
        after, topic = f'"{say(clause, "future")[:-1]}," said {name}.', "quotation marks"
        before = after.replace('"', "")
    elif kind == 6:
        after = f"{name} flew to {r.choice(CITIES)} on {r.choice(DAYS)}, {r.choice(MONTHS)} {r.randrange(1, 29)}."
        before, topic = after.lower(), "capital letters"
    else:
        row = r.choice(ROWS["punctuation"] + ROWS["missing commas"])
        before, after = row.get("plain") or full(row["without"]), full(row["good"])
    return about(r, f"with {topic}|with {topic} added|correctly punctuated|with proper punctuation|the sentence with"
            f" {topic} in place|how"
                 " this sentence is punctuated|the correctly punctuated form of this sentence|with the right marks"
                 " and capitals", before, after)


BRITISH = ("colour/color favourite/favorite harbour/harbor theatre/theater centre/center grey/gray"
        " travelling/traveling neighbour/neighbor"
           " flavour/flavor honour/honor jewellery/jewelry metre/meter pyjamas/pajamas").split()


@topic_maker(6)
def corrected_spelling(r):
    if r.random() < 0.3:
        row = r.choice(ROWS["spelling in sentences"])
        before, after = full(row["misspelled"]), full(row["right"])
    elif r.random() < 0.1:
        british, american = r.choice(BRITISH).split("/")
        line = f'{r.choice(NAMES)} wrote the word "{{}}" in {pick(r, "a letter|the report|a story")}.'
        return "with American spelling in place of British", line.format(american), line.format(british)
    else:
        after = say(any_clause(r, False), r.choice(["past", "present", "future"]))
        words = after[:-1].split()
        long = [i for i, word in enumerate(words)
                if len(word) > 4 and word.isalpha() and word not in NAMES + SURNAMES and i]
        for i in r.sample(long, min(len(long), r.choice([1, 1, 2]))):
            word, at = words[i], r.randrange(1, len(words[i]) - 2)
            words[i] = r.choice([word[:at] + word[at + 1:], word[:at] + word[at + 1] + word[at] + word[at + 2:],
                    word[:at] + word[at] + word[at:]])
        before = " ".join(words) + "."
        if before == after or not long:
            return corrected_spelling(r)
    return about(r, "with the spelling corrected|with correct spelling|the correct spelling of this sentence|without"
            " spelling mistakes|with every"
                 " word spelled properly|with the typos fixed|the sentence as it should be spelled|the proofread"
                 " line|with the misspelled words"
                 " put right", before, after)


STYLES = {  # titles for one direction, and for the other
    "informal and formal": ("in formal language|more formally|as in a formal letter|a formal version of this"
    " sentence|fit for a business email|made"
        " less casual|how this sentence reads in a report", "in informal language|in everyday speech|as one says it"
        " to a friend|made less formal|casual"
        " words for this sentence|the sentence in a relaxed style"),
    "rude and polite": ("in a polite way|made more polite|a kinder way to say this|a polite form of this sentence|in"
    " a friendlier tone|with the rudeness"
        " taken out|said gently", ""),
    "wordy and concise": ("in fewer words|more concisely|a shorter way to say this|with the needless words cut|the"
    " short form of this sentence|made brief|the"
        " trimmed sentence|without repetition", ""),
    "paraphrases": ("in other words|another way to say this|a sentence that means the same|a paraphrase of this"
    " sentence|in different words, with the same"
        " meaning|reworded", "in other words|a paraphrase of this sentence|said differently|how else this can be said")}


@topic_maker(8)
def restyled(r):
    name = r.choice(list(STYLES))
    there, back = STYLES[name]
    one, two = (full(text) for text in r.choice(ROWS[name]).values())
    if back and r.random() < 0.35:
        return about(r, back, two, one)
    return about(r, there, one, two)


SWAPS = {"formal": ("informal and formal", 0), "short": ("wordy and concise", 0), "same": ("paraphrases", 0),
        "idioms": ("paraphrases", 0)}
PADDING = ("it is a fact that|what I want to say is that|I would like to point out that|as a matter of"
        " fact,|basically,|at the present time,").split("|")


@topic_maker(9)
def reworded(r):
    """Sentences changed by rule: words replaced, padding cut, requests softened, reports made, halves swapped."""
    clause, kind, name = any_clause(r, False), r.randrange(10), r.choice(NAMES)
    verb, rest = clause.verb, rest_of(clause)
    if kind < 4:
        which = list(SWAPS)[kind]
        row = r.choice(LISTS[which])
        start = row["before"] if row["before"] != "-" else r.choice(["we", "they", "my friends", "the students",
                f"the {many(r.choice(JOBS))}"])
        one, two = (full(capital(" ".join(part for part in (start, row[key], row["after"]) if part not in ("-",
                "")))) for key in ("from", "to"))
        titles = STYLES[SWAPS[which][0]]
        if which == "idioms":
            return about(r, "with plain words in place of the idiom|without the idiom|in plain English", one, two)
        return about(r, titles[0], one, two)
    if kind in (6, 9):
        clause = r.choice([handy(r), Clause(person(r), *r.choice(RESTS), "")])
        verb, rest = clause.verb, rest_of(clause)
    plain = say(clause, r.choice(["past", "past continuous"]))
    if kind == 4:
        return about(r, STYLES["wordy and concise"][0], f"{capital(r.choice(PADDING))} {low(plain)}.", plain)
    if kind == 5:
        (one, two), (back, front) = facts(r, BECAUSE)
        before = f"{capital(one)} because {two}."
        if r.random() < 0.4:
            return about(r, STYLES["wordy and concise"][0], f"{capital(one)} due to the fact that {two}.", before)
        return about(r, 'with the same meaning, but without "because"|in other words, with "so" in place of'
                ' "because"', before, f"{capital(back)}, so {front}.")
    if kind == 6:
        return about(r, STYLES["rude and polite"][0] + "|as a courteous question|the order as a polite request",
                f"{capital(verb['base'])}{rest}!",
                     f"Could you please {verb['base']}{rest}?")
    if kind == 7:
        before, after = r.choice([(f"I think that maybe {low(plain)}.", "with more confidence|made certain|with the"
                " doubt removed"),
            (plain.replace(".", ", and it was awful!"), "in a neutral tone|as a plain fact|with the opinion removed")])
        return about(r, after, before, plain)
    if kind == 8:
        return about(r, "with enthusiasm|in a cheerful tone|made more excited", plain, f"Hooray, {low(plain)}!")
    noun, other = r.sample(THINGS, 2)
    more, less = pick(r, "larger/smaller|heavier/lighter|older/newer|cheaper/more"
            " expensive|longer/shorter|wider/narrower").split("/")
    if r.random() < 0.5:
        return about(r, "the comparison turned around|the same comparison from the other side",
                f"The {noun} is {more} than the {other}.",
                     f"The {other} is {less} than the {noun}.")
    he = HE_SHE.get(name, ("she",))[0]
    noun = pronoun_noun(he)
    tense, reported = r.choice([("future", "would"), ("present continuous", "was"), ("modal", "could")])
    if re.search(r"\b(my|our)\b", rest):
        return reworded(r)
    said = clause._replace(subject=pronoun_noun("I"))
    after = f"{name} said that {he} {reported} {auxiliary(verb, tense, noun)[1]}{rest}."
    return about(r, "without quotation marks, as a report|in indirect speech|as reported speech",
            f'"{say(said, tense)[:-1]}," said {name}.', after)


# ---- Order, endings, kinds of sentences, similes -----------------------------------------------------------------

STEPS = [row.split("; ") for row in (
    "open the paint can; paint the fence; rinse the brush|put the tea bag in the cup; pour in hot water; take out the"
    " tea bag|dig a hole; plant the tree;"
    " water the tree|wash the carrots; peel the carrots; slice the carrots|mix the dough; bake the bread; eat the"
    " bread|write the letter; put it in an"
    " envelope; mail it|fill the sink; wash the plates; dry the plates|buy a ticket; board the train; get off the"
    " train").split("|")]


@topic_maker(7)
def put_in_order(r):
    kind = r.randrange(6)
    if kind < 2:
        if r.random() < 0.3:
            row = r.choice(ROWS["scrambled words"])
            return pick(r, "the words in order|a sentence made of these words"), full(row["sentence"]), row["mixed"]
        clause, form = any_clause(r, False), r.choice(["sentence", "sentence", "question", "command"])
        after = {"sentence": say(clause, "past"), "question": ask(clause, "past"),
                 "command": f"{capital(clause.verb['base'])}{rest_of(clause)}."}[form]
        words = low(after[:-1]).split()
        r.shuffle(words)
        return pick(r, f"the words in order, as a {form}|a {form} made of these words|the unscrambled {form}|in the"
                f" right order, as a {form}|the mixed-up"
                    f" words put back into a {form}"), after, r.choice([" / ", ", ", " "]).join(words)
    if kind == 2:
        steps = r.choice(STEPS)
        return pick(r, "the steps in the right order|in what order these things are done|in order, first to"
                " last"), capital(
            f"{steps[0]}, {steps[1]}, and then {steps[2]}."), "; ".join(r.sample(steps, 3))
    if kind == 3:
        items = r.sample(range(1, 100), r.choice([3, 4, 5]))
        sign, unit, small = r.choice([("", "numbers", "smallest"), ("$", "prices", "cheapest"), ("", "numbers",
                "least")])
        down = r.random() < 0.3
        result = sorted(items, reverse=down)
        title = pick(r, f"the {unit} from the {small} up|in ascending order|the {unit}, the {small}"
                f" first") if not down else pick(
            r, f"in descending order|the {unit} with the {small} last")
        return title, ", ".join(f"{sign}{x}" for x in result), ", ".join(f"{sign}{x}" for x in items)
    if kind == 4:
        table, name = r.choice([(MONTHS, "months"), (["Monday", *[day for day in DAYS if day not in ("Monday",
                "Sunday")], "Sunday"], "days"),
                                (["second", "minute", "hour", "day", "week", "month", "year", "century"],
                                "units of time")])
        items = r.sample(table, 4)
        return pick(r, f"the {name} in their order|in which order these {name} come" if name != "units of"
                " time" else "from shortest to longest|the"
                    " shortest first"), ", ".join(sorted(items, key=table.index)), ", ".join(items)
    items = r.sample(r.choice([NOUNS, NOUNS, NAMES, CITIES]), r.choice([3, 4, 4, 5]))
    key = sorted(items, key=str.lower)
    title, result = r.choice([("in alphabetical order|in ABC order|sorted alphabetically|as a dictionary orders"
            " them", ", ".join(key)),
        ("in reverse alphabetical order|from Z to A", ", ".join(key[::-1])), ("in reverse order|from last to first",
        ", ".join(items[::-1])),
        ("which of these comes first in a dictionary|the first of these in the alphabet", key[0])])
    return (f"{listing(items)} {pick(r, title)}", result) if title[:2] in ("in",) and r.random() < 0.3 else (pick(r,
            title), result, ", ".join(items))


@topic_maker(5)
def completed(r):
    kind = r.randrange(3)
    if kind == 0:
        row = r.choice(ROWS["beginnings and endings of sentences"])
        return about(r, "the whole sentence, with a fitting end|the complete sentence|with a sensible ending|finished"
                " in a logical way|how"
                     " this sentence goes on|a likely end of this sentence|the full sentence that starts like this",
                     row["start"],
                     full(f"{row['start']} {row['end']}"), 0.3)
    if kind == 1:
        row = r.choice(ROWS["beginnings and endings of sentences"])
        *start, last = full(f"{row['start']} {row['end']}")[:-1].split()
        return pick(r, "the missing last word|the final word only|which word is missing at the end|one word that"
                " finishes the sentence|the word for"
                    " the end"), last, " ".join(start)
    word, pairs, what = r.choice([("because", BECAUSE, "a cause"), ("so", BECAUSE, "a result"), ("but", ALTHOUGH,
            "a contrast")])
    there, back = facts(r, pairs)
    one, two = back if word == "so" else there
    start = f"{capital(one)}{',' * (word != 'because')} {word}"
    return pick(r, f"the sentence finished with {what}|with an ending that gives {what}|the complete"
            f" sentence"), f"{start} {two}.", start


def a_kind(r):
    """Return (what is looked at, the names to choose from, sentence, kind, why)."""
    clause, kind, tense = any_clause(r, False), r.randrange(6), r.choice(["past", "present", "future"])
    other = any_clause(r, False)
    plain, small = say(clause, tense), bare(other, tense)
    noun = r.choice(THINGS)
    if kind == 0:
        return "purpose", "declarative, interrogative, imperative, or exclamatory", *r.choice([
            (plain, "declarative", "it makes a statement"), (ask(clause, tense), "interrogative", "it asks a question"),
            (f"{capital(clause.verb['base'])}{rest_of(clause)}.", "imperative", "it gives an order"),
            (f"What {a(r.choice(LOOKS))} {noun}!", "exclamatory", "it shows strong feeling")])
    if kind == 1:
        word = r.choice(["because", "after", "while", "before"])
        return "structure", "simple, compound, or complex", *r.choice([
            (plain, "simple", "it has only one clause"),
            (f"{plain[:-1]}, and {small}.", "compound", '"and" joins two independent clauses'),
            (f"{plain[:-1]} {word} {small}.", "complex", f'"{word}" begins a dependent clause')])
    if kind == 2:
        return "completeness", "a complete sentence, a fragment, or a run-on", *r.choice([
            (plain, "a complete sentence", "it has a subject and a verb"), (f"{capital(r.choice(PLACES))}.",
            "a fragment", "it has no subject and no verb"),
            (f"Because {small}.", "a fragment", "it has no main clause"), (f"{plain[:-1]} {small}.", "a run-on",
            "two sentences run together")])
    if kind == 3:
        word, person_ = r.choice([("I", "first"), ("we", "first"), ("you", "second"), ("he", "third"), ("she",
                "third"), ("they", "third")])
        clause = Clause(pronoun_noun(word), *r.choice(RESTS), "")
        return "point of view", "in the first, second, or third person", say(clause,
                tense), f"in the {person_} person", f'"{word}" shows it'
    if kind == 4:
        negative = r.random() < 0.5
        return "form", "affirmative or negative", say(clause, tense,
                negative=negative), "negative" if negative else "affirmative", (
            'it contains the word "not"' if negative else 'the word "not" is missing')
    row = r.choice(ROWS["facts and opinions"])
    return "content", "a fact or an opinion", full(row["sent"]), a(row["kind"]), row["why"]


@topic_maker(6)
def kinds_of_sentences(r):
    topic, names, sentence, kind, why = a_kind(r)
    if topic == "purpose" and r.random() < 0.25:
        mark = {"interrogative": "a question mark", "exclamatory": "an exclamation point"}.get(kind, "a period")
        return "which mark should end the sentence, and its type", \
            f"It is {kind} and should end with {mark}.", sentence[:-1]
    if topic == "structure" and kind == "complex" and r.random() < 0.3:
        word = why.split('"')[1]
        return "the dependent clause of the sentence", \
            f'The dependent clause is "{word}{sentence.split(word, 1)[1]}"', sentence
    return about(r, f"whether this sentence is {names}|{names}|the kind of this sentence: {names}|the {topic} of the"
            f" sentence ({names})", sentence,
                 r.choice([f"It is {kind} because {why}.".replace('".', '."'), capital(kind), f"It is {kind}."]))


OPPOSITE = {"declarative": "interrogative", "interrogative": "declarative", "simple": "complex",
        "negative": "affirmative",
            "affirmative": "negative", "compound": "simple", "complex": "simple", "imperative": "interrogative",
            "exclamatory": "interrogative", "a fragment": "a complete sentence", "a complete sentence": "a fragment"}


@topic_maker(4)
def true_or_false(r):
    """Claims about grammar."""
    truth, kind = r.random() < 0.5, r.randrange(4)
    if kind == 0:
        right = ""
        while right not in OPPOSITE:
            _, _, sentence, right, why = a_kind(r)
        other = right if truth else OPPOSITE[right]
        claim = f'"{sentence}" is {other}.'
        reason = (capital(why) + "." if truth else f"It is {right} because {why}.").replace('".', '."')
    elif kind == 1:
        clause = transitive(r)
        active = r.random() < 0.5
        sentence = say(clause, "past") if active else passively(clause, "past")
        claim = f'The sentence "{sentence}" is in the {"active" if active == truth else "passive"} voice.'
        reason = f"Its subject {'does' if active else 'receives'} the action."
    elif kind == 2:
        verb = r.choice(HANDY + SOCIAL)
        wrong = verb["ing"] if r.random() < 0.5 else verb["third"]
        claim = f'The past tense of "{verb["base"]}" is "{verb["past"] if truth else wrong}."'
        reason = f'We say "Yesterday they {verb["past"]}."' if truth else f'It is "{verb["past"]}."'
    else:
        noun = r.choice(THINGS)
        claim = f'The plural of "{noun}" is "{many(noun) if truth else noun + chr(39) + "s"}."'
        reason = f'One {noun}, two {many(noun)}.' if truth else f'It is "{many(noun)}," without an apostrophe.'
    if r.random() < 0.4:
        return f"{pick(r, 'whether it is true or false|true or false|whether this is true')}: {claim}", \
            f"{truth}. {reason}"
    return pick(r, "true or false, with a reason|whether this statement is true or false|whether the claim is true|a"
            " check of this claim about"
                " grammar|the claim, labeled true or false"), f"{truth}. {reason}", claim


QUALITIES = "brave busy quiet strong sly gentle stubborn slow fast proud wise hungry graceful free".split()
OF_THINGS = "white cold light hard old smooth black red dry warm".split()


@topic_maker(5)
def similes(r):
    quality, image = r.choice([row for row in LIKE if row[0] in QUALITIES + OF_THINGS])
    who = r.choice([r.choice(NAMES), f"the {r.choice(JOBS)}", f"our"
            f" {r.choice(JOBS)}"]) if quality in QUALITIES else f"the {r.choice(THINGS)}"
    thing_, image_ = capital(who), r.choice([image, a(r.choice(BEASTS)), a(r.choice(THINGS))])
    simile, metaphor = f"{thing_} was like {image_}.", f"{thing_} was {image_}."
    plain = f"{thing_} was very {quality}."
    kind = r.randrange(6)
    if kind == 0:
        return about(r, "as a simile|the metaphor turned into a simile|this sentence as a simile, with \"like\"",
                metaphor, simile)
    if kind == 1:
        return about(r, "as a metaphor|the simile turned into a metaphor|this sentence without \"like,\" as a"
                " metaphor", simile, metaphor)
    if kind == 2:
        return about(r, "with a simile|the sentence with a well-known simile|rewritten with a comparison", plain,
                f"{thing_} was as {quality} as {image}.")
    if kind == 3:
        sentence, answer = r.choice([(simile, 'It is a simile, because it uses "like."'), (metaphor,
                'It is a metaphor, because it does not use "like" or "as."'),
                                     (plain, "Neither"), (f"{thing_} was as {quality} as {image}.",
                                     'It is a simile, because it uses "as."')])
        return about(r, "a simile, a metaphor, or neither|whether this sentence is a simile or a metaphor, or"
                " neither", sentence, answer)
    if kind == 4:
        return about(r, "the two things that are compared|what is compared to what in this sentence", simile,
                f"{thing_} is compared to {image_}.")
    return r.choice([(f'the end of the simile "as {quality} as"', f"As {quality} as {image}"),
            (f'what "as {quality} as {image}" means', f"It means very {quality}."),
                     (f"a well-known simile for something {quality}", f"As {quality} as {image}"),
                     (f"the meaning of the sentence \"{thing_} is as {quality} as"
                     f" {image}.\"", f"It means that {who} is very {quality}.")])


GRAMMAR = """what a compound sentence is / A compound sentence joins two or more independent clauses.
what a complex sentence is / A complex sentence joins an independent clause and a dependent clause.
what a simple sentence is / A simple sentence has only one clause.
what a fragment is / A fragment is a group of words that is not a complete sentence.
what a simile is / A simile compares two things with "like" or "as."
what a metaphor is / A metaphor says that one thing is another.
the mark at the end of a direct question / A direct question ends with a question mark.
which mark shows that something belongs to someone / An apostrophe shows that something belongs to someone.
the mark between the hour and the minutes / A colon goes between them, as in 7:30.
what a sentence that gives an order is called / It is called an imperative sentence.
what a sentence that asks something is called / It is called an interrogative sentence.
what a sentence that states something is called / It is called a declarative sentence.
how the active and the passive voice differ / In the active, the subject acts; in the passive, it is acted upon.
which word signals a simile / The word "like" or "as" signals a simile."""


@topic_maker(1)
def terms_of_grammar(r):
    return tuple(pick(r, GRAMMAR.replace("\n", "|")).split(" / "))
