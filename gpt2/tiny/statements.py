"""Programs that make statements: what is better computed, or put together at random, than written by hand.

Every function below that carries @maker takes a source of random numbers, r, and returns a text: one or a few
declarative sentences about numbers, words, sentences, dates, code, and the like. make_tiny.py calls them in turn.
"""
# ruff: noqa: SIM905  (words in one string read more easily than a list of strings)
import json
import re
from pathlib import Path

TEXT = Path(__file__).resolve().parent / "text"
MAKERS, TOPIC_MAKERS = [], []  # (function, share): how often each is called, relative to the others of its list


class Block:
    """A table of facts and the sentences into which its rows are put. In a text file, ¶ in a sentence is a new line.
    topics holds (titles, materials, texts), lists of templates of which an entry takes one each: see entry."""
    def __init__(self, name, columns):
        self.name, self.columns, self.rows, self.templates, self.topics = name, columns, [], [], []


def read_blocks(path):
    """Return the Blocks of a text file; ValueError, with the line, if one is malformed."""
    blocks = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()
        if line.startswith("== "):
            name, _, columns = line[3:].partition(":")
            blocks.append(Block(name.strip(), [column.strip() for column in columns.split("|")]))
        elif line.startswith("> "):
            blocks[-1].templates.append(line[2:].strip().replace("¶", "\n"))
            try:
                fill(line, dict.fromkeys(blocks[-1].columns, "x"))
            except (KeyError, ValueError, IndexError) as problem:
                raise ValueError(f"{path.name}, line {number}: {problem!r}") from None
        elif line.startswith("@ "):
            before, arrow, texts = line[2:].replace("¶", "\n").partition(" => ")
            titles, _, materials = before.partition(" :: ")
            topic = [[part.strip() for part in parts.split(" ~ ")] if parts else []
                     for parts in (titles, materials, texts)]
            columns = set(re.findall(r"(?<!{){(\w+)}", line))
            known = {way + column for column in blocks[-1].columns for way in ("", "other_", "choices_", "either_")}
            wrong = {column for column in columns if column[0].lower() + column[1:] not in known}
            if wrong or not arrow or not all(topic[0] + topic[2]):
                raise ValueError(f"{path.name}, line {number}: not titles => texts, or no column: {wrong}")
            blocks[-1].topics.append(topic)
        elif line and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) != len(blocks[-1].columns) or not all(cells):
                raise ValueError(f"{path.name}, line {number}: {len(cells)} cells for {blocks[-1].columns}")
            blocks[-1].rows.append(dict(zip(blocks[-1].columns, cells, strict=True)))
    return blocks


def capital(text):
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def fill(template, row):
    """Return a template with the cells of a row in it; {Name} is {name} with a capital first letter."""
    return template.format_map(row | {capital(column): capital(cell) for column, cell in row.items()})


def filled_topic(block, topic, row, r):
    """Return (title, text, material or None) of a row. Besides the row's own cells there are {other_x}, the cell of
    another row, {choices_x}, "a, b, c", and {either_x}, "a or b", with the row's own cell among others."""
    title, material, text = (r.choice(templates) if templates else "" for templates in topic)
    used = re.findall(r"{([oO]ther|[cC]hoices|[eE]ither)_(\w+)}", title + material + text)
    used = sorted({(way.lower(), column) for way, column in used})
    more = dict(row)
    others = [other for other in block.rows if all(other[column] != row[column] for _, column in used)]
    if used and not others:
        return None
    other = r.choice(others) if used else row
    for way, column in used:
        values = sorted({other[column] for other in others})
        if way == "other":
            more[f"other_{column}"] = other[column]
        else:
            n = 1 if way == "either" else r.choice([2, 3, 3])
            some = r.sample(values, min(n, len(values))) + [row[column]]
            r.shuffle(some)
            more[f"{way}_{column}"] = " or ".join(some) if way == "either" else ", ".join(some)
    return fill(title, more), fill(text, more), fill(material, more) if material else None


# An entry is a text that names its topic: the topic, perhaps the material that it is about, and the text.
INTROS = """Here is a page of a notebook. It names a topic and then gives the text that belongs to it.
The lines below hold a heading and a text. The text says what the heading names.
This is one of many short entries. Each one has a heading, and some have material to work on.
Below stands an entry of a handbook. The last part completes the entry.
What follows is a heading with its text. The text is short and fits the heading.
This note has a heading that names a topic, and a text that completes it suitably.
A topic is described here. The text that goes with it is written underneath.
Underneath, a topic is named. Then comes a statement that fits it.
Here is an entry that describes a topic, and a text that goes with it.
Some notes are long, and some are short. This one has a heading and a text.
Below is a topic, paired with further material. The text at the end fits both.
This entry comes with material that gives further context. The text at the end completes it.
The following is a heading that describes a text, and the text itself stands below.
A collection of entries holds many things. One of them is given here.
Below is a description of a text. The text itself closes the page.""".split("\n")
HEADINGS = [("Topic", "Material", "Text"), ("Subject", "Source", "Entry"), ("Heading", "Given", "Statement"),
            ("Title", "Original", "Result"), ("Theme", "Data", "Line"), ("Item", "Passage", "Content"),
            ("Description", "Context", "Text"), ("Lemma", "Example", "Note"), ("Card", "Words", "Back of the card"),
            ("Page", "From", "To"), ("Matter", "Before", "After"), ("Section", "Notes", "Summary"),
            ("Description", "Material", "Result"), ("Topic", "Context", "Statement")]
INDIRECT = re.compile(r"((about|at|by|for|from|in|into|of|on|to|under|with|between) )?(what|which|who|whom|whose|where"
                      r"|when|why|how|whether)\b", re.IGNORECASE)
ADVERBIAL = re.compile(r"(as|at|by|for|from|in|into|on|to|with|without|one|only|of)\b", re.IGNORECASE)
SAYING = ["The text says {}.", "The entry tells {}.", "Here it is said {}.", "Below stands {}.", "It is known {}.",
          "The reader learns {}.", "One may wonder {}.", "The author explains {}.", "{}, in a few words",
          "Somebody has found out {}.", "In one sentence: {}", "The next line shows {}."]
GIVING = ["This is {}.", "Here is {}.", "The text gives {}.", "The entry is {}.", "The next line shows {}.",
          "{}, and nothing else", "Below stands {}.", "The author has written {}.", "The text is about {}.",
          "{}, please", "The reader finds {}.", "There is {} in this entry."]


def entry(r, title, text, material=None):
    """Return a document that names its topic and then gives the text about it, in one of many layouts, so that what
    counts is what the title says. title: a noun phrase or an indirect question, without a full stop."""
    if r.random() < 0.3:
        if INDIRECT.match(title):
            title = r.choice(SAYING).format(title)
        elif not ADVERBIAL.match(title):
            title = r.choice(GIVING).format(title)
    title = capital(title) if r.random() < 0.85 else title
    if r.random() < 0.6:
        mark, (head, middle, last) = r.choice(["", "", "# ", "## ", "* ", "== ", "-- "]), r.choice(HEADINGS)
        parts = [f"{mark}{head}:\n{title}", *([f"{mark}{middle}:\n{material}"] if material else []),
                 f"{mark}{last}:\n{text}"]
        return "\n\n".join([r.choice(INTROS)] * (r.random() < 0.75) + parts)
    sign = r.choice(["", ":", "."]) if title[-1].isalnum() else ""
    if material and "\n" not in material and r.random() < 0.3:
        return f"{title}{sign or ':' * title[-1].isalnum()} {material}" + r.choice(["\n", "\n\n"]) + text
    return r.choice(["\n", "\n\n"]).join([title + sign, *([material] if material else []), text])


LISTS = {block.name: block.rows for block in read_blocks(TEXT / "lists.txt")}
NAMES = [row["name"] for row in LISTS["names"]]
WORDS = [row["word"] for row in LISTS["words"]]
GROUPS = [(row["kind"], row["kinds"], row["members"].split(", ")) for row in LISTS["groups"]]
COUNTRIES, CITIES, MONTHS, DAYS = ([members for kind, _, members in GROUPS if kind == wanted][0] for wanted in
                                  ("a country", "a city", "a month", "a day of the week"))
ACTIONS = [{**row, "agents": row["agents"].split(", "), "patients": row["patients"].split(", ")}
           for row in LISTS["actions"]]
NOUNS = sorted({member for kind, _, members in GROUPS for member in members if member.islower()} | set(WORDS))
HE_SHE = dict.fromkeys("Andre Ben Bilal Carlos Daniel Diego Dmitri Farid Felix Hassan Hiro Ivan Jamal Kofi Kwame Lars"
                       " Leo Lucas Mateo Miguel Nikhil Noah Oliver Omar Oscar Pavel Rafael Ravi Samuel Stefan Sven"
                       " Tariq Thabo Theo Tomas Victor Yusuf".split(), ("he", "his", "him"))


THINGS_TO_COUNT = [member for kind, _, members in GROUPS for member in members if member != "pliers" and kind in (
    "a fruit", "an animal", "a bird", "an insect", "a reptile", "a tree", "a flower", "a tool", "a musical instrument",
    "a vehicle", "an article of clothing", "a job", "a kitchen tool", "a building")]


def maker(share):
    """Enter a function into MAKERS."""
    def enter(function):
        MAKERS.append((function, share))
        return function
    return enter


def topic_maker(share):
    """Enter a function that returns what entry takes, (title, text) or (title, text, material), into TOPIC_MAKERS."""
    def enter(function):
        TOPIC_MAKERS.append((function, share))
        return function
    return enter


def a(word):
    """Return the word behind its indefinite article."""
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"


def listing(words, last="and"):
    """Return words as a list in a sentence."""
    words = [str(word) for word in words]
    return f" {last} ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])}, {last} {words[-1]}"


def quoted(words):
    """Return words as a list in a sentence, each in quotation marks, the comma inside them as in American print."""
    words = list(words)
    if len(words) == 1:
        return f'"{words[0]}"'
    if len(words) == 2:
        return f'"{words[0]}" and "{words[1]}"'
    return " ".join(f'"{word},"' for word in words[:-1]) + f' and "{words[-1]}"'


def is_plural(phrase):
    """Tell whether a noun phrase of the lists is plural."""
    head = re.split(r" of | on | in ", phrase)[0].split()[-1]
    if phrase in NAMES:
        return False
    return head in ("children", "police", "sheep", "people") or bool(re.search(r"[^su]s$", head))


def rewritten(r, before, after, was, now):
    """Return a text in which one sentence becomes another. was, now: phrases such as "in the active voice"; `was` may
    be empty. Some layouts put each sentence on a line of its own, without quotation marks."""
    the, sentence = r.choice(["The sentence", "This sentence", "A sentence"]), r.choice(["sentence", "statement"])
    ways = [
        f'{capital(now)}, "{before}" becomes "{after}"',
        f'"{before}" becomes "{after}" {now}.',
        f'{the} "{before}" reads like this {now}: "{after}"',
        f"{before}\n\n{capital(now)}, this {sentence} reads:\n\n{after}",
        f"This {sentence} becomes another one {now}.\n\n{before}\n\n{after}",
        f"{capital(now)}:\n\n{before}\n{after}",
        f"{before} {capital(now)}, the {sentence} is: {after}",
        f"Here is a {sentence}.\n{before}\nHere it is {now}.\n{after}",
        f"The next {sentence} is {now}.\n\n{before}\n\n{after}",
        f"{capital(sentence)}:\n{before}\n\n{capital(now)}:\n{after}",
        f"A {sentence} {now}\n\n{before}\n\n{after}",
    ]
    if was:
        ways += [f'"{before}" is {was}. {capital(now)}, it is "{after}"',
                 f"The first sentence is {was}, and the second one is {now}.\n\n{before}\n\n{after}",
                 f"{capital(was)}: {before}\n{capital(now)}: {after}"]
    return r.choice(ways)


def corrected(r, before, after, kind):
    """Return a text in which a mistake of a kind ("the spelling") is mended."""
    return r.choice([
        f'{capital(kind)} in "{before}" is wrong. The correct sentence is "{after}"',
        f"Wrong: {before}\nRight: {after}",
        f"This sentence has a mistake in {kind}.\n\n{before}\n\nHere the mistake is corrected.\n\n{after}",
        f"{before}\n\nWith {kind} corrected, the sentence reads:\n\n{after}",
        f'The sentence "{before}" contains an error. With {kind} corrected, it is "{after}"',
        f'It is wrong to write "{before}" It is right to write "{after}"',
        f"Not correct: {before}\nCorrected: {after}",
        f"The second line corrects {kind} of the first.\n\n{before}\n\n{after}",
    ])


# ---- Sentences ---------------------------------------------------------------------------------------------------

WHEN = {"past": ["yesterday", "last night", "last week", "on Monday", "an hour ago", "in the morning"],
        "present": ["every day", "on Sundays", "every morning", "each year", "in the evening", "at noon"],
        "future": ["tomorrow", "next week", "soon", "on Friday", "tonight", "next month"]}


def scene(r):
    """Return (agent, verb forms, patient) at random."""
    action = r.choice(ACTIONS)
    agent = r.choice(NAMES) if r.random() < 0.2 and action["agents"][0][:8] in ("the chef", "the bake", "the carp",
        "the pain", "the teac", "the stud", "the gard", "the mech", "the driv", "the libr", "the secr") \
        else r.choice(action["agents"])
    return agent, action, r.choice(action["patients"])


TENSES = ["present", "past", "future", "present continuous", "past continuous", "present perfect", "past perfect",
          "modal"]


def active(agent, verb, patient, tense, modal="can", negative=False):
    """Return an active sentence without its full stop."""
    plural = is_plural(agent)
    no = " not" if negative else ""
    if tense == "present":
        form = f"do{'' if plural else 'es'} not {verb['base']}" if negative else verb["base" if plural else "third"]
    elif tense == "past":
        form = f"did not {verb['base']}" if negative else verb["past"]
    else:
        form = {
            "future": f"will{no} {verb['base']}", "modal": f"{modal}{no} {verb['base']}",
            "present continuous": f"{'are' if plural else 'is'}{no} {verb['ing']}",
            "past continuous": f"{'were' if plural else 'was'}{no} {verb['ing']}",
            "present perfect": f"{'have' if plural else 'has'}{no} {verb['participle']}",
            "past perfect": f"had{no} {verb['participle']}"}[tense]
    return f"{capital(agent)} {form} {patient}"


def passive(agent, verb, patient, tense, modal="can"):
    """Return a passive sentence without its full stop; agent may be None."""
    plural = is_plural(patient)
    be = {"present": "are" if plural else "is", "past": "were" if plural else "was", "future": "will be",
          "present continuous": "are being" if plural else "is being", "modal": f"{modal} be",
          "past continuous": "were being" if plural else "was being",
          "present perfect": "have been" if plural else "has been", "past perfect": "had been"}[tense]
    return f"{capital(patient)} {be} {verb['participle']}" + (f" by {agent}" if agent else "")


def tail(r, tense):
    """Return a time phrase, often none."""
    kind = tense.split()[0]
    return f" {r.choice(WHEN[kind])}" if tense in WHEN and r.random() < 0.3 else ""


@maker(5)
def voices(r):
    agent, verb, patient = scene(r)
    tense, modal = r.choice(TENSES + ["past", "past", "present"]), r.choice(["can", "must", "should", "may"])
    when = tail(r, tense)
    one = active(agent, verb, patient, tense, modal) + when + "."
    two = passive(agent, verb, patient, tense, modal) + when + "."
    if r.random() < 0.12:
        one = one.replace(capital(agent), r.choice(["Someone", "Somebody"])) if not is_plural(agent) else one
        two = passive(None, verb, patient, tense, modal) + when + "."
        return rewritten(r, one, two, "in the active voice", "in the passive voice without the doer")
    if r.random() < 0.5:
        return rewritten(r, one, two, "in the active voice",
            r.choice(["in the passive voice", "as a passive sentence"]))
    return rewritten(r, two, one, "in the passive voice", r.choice(["in the active voice", "as an active sentence"]))


@maker(1)
def voice_names(r):
    agent, verb, patient = scene(r)
    tense = r.choice(TENSES)
    if r.random() < 0.5:
        return (f'The sentence "{active(agent, verb, patient, tense)}." is active. Its subject, "{agent}," does the '
                f'action, and its object is "{patient}."')
    return (f'The sentence "{passive(agent, verb, patient, tense)}." is passive. Its subject is "{patient}," and "by '
            f'{agent}" tells who does the action.')


NAMED_TENSES = {
    "present": "in the simple present", "past": "in the simple past", "future": "in the future with \"will\"",
    "present continuous": "in the present continuous", "past continuous": "in the past continuous",
    "present perfect": "in the present perfect", "past perfect": "in the past perfect"}


PEOPLE = ("sister boy grandfather girl friend nurse teacher tourist singer farmer runner cousin woman student child"
          " visitor brother man actor guest").split()


def doing(r):
    """Return (subject, verb forms, rest) of a sentence, with an object or without."""
    if r.random() < 0.5:
        row = r.choice(LISTS["doings"])
        person = row["subject"].split()[-1] in PEOPLE
        subject = r.choice(NAMES + ["they", "she", "he", "we",
            "my parents"]) if person and r.random() < 0.6 else row["subject"]
        return (subject, row, row["rest"])
    return scene(r)


def clause(subject, verb, rest, tense, negative=False):
    """Like active, also for pronouns."""
    sentence = active("the horses" if subject in ("they", "we", "I", "you") else subject, verb, rest, tense,
                      negative=negative)
    sentence = sentence.replace("The horses", capital(subject), 1) if subject in ("they", "we", "I",
        "you") else sentence
    return sentence.replace("I are", "I am").replace("I were", "I was")


@maker(5)
def tenses(r):
    subject, verb, rest = doing(r)
    one, two = r.sample(list(NAMED_TENSES), 2) if r.random() < 0.4 else r.choice(
        [("present", "past"), ("past", "present"), ("present", "future"), ("past", "future"), ("future", "past"),
         ("present", "present continuous"), ("past", "past continuous"), ("past", "present perfect")])
    when = r.random() < 0.3 and one in WHEN and two in WHEN
    before = clause(subject, verb, rest, one) + (f" {r.choice(WHEN[one])}" if when else "") + "."
    word = r.choice(WHEN[two]) if when else ""
    after = clause(subject, verb, rest, two) + (f" {word}" if when else "") + "."
    now = f'with "{word}"' if when and r.random() < 0.5 else NAMED_TENSES[two]
    if two in ("past", "present", "future") and not when and r.random() < 0.5:
        now = f"in the {two} tense"
    return rewritten(r, before, after, NAMED_TENSES[one], now)


@maker(1)
def tense_names(r):
    subject, verb, rest = doing(r)
    tense = r.choice(list(NAMED_TENSES))
    name = NAMED_TENSES[tense].replace(' with "will"', "").removeprefix("in the ")
    sentence = clause(subject, verb, rest, tense) + "."
    return r.choice([f'The verb in "{sentence}" is in the {name}.',
        f"{sentence}\nThis sentence is in the {name} tense.",
                     f'The tense of "{sentence}" is the {name}.'])


@maker(2)
def verb_forms(r):
    verb = r.choice(ACTIONS + LISTS["doings"])
    base = verb["base"]
    return r.choice([
        f'The past tense of "{base}" is "{verb["past"]}."',
        f'The past participle of "{base}" is "{verb["participle"]}."',
        f'The verb "{base}" has the forms {base}, {verb["past"]}, and {verb["participle"]}.',
        f'The "-ing" form of "{base}" is "{verb["ing"]}."',
        f'"{capital(verb["past"])}" is the past tense of "{base}."',
        f'Today I {base}. Yesterday I {verb["past"]}. I have often {verb["participle"]}.',
        f'We say "I {base}," but "he {verb["third"]}" and "they are {verb["ing"]}."',
    ])


SHORT = [("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't"),
         ("are not", "aren't"), ("was not", "wasn't"), ("were not", "weren't"), ("will not", "won't"),
         ("cannot", "can't"), ("have not", "haven't"), ("has not", "hasn't"), ("had not", "hadn't"),
         ("should not", "shouldn't"), ("would not", "wouldn't"), ("could not", "couldn't"), ("it is", "it's"),
         ("I am", "I'm"), ("you are", "you're"), ("we are", "we're"), ("they are", "they're"), ("he is", "he's"),
         ("she is", "she's"), ("that is", "that's"), ("there is", "there's"), ("what is", "what's"),
         ("I will", "I'll"), ("we will", "we'll"), ("they will", "they'll"), ("she will", "she'll"),
         ("he will", "he'll"), ("you will", "you'll"), ("I have", "I've"), ("we have", "we've"),
         ("they have", "they've"), ("you have", "you've"), ("let us", "let's"), ("must not", "mustn't")]
SHORTEN = {long: short for long, short in SHORT if long != "let us"}
SHORTENER = re.compile(r"\b(" + "|".join(sorted(SHORTEN, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def shortened(sentence):
    """Return the sentence with its contractions."""
    def short(match):
        word = SHORTEN.get(match[0]) or SHORTEN.get(match[0][0].lower() + match[0][1:]) or match[0]
        return capital(word) if match[0][0].isupper() else word
    return SHORTENER.sub(short, sentence)


@maker(3)
def contractions(r):
    if r.random() < 0.35:
        long, short = r.choice(SHORT)
        return r.choice([f'"{capital(short)}" is short for "{long}."', f'The contraction of "{long}" is "{short}."',
                         f'"{capital(long)}" is written "{short}" as one short word.',
                         f'The short form "{short}" stands for "{long}."',
                         f'The contraction "{short}" is made of the words {quoted(long.split())}.'
                         if " " in long else f'"{capital(short)}" stands for "{long}."'])
    subject, verb, rest = doing(r)
    subject = r.choice([subject, "they", "she", "we", "he", "it", "you", "I"])
    subject = r.choice(["they", "she", "we", "he"]) if r.random() < 0.5 else subject
    tense = r.choice(["present", "past", "future", "present continuous", "present perfect", "past continuous"])
    negative = r.random() < 0.6
    long = clause(subject, verb, rest, tense, negative).replace("It have", "It has") + "."
    short = shortened(long)
    if short == long:
        return contractions(r)
    if r.random() < 0.5:
        return rewritten(r, long, short, "", r.choice(["with a contraction", "with the short form", "contracted"]))
    return rewritten(r, short, long, "", r.choice(["without the contraction", "written out in full", "in full words"]))


@maker(3)
def negatives(r):
    subject, verb, rest = doing(r)
    tense = r.choice(list(NAMED_TENSES) + ["present", "past"])
    yes, no = (clause(subject, verb, rest, tense, negative) + "." for negative in (False, True))
    no = shortened(no) if r.random() < 0.4 else no
    if r.random() < 0.75:
        return rewritten(r, yes, no, r.choice(["affirmative", "positive", ""]),
                         r.choice(["in the negative", "as a negative sentence", 'with "not"', "in the negative form"])
                         ).replace("affirmative", "in the affirmative").replace("is positive", "is a positive sentence")
    return f'"{yes}" is an affirmative sentence, and "{no}" is a negative one.'


def question(subject, verb, rest, tense):
    """Return the yes-or-no question of a statement."""
    plural = is_plural(subject) or subject in ("they", "we", "I", "you")
    subject = subject
    front, form = {
        "present": ("Do" if plural else "Does", verb["base"]), "past": ("Did", verb["base"]),
        "future": ("Will", verb["base"]), "modal": ("Can", verb["base"]),
        "present continuous": ("Are" if plural else "Is", verb["ing"]),
        "past continuous": ("Were" if plural else "Was", verb["ing"]),
        "present perfect": ("Have" if plural else "Has", verb["participle"]),
        "past perfect": ("Had", verb["participle"])}[tense]
    return f"{front} {subject} {form} {rest}?"


@maker(4)
def questions(r):
    subject, verb, rest = doing(r)
    tense = r.choice(["present", "past", "past", "future", "present continuous", "present perfect"])
    statement, asked = clause(subject, verb, rest, tense) + ".", question(subject, verb, rest, tense)
    kind = r.random()
    if kind < 0.4:
        return rewritten(r, statement, asked, "as a statement" if r.random() < 0.3 else "",
                         r.choice(["as a question", "as a yes-or-no question"]))
    if kind < 0.55:
        return rewritten(r, asked, statement, "", "as a statement")
    if kind < 0.8 and tense == "past":
        place = rest.startswith(("in ", "on ", "at ", "under ", "near ", "to ", "by the", "over", "behind", "up "))
        if verb in ACTIONS:
            which = r.choice([("What", f"What did {subject} {verb['base']}?", rest),
                              ("Who", f"Who {verb['past']} {rest}?", subject)])
        elif place:
            which = ("Where", f"Where did {subject} {verb['base']}?", rest)
        else:
            which = ("Who", f"Who {verb['past']} {rest}?", subject)
        word, asked, about = which
        return r.choice([
            f'The question "{asked}" fits the statement "{statement}"',
            f'{statement}\nThe question about "{about}" is this.\n{asked}',
            f'"{statement}" is a reply to the question "{asked}"',
            f'A question with "{word.lower()}" about this sentence follows it.\n\n{statement}\n\n{asked}'])
    plural = is_plural(subject) or subject in ("they", "we")
    pronoun = "we" if subject == "we" else "they" if plural else \
        subject if subject in ("he", "she") else HE_SHE[subject][0] if subject in HE_SHE else None
    pronoun = pronoun or ("she" if subject in NAMES else "it" if subject.split()[-1] in ("dog", "cat", "train", "ship",
                          "bird", "frog", "sun", "bus", "bell", "river", "ball", "snow", "light", "owl", "plant",
                          "lion", "horse", "kitten", "leaf", "storm", "fire", "hail", "branch", "team") else None)
    if pronoun is None or tense == "modal":
        return rewritten(r, statement, asked, "", "as a question")
    front = question(pronoun, verb, rest, tense).split()[0].lower()
    short = {"do": "don't", "does": "doesn't", "did": "didn't", "will": "won't", "is": "isn't", "are": "aren't",
             "has": "hasn't", "have": "haven't"}[front]
    tagged = f"{statement[:-1]}, {short} {pronoun}?"
    return rewritten(r, statement, tagged, "", r.choice(["with a question tag", "with a tag question at the end"]))


@maker(3)
def sentence_kinds(r):
    subject, verb, rest = doing(r)
    tense = r.choice(["present", "past", "future"])
    command = f"{capital(verb['base'])} {rest}."
    text, kind, why = r.choice([
        (clause(subject, verb, rest, tense) + ".", "declarative", "it makes a statement"),
        (question(subject, verb, rest, tense), "interrogative", "it asks a question"),
        (command, "imperative", "it gives a command"),
        (f"What {a(r.choice(['wonderful', 'terrible', 'beautiful', 'strange', 'cold']))} "
         f"{r.choice(['day', 'story', 'garden', 'song', 'view', 'game'])}!", "exclamatory",
         "it shows strong feeling")])
    mark = {"declarative": "a period", "interrogative": "a question mark", "imperative": "a period",
            "exclamatory": "an exclamation point"}[kind]
    return r.choice([
        f'"{text}" is {a(kind)} sentence, because {why}.', f"{text}\n\nThis sentence is {kind}; {why}.",
        f'The sentence "{text}" is {kind}. It ends with {mark}.', f"{text}\nThe type of this sentence: {kind}",
        f'{capital(a(kind))} sentence is "{text}"'])


@maker(2)
def compound(r):
    subject, verb, rest = doing(r)
    one = clause(subject, verb, rest, "past")
    subject, verb, rest = doing(r)
    two = clause(subject, verb, rest, "past")
    small = two if two.split()[0] in NAMES else two[0].lower() + two[1:]
    kind = r.randrange(4)
    if kind == 0:
        word = r.choice(["and", "but", "so", "or"])
        return (f'"{one}, {word} {small}." is a compound sentence, because "{word}" joins two independent clauses.')
    if kind == 1:
        word = r.choice(["when", "because", "after", "while", "before", "although"])
        return f'"{one} {word} {small}." is a complex sentence. The clause "{word} {small}" is dependent.'
    if kind == 2:
        word = r.choice(["when", "because", "after", "while", "although", "if"])
        return f'"{capital(word)} {small}." is a fragment, not a complete sentence. It has no main clause.'
    return f'"{one} {small}." is a run-on sentence. It becomes right as two sentences: "{one}. {two}."'


@maker(4)
def combined(r):
    """Two sentences joined, or one split."""
    subject, verb, rest = doing(r)
    one = clause(subject, verb, rest, "past")
    same = r.random() < 0.3
    other, verb2, rest2 = doing(r)
    two = clause(subject if same else other, verb2, rest2, "past")
    small = two if two.split()[0] in NAMES else two[0].lower() + two[1:]
    lower = one if one.split()[0] in NAMES else one[0].lower() + one[1:]
    word = r.choice(["and", "but", "so", "because", "while", "when", "after", "before", "until", "although", "since"])
    if same and r.random() < 0.6:
        predicate = f"{verb2['past']} {rest2}"
        joined, word = f"{one} and {predicate}.", "and"
    elif word in ("and", "but", "so"):
        joined = f"{one}, {word} {small}."
    elif r.random() < 0.5:
        joined = f"{one} {word} {small}."
    else:
        joined = f"{capital(word)} {small}, {lower}."
    pair = f"{one}. {two}."
    if r.random() < 0.75:
        return rewritten(r, pair, joined, "", f'joined with "{word}"' if r.random() < 0.7 else "as one sentence"
                         ).replace("this sentence reads", "these sentences read")
    return rewritten(r, joined, pair, "", r.choice(["as two sentences", "split into two sentences"]))


@maker(2)
def speech(r):
    """What people say, directly and indirectly."""
    name, other = r.sample(NAMES, 2)
    pronoun = HE_SHE.get(name, ("she",))[0]
    _, verb, rest = doing(r)
    rest = rest.replace("my ", "the ").replace("our ", "the ")
    direct, indirect = r.choice([
        (f"I will {verb['base']} {rest}", f"{pronoun} would {verb['base']} {rest}"),
        (f"I can {verb['base']} {rest}", f"{pronoun} could {verb['base']} {rest}"),
        (f"I have {verb['participle']} {rest}", f"{pronoun} had {verb['participle']} {rest}"),
        (f"I am {verb['ing']} {rest}", f"{pronoun} was {verb['ing']} {rest}")])
    said = r.choice([f'{name} said, "{direct}."', f'"{direct}," said {name}.', f'"{direct}," {name} said.'])
    return rewritten(r, said.replace('"', "'"), f"{name} said that {indirect}.", "in direct speech",
                     r.choice(["in indirect speech", "as reported speech"]))


ADJECTIVES = ("big small old new red blue green tall short happy sad quiet loud warm cold heavy light bright dark soft"
              " hard clean dirty fast slow young rich poor strong weak sweet fresh brave kind").split()
ADVERBS = "quickly slowly quietly loudly carefully happily sadly gently suddenly bravely softly calmly badly".split()
PREPOSITIONS = "in on under behind near over beside above below across".split()


@maker(4)
def parts_of_speech(r):
    adjective, adverb, preposition = r.choice(ADJECTIVES), r.choice(ADVERBS), r.choice(PREPOSITIONS)
    noun, place = r.choice(["dog", "girl", "man", "bird", "nurse", "horse", "farmer", "child", "cat", "sailor"]), \
        r.choice(["house", "river", "tree", "bridge", "school", "garden", "hill", "wall", "lake"])
    verb = r.choice("ran slept waited sang walked jumped sat played worked danced smiled rested".split())
    sentence = f"The {adjective} {noun} {verb} {adverb} {preposition} the {place}."
    word, kind, why = r.choice([
        (noun, "noun", "it names " + ("an animal" if noun in ("dog", "bird", "horse", "cat") else "a person")),
        (place, "noun", "it names a thing" if place in ("tree", "wall") else "it names a place"),
        (verb, "verb", "it tells what happened"), (adjective, "adjective", f'it describes the noun "{noun}"'),
        (adverb, "adverb", f'it tells how the {noun} {verb}'), (preposition, "preposition",
            f"it shows where the {noun} {verb}")])
    return r.choice([
        f'In "{sentence}" the {kind} is "{word}."' if kind != "noun" else
        f'In "{sentence}" the nouns are "{noun}" and "{place}."',
        f'{sentence}\nIn this sentence, "{word}" is {a(kind)}, because {why}.',
        f'The word "{word}" in "{sentence}" is {a(kind)}.',
        f'{sentence} The verb is "{verb}," the adjective is "{adjective}," and the adverb is "{adverb}."',
        f'{sentence}\n\nThe nouns are "{noun}" and "{place}."',
        f"{sentence}\n\nThe {kind}: {word}" if kind != "noun" else f"{sentence}\n\nNouns: {noun}, {place}",
        f'The part of speech of "{word}" is {kind}.', f'The adjective "{adjective}" describes the noun "{noun}" in '
        f'"{sentence}"', f'The subject of "{sentence}" is "the {adjective} {noun}."'])


@maker(4)
def grammar_slips(r):
    agent, verb, patient = scene(r)
    plural = is_plural(agent)
    kind = r.randrange(9)
    rest = f"{patient} {r.choice(WHEN['present'])}"
    if kind == 0:
        before, after = (f"{capital(agent)} {verb['third' if plural else 'base']} {rest}.",
                         f"{capital(agent)} {verb['base' if plural else 'third']} {rest}.")
        name = "the verb"
    elif kind == 1:
        wrong, right = ("don't", "doesn't") if not plural else ("doesn't", "don't")
        before, after = (f"{capital(agent)} {word} {verb['base']} {rest}." for word in (wrong, right))
        name = "the verb"
    elif kind == 2:
        ing = verb["ing"]
        wrong, right = r.choice([("is", "are"), ("was", "were")])[:: 1 if plural else -1]
        before, after = (f"{capital(agent)} {word} {ing} {patient}." for word in (wrong, right))
        name = "the verb"
    elif kind == 3:
        if verb["past"] == verb["participle"]:
            return grammar_slips(r)
        has = "have" if plural else "has"
        before, after = (f"{capital(agent)} {has} {verb[form]} {patient}." for form in ("past", "participle"))
        name = "the verb form"
    elif kind == 4:
        noun = r.choice(THINGS_TO_COUNT)
        right = a(noun)
        wrong = ("a " if right.startswith("an ") else "an ") + noun
        name = "the article"
        before, after = (r.choice(["Emma drew {}.", "There is {} on the table.", "I saw {} in the shop.",
                                   "He is looking for {}."]),) * 2
        before, after = before.format(wrong), after.format(right)
    elif kind == 5:
        form = r.choice(["I don't have {} books.", "She didn't see {} birds.", "We don't need {} help.",
                         "He doesn't want {} soup.", "They didn't buy {} apples.", "I haven't heard {} news."])
        before, after, name = form.format("no"), form.format("any"), "the double negative"
    elif kind == 6:
        adjective, base = r.choice([("taller", "tall"), ("faster", "fast"), ("colder", "cold"), ("older", "old"),
                                    ("smaller", "small"), ("longer", "long"), ("stronger", "strong")])
        before, after = r.choice([
            (f"This one is more {adjective} than that one.", f"This one is {adjective} than that one."),
            (f"My brother is {base} than me.", f"My brother is {adjective} than me."),
            (f"The new bridge is more {adjective} than the old one.",
                f"The new bridge is {adjective} than the old one.")])
        name = "the comparative"
    elif kind == 7:
        one, two = r.sample(NAMES, 2)
        before, after = r.choice([
            (f"Me and {one} {verb['past']} {patient}.", f"{one} and I {verb['past']} {patient}."),
            (f"Him and {one} went home.", f"He and {one} went home."),
            (f"{one} gave the book to {two} and I.", f"{one} gave the book to {two} and me."),
            (f"Her and {one} are friends.", f"She and {one} are friends.")])
        name = "the pronoun"
    else:
        number = r.choice(["two", "three", "five", "many", "several"])
        nouns = [("child", "children"), ("mouse", "mice"), ("foot", "feet"), ("tooth", "teeth"), ("man", "men"),
                 ("woman", "women"), ("goose", "geese"), ("sheep", "sheep"), ("leaf", "leaves"), ("knife", "knives")]
        _, many = r.choice(nouns)
        before, after, name = f"I saw {number} {many}s there.", f"I saw {number} {many} there.", "the plural"
    return corrected(r, before, after, name) if r.random() < 0.85 else rewritten(
        r, before, after, "", r.choice(["in correct English", "with correct grammar", "without the mistake"]))


@maker(4)
def punctuation(r):
    subject, verb, rest = doing(r)
    kind = r.randrange(8)
    name = "the punctuation"
    tense = r.choice(["past", "present", "future"])
    if kind == 0:
        after = clause(subject, verb, rest, tense) + "."
        before = (after[:-1] if r.random() < 0.5 else after[:-1].lower())
    elif kind == 1:
        after = question(subject, verb, rest, tense)
        before = after[:-1] + r.choice([".", ""])
    elif kind == 2:
        word = r.choice(["When", "After", "Because", "If", "Although", "While"])
        other = clause(r.choice(["we", "they", "she"]), r.choice(LISTS["doings"]), "", "past").strip()
        first = clause(subject, verb, rest, "past")
        first = first if first.split()[0] in NAMES else first[0].lower() + first[1:]
        other = other[0].lower() + other[1:]
        after, before = f"{word} {first}, {other}.", f"{word} {first} {other}."
    elif kind == 3:
        things = r.sample(r.choice(GROUPS)[2], 3)
        verb = r.choice(["We saw", "She drew", "He likes", "They talked about"])
        after, before = f"{verb} {listing(things)}.", f"{verb} {things[0]} {things[1]} and {things[2]}."
    elif kind == 4:
        name_ = r.choice(NAMES)
        noun = r.choice(["book", "bicycle", "dog", "garden", "coat", "violin", "house", "friend"])
        verb = r.choice(["was near the door", "is new", "was lost", "is very old", "looks nice"])
        after, before, name = f"{name_}'s {noun} {verb}.", f"{name_}s {noun} {verb}.", "the apostrophe"
    elif kind == 5:
        name_, other = r.sample(NAMES, 2)
        after = f'"{clause("I", verb, rest, "future")}," said {name_}.'
        before = after.replace('"', "").replace(",", "")
        return f"Without quotation marks: {before}\nWith quotation marks: {after}"
    elif kind == 6:
        name_, city = r.choice(NAMES), r.choice(CITIES)
        day = r.choice(DAYS)
        after = f"{name_} flew to {city} on {day}."
        before, name = after.lower(), "the capital letters"
        before = before.replace(".", "") if r.random() < 0.3 else before
    else:
        short = r.choice(["don't", "can't", "isn't", "won't", "it's", "they're", "didn't", "doesn't", "I'm", "let's"])
        return f'The word "{short}" needs an apostrophe. It is wrong to write "{short.replace(chr(39), "")}."'
    if r.random() < 0.7:
        return rewritten(r, before, after, "",
            r.choice(["with correct punctuation", "with the right punctuation and capitals",
                                                        "with its punctuation"])
                         if name == "the punctuation" else f"with {name}")
    return corrected(r, before, after, name)


@maker(2)
def scrambled(r):
    subject, verb, rest = doing(r)
    after = clause(subject, verb, rest, "past") + "."
    words = after[:-1].split()
    if words[0] not in NAMES:
        words[0] = words[0].lower()
    mixed = words[:]
    r.shuffle(mixed)
    return r.choice([
        f"The words {' / '.join(mixed)} make this sentence: {after}",
        f"{' / '.join(mixed)}\n\nIn the right order, these words make a sentence.\n\n{after}",
        f"{', '.join(mixed)}\nPut in order: {after}"])


# ---- Small texts, and what they say ------------------------------------------------------------------------------

THINGS = ("a key, a lamp, a blue coat, a red kite, a basket of plums, an old map, a silver ring, a violin, a new tent,"
          " a"
          " wool scarf, a box of tools, two tickets, three notebooks, a birthday cake, a bag of flour, a toy boat,"
          " a pair"
          " of boots, a clay pot, a jar of honey, a pocket watch, a wooden chair, a green umbrella").split(", ")
PLACES = ("in the kitchen, at the market, in the attic, near the river, behind the barn, at the train station, in the"
          " library, under the bed, on the bus, in the garden, at school, in the park, on the beach, at the museum, in"
          " the garage, by the lake, on the roof, in a small shop").split(", ")
REASONS = ("it was raining, the bus was late, the store was closed, the road was icy, it was getting dark,"
           " the alarm did"
           " not ring, the bridge was closed, the oven was broken, it was a holiday, the train had left").split(", ")
MISSING = [("how old {n} is", "{p} age"), ("what color it was", ""), ("how much it cost", ""),
           ("where {n} was born", ""), ("who {n}'s parents are", ""), ("what time it was", "")]


@maker(10)
def stories(r):
    """A short text, and one or two things that are told in it, or are not."""
    name, other = r.sample(NAMES, 2)
    he, his, him = HE_SHE.get(name, ("she", "her", "her"))
    thing, place, day, reason = r.choice(THINGS), r.choice(PLACES), r.choice(DAYS), r.choice(REASONS)
    count, price = r.randrange(2, 30), r.randrange(2, 60)
    goods = r.choice(["apples", "books", "cups", "chairs", "tickets", "flowers", "eggs", "pencils", "fish", "stamps"])
    hour = f"{r.randrange(1, 12)}:{r.choice(['00', '15', '30', '45'])} {r.choice(['AM', 'PM'])}"
    city = r.choice(CITIES)
    short_thing = re.sub(r"^(a|an) ", "the ", thing)
    story, facts = r.choice([
        (f"On {day}, {name} found {thing} {place}. {capital(he)} gave it to {other}.",
         [f"{name} found {thing}.", f"{capital(short_thing)} was found {place}.", f"{name} gave it to {other}.",
          f"It happened on {day}.", f"{name} and {other} are the people in the text."]),
        (f"{name} wanted to visit {other}, but {reason}. So {he} stayed at home and read a book.",
         [f"{name} stayed at home because {reason}.", f"{name} wanted to visit {other}.", f"{capital(he)} read a book.",
          f"{name} could not visit {other} because {reason}, so {he} read at home."]),
        (f"{name} bought {count} {goods} for {price} dollars {place}.",
         [f"{name} bought {count} {goods}.", f"The {goods} cost {price} dollars.", f"{name} bought them {place}.",
          f"The numbers in the text are {count} and {price}."]),
        (f"The meeting with {name} {r.choice(LISTS['surnames'])['name']} is on {day} at {hour} in {city}.",
         [f"The meeting is on {day}.", f"The meeting begins at {hour}.", f"The meeting takes place in {city}.",
          f"The city in the text is {city}.", f"The time is {hour}."]),
        (f"{name} lost {thing} {place}. {other} looked everywhere and found it {r.choice(PLACES)}.",
         [f"{other} found {short_thing}.", f"{name} lost {thing}.", f"{name} lost it {place}."]),
        (f"{name} and {other} are friends. {name} plays {r.choice(['the violin', 'tennis', 'chess', 'the drums'])}, and"
         f" {other} likes to {r.choice(['paint', 'cook', 'swim', 'sing', 'draw'])}.",
         [f"The friends are {name} and {other}.", f"The names in the text are {name} and {other}."]),
        (f"{name} got up at {hour}. {capital(he)} ate breakfast, packed {thing}, and took the train to {city}.",
         [f"{name} got up at {hour}.", f"{name} went to {city}.", f"{name} took the train.",
             f"{capital(he)} packed {thing}.",
          f"{name} traveled to {city} by train."]),
        (f"{name} has a {r.choice(['dog', 'cat', 'parrot', 'rabbit', 'pony'])} named {other}."
         f" It is {r.randrange(2, 12)}"
         f" years old and likes to sleep {place}.",
         [f"The pet is named {other}.", f"{name} owns {other}.", f"{other} likes to sleep {place}."]),
        (f"A ticket to {city} costs {price} dollars. The bus leaves at {hour} and takes {r.randrange(2, 9)} hours.",
         [f"A ticket costs {price} dollars.", f"The bus leaves at {hour}.", f"The bus goes to {city}."]),
        (f"{name} practiced every day for {count} weeks. On {day}, {he} won first prize in {city}.",
         [f"{name} won first prize.", f"{name} practiced for {count} weeks.", f"{name} won the prize on {day}.",
          f"After {count} weeks of practice, {name} won first prize in {city}."]),
        (f"Dear {name}, please call me at 555-01{r.randrange(10, 99)} before {hour} on {day}. Thank you, {other}",
         [f"The message is for {name}.", f"{other} wrote the message.", f"{name} should call before {hour}.",
          f"The letter is from {other} to {name}."]),
        (f"{name} scored {count} points, and {other} scored {count + price} points.",
         [f"{other} won by {price} points.", f"{name} scored {count} points.",
             f"{other} scored more points than {name}.",
          f"The numbers are {count} and {count + price}."])])
    if r.random() < 0.15:
        missing = r.choice(["how old {} is", "where {} was born", "what {} looks like", "what {} ate for dinner",
                            "how tall {} is", "what {}'s favorite color is"]).format(name)
        return f"{story}\n\nThe text does not say {missing}."
    facts = r.sample(facts, min(len(facts), r.choice([1, 1, 2])))
    return r.choice([f"{story}\n\n{' '.join(facts)}", f"{story}\n{' '.join(facts)}",
                     f'The text says: "{story}" From this we know: {facts[0]}',
                     f"{story}\n\n{facts[0]} The text says so."])


@maker(3)
def names_in_text(r):
    subject, verb, rest = scene(r)
    name, other = r.sample(NAMES, 2)
    surname, city, day = r.choice(LISTS["surnames"])["name"], r.choice(CITIES), r.choice(DAYS)
    country, month = r.choice(COUNTRIES), r.choice(MONTHS)
    number, second = r.randrange(2, 99), r.randrange(2, 999)
    text, found = r.choice([
        (f"{name} {verb['past']} {rest} with {other}.", [("names", [name, other])]),
        (f"On {day}, {name} {surname} flew from {city} to {country}.",
         [("day", [day]), ("person", [f"{name} {surname}"]), ("city", [city]), ("country", [country])]),
        (f"{name} met {other} in {city} in {month}.", [("names", [name, other]), ("city", [city]), ("month", [month])]),
        (f"Dr. {surname} works with {name} at the hospital in {city}.",
         [("doctor", [f"Dr. {surname}"]), ("city", [city])]),
        (f"{name} packed {number} shirts and {second} stamps.", [("numbers", [number, second])]),
        (f"The house on {surname} Street has {number} windows and {r.choice(['a red', 'a green'])} door.",
         [("street", [f"{surname} Street"]), ("number", [number])]),
        (f"Order {second * 37 + 10000} has {number} items.", [("order number", [second * 37 + 10000])]),
        (f"{name} lives in {city}, and {other} lives in {country}.",
         [("names", [name, other]), ("city", [city]), ("country", [country])]),
        (f"In {1000 + second}, the town had {number} houses.", [("year", [1000 + second]),
            ("number of houses", [number])])])
    kind, items = r.choice(found)
    many = len(items) > 1
    return r.choice([
        f"{text}\n\nThe {kind} in this sentence {'are' if many else 'is'} {listing(items)}.",
        f'In the sentence "{text}" the {kind} {"are" if many else "is"} {listing(items)}.',
        f"{text}\n\nThe {kind}: {', '.join(map(str, items))}", f"{text}\n{capital(kind)}: {listing(items)}"])


@maker(2)
def feelings(r):
    thing = r.choice(["movie", "restaurant", "hotel", "book", "phone", "concert", "jacket", "game", "bakery",
        "train ride"])
    good = r.choice(["wonderful", "excellent", "beautiful", "fantastic", "friendly", "perfect", "very good",
        "delightful"])
    bad = r.choice(["terrible", "awful", "boring", "slow", "dirty", "broken", "rude", "very bad", "disappointing"])
    plus = r.choice(["I loved every minute of it", "I would recommend it to everyone", "It made me smile",
                     "We will come again", "It works perfectly", "The staff helped us at once"])
    minus = r.choice(["I want my money back", "I will never go there again", "It broke after one day",
                      "It was a waste of time", "Nobody helped us", "I was bored the whole time"])
    text, kind, why = r.choice([
        (f"The {thing} was {good}. {plus}.", "positive", f'the writer calls the {thing} {good}'),
        (f"The {thing} was {bad}. {minus}.", "negative", f'the writer calls the {thing} {bad}'),
        (f"{minus}. What a {bad} {thing}!", "negative", "the writer is unhappy"),
        (f"{plus}. What a {good} {thing}!", "positive", "the writer is happy"),
        (f"The {thing} was {good}, but the price was {bad}.", "mixed", "it names something good and something bad"),
        (f"The {thing} is on Main Street. It opens at ten.", "neutral", "it only states facts")])
    if " a " in text:
        text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    return r.choice([f"{text}\n\nThe sentiment of this review is {kind}.", f"{text}\n{capital(kind)}",
                     f'"{text}" is {a(kind)} comment, because {why}.', f"{text}\n\n{capital(kind)}, because {why}.",
                     f"{capital(kind)}: {text}", f'The review "{text}" is {kind}.'])


# ---- Words -------------------------------------------------------------------------------------------------------

@maker(4)
def belonging(r):
    (kind, kinds, members), (other_kind, _, others) = r.sample(GROUPS, 2)
    some = r.sample(members, 3 if len(members) > 3 else 2)
    odd = r.choice([word for word in others if word not in members and word not in sum(
        (m for k, _, m in GROUPS if k == kind), [])])
    mixed = [*some, odd]
    r.shuffle(mixed)
    this, these = some[0], listing(some)
    animal = {"a bird", "a fish", "an insect", "a reptile", "an animal"}
    if {kind, other_kind} <= animal or {kind, other_kind} == {"a fruit", "a vegetable"} or \
            {kind, other_kind} == {"a fruit", "a color"}:
        return f"{capital(these)} are {kinds}."
    return r.choice([
        f"{capital(this)} belongs to the {kinds}." if this[0].islower() else f"{this} is {kind}.",
        f"{capital(these)} are all {kinds}.",
        f"Of {listing(mixed)}, {odd} does not belong, because it is {other_kind} and the others are {kinds}.",
        f"{', '.join(mixed)}\n\nThe odd one out is {odd}, because the others are {kinds}.",
        f"{', '.join(mixed)}\n{capital(odd)} is the odd one out. It is {other_kind}, while the others are {kinds}.",
        f"{capital(', '.join(mixed))}: the word that does not fit is {odd}.",
        f"{capital(these)} go under {kinds}, but {odd} is {other_kind}.",
        f'The word "{this}" names {kind}, and "{odd}" names {other_kind}.',
        f"{capital(kinds)}: {', '.join(some)}",
        f"One word for {these} is {kinds}.",
        f"{', '.join(mixed)}\n\nOnly {odd} is {other_kind}."])


@maker(2)
def word_pairs(r):
    (kind, _, members), (other_kind, _, others) = r.sample(GROUPS, 2)
    one, two = r.choice(members), r.choice(others)
    kind, other_kind = (re.sub(r"^(a|an) ", "", k) for k in (kind, other_kind))
    return r.choice([
        f"{capital(one)} is to {kind} as {two} is to {other_kind}.",
        f"{capital(one)} is a kind of {kind}, as {two} is a kind of {other_kind}.",
        f"{one} : {kind} :: {two} : {other_kind}",
        f"If {one} goes with {kind}, then {two} goes with {other_kind}."])


def vowels(word):
    return [letter for letter in word.lower() if letter in "aeiou"]


NUMBER = "zero one two three four five six seven eight nine ten eleven twelve".split()


@maker(6)
def letters(r):
    word = r.choice(NOUNS) if r.random() < 0.8 else r.choice(NAMES)
    word = word.replace(" ", "")
    n, letter = len(word), r.choice(word)
    count = word.count(letter)
    found = vowels(word)
    place = r.randrange(min(n, 5))
    order = ["first", "second", "third", "fourth", "fifth"][place]
    figure = NUMBER[n] if n < 13 and r.random() < 0.6 else str(n)
    new = r.choice("bcdfglmnprst")
    return r.choice([
        f'The word "{word}" has {figure} letters.', f'"{capital(word)}" has {figure} letters: {", ".join(word)}.',
        f'"{capital(word)}" is spelled {"-".join(word)}.', f'There are {figure} letters in "{word}."',
        f'The word "{word}" begins with the letter {word[0].lower()} and ends with the letter {word[-1]}.',
        f'The last letter of "{word}" is {word[-1]}.', f'The first letter of "{word}" is {word[0].lower()}.',
        f'The {order} letter of "{word}" is {word[place].lower()}.',
        f'"{capital(word)}" written backward is "{word[::-1].lower()}."', f'"{word}" backward: {word[::-1].lower()}',
        f'The letter {letter.lower()} occurs {"once" if count == 1 else "twice" if count == 2 else f"{count} times"}'
        f' in "{word}."'
        if word.islower() else f'"{word}" is a name, so it begins with a capital letter.',
        f'The word "{word}" has {len(found)} vowel{"s" * (len(found) != 1)}'
        + (f": {listing(found)}." if found else "."),
        f'Without its vowels, "{word.lower()}" becomes "{re.sub("[aeiou]", "", word.lower())}."',
        f'In capital letters, "{word}" is "{word.upper()}."', f"{word} {word.upper()}",
        f'Without its first letter, "{word}" becomes "{word[1:]}."',
        f'Without its last letter, "{word}" becomes "{word[:-1]}."',
        f'The first three letters of "{word}" are {word[:3].upper()}.',
        f'The letters of "{word.lower()}" in alphabetical order are {", ".join(sorted(word.lower()))}.',
        f'With {new} in place of its first letter, "{word.lower()}" becomes "{new + word[1:]}."',
        f'"{capital(word)}" has {NUMBER[min(12, len(re.findall("[aeiouy]+", word.lower())))]} groups of vowels.'
        if n < 5 else f'The word "{word}" is longer than the word "{word[:2]}."'])


@maker(1)
def alphabet(r):
    place = r.randrange(1, 25)
    letter = chr(ord("a") + place)
    before, after = chr(ord(letter) - 1), chr(ord(letter) + 1)
    return r.choice([f"The letter {letter} comes after {before} and before {after} in the alphabet.",
                     f"In the alphabet, {after} comes right after {letter}.",
                     f"The letter before {letter} in the alphabet is {before}.",
                     f"{letter.upper()} is letter number {place + 1} of the alphabet.",
                     "The vowels are a, e, i, o, and u. All other letters are consonants."])


@maker(5)
def orders(r):
    source = r.choice([NAMES, NOUNS, NOUNS, r.choice(GROUPS)[2]])
    words = r.sample(source, r.choice([3, 4, 4, 5]) if len(source) > 4 else 3)
    kind = r.random()
    if kind < 0.4:
        result, name = sorted(words, key=str.lower), r.choice(["in alphabetical order", "in ABC order"])
    elif kind < 0.5:
        result, name = sorted(words, key=str.lower, reverse=True), "in reverse alphabetical order"
    elif kind < 0.7:
        result, name = words[::-1], r.choice(["in reverse order", "from last to first"])
    elif kind < 0.85:
        words = sorted({len(word): word for word in r.sample(NOUNS, 12)}.values(), key=lambda w: r.random())[:4]
        result, name = sorted(words, key=len), "from shortest to longest"
        if r.random() < 0.3:
            result, name = result[::-1], "from longest to shortest"
        elif r.random() < 0.4:
            return r.choice([f"Of {listing(words)}, the longest word is {result[-1]}.",
                             f"{', '.join(words)}\nThe shortest of these words is {result[0]}."])
    else:
        words = r.sample(range(1, 100), r.choice([3, 4, 5]))
        result = sorted(words)
        name = r.choice(["from smallest to largest", "from least to greatest", "in increasing order"])
        if r.random() < 0.4:
            result, name = result[::-1], r.choice(["from largest to smallest", "from highest to lowest"])
    words, result = [str(word) for word in words], [str(word) for word in result]
    if kind < 0.4 and r.random() < 0.3:
        return r.choice([f"Of the words {listing(words)}, {result[0]} comes first in a dictionary.",
                         f"In a dictionary, {result[0]} comes before {result[1]}.",
                         f"{', '.join(words)}\nThe word that comes last in a dictionary is {result[-1]}."])
    one, two = ", ".join(words), ", ".join(result)
    return r.choice([f"{capital(name)}, {listing(words)} are {listing(result)}.", f"{one}\n\n{capital(name)}:\n\n{two}",
                     f"{capital(name)}: {two}", f"The list {one} is {two} {name}.", f"{one}\n{two}",
                     f"Here is a list.\n{one}\nHere it is {name}.\n{two}", f"{one}\n\n{two}"]
                    )


@maker(3)
def counts(r):
    kind = r.randrange(6)
    subject, verb, rest = doing(r)
    sentence = clause(subject, verb, rest, "past") + "."
    words = sentence[:-1].split()
    figure = str(len(words)) if len(words) > 12 or r.random() < 0.5 else NUMBER[len(words)]
    if kind == 0:
        return r.choice([f'The sentence "{sentence}" has {figure} words.',
            f"{sentence}\n\nThis sentence has {figure} words.",
                         f'There are {figure} words in "{sentence}"'])
    if kind == 1:
        n = sum(word.lower() == "the" for word in words)
        times = "once" if n == 1 else "twice" if n == 2 else f"{NUMBER[n]} times"
        return f'{sentence}\n\nThe word "the" occurs {times}.'
    if kind == 2:
        place = r.randrange(min(5, len(words)))
        order = ["first", "second", "third", "fourth", "fifth"][place]
        return f'The {order} word of "{sentence}" is "{words[place]}."'
    if kind == 3:
        return f'{sentence}\n\nThe last word of the sentence is "{words[-1]}."'
    if kind == 4:
        group = r.choice(GROUPS)
        n = r.randrange(2, min(7, len(group[2])))
        some = r.sample(group[2], n)
        return r.choice([f"{', '.join(some)}\n\nThere are {NUMBER[n]} {group[1]} in this list.",
                         f"The list {', '.join(some)} names {NUMBER[n]} {group[1]}."])
    n = r.randrange(2, 5)
    text = []
    for _ in range(n):
        subject, verb, rest = doing(r)
        text.append(clause(subject, verb, rest, "past") + ".")
    return f"{' '.join(text)}\n\nThe text has {NUMBER[n]} sentences."


# ---- Numbers -----------------------------------------------------------------------------------------------------

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen"
        " eighteen nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
            "twelve": "twelfth"}


def in_words(n):
    """Return a number below a million in words."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{ONES[n // 100]} hundred" + (f" {in_words(n % 100)}" if n % 100 else "")
    return f"{in_words(n // 1000)} thousand" + (f" {in_words(n % 1000)}" if n % 1000 else "")


def ordinal_word(n):
    """Return the ordinal of a number in words: forty-second."""
    head, dash, last = in_words(n).rpartition("-") if "-" in in_words(n) else in_words(n).rpartition(" ")
    return head + dash + (ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th"))


def ordinal_figure(n):
    """Return the ordinal of a number in digits: 42nd."""
    return f"{n}{'th' if 10 < n % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def roman(n):
    """Return a number as a Roman numeral."""
    text = ""
    for value, letters_ in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
                               "M CM D CD C XC L XL X IX V IV I".split(), strict=True):
        text += letters_ * (n // value)
        n %= value
    return text


def number(r, low=2, high=100):
    """Return a random number: small ones are frequent."""
    return r.randrange(low, max(low + 1, r.choice([min(12, high), min(30, high), high, high])))


def chain(r, x, sign, y, result):
    """Return a calculation in one of the ways to write it."""
    word = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}[sign]
    return r.choice([f"{x:,} {word} {y:,} is {result:,}.", f"{x:,} {word} {y:,} equals {result:,}.",
                     f"{x:,} {sign} {y:,} = {result:,}", f"{x} {sign} {y}\n{result}", f"{x} {sign} {y} is {result}."])


@maker(14)
def sums(r):
    big = r.random() < 0.15
    x, y = (r.randrange(100, 1000), r.randrange(10, 1000)) if big else (number(r), number(r))
    kind = r.random()
    if kind < 0.35:
        return r.choice([
            chain(r, x, "+", y, x + y), f"The sum of {x} and {y} is {x + y}.", f"{x} and {y} add up to {x + y}.",
            f"{x} added to {y} gives {x + y}.", f"{y} more than {x} is {x + y}.", f"Adding {x} and {y} gives {x + y}.",
            f"It takes {y} more to get from {x} to {x + y}.", f"{y} must be added to {x} to make {x + y}."])
    if kind < 0.65:
        return r.choice([
            chain(r, x + y, "-", y, x), f"The difference between {x + y} and {x} is {y}.",
            f"{y} less than {x + y} is {x}.",
            f"{y} subtracted from {x + y} is {x}.", f"{x + y} take away {y} leaves {x}.",
            f"{x + y} is {y} more than {x}."])
    x, y = r.randrange(2, 13), r.randrange(2, 13)
    if kind < 0.85:
        x, y = (x, y) if r.random() < 0.8 else (r.choice([20, 25, 30, 50, 100, 15, 14, 16, 18]), y)
        return r.choice([
            chain(r, x, "*", y, x * y), f"The product of {x} and {y} is {x * y}.", f"{x} multiplied by {y} is {x * y}.",
            f"{x} groups of {y} make {x * y}.", f"{x} x {y} = {x * y}"])
    return r.choice([
        chain(r, x * y, "/", y, x), f"{x * y} divided by {x} is {y}, because {x} times {y} is {x * y}.",
        f"{x * y} shared equally among {y} gives {x} each.", f"{x} goes into {x * y} exactly {y} times.",
        f"Half of {2 * x * y} is {x * y}.", f"{x * y} is divisible by {x}."])


@maker(6)
def more_arithmetic(r):
    x, y = r.randrange(2, 13), r.randrange(2, 13)
    n, m, rest = r.randrange(10, 100), r.randrange(3, 10), number(r, 10, 1000)
    numbers = r.sample(range(2, 100), r.choice([3, 4, 5]))
    prime = [p for p in range(2, 60) if all(p % d for d in range(2, p))]
    base = r.randrange(2, 30)
    trio = [base - (d := r.randrange(1, min(base, 9))), base, base + d]
    r.shuffle(trio)
    evens, odds = [k for k in numbers if k % 2 == 0], [k for k in numbers if k % 2]
    return r.choice([
        f"{x} squared is {x * x}, because {x} times {x} is {x * x}.", f"The square of {x} is {x * x}.",
        f"The square root of {x * x} is {x}.", f"{min(x, 6)} cubed is {min(x, 6) ** 3}.",
        f"Twice {n} is {2 * n}.", f"{n} doubled is {2 * n}.", f"Double {n} is {2 * n}.", f"Half of {2 * n} is {n}.",
        f"{n} divided by {m} is {n // m} with a remainder of {n % m}.",
        f"When {n} is divided by {m}, the quotient is {n // m} and the remainder is {n % m}.",
        f"{n} is {'even' if n % 2 == 0 else 'odd'}, because it {'can' if n % 2 == 0 else 'cannot'} be divided by 2.",
        f"{n} is an {'even' if n % 2 == 0 else 'odd'} number.",
        f"Of {listing(numbers)}, the largest is {max(numbers)} and the smallest is {min(numbers)}.",
        f"{', '.join(map(str, numbers))}\n\nThe largest number is {max(numbers)}.",
        f"{', '.join(map(str, numbers))}\n\nThe smallest number is {min(numbers)}.",
        f"The sum of {listing(numbers[:3])} is {sum(numbers[:3])}.",
        f"{numbers[0]} is {'greater' if numbers[0] > numbers[1] else 'less'} than {numbers[1]}.",
        f"The average of {listing(trio)} is {base}, because the sum is {sum(trio)} and {sum(trio)} / 3 is {base}.",
        f"The median of {listing(sorted(numbers[:3]))} is {sorted(numbers[:3])[1]}, the one in the middle.",
        f"{rest} rounded to the nearest ten is {(rest + 5) // 10 * 10}.",
        f"{rest} rounded to the nearest hundred is {(rest + 50) // 100 * 100}.",
        f"{r.choice(prime)} is a prime number.", f"{x * y} is not prime, because it equals {x} x {y}.",
        f"The first five multiples of {x} are {listing(x * k for k in range(1, 6))}.",
        f"In {rest}, the digit in the ones place is {rest % 10}.",
        f"In {rest}, the digit in the tens place is {rest // 10 % 10}.",
        f"The digits of {rest} add up to {sum(map(int, str(rest)))}.", f"{n} + {m} - {m} = {n}",
        f"({x} + {y}) * 2 = {2 * (x + y)}", f"{x} + {y} * 2 = {x + 2 * y}", f"__ + {n} = {n + m}\n{m} + {n} = {n + m}",
        f"{n + m} - __ = {n}\n{n + m} - {m} = {n}",
        f"{', '.join(map(str, numbers))}\n\nThe even numbers: {', '.join(map(str, evens)) or 'none'}",
        f"{', '.join(map(str, numbers))}\n\nThe odd numbers: {', '.join(map(str, odds)) or 'none'}",
        f"It is not true that {x} * {y} is {x * y + r.choice([-2, 2, 4])}. {x} * {y} is {x * y}.",
        f"The difference between the largest and the smallest of {listing(numbers)} is {max(numbers) - min(numbers)}."])


def simple(n, d):
    """Return n/d in lowest terms as (n, d)."""
    divisor = next(k for k in range(d, 0, -1) if n % k == 0 and d % k == 0)
    return n // divisor, d // divisor


@maker(6)
def percentages(r):
    percent, whole = r.choice([10, 20, 25, 50, 75, 5, 30, 40, 60, 80]), 20 * r.randrange(1, 21)
    part = percent * whole / 100
    part = int(part) if part == int(part) else part
    d = r.choice([2, 3, 4, 5, 6, 8, 10])
    n = r.randrange(1, d)
    n2, d2 = simple(percent, 100)
    small, big = simple(n, d)
    k = r.randrange(2, 12)
    name = {2: "one half", 3: "one third", 4: "one fourth", 5: "one fifth", 10: "one tenth"}.get(d, f"1/{d}")
    thing = r.choice(["coat", "book", "bicycle", "lamp", "ticket", "tent", "chair"])
    x, y = r.randrange(1, 6), r.randrange(1, 6)
    total = (x + y) * k
    return r.choice([
        f"{percent} percent of {whole} is {part}.", f"{percent}% of {whole} is {part}.",
        f"{percent} percent is the fraction {n2}/{d2}.", f"{percent}% is {n2}/{d2} as a fraction.",
        f"{percent} percent is {percent / 100:g} as a decimal.", f"{n2}/{d2} is {percent} percent.",
        f"{percent / 100:g} is the same as {percent} percent.", f"{n2}/{d2} = {percent / 100:g} = {percent}%",
        f"{capital(name)} of {d * k} is {k}.", f"{n}/{d} of {d * k} is {n * k}.",
        f"In lowest terms, {n * k}/{d * k} is {small}/{big}.",
        f"The fraction {n * k}/{d * k} simplifies to {small}/{big}.",
        f"1/{d} + {n - 1}/{d} = {n}/{d}" if n > 1 else f"1 - 1/{d} = {d - 1}/{d}",
        f"A {thing} costs ${whole}. With {percent} percent off, it costs ${whole - part:g},"
        f" because {percent} percent of"
        f" ${whole} is ${part}.",
        f"The {thing} costs ${whole}, and the discount is {percent} percent, or ${part}."
        f" The new price is ${whole - part:g}.",
        f"{part} is {percent} percent of {whole}.", f"If {n} of {d} slices are eaten, {d - n}/{d} of the pie is left.",
        f"{total} in the ratio {x} to {y} makes {x * k} and {y * k}.",
        f"{part} out of {whole} is {percent} percent."])


@maker(6)
def number_words(r):
    n = r.choice([number(r, 0, 100), number(r, 0, 100), r.randrange(100, 1000), r.randrange(1000, 10000)])
    o = number(r, 1, 100)
    digits = r.sample("123456789", 3)
    return r.choice([
        f"The number {n:,} is written {in_words(n)} in words.", f"{n:,} in words is {in_words(n)}.",
        f"{n:,}\n{in_words(n)}", f"{in_words(n)}\n{n:,}", f"{capital(in_words(n))} is {n:,} in digits.",
        f"In digits, {in_words(n)} is {n:,}.", f"${n:,} is {in_words(n)} dollars.", f"{n:,} means {in_words(n)}.",
        f"The ordinal of {in_words(o)} is {ordinal_word(o)}.", f"{ordinal_figure(o)} stands for {ordinal_word(o)}.",
        f"{capital(ordinal_word(o))} is written {ordinal_figure(o)} in digits.",
        f"{ordinal_word(o)}: {ordinal_figure(o)}",
        f"After the {ordinal_word(o)} comes the {ordinal_word(o + 1)}.", f"After {n:,} comes {n + 1:,}.",
        f"The number before {n + 1:,} is {n:,}.",
        f"The largest number with the digits {', '.join(digits)} is {''.join(sorted(digits, reverse=True))}.",
        f"The smallest number with the digits {', '.join(digits)} is {''.join(sorted(digits))}."])


@maker(6)
def romans(r):
    n, m = number(r, 1, 100), number(r, 1, 50)
    if r.random() < 0.15:
        n = r.choice([100, 200, 400, 500, 900, 1000, 2000, 150, 1900, 1500, 1066, 1492])
    return r.choice([
        f"The Roman numeral for {n} is {roman(n)}.", f"{roman(n)} is the Roman numeral for {n}.",
        f"{n} is written {roman(n)} in Roman numerals.", f"The Roman numeral {roman(n)} stands for {n}.",
        f"In the Roman system, {roman(n)} has the value {n}.", f"{roman(n)} = {n}", f"{n} = {roman(n)}",
        f"{roman(n)}\n{n}",
        f"{n}\n{roman(n)}", f"{roman(n)} + {roman(m)} = {roman(n + m)}", f"After {roman(n)} comes {roman(n + 1)}.",
        f"{roman(n)} comes right before {roman(n + 1)}.",
        f"{roman(n)} is {'larger' if n > m else 'smaller'} than {roman(m)}, because {n} is "
        f"{'more' if n > m else 'less'} than {m}." if n != m else f"{roman(n)} is {n}.",
        f"Chapter {roman(n)} is chapter {n}.",
        "In Roman numerals, I is 1, V is 5, X is 10, L is 50, C is 100, D is 500,"
        " and M is 1,000.", f"{roman(n)} plus {roman(m)} is {roman(n + m)}, because {n} plus {m} is {n + m}."])


UNITS = [("meter", "centimeters", 100), ("kilometer", "meters", 1000), ("centimeter", "millimeters", 10),
         ("kilogram", "grams", 1000), ("liter", "milliliters", 1000), ("hour", "minutes", 60), ("minute", "seconds",
             60),
         ("day", "hours", 24), ("week", "days", 7), ("year", "months", 12), ("foot", "inches", 12), ("yard", "feet", 3),
         ("pound", "ounces", 16), ("gallon", "quarts", 4), ("quart", "pints", 2), ("pint", "cups", 2),
         ("cup", "fluid ounces", 8), ("dozen", "pieces", 12), ("decade", "years", 10), ("century", "years", 100),
         ("dollar", "cents", 100), ("tablespoon", "teaspoons", 3), ("ton", "pounds", 2000), ("gallon", "pints", 8),
         ("quarter", "cents", 25), ("dime", "cents", 10), ("nickel", "cents", 5), ("metric ton", "kilograms", 1000),
         ("yard", "inches", 36), ("millennium", "years", 1000)]
PLURALS = {"foot": "feet", "century": "centuries", "dozen": "dozen", "millennium": "millennia"}
THINGS_MEASURED = {"meter": "rope", "kilometer": "road", "centimeter": "ribbon", "kilogram": "parcel",
    "liter": "bottle",
                   "hour": "movie", "minute": "song", "foot": "ladder", "yard": "fence", "pound": "pumpkin",
                   "gallon": "bucket", "week": "trip", "day": "storm"}


@maker(7)
def units(r):
    unit, parts, factor = r.choice(UNITS)
    n = number(r, 2, 20)
    many = PLURALS.get(unit, unit + "s")
    one = ("an " if unit == "hour" else "a " if unit[0] not in "aeiou" else "an ") + unit
    ways = [f"{capital(one)} is {factor:,} {parts}.", f"There are {factor:,} {parts} in {one}.",
            f"{n} {many} is {n * factor:,} {parts}.", f"{n} {many} is the same as {n * factor:,} {parts}.",
            f"{n * factor:,} {parts} is {n} {many}.", f"{n} {many} = {n * factor:,} {parts}",
            f"{capital(one)} has {factor:,} {parts}, so {n} {many} have {n * factor:,} {parts}.",
            f"One {unit} is {factor:,} {parts}, so {n} {many} is {n * factor:,} {parts}.",
            f"It takes {factor:,} {parts} to make one {unit}.", f"{n * factor:,} {parts} make {n} {many}.",
            f"{capital(one)} is longer than one of its {parts}." if factor < 5 else
            f"There are {n * factor:,} {parts} in {n} {many}."]
    if unit in THINGS_MEASURED:
        thing = THINGS_MEASURED[unit]
        verb = {"kilogram": "weighs", "pound": "weighs", "liter": "holds", "gallon": "holds", "hour": "lasts",
                "minute": "lasts", "week": "lasts", "day": "lasts"}.get(unit, "measures")
        ways += [f"The {thing} {verb} {n} {many}. That is {n * factor:,} {parts}.",
                 f"The {thing} {verb} {n} {many}.\n\nThe {thing} {verb} {n * factor:,} {parts}."]
    if factor in (10, 100, 1000):
        ways.append(f"{n + 0.5:g} {many} is {round((n + 0.5) * factor):,} {parts}.")
    if factor == 60:
        rest = r.choice([10, 15, 20, 30, 40, 45])
        ways += [f"{n} {many} and {rest} {parts} is {n * 60 + rest} {parts}.",
                 f"{n * 60 + rest} {parts} is {n} {many} and {rest} {parts}."]
    return r.choice(ways)


@maker(4)
def temperatures(r):
    c = r.choice([0, 5, 10, 15, 20, 25, 30, 35, 40, -5, -10, 100, 50, 60, 70, 80, 90, -20, -40])
    f = c * 9 // 5 + 32
    low, change = r.randrange(-10, 30), r.randrange(2, 15)
    return r.choice([
        f"{c} degrees Celsius is {f} degrees Fahrenheit.", f"{f} degrees Fahrenheit is {c} degrees Celsius.",
        f"{c} C = {f} F", f"{f} F = {c} C", f"{c} C\n{f} F", f"{f} F\n{c} C",
        f"{c} degrees Celsius equals {f} degrees Fahrenheit.",
        f"A temperature of {f} degrees Fahrenheit is the same as {c} degrees Celsius.",
        f"{c} degrees Celsius is {c + 273.15:g} kelvins.", f"{c + 273.15:g} K is {c} C.",
        "Water freezes at 0 degrees Celsius, which is 32 degrees Fahrenheit.",
        "Water boils at 100 degrees Celsius, which is 212 degrees Fahrenheit.",
        f"To change {c} degrees Celsius to Fahrenheit, multiply by 9, divide by 5, and add 32. The result is {f}.",
        f"It was {low} degrees. Then it became {change} degrees warmer, so it is {low + change} degrees now.",
        f"The temperature was {low} degrees and fell by {change} degrees to {low - change} degrees.",
        f"{low + change} degrees is warmer than {low} degrees.", f"The difference between {low} degrees and "
        f"{low + change} degrees is {change} degrees."])


def clock(minutes):
    """Return minutes after midnight as a time with AM or PM."""
    hour, minute = minutes // 60 % 24, minutes % 60
    return f"{(hour - 1) % 12 + 1}:{minute:02} {'AM' if hour < 12 else 'PM'}"


MONTH_DAYS = dict(zip(MONTHS, (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))


@maker(7)
def dates(r):
    t, d = 5 * r.randrange(0, 288), r.choice([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 90, 120, 180])
    i, k = r.randrange(7), r.randrange(2, 15)
    day, month, m = DAYS[i], r.choice(MONTHS), r.randrange(12)
    date = r.randrange(1, 16)
    year = r.randrange(1000, 2030)
    thing = r.choice(["movie", "train ride", "meeting", "lesson", "concert", "game", "bus ride"])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = f"{d} minutes" if d < 60 else "1 hour" if d == 60 else f"{d / 60:g} hours"
    century = (year - 1) // 100 + 1
    return r.choice([
        f"{length} after {clock(t)} it is {clock(t + d)}.", f"{length} before {clock(t + d)} it is {clock(t)}.",
        f"The {thing} starts at {clock(t)} and takes {length}. It ends at {clock(t + d)}.",
        f"The {thing} begins at {clock(t)} and ends at {clock(t + d)}, so it lasts {length}.",
        f"From {clock(t)} to {clock(t + d)} is {length}.",
        f"{t // 60:02}:{t % 60:02} on the 24-hour clock is {clock(t)}.",
        f"{clock(t)} is {t // 60:02}:{t % 60:02} on the 24-hour clock.",
        f"{t // 60:02}:{t % 60:02}\n{clock(t)}", f"{clock(t)}\n{t // 60:02}:{t % 60:02}",
        f"The day after {day} is {DAYS[(i + 1) % 7]}.", f"The day before {day} is {DAYS[i - 1]}.",
        f"{k} days after {day} it is {DAYS[(i + k) % 7]}.", f"If today is {day}, tomorrow is {DAYS[(i + 1) % 7]}.",
        f"If today is {day}, then {k} days from now it is {DAYS[(i + k) % 7]}.",
        f"If {month} {date} is a {day}, then {month} {date + 7} is also a {day}.",
        f"If {month} {date} is a {day}, then {month} {date + k} is a {DAYS[(i + k) % 7]}.",
        f"{month} has {MONTH_DAYS[month]} days." if month != "February" else
        "February has 28 days, and 29 in a leap year.",
        f"{MONTHS[m]} comes before {MONTHS[(m + 1) % 12]}.", f"The month after {MONTHS[m]} is {MONTHS[(m + 1) % 12]}.",
        f"{MONTHS[m]} is the {ordinal_word(m + 1)} month of the year.",
        f"The {ordinal_word(m + 1)} month is {MONTHS[m]}.",
        f"{year} {'was' if year < 2020 else 'is'} {'a' if leap else 'not a'} leap year." if year > 1700 else
        f"The year {year} belongs to the {ordinal_word(century)} century.",
        f"The year {year} lies in the {ordinal_word(century)} century.",
        f"From {year} to {year + k} is {k} years.", f"{year} was {k} years before {year + k}.",
        f"{year} belongs to the {year // 10 * 10}s.",
        f"{month} {date}, {year} is written {MONTHS.index(month) + 1}/{date}/{year}.",
        f"Someone who was born in {year} turned {k} in {year + k}.",
        f"{capital(in_words(k))} decades are {10 * k} years.",
        f"{month} {date} comes {k} days before {month} {date + k}."
        if date + k < 29 else f"{day} is a day of the week."])


SHAPES = [("triangle", 3), ("square", 4), ("rectangle", 4), ("pentagon", 5), ("hexagon", 6), ("heptagon", 7),
    ("octagon", 8),
          ("nonagon", 9), ("decagon", 10)]


@maker(6)
def sequences(r):
    start, step, x, y = r.randrange(1, 40), r.randrange(2, 12), r.randrange(2, 13), r.randrange(2, 13)
    up = [start + step * k for k in range(6)]
    down = up[::-1]
    double = [r.choice([1, 2, 3, 5]) * 2 ** k for k in range(6)]
    double = [double[0] * 2 ** k for k in range(6)]
    shape, sides = r.choice(SHAPES)
    unit, short = r.choice([("meters", "m"), ("centimeters", "cm"), ("feet", "ft"), ("inches", "in")])
    thing = r.choice(["garden", "room", "field", "rectangle", "table", "rug"])
    angle = r.randrange(5, 180)
    gap = r.randrange(1, 4)
    row = lambda numbers: ", ".join(map(str, numbers))  # noqa: E731
    return r.choice([
        f"After {row(up[:4])} comes {up[4]}, because each number is {step} more than the one before.",
        f"{row(up[:4])}\n\nThe next number is {up[4]}.",
        f"The sequence {row(up[:4])} goes on with {up[4]} and {up[5]}.",
        f"{row(down[:4])}\n\nThe next two numbers are {down[4]} and {down[5]}.",
        f"After {row(down[:4])} comes {down[4]}, because {step} is taken away each time.",
        f"{row(double[:4])}\n\nThe next number is {double[4]}, because each number is doubled.",
        f"{row(up[:gap])}, __, {row(up[gap + 1:5])}\n\nThe missing number is {up[gap]}.",
        f"The sequence {row(up[:5])} grows by {step} each time.",
        f"{capital(a(shape))} has {sides} sides.", f"{capital(a(shape))} has {sides} sides and {sides} angles.",
        f"A shape with {sides} sides and angles is {a(shape)}." if shape not in ("square", "rectangle") else
        f"{capital(a(shape))} has four right angles.",
        f"A {thing} that is {x} {unit} long and {y} {unit} wide has an area of {x * y} square {unit}.",
        f"A {thing} that is {x} {unit} long and {y} {unit} wide has a perimeter of {2 * (x + y)} {unit}.",
        f"The area of a rectangle of {x} {short} by {y} {short} is {x} times {y}, or {x * y} square {unit}.",
        f"The area of a square with sides of {x} {unit} is {x * x} square {unit}.",
        f"The perimeter of a square with sides of {x} {unit} is {4 * x} {unit}, because it has four equal sides.",
        f"The perimeter of a triangle with three sides of {x} {unit} is {3 * x} {unit}.",
        f"A cube with edges of {min(x, 6)} {unit} has a volume of {min(x, 6) ** 3} cubic {unit}.",
        f"A square with an area of {x * x} square {unit} has sides of {x} {unit}.",
        f"A circle with a radius of {x} {unit} has a diameter of {2 * x} {unit}.",
        f"An angle of {angle} degrees is {'acute' if angle < 90 else 'right' if angle == 90 else 'obtuse'},"
        f" because it is "
        f"{'smaller than' if angle < 90 else 'exactly' if angle == 90 else 'larger than'} 90 degrees.",
        "A right angle has 90 degrees.", "The angles of a triangle add up to 180 degrees.",
        "A cube has 6 faces, 12 edges, and 8 corners.", "A full turn is 360 degrees.",
        f"A triangle with angles of {(p := r.randrange(20, 80))} and {(q := r.randrange(20, 80))} degrees has"
        f" a third angle of "
        f"{180 - p - q} degrees."])


@maker(8)
def word_problems(r):
    name, other = r.sample(NAMES, 2)
    he = HE_SHE.get(name, ("she",))[0]
    x, y, n = number(r, 3, 60), number(r, 2, 40), r.randrange(2, 13)
    thing = r.choice(["apples", "books", "stamps", "shells", "cards", "pencils", "cookies", "marbles", "eggs",
                      "flowers", "tickets", "cups", "chairs"])
    box = r.choice(["box", "bag", "basket", "row", "shelf", "table"])
    boxes = {"box": "boxes", "shelf": "shelves"}.get(box, box + "s")
    k = r.randrange(2, 10)
    brk = r.choice([" ", "\n\n"])
    return r.choice([
        f"{name} has {x} {thing} and gets {y} more.{brk}{name} has {x + y} {thing} in all.",
        f"{name} picked {x} {thing}, and {other} picked {y}.{brk}Together they picked {x + y} {thing}.",
        f"{name} had {x + y} {thing} and gave {y} to {other}.{brk}{name} has {x} {thing} left.",
        f"There were {x + y} {thing}. {name} took {y} of them.{brk}{x} {thing} are left.",
        f"There are {n} {boxes} with {k} {thing} each.{brk}There are {n * k} {thing} in all.",
        f"Each {box} holds {k} {thing}. {n} {boxes} hold {n * k} {thing}, because {n} times {k} is {n * k}.",
        f"{n * k} {thing} are put into {n} {boxes}, the same number in each.{brk}Each {box} has {k} {thing}.",
        f"{name} shares {n * k} {thing} among {n} friends.{brk}Each friend gets {k} {thing}.",
        f"One ticket costs ${k}, so {n} tickets cost ${n * k}.",
        f"{capital(in_words(n))} tickets cost ${n * k}.{brk}One ticket costs ${k}.",
        f"{name} pays ${x} for a hat and ${y} for a scarf.{brk}{name} pays ${x + y} in all.",
        f"{name} has ${x + y} and spends ${y}.{brk}{name} has ${x} left.",
        f"A train goes {10 * n} kilometers in one hour. In {k} hours it goes {10 * n * k} kilometers.",
        f"A car travels at {10 * n} miles per hour for {k} hours.{brk}It travels {10 * n * k} miles.",
        f"{name} reads {k} pages every day. In {n} days {he} reads {k * n} pages.",
        f"{name} is {x} years old. In {k} years {he} will be {x + k}.",
        f"{name} is {x} years old, and {other} is {k} years older."
        f"{brk}{other} is {x + k} years old.",
        f"A class has {x + y} students, and {y} are girls.{brk}{x} students are boys.",
        f"{name} scored {x + k} points, and {other} scored {x} points.{brk}{name} won by {k} points.",
        f"{name} walks {k} kilometers a day. In a week {he} walks {7 * k} kilometers.",
        f"{name} saves ${k} a week. After {n} weeks {he} has ${n * k}.",
        f"A rope of {n * k} feet is cut into {n} equal pieces.{brk}Each piece is {k} feet long."])


# ---- Code and other notations ------------------------------------------------------------------------------------

@maker(7)
def python(r):
    word = r.choice(WORDS)
    x, y = r.randrange(2, 20), r.randrange(2, 10)
    numbers = r.sample(range(1, 20), 4)
    i, j = sorted(r.sample(range(0, 5), 2))
    expression = r.choice([
        f"len('{word}')", f"'{word}'.upper()", f"'{word}'[0]", f"'{word}'[-1]", f"'{word}'[{i}:{j}]", f"'{word}'[::-1]",
        f"'{word}'.capitalize()", f"'{word[:2]}' * {r.randrange(2, 4)}", f"'{word}'.replace('{word[0]}', 'z')",
        f"'{word}'.startswith('{word[0]}')", f"'{word}'.count('{word[1]}')", f"sum({numbers})", f"max({numbers})",
        f"min({numbers})", f"sorted({numbers})", f"len({numbers})", f"{numbers}[{r.randrange(4)}]", f"{x * y} // {y}",
        f"{x} // {y}", f"{x} % {y}", f"{y} ** 2", f"{x} > {y}", f"{x} == {y}", f"{x} + {y} * 2", f"abs(-{x})",
        f"list(range({min(x, 6)}))", f"'{word[:3]}' + '{word[3:]}'", f"'a-b-{word[0]}'.split('-')",
        f"'{word[1]}' in '{word}'",
        f"'-'.join({[word[0], word[1], word[2]]})", f"sorted({numbers}, reverse=True)", f"bool({r.randrange(2)})",
        f"int('{x}') + 1", f"str({x}) + '{y}'", f"{numbers}[-1]", f"[n * 2 for n in {numbers[:3]}]", f"round({x}.7)"])
    result = eval(expression)  # noqa: S307  (it is one of the expressions above)
    return r.choice([f"The Python expression {expression} gives {result!r}.",
        f"In Python, {expression} returns {result!r}.",
                     f"{expression}\n{result!r}",
                     f"{expression}\n\nIn Python, the value of this expression is {result!r}.",
                     f"print({expression})\n\nThis prints {result}.", f"{expression} is {result!r}."])


TABLES = ["books", "students", "animals", "orders", "cities", "plants", "songs", "movies"]
COLUMNS = ["name", "price", "year", "age", "color", "title", "city", "weight"]


@maker(4)
def databases(r):
    table, (one, two), n = r.choice(TABLES), r.sample(COLUMNS, 2), number(r, 2, 100)
    sign, than = r.choice([("<", "less than"), (">", "greater than"), ("=", "equal to")])
    query, meaning = r.choice([
        (f"SELECT * FROM {table};", f"returns all columns and rows of the table {table}"),
        (f"SELECT {one} FROM {table};", f"returns the column {one} of the table {table}"),
        (f"SELECT {one}, {two} FROM {table};", f"returns the columns {one} and {two} of the table {table}"),
        (f"SELECT COUNT(*) FROM {table};", f"counts the rows of the table {table}"),
        (f"SELECT * FROM {table} WHERE {one} {sign} {n};", f"returns the rows of {table} with a {one} {than} {n}"),
        (f"SELECT {two} FROM {table} WHERE {one} {sign} {n};", f"returns the {two} of {table} with a {one} {than} {n}"),
        (f"SELECT * FROM {table} ORDER BY {one};", f"returns the rows of {table} in the order of {one}"),
        (f"SELECT * FROM {table} ORDER BY {one} DESC;", f"returns the rows of {table} with the highest {one} first"),
        (f"SELECT DISTINCT {one} FROM {table};", f"returns each {one} in {table} only once"),
        (f"SELECT AVG({one}) FROM {table};", f"returns the average {one} in {table}"),
        (f"SELECT MAX({one}) FROM {table};", f"returns the highest {one} in {table}"),
        (f"DELETE FROM {table} WHERE {one} = {n};", f"deletes the rows of {table} whose {one} is {n}"),
        (f"UPDATE {table} SET {one} = {n};", f"sets the {one} of all rows of {table} to {n}")])
    return r.choice([f"The SQL query {query} {meaning}.", f"This query {meaning}.\n\n{query}",
        f"{query}\nThis {meaning}.",
                     f"In SQL, the query that {meaning} is {query}"])


FACTS_OF_CODE = """In Python, len() returns the number of items in a list.
In Python, a comment begins with the sign #.
In Python, print() shows text on the screen.
In Python, input() reads a line of text from the user.
In Python, a function is defined with the keyword def.
In Python, the keyword return gives a value back from a function.
In Python, append() adds an item to the end of a list.
In Python, the word True is a Boolean value, and so is False.
In Python, == tests whether two values are equal, and = assigns a value.
In Python, a for loop repeats its body for each item.
In Python, a while loop repeats as long as its condition is true.
In Python, the first item of a list has the index 0.
In Python, a dictionary stores keys and values in curly braces.
In Python, int() turns text into a whole number.
In Python, % gives the remainder of a division, and // drops it.
In Python, ** raises a number to a power.
In Python, import makes a module available.
In Python, the method strip() removes spaces from both ends of a string.
In Python, the method lower() makes all letters small.
In Python, the method split() cuts a string into a list of words.
The shell command ls lists the files of a directory.
The shell command cd changes the current directory.
The shell command pwd prints the current directory.
The shell command mkdir makes a new directory.
The shell command rm removes a file.
The shell command cp copies a file.
The shell command mv moves or renames a file.
The shell command cat shows what is in a file.
In a regular expression, \\d matches one digit.
In a regular expression, \\s matches white space.
In a regular expression, \\w matches a letter, a digit, or an underscore.
In a regular expression, a dot matches any single character.
In a regular expression, + means one or more.
In a regular expression, * means zero or more.
In a regular expression, ? makes the thing before it optional.
In a regular expression, ^ stands for the start of the text.
In a regular expression, $ stands for the end of the text.
In a regular expression, | means or.
In a regular expression, [abc] matches a, b, or c.
In a regular expression, [0-9] matches any digit.
In a regular expression, [a-z] matches any small letter.
In a regular expression, [^0-9] matches anything but a digit.
In a regular expression, {3} means exactly three times.
The pattern ^\\d{5}$ matches exactly five digits.
The pattern ^[A-Z] matches a text that begins with a capital letter.
The pattern colou?r matches both color and colour.
In HTML, <p> marks a paragraph.
In HTML, <h1> marks the largest heading.
In HTML, <a> makes a link, and its address stands in href.
In HTML, <img> shows an image, and src tells where it is.
In HTML, <ul> makes a list with bullets, and <ol> a numbered list.
In HTML, <li> marks an item of a list.
In HTML, <br> makes a line break.
In HTML, <strong> marks important text, which is shown in bold.
In HTML, <em> marks emphasis, which is shown in italics.
In HTML, <table> makes a table, <tr> a row, and <td> a cell.
In HTML, <title> gives the title of the page.
In Markdown, a line that begins with # is a heading.
In Markdown, two asterisks on each side make text bold.
In Markdown, one asterisk on each side makes text italic.
In Markdown, a line that begins with a hyphen is an item of a list.
In JSON, text stands in double quotation marks.
In JSON, a list stands in square brackets.
In JSON, an object stands in curly braces.
In CSV, the values of a row are separated by commas.""".splitlines()


@maker(2)
def facts_of_code(r):
    return "\n".join(r.sample(FACTS_OF_CODE, r.choice([1, 1, 2, 3])))


@maker(5)
def patterns(r):
    word, n = r.choice(WORDS), r.randrange(2, 6)
    words = r.sample(WORDS, 4)
    figure = r.randrange(10, 999)
    letter = word[r.randrange(len(word))]
    text = (f"{r.choice(['Room', 'Bus', 'Page', 'Gate', 'House'])} {figure}, "
            f"{r.choice(['second floor', 'left side', 'near the door'])}")
    first = words[0][0]
    hits = [w for w in words if w.startswith(first)]
    ends = [w for w in words if w.endswith(words[0][-1])]
    swapped = re.sub("[aeiou]", "*", word)
    return r.choice([
        f"The pattern ^{first} matches words that begin with {first}.\n{', '.join(words)}\nMatches: {', '.join(hits)}",
        f"The pattern {words[0][-1]}$ matches words that end with {words[0][-1]}.\n{', '.join(words)}"
        f"\nMatches: {', '.join(ends)}",
        f"The pattern \\d+ finds {figure} in \"{text}.\"", f"{text}\n\n\\d+ finds {figure}.",
        f"The regular expression \\d{{{n}}} matches exactly {NUMBER[n]} digits.",
        f"^\\d{{{n}}}$\n\nThis pattern matches a text of exactly {NUMBER[n]} digits.",
        f"A pattern for exactly {NUMBER[n]} small letters is ^[a-z]{{{n}}}$.",
        f"A pattern for {words[0]} or {words[1]} is {words[0]}|{words[1]}.",
        f"re.sub('[aeiou]', '*', '{word}')\n'{swapped}'",
        f"re.findall('{letter}', '{word}') finds {word.count(letter)} match{'es' * (word.count(letter) != 1)}.",
        f"The pattern ^{word[0]} finds a match in \"{word},\" because the word begins with {word[0]}.",
        f"The pattern {word[-1]}$ finds a match in \"{word},\" because the word ends with {word[-1]}.",
        f"The pattern ^{word[-1]} finds no match in \"{word},\" because the word begins with {word[0]}."
        if word[0] != word[-1] else f"The pattern {word} matches \"{word}\" itself.",
        f"The pattern {word[:2]}.* matches \"{word},\" because it begins with {word[:2]}."])


@maker(6)
def markups(r):
    text = r.choice([capital(r.choice(WORDS)), f"The {r.choice(ADJECTIVES)} {r.choice(WORDS)}",
        f"My {r.choice(WORDS)}", r.choice(NAMES)])
    tag, name = r.choice([("p", "a paragraph"), ("h1", "a main heading"), ("h2", "a second-level heading"), ("li",
        "a list item"),
                          ("strong", "strong text"), ("em", "emphasized text"), ("title", "a page title"), ("td",
                              "a table cell")])
    one, two = r.sample(WORDS, 2)
    address = f"https://example.com/{one}"
    markdown, html = r.choice([(f"# {text}", f"<h1>{text}</h1>"), (f"## {text}", f"<h2>{text}</h2>"), (f"**{text}**",
        f"<strong>{text}</strong>"),
                               (f"*{text}*", f"<em>{text}</em>"), (f"[{text}]({address})",
                                   f'<a href="{address}">{text}</a>'),
                               (f"- {one}\n- {two}", f"<ul><li>{one}</li><li>{two}</li></ul>")])
    return r.choice([
        f'The text "{text}" as {name} in HTML: <{tag}>{text}</{tag}>',
        f"<{tag}>{text}</{tag}>\n\nWithout the tags: {text}",
        f"<{tag}>{text}</{tag}> is {name} in HTML.", f"{text}\n<{tag}>{text}</{tag}>",
        f"In HTML, <{tag}> ends with </{tag}>.",
        f"{markdown}\n\nThis Markdown becomes this HTML.\n\n{html}",
        f"{html}\n\nIn Markdown, it is written like this.\n\n{markdown}",
        f'A link to {address} with the text "{text}" is <a href="{address}">{text}</a>.',
        f"In Markdown, {text} in bold is **{text}**.",
        f'An image with the file name {one}.png: <img src="{one}.png" alt="{one}">', f"A heading in Markdown: # {text}",
        f"https://example.com/{one}/{two}.html\n\nThe file name is {two}.html.",
        f"The address {address} has the host example.com.",
        f"- {one}\n- {two}\n\nThis Markdown list has two items, {one} and {two}.",
        f"<li>{one}</li>\n<li>{two}</li>\n\nThe items are {one} and {two}."])


@maker(6)
def records(r):
    name, n, city, color = r.choice(NAMES), number(r, 2, 90), r.choice(CITIES), r.choice(["red", "blue", "green",
        "black", "white"])
    other, m = r.choice(NAMES), number(r, 2, 90)
    words = r.sample(WORDS, 3)
    record, text = r.choice([
        ({"name": name, "age": n}, f"{name} is {n} years old."), ({"name": name, "city": city},
            f"{name} lives in {city}."),
        ({"item": words[0], "price": n}, f"The {words[0]} costs {n} dollars."), ({"item": words[0], "color": color},
            f"The {words[0]} is {color}."),
        ({"x": n, "y": m}, f"x is {n} and y is {m}."), ({"items": words}, f"The items are {listing(words)}."),
        ({"city": city, "open": r.random() < 0.5}, f"The record is about {city}.")])
    code = json.dumps(record)
    csv = f"{','.join(record)}\n{','.join(str(value) for value in record.values())}"
    pairs = ", ".join(f"{key}: {value}" for key, value in record.items())
    if "items" in record or "open" in record:
        return r.choice([f"{code}\n\n{text}", f"{text}\n\n{code}",
            f"As a JSON list, {', '.join(words)} is {json.dumps(words)}."])
    return r.choice([
        f"{text}\n\nAs a JSON object:\n\n{code}", f"{pairs}\n\nIn JSON, this is {code}",
        f"{code}\n\nAs CSV with a header line:\n\n{csv}",
        f"{csv}\n\nAs JSON:\n\n{code}", f"{code}\n\n{text}",
        f'In {code} the value of "{list(record)[0]}" is {list(record.values())[0]}.',
        f"{code}\n\nThe keys are {quoted(record)}.", f"{text}\n{pairs}", f"{pairs}\n{text}",
        f"{name},{n}\n{other},{m}\n\n{other} has the number {m}.",
        f"name,age\n{name},{n}\n{other},{m}\n\nThe older one is {name if n >= m else other}." if n != m else f"{pairs}",
        f"{name} {n}, {other} {m}\n{json.dumps({name: n, other: m})}"])


# ---- Headlines, key words, messages, comparisons -----------------------------------------------------------------

SMALL_WORDS = {"a", "an", "the", "in", "on", "at", "of", "to", "by", "for", "and", "with", "near", "from", "after"}


def title_case(phrase):
    """Return a phrase as a title: capital letters for all but the small words inside."""
    words = phrase.split()
    return " ".join(word if i and word in SMALL_WORDS else capital(word) for i, word in enumerate(words))


def bare(phrase):
    """Return a noun phrase without its article or possessive."""
    return re.sub(r"^(the|a|an|my|our|some|all the|his|its) ", "", phrase)


@maker(3)
def headlines(r):
    agent, verb, patient = scene(r)
    form = verb["base" if is_plural(agent) else "third"]
    place = r.choice(["", "", " in " + r.choice(CITIES), " after Storm", " at Night"])
    headline = title_case(f"{bare(agent)} {form} {bare(patient)}{place}".replace(" all ", " "))
    where = {"": "", " after Storm": " after the storm", " at Night": " at night"}.get(place, place)
    day = r.choice(["On " + r.choice(DAYS) + ", ", "", "Last week, ", "Yesterday, "])
    one = f"{day}{agent if day else capital(agent)} {verb['past']} {patient}{where}."
    more = r.choice(["Many people watched.", "It took several hours.", "Nobody was hurt.", "The weather was cold.",
                     "Everyone in the village talked about it.", "It was the first time in ten years.", ""])
    text = f"{one} {more}".strip()
    return r.choice([f"{text}\n\nHeadline: {headline}", f"{text}\n\nThe headline of this news is:\n\n{headline}",
                     f'The text "{text}" has the title "{headline}."', f"{headline}\n\n{text}", f"{text}\n\n{headline}",
                     f"A good title for this text stands above it.\n\n{headline}\n\n{text}",
                     f"{text}\n\nIn short: {one}",
                     f"{text}\n\nThe main idea is that {agent} {verb['past']} {patient}."])


@maker(2)
def key_words(r):
    agent, verb, patient = scene(r)
    when = r.choice(WHEN["past"])
    sentence = f"{capital(agent)} {verb['past']} {patient} {when}."
    who, what = bare(agent), bare(patient)
    return r.choice([f"{sentence}\n\nKey words: {who}, {what}",
        f"{sentence}\n\nThe key words are \"{who}\" and \"{what}.\"",
                     f"{sentence}\n\nThe sentence is about {agent} and {patient}.", f"{sentence}\nTopic: {what}",
                     f"{sentence}\n\nThe subject is \"{agent},\""
                     f" the verb is \"{verb['past']},\" and the object is \"{patient}.\"",
                     f"{sentence}\n\nThe phrase \"{when}\" tells when it happened.",
                     f"{sentence}\n\n{capital(agent)} did it.", f"{sentence}\n\nIt happened {when}."])


@maker(4)
def messages(r):
    name, other = r.sample(NAMES, 2)
    day, hour, place = r.choice(DAYS), f"{r.randrange(1, 12)}:{r.choice(['00', '15', '30'])}", r.choice(
        ["the library", "the station", "the park", "school", "the museum", "the lake"])
    event = r.choice(["band practice", "the meeting", "our lesson", "the picnic", "the game", "the party", "dinner"])
    gift = r.choice(["the book", "the scarf", "the flowers", "your help", "the tea set", "the photos", "your letter"])
    item = r.choice(["the milk", "a cake", "the tickets", "your tent", "some bread", "the keys", "your camera"])
    task, text = r.choice([
        (f"a note that thanks {name} for {gift}", f"Dear {name}, thank you so much for {gift}. Yours, {other}"),
        (f"a message that moves {event} to {hour} on {day}", f"Hi {name}, {event} has moved to {hour} on {day}."),
        (f"an invitation to {event}", f"Dear {name}, please come to {event} on {day} at {hour}."
         f" We would love to see you."),
        (f"a reminder for {name} to bring {item}", f"Hi {name}, please remember to bring {item} on {day}."),
        (f"a message that {other} will be late",
            f"Hi {name}, I am sorry, but I will be late. Please start without me. {other}"),
        (f"an apology to {name} for missing {event}",
            f"Dear {name}, I am sorry that I missed {event}. I hope that you had a good time."),
        (f"birthday wishes for {name}", f"Happy birthday, {name}! I hope that you have a wonderful day."),
        (f"congratulations to {name}", f"Congratulations, {name}! You did a great job."),
        (f"a note that asks {name} to meet at {place}", f"Hi {name}, let's meet at {place} at {hour} on {day}."),
        (f"a polite request for {item}", f"Dear {name}, could you please bring {item}? Thank you, {other}"),
        (f"a get-well note to {name}", f"Dear {name}, I hope that you feel better soon. Get well!"),
        (f"a message that {event} is canceled", f"Hi everyone, {event} on {day} is canceled. We are sorry."),
        (f"a sign about {place}", f"Welcome to {place}. Please keep it clean."),
        ("a notice about a lost pet", f"Lost: a {r.choice(['gray', 'black', 'white', 'brown'])}"
         f" {r.choice(['cat', 'dog', 'rabbit'])}"
         f" named {other}, last seen near {place}. Please call 555-01{r.randrange(10, 99)}.")])
    return r.choice([f"This is {task}.\n\n{text}", f"{text}\n\nThis is {task}.", f"{capital(task)}:\n\n{text}",
        f"{capital(task)} reads: {text}",
                     f'{capital(task)} may say, "{text}"'])


LIKE = [("brave", "a lion"), ("busy", "a bee"), ("quiet", "a mouse"), ("white", "snow"), ("cold", "ice"), ("light",
    "a feather"),
        ("strong", "an ox"), ("sly", "a fox"), ("hard", "a rock"), ("clear", "crystal"), ("free", "a bird"), ("gentle",
            "a lamb"),
        ("stubborn", "a mule"), ("slow", "a snail"), ("fast", "lightning"), ("sweet", "honey"), ("dry", "a bone"),
        ("proud", "a peacock"),
        ("wise", "an owl"), ("blind", "a bat"), ("hungry", "a wolf"), ("tall", "a tree"), ("bright", "the sun"),
        ("soft", "silk"),
        ("smooth", "glass"), ("black", "coal"), ("red", "a rose"), ("deep", "the ocean"), ("sharp", "a razor"),
        ("cool", "a cucumber"),
        ("flat", "a pancake"), ("old", "the hills"), ("easy", "pie"), ("warm", "toast"), ("round", "a ball"),
        ("graceful", "a swan")]


@maker(2)
def comparisons(r):
    quality, image = r.choice(LIKE)
    who = r.choice(["My brother", "The old truck", "Her voice", "The room", "The child", "His hand", "The road",
        "The lake", r.choice(NAMES)])
    simile, metaphor = f"{who} was like {image}.", f"{who} was {image}."
    return r.choice([
        f"{who} was as {quality} as {image}.", f'The simile "as {quality} as {image}" means very {quality}.',
        f'"As {quality} as {image}" is a simile, because it compares two things with "as."',
        f"{metaphor}\n\nThis metaphor becomes a simile.\n\n{simile}",
        f"{simile}\n\nThis simile becomes a metaphor.\n\n{metaphor}",
        f'"{metaphor}" is a metaphor, and "{simile}" is a simile.',
        f'In "{simile}" {who[0].lower() + who[1:] if who not in NAMES else who} is compared to {image}.',
        f'The simile "as {quality} as" is completed by "{image}": as {quality} as {image}.',
        f"Something that is very {quality} is as {quality} as {image}."])



@maker(5)
def wordings(r):
    """A sentence in plain and in formal words, in few and in many."""
    name, was, now, back = r.choice([
        ("formal", "in informal language", "in formal language", True), ("short", "wordy", "in fewer words", False),
        ("same", "", "in other words", True), ("idioms", "with an idiom", "in plain words", True)])
    row = r.choice(LISTS[name])
    subject = r.choice(["I", "We", "They", "My friends", "The students", "The neighbors", "You"])
    one, two = (f"{row['before'] if row['before'] != '-' else subject} {row[key]} {row['after']}" for key in ("from",
        "to"))
    one, two = (text.replace(" - ", " ").replace(" -", "").strip() for text in (one, two))
    one, two = (capital(text) + ("" if text.endswith(("?", "!")) else ".") for text in (one, two))
    if r.random() < 0.35:
        return r.choice([f'"{capital(row["from"])}" means the same as "{row["to"]}."',
            f'Another way to say "{row["from"]}" is "{row["to"]}."']
                        + ([f'A formal word for "{row["from"]}" is "{row["to"]}."'] if name == "formal" else [])
                        + ([f'"{capital(row["to"])}" is shorter than "{row["from"]}" and means the same.']
                           if name == "short" else [])
                        + ([f'The idiom "{row["from"]}" means "{row["to"]}."'] if name == "idioms" else []))
    if was == "wordy":
        was = "in many words"
    if back and r.random() < 0.35 and was:
        return rewritten(r, two, one, now, was)
    return rewritten(r, one, two, was, now)


# ---- Copying -----------------------------------------------------------------------------------------------------
# What a model of this size does not learn from ordinary sentences by itself: to repeat what stands above, also if it
# has never seen it. So here are texts that nobody could continue without looking back.

SYLLABLES = ("ba be bo da den dri fa fel fo ga gim gra hal hu jo ka kel kri la lin lo ma mip mo na nel no pa pim plu"
             " ra ril ro sa sel ska ta tem tro va vin wob za zil").split()
SENTENCES = sorted({sentence for path in sorted(TEXT.glob("prose*.txt")) for line in path.read_text(
    encoding="utf-8").splitlines() if not line.startswith("#") for sentence in re.findall(r"[A-Z][^.!?\"]+[.!?](?= |$)",
    line) if 4 <= len(sentence.split()) <= 14})


def word(r):
    """Return a word that may be anything: a noun, a name, a number, or made up."""
    kind = r.random()
    if kind < 0.35:
        return r.choice(NOUNS)
    if kind < 0.5:
        return r.choice(NAMES + CITIES + COUNTRIES)
    if kind < 0.6:
        return str(r.randrange(1, 10 ** r.choice([1, 2, 3, 4])))
    made = "".join(r.choices(SYLLABLES, k=r.choice([1, 2, 2, 3])))
    return capital(made) if r.random() < 0.3 else made


def odd_sentence(r):
    """Return (sentence, its words): one that was made by hand or by a program, in which some words are others."""
    if r.random() < 0.5:
        agent, verb, patient = scene(r)
        tense = r.choice(TENSES)
        sentence = active(agent, verb, patient, tense) + tail(r, tense) + "."
    else:
        sentence = r.choice(SENTENCES)
    words = sentence[:-1].split(" ")
    for place in r.sample(range(1, len(words)), min(len(words) - 1, r.choice([0, 1, 1, 2, 3]))):
        if len(words[place]) > 3 and words[place].isalpha():
            words[place] = word(r)
    return " ".join(words) + sentence[-1], words


@maker(22)
def copied_words(r):
    words = [word(r) for _ in range(r.choice([2, 3, 4, 5, 6, 8, 12]))]
    gap = r.choice([", ", ", ", " ", "; ", " and ", "\n", " - "])
    line = gap.join(words)
    other = r.choice([", ", " ", "\n", "; "]).join(words)
    pick = r.randrange(len(words))
    nth = ordinal_word(pick + 1)
    return r.choice([
        f"{line}\n\n{line}", f"{line}\n{line}\n{line}", f"{line}\n\n{other}",
        f"The words are {line}.\n\n{capital(line)}", f"Here is a list: {line}\n\nHere it is again: {line}",
        f"Here is a list: {line}\nHere it is once more.\n{other}",
        f"{words[0]} has read {line}.\n\nThe list that was read is {line}.",
        f"{line}\n\nThe first word of the list is {words[0]}.", f"{line}\n\nThe last word of the list is {words[-1]}.",
        f"{line}\n\nThe {nth} word is {words[pick]}.", f'In "{line}" the {nth} word is "{words[pick]}."',
        f"{line}\n\nIn a numbered list:\n\n" + "\n".join(f"{i}. {w}" for i, w in enumerate(words, start=1)),
        f"{line}\n\nWith a line for each:\n\n" + "\n".join(words), f"{line}\n\n{listing(words)}",
        f"{line}\n\nFrom last to first:\n\n{gap.join(words[::-1])}", f"{line}\n\n{gap.join(words[::-1])}",
        f"{line}\n\nWithout {words[pick]}:\n\n{gap.join(words[:pick] + words[pick + 1:])}",
        f"The colors of {words[0]} are {other}. There is nothing else to say of {words[0]} than {other}.",
    ])


@maker(26)
def copied_sentences(r):
    one, words = odd_sentence(r)
    two, _ = odd_sentence(r)
    name = r.choice(NAMES)
    place = r.randrange(len(words))
    old = words[place].strip(",;:")
    new = word(r)
    after = one.replace(old, new, 1)
    known = r.choice(["the same", "again", "once more", "without a change"])
    return r.choice([
        f"{one}\n\n{one}", f"{one}\n{one}", f"{one} {one}", f"{one}\n\n{one} {two}", f"{two} {one}\n\n{one}",
        f"{one}\n{two}\n\n{one}\n{two}", f"{one} {two}\n\n{two} {one}",
        f"Here is the sentence {known}.\n\n{one}\n\n{one}", f'"{one}" was read aloud. It was "{one}"',
        f'{name} said, "{one}" These were the words: "{one}"',
        f"This is what {name} wrote.\n\n{one}\n\n{name} wrote: {one}",
        f"{one}\n\nWith \"{new}\" in place of \"{old},\" the sentence reads:\n\n{after}",
        f"{one}\n\n\"{capital(old)}\" is replaced by \"{new}.\"\n\n{after}",
        f'When "{new}" stands for "{old}" in "{one}" it becomes "{after}"',
        f"{one} {two}\n\nThe first sentence is: {one}", f"{one} {two}\n\nThe second sentence is: {two}",
        f'The first word of "{one}" is "{words[0]}."', f'The last word of "{one}" is "{words[-1]}."',
        f"{one}\n\nIn capital letters:\n\n{one.upper()}", f"{one[0].lower() + one[1:-1]}\n\n{one}",
        f"{one}\n\n{name} says that {one[0].lower() + one[1:]}",
    ])
