"""The data set keeps its rules: its form, its style, its split, and answers that a program can work out again.

A check is a function of the entries and of what instruction-data-kinds.json says about each of them; it gives a list
of complaints. test_data_passes wants no complaint, and test_check_catches_a_broken_entry breaks a copy of the data in
many ways to see that each check can complain at all.

Many entries come with an expression that computes their answer from the numbers and words of the question, such as
convert(3, "km", "m"). The functions that it may use are those of section 2; INPUT is the text of the entry's input.
Most of the longer answers come with a test of section 4 instead, which is true of the right answer.
"""
import ast
import calendar
import configparser
import copy
import csv
import datetime
import io
import itertools
import json
import re
import sys
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from finetune_gpt2 import load_tokenizer, split_data

ROOT = Path(__file__).resolve().parent.parent
RAW = (ROOT / "instruction-data.json").read_bytes()
DATA = json.loads(RAW.decode("utf-8"))
KINDS = json.loads((ROOT / "tests" / "instruction-data-kinds.json").read_text(encoding="utf-8"))

# ---- 1. Texts --------------------------------------------------------------------------------------------------

def question(entry):
    return f"{entry['instruction']}\n{entry['input']}".strip()

def normalized(text):
    """Lower case, no punctuation, single spaces."""
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split())

def named(i, entry):
    return f"entry {i} ({entry['instruction']!r}, input {entry['input'][:40]!r}): "

def has_phrase(text, phrase, start=0, exact_case=False):
    """Return the place behind the phrase in text, or None if it is not there as whole words."""
    before, after = r"(?<!\w)" * bool(re.match(r"\w", phrase)), r"(?!\w)" * bool(re.search(r"\w\Z", phrase))
    match = re.compile(before + re.escape(phrase) + after, 0 if exact_case else re.IGNORECASE).search(text, start)
    return match and match.end()

def n_words(text):
    return len(text.split())

def n_sentences(text):
    return len(re.findall(r"[.!?]+[\"')]*(?=\s|$)", text))

# ---- 2. The functions of the expressions -----------------------------------------------------------------------
ROMAN = {"M": 1000, "CM": 900, "D": 500, "CD": 400, "C": 100, "XC": 90, "L": 50, "XL": 40, "X": 10, "IX": 9, "V": 5,
         "IV": 4, "I": 1}
SMALL = re.findall(r"\w+", "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
                   "fifteen sixteen seventeen eighteen nineteen")
TENS = {word: 10 * n for n, word in enumerate(
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)}
LARGE = {"million": 10 ** 6, "thousand": 1000, "hundred": 100}
VALUES = {**{word: n for n, word in enumerate(SMALL)}, **TENS}
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
            "twelve": "twelfth"}
UNITS = [  # each line measures one thing in multiples of its first unit
    {"mm": 1, "cm": 10, "m": 1000, "km": 10 ** 6, "in": "25.4", "ft": "304.8", "yd": "914.4", "mi": 1609344},
    {"g": 1, "kg": 1000, "lb": "453.59237", "oz": "28.349523125"},
    {"ml": 1, "l": 1000, "gal": "3785.411784", "qt": "946.352946", "pt": "473.176473", "cup": "236.5882365",
     "tbsp": "14.78676478125", "tsp": "4.92892159375"},
    {"s": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400, "week": 604800, "year": 365 * 86400},
    {"one": 1, "dozen": 12}, {"bit": 1, "byte": 8}]
ELEMENTS = dict(enumerate(re.findall(r"\S+", (  # the first 36 in their order, then well-known heavier ones
    "H:hydrogen He:helium Li:lithium Be:beryllium B:boron C:carbon N:nitrogen O:oxygen F:fluorine Ne:neon Na:sodium "
    "Mg:magnesium Al:aluminum Si:silicon P:phosphorus S:sulfur Cl:chlorine Ar:argon K:potassium Ca:calcium "
    "Sc:scandium Ti:titanium V:vanadium Cr:chromium Mn:manganese Fe:iron Co:cobalt Ni:nickel Cu:copper Zn:zinc "
    "Ga:gallium Ge:germanium As:arsenic Se:selenium Br:bromine Kr:krypton")), start=1))
ELEMENTS |= {47: "Ag:silver", 50: "Sn:tin", 51: "Sb:antimony", 53: "I:iodine", 54: "Xe:xenon", 56: "Ba:barium",
             74: "W:tungsten", 78: "Pt:platinum", 79: "Au:gold", 80: "Hg:mercury", 82: "Pb:lead", 86: "Rn:radon",
             88: "Ra:radium", 92: "U:uranium", 94: "Pu:plutonium"}
NUMBER_OF = {part: n for n, pair in ELEMENTS.items() for part in pair.split(":")}

def roman(n):
    text = ""
    for letters, value in ROMAN.items():
        text, n = text + letters * (n // value), n % value
    return text

def unroman(text):
    values = [ROMAN[letter] for letter in text]
    n = sum(-a if a < b else a for a, b in zip(values, values[1:] + [0], strict=False))
    if roman(n) != text:
        raise ValueError(f"{text} is not a standard Roman numeral")
    return n

def words(n):
    if n < 20:
        return SMALL[n]
    if n < 100:
        tens, ones = list(TENS)[n // 10 - 2], n % 10
        return f"{tens}-{SMALL[ones]}" if ones else tens
    name, size = next((name, size) for name, size in LARGE.items() if n >= size)
    return f"{words(n // size)} {name}" + (f" {words(n % size)}" if n % size else "")

def unwords(text):
    total = group = 0
    for word in re.findall("[a-z]+", text.lower()):
        if word == "hundred":
            group = 100 * (group or 1)
        elif word in LARGE:
            total, group = total + (group or 1) * LARGE[word], 0
        else:
            group += VALUES[word]
    return total + group

def ordinal(n):
    start, last = re.fullmatch(r"(.*?)(\w+)", words(n)).groups()
    return start + ORDINALS.get(last, re.sub("y$", "ie", last) + "th")

def convert(amount, unit, to):
    sizes = next(sizes for sizes in UNITS if unit in sizes and to in sizes)
    return float(Fraction(str(amount)) * Fraction(sizes[unit]) / Fraction(sizes[to]))

def date_plus(day, n):
    then = datetime.date.fromisoformat(day) + datetime.timedelta(n)
    return f"{calendar.month_name[then.month]} {then.day}"

def minutes(clock):
    """Minutes since midnight of "3:30 p.m." or "15:30"."""
    hour, minute, half = re.fullmatch(r"(\d{1,2}):(\d\d)(?: ([ap])\.m\.)?", clock).groups()
    return (int(hour) if half is None else int(hour) % 12 + 12 * (half == "p")) * 60 + int(minute)

def time_plus(clock, n):
    hour, minute = divmod((minutes(clock) + int(n)) % 1440, 60)
    return f"{hour % 12 or 12}:{minute:02} {'ap'[hour // 12]}.m."

def run(code):
    return evaluate(code, language=BUILTINS)

BUILTINS = {f.__name__: f for f in (abs, min, max, sum, len, sorted, round, range, int, float, str, set, list, tuple,
                                    any, all, chr, ord, bool, isinstance, enumerate, zip, reversed)}
LANGUAGE = {
    **BUILTINS, "roman": roman, "unroman": unroman, "words": words, "unwords": unwords, "ordinal": ordinal,
    "convert": convert, "date_plus": date_plus, "time_plus": time_plus, "run": run,
    "letters": lambda text, letter: text.lower().count(letter.lower()),
    "n_letters": lambda text: sum(c.isalpha() for c in text),
    "n_words": n_words,
    "vowels": lambda text: sum(c in "aeiou" for c in text.lower()),
    "n_sentences": n_sentences,
    "sort_words": lambda items: sorted(items, key=str.lower),
    "reverse": lambda text: text[::-1],
    "c_to_f": lambda c: c * 9 / 5 + 32, "f_to_c": lambda f: (f - 32) * 5 / 9,
    "c_to_k": lambda c: c + 273.15, "k_to_c": lambda k: k - 273.15,
    "weekday": lambda day: calendar.day_name[datetime.date.fromisoformat(day).weekday()],
    "days_between": lambda a, b: (datetime.date.fromisoformat(b) - datetime.date.fromisoformat(a)).days,
    "days_in_month": lambda year, month: calendar.monthrange(year, month)[1], "is_leap": calendar.isleap,
    "minutes_between": lambda a, b: (minutes(b) - minutes(a)) % 1440,
    "to_12h": lambda clock: time_plus(clock, 0),
    "to_24h": lambda clock: "{:02}:{:02}".format(*divmod(minutes(clock), 60)),
    "symbol": lambda name: ELEMENTS[NUMBER_OF[name]].split(":")[0],
    "element": lambda letters: ELEMENTS[NUMBER_OF[letters]].split(":")[1],
    "atomic_number": lambda name: NUMBER_OF[name]}
METHODS = re.findall(r"\w+", "upper lower title capitalize swapcase split replace join count startswith endswith "
                     "strip lstrip rstrip isdigit isupper islower isalpha find index")
NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.keyword, ast.Load,
         ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp, ast.comprehension, ast.Lambda,
         ast.arguments, ast.arg, ast.Name, ast.Store, ast.Constant, ast.Attribute, ast.operator, ast.unaryop,
         ast.boolop, ast.cmpop)

def evaluate(code, language=LANGUAGE, **names):
    """Compute an expression; ValueError if it uses anything but the whitelisted syntax, functions and methods."""
    tree = ast.parse(code, mode="eval")
    names = {**language, **names}
    bound = {node.arg if isinstance(node, ast.arg) else node.id for node in ast.walk(tree)
             if isinstance(node, ast.arg) or isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        known = node.id in names or node.id in bound if isinstance(node, ast.Name) else (
            node.attr in METHODS if isinstance(node, ast.Attribute) else isinstance(node, NODES))
        if not known:
            raise ValueError(f"{ast.unparse(node)} is not allowed in an expression")
    return eval(compile(tree, code, "eval"), {"__builtins__": {}, **names})

# ---- 3. Is the result in the answer, and the literal in the question? ------------------------------------------
NUMBER = re.compile(r"(?:(?<![\w.)-])-)?(?<![\w.])(?<!\d:)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w|\.\d|:\d)")

def find_number(text, number, start=0):
    """Return the place behind the number in text: a whole token of digits, or a word if it is under 21."""
    ends = [m.end() for m in NUMBER.finditer(text) if m.start() >= start
            and abs(float(m[0].replace(",", "")) - number) <= 1e-9 * max(1, abs(number))]
    if 0 <= number < 21 and number == int(number):
        ends.append(has_phrase(text, words(int(number)), start))
    return min((end for end in ends if end), default=None)

def problem_with_answer(result, output, exact_case=False):
    """Say in what way the output does not give the result, or return None if it does."""
    if isinstance(result, bool):
        word = r"(?:yes|true)\b" if result else r"(?:no|false)\b"
        return None if re.match(word, output, re.IGNORECASE) else "it does not begin with that"
    items, place = (result if isinstance(result, (list, tuple)) else [result]), 0
    for item in items:
        item = int(item) if isinstance(item, str) and item.isdigit() else item
        is_text = isinstance(item, str)
        place = has_phrase(output, item, place, exact_case) if is_text else find_number(output, item, place)
        if not place:
            return f"{item!r} is not in it" + (" at its place in the list" if len(items) > 1 else "")
    return None if items else "the expression gives an empty list"

# Numbers that an expression may use without their being in the question, if a word there brings them in. (0, 1 and 2
# are always allowed: they are mostly places in a list, remainders and roundings.)
CONSTANTS = {
    0.5: "square", 3: "equilateral|thousand", 4: "quarters|square|right angle|legs", 5: "Fahrenheit", 7: "week",
    8: "fluid ounces", 9: "Fahrenheit|leap year", 10: "decades|tens|digits", 12: "dozen", 13: "months",
    32: "Fahrenheit|freez", 60: "hour", 90: "acute", 100: "percent|%|digits", 180: "triangle|quadrilateral",
    360: "right angle"}
LITERALS_NOT_IN_QUESTION = {  # entries whose question cannot hold the literals, and why
    "Show half past three in the afternoon as a digital clock would.": "the time is in words",
    "Correct the spelling of this number.": "the number word is misspelled on purpose"}

def numbers_in(text):
    """All numbers that are written in text, with digits or in words ("8", "1/8", "6:20", "eighty-four", "third")."""
    numbers = {float(n.replace(",", "")) for n in re.findall(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+\.\d+|\d+", text)}
    single = {**VALUES, **LARGE, **{ordinal(n) + s: n for n in range(1, 21) for s in ("", "s")}}
    numbers |= {float(single[word]) for word in re.findall("[a-z]+", text.lower()) if word in single}
    word = "|".join([*VALUES, *LARGE])
    return numbers | {float(unwords(run)) for run in re.findall(rf"\b(?:(?:{word})\b[ -]?)+", text.lower())}

def literals(code):
    """Yield (literal, function that it is an argument of) for an expression; code in run() counts as expression."""
    tree = ast.parse(code, mode="eval")
    calls = {id(arg): node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)
             and isinstance(node.func, ast.Name) for arg in node.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and calls.get(id(node)) == "run":
            yield from literals(node.value)
        elif isinstance(node, ast.Constant) and not isinstance(node.value, bool):
            yield node.value, calls.get(id(node))

def literal_in_question(literal, function, text):
    if function == "days_in_month":  # the year matters for February only
        return literal in numbers_in(text) | {2023} or has_phrase(text, calendar.month_name[literal])
    if isinstance(literal, (int, float)) or literal.isdigit():
        literal = float(literal)
        brought_in = re.search(CONSTANTS.get(literal, "(?!)"), text, re.IGNORECASE)
        return literal in (0, 1, 2) or brought_in or literal in numbers_in(text)
    if not re.search(r"\w", literal) or function == "convert" and any(literal in sizes for sizes in UNITS):
        return True
    if day := re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", literal):
        literal_day = f"{calendar.month_name[int(day[1])]} {int(day[2])}"
        return has_phrase(text, literal) or has_phrase(text, literal_day)
    return has_phrase(text, literal)

# ---- 4. The tests of the longer answers ------------------------------------------------------------------------
# A test is a Python expression that is True of the right answer, and False of or an error with some damaged one.
MOST_STEPS = 20_000  # lines of code that an answer may run: a loop without an end is an error, too

def cells(table):
    """The rows of a Markdown table, as lists of texts."""
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]

def syllables(text):
    """Count groups of vowels, without a silent e at the end of a word."""
    spoken = re.sub(r"(?<=[aeiouy][^aeiouy\W])e\b", "", text.lower().replace("'s", ""))
    return len(re.findall("[aeiouy]+", spoken))

def run_answer(output, expression, **names):
    """Run the code at the start of an answer, up to an empty line, and evaluate the expression after it."""
    steps = itertools.count(1)

    def count(frame, event, argument):
        if next(steps) > MOST_STEPS:
            raise TimeoutError("the code of the answer does not end")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        exec(output.split("\n\n")[0], names)
        return eval(expression, names)
    finally:
        sys.settrace(before)

def names_for(entry):
    """Return what a test can use: the texts of the entry, functions, and some modules."""
    output = entry["output"]
    lines = output.splitlines()

    def bullets(end=""):
        """The number of items if the answer is a list of items that begin with a capital and end so, or None."""
        item = rf"- [A-Z].*{re.escape(end)}" if end else r"- [A-Z].*[^.?!]"
        return len(lines) if all(re.fullmatch(item, line) for line in lines) else None

    def steps():
        """The number of steps if the answer is a numbered list of sentences, or None."""
        numbered = [re.fullmatch(rf"{i}\. [A-Z].*\.", line) for i, line in enumerate(lines, start=1)]
        return len(lines) if all(numbered) else None

    return {
        "INSTRUCTION": entry["instruction"], "INPUT": entry["input"], "OUTPUT": output, "LINES": lines,
        "has": lambda *texts: all(text in output for text in texts), "bullets": bullets, "steps": steps,
        "outline": lambda: ["-" if line.startswith("- ") else line for line in lines],
        "endings": lambda: [re.sub(r"\W", "", line.split()[-1])[-3:] for line in lines],
        "numbers": lambda text: re.findall(r"\d+", text),
        "run": lambda expression, **names: run_answer(output, expression, **names),
        "n_words": n_words, "n_sentences": n_sentences, "words": words, "time_plus": time_plus, "cells": cells,
        "syllables": syllables, "re": re, "csv": csv, "io": io, "datetime": datetime}

def problem_with_test(test, entry):
    """Say in what way the entry does not pass its test, or return None if it does."""
    try:
        result = eval(test, names_for(entry))
    except Exception as error:  # a damaged answer can make a test fail in any way
        return repr(error)
    return None if result is True else f"it gives {result!r}"

def damaged_answers(entry):
    """Yield the answer with other digits, without its last line or sentence, its two halves, and the input."""
    output = entry["output"]
    parts, half = re.split(r"(?<=\n)|(?<=[.!?] )", output), len(output) // 2
    texts = [re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), output), "".join(parts[:-1]).strip(),
             output[:half], output[half:], entry["input"]]
    yield from ({**entry, "output": text} for text in texts if text != output)

# ---- 5. The checks ---------------------------------------------------------------------------------------------
AGING = re.compile(r"""\b(?:currently|nowadays|presently|at\ present|recently|lately|to\ date|up-to-date|newest|
    state[ -]of[ -]the[ -]art|as\ of\ (?:now|today|this|19\d\d|20\d\d)|in\ recent\ (?:years|months|times)|
    (?:latest|current)\ (?:version|model|news|record|president|leader|champion|population|price|year)|
    (?:latest|current|new|newer)\ (?:version|edition|release)|(?-i:AI)|artificial\ intelligence|language\ models?|
    chat\ ?bots?|GPT|machine\ learning|neural\ networks?|training\ data|my\ training|I\ was\ trained|
    virtual\ assistant|as\ an\ assistant)\b""", re.VERBOSE | re.IGNORECASE)
AGING_ANSWER = re.compile(r"\b(?:these days|(?:this|last|next) (?:year|decade|century)|so far(?! away))\b",
                          re.IGNORECASE)  # in a question, these may speak of something else
EXACT_CASE = re.compile(r"\b(?:symbol|roman|upper|title|run|time_plus|to_12h)\(")
EXPRESSION_ERRORS = (ArithmeticError, AttributeError, LookupError, NameError, StopIteration, SyntaxError, TypeError,
                     ValueError)
JUMBLED = re.compile(r"unscramble|jumbled|mixed up|words in order", re.IGNORECASE)
COMMON = {*re.findall(r"\w+", "a an the is are was were be do does did what which who how many much of in to for and "
                      "or that this it on with by from as at")}

def check_layout(data, kinds):
    same = (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode() == RAW
    return [] if same else ['the file is not json.dumps(data, indent=2, ensure_ascii=False) + "\\n" in UTF-8']

def check_fields(data, kinds):
    for i, entry in enumerate(data):
        if list(entry) != ["instruction", "input", "output"] or not all(isinstance(v, str) for v in entry.values()):
            yield f"entry {i} must have three texts: instruction, input, output, in this order; it is {entry}"
        elif any(text != text.strip() for text in entry.values()):
            yield named(i, entry) + "white space at the beginning or the end of a text"
        elif not entry["instruction"] or not entry["output"]:
            yield named(i, entry) + "instruction or output is empty"

def check_amounts(data, kinds):
    with_input = sum(bool(entry["input"]) for entry in data) / len(data)
    counts = Counter(kind["kind"] for kind in kinds)
    rules = {"2,000 entries or more": len(data) >= 2000, "35 to 60 % have an input": 0.35 <= with_input <= 0.6,
             "as many kinds as entries": len(kinds) == len(data), "80 kinds or more": len(counts) >= 80,
             "no kind has above 4 % of the entries": max(counts.values()) <= 0.04 * len(data)}
    return [f"broken: {rule}" for rule, kept in rules.items() if not kept]

def check_answer_lengths(data, kinds):
    lengths = [n_words(entry["output"]) for entry in data]
    yield from (named(i, data[i]) + f"the output has {n} words" for i, n in enumerate(lengths) if not 1 <= n <= 80)
    long, of_lines = sum(n >= 30 for n in lengths), sum("\n" in entry["output"] for entry in data)
    if not 0.15 * len(data) <= long <= 0.2 * len(data):
        yield f"{long} of {len(data)} outputs have 30 words or more; it should be 15 to 20 %"
    if of_lines < 0.1 * len(data):
        yield f"{of_lines} of {len(data)} outputs have several lines; it should be 10 % or more"

def check_ageless(data, kinds):
    for i, entry in enumerate(data):
        if found := AGING.search("\n".join(entry.values())) or AGING_ANSWER.search(entry["output"]):
            yield named(i, entry) + f"{found[0]!r} ages, or speaks of being an AI"

def check_repeats(data, kinds):
    wordings, inputs = Counter(), defaultdict(set)
    for i, entry in enumerate(data):
        wording, text = normalized(entry["instruction"]), normalized(entry["input"])
        wordings[wording] += 1
        if text in inputs[wording]:
            yield named(i, entry) + "the same question was asked before"
        if wordings[wording] > 6:
            yield named(i, entry) + "an instruction in this wording for the 7th time"
        inputs[wording].add(text)

# The style of the answers. (Instructions may come as people type them.)
# 1. An answer does what was asked and nothing else: no "Sure!", no comment, no echo of the question for its own sake.
# 2. A sentence has a capital and a period; a bare answer (a word, a name, a number, a list on one line) only a capital.
# 3. Lower case stays: what fills a blank inside a sentence, a word as a word ("mice"), items taken from a list, code.
# 4. A yes/no question gets "Yes, ..." or "No, ..." with a reason, about as many of each; true or false, "True. ..."
# 5. US English; commas and periods inside double quotation marks, except in code; a serial comma; no dashes.
# 6. Numbers: 3,000; $6.50; 25%; 7:30 p.m., 9 a.m.; no sentence begins with a digit, unless with an equation.
# 7. email, OK, internet; "the United States" as a noun, US before a noun; the letter o, without quotation marks.
# 8. Lists: "- item" or "1. step", one a line, with a capital, and a period only after sentences; groups one a line.
# 9. Letters and emails: the salutation, an empty line, the body, an empty line, the sign-off, the name on a line.
# 10. Code in the language that the instruction names, without fences, an explanation after an empty line.
FORMATS = {"code", "regex", "markup", "data-format", "function", "bug", "table"}  # kinds about code and data
WORDS_AS_WORDS = {"plural", "word-form", "translation", "completion", "number-words"}  # answers may be in lower case
AS_TYPED = {"two-wishes", "greeting"}  # instructions are as some people type them
SPELLINGS = {
    r"\b[Ee]-mails?\b": "email", r"\b(?:[Oo]kay|[Oo]\.[Kk]\.)": "OK", r"[a-z,] Internet\b": "internet",
    r"\b(?:[Tt]owards|[Gg]rey|[Cc]olour|[Ff]avourite|[Cc]entre|[Mm]etre)\b": "US spelling",
    r"\d ?(?:[AP]M|[ap]m)\b|\d[ap]\.m\.|\d [AP]\.M\.": "7:30 p.m.", "[—–]": "no dashes",
    r'\b[Ll]etters? "\w[.,]?"': "the letter o"}
SERIAL = re.compile(r"\b(?!up\b)[a-z]+, [a-z]+ (?:and|or) [a-z]+\b")  # "pops up, hot and brown" is no list
GREETING = re.compile(r"(?:Dear|Hi|Hello|To whom)\b")
LETTER = re.compile(r"[^\n]+[,:]\n\n[^\n]+(?:\n{1,2}[^\n]+)*\n\n[^\n]+,\n[^\n]+(?:\n[^\n]+)?")

def is_sentence(text):
    return re.search(r"[.!?]['\")]*$", text) and not re.search(r"\b[ap]\.m\.$", text)

def check_spellings(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        texts = [entry["output"]] + [entry["instruction"]] * (kind["kind"] not in AS_TYPED)
        for pattern, right in SPELLINGS.items():
            for found in filter(None, (re.search(pattern, text) for text in texts)):
                yield named(i, entry) + f"{found[0]!r}; the style is: {right}"
        if kind["kind"] not in FORMATS:
            for found in filter(None, (re.search(r'\w"[.,](?!\d)', text) for text in texts)):
                yield named(i, entry) + f"a comma or period outside of quotation marks: {found[0]}"
            if found := SERIAL.search(entry["output"]):
                yield named(i, entry) + f"no serial comma: {found[0]!r}"

def check_digits_at_starts(data, kinds):
    """A sentence may begin with a digit if that begins an equation, such as 9 x 6 = 54."""
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        for line in entry["output"].splitlines() if kind["kind"] not in FORMATS else ():
            for sentence in re.split(r"(?<=[.!?]) (?=[A-Z\d])", re.sub(r"^(?:\d+\.|-) ", "", line)):
                if re.match(r"\d", sentence) and is_sentence(sentence) and not re.match(r"[\d.,]+ [-+x/] ", sentence):
                    yield named(i, entry) + f"a sentence begins with a digit: {sentence}"

def check_bare_answers(data, kinds):
    """As far as a program can tell: capitals, and no period after one or two words."""
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        output, asked = entry["output"], f"{entry['instruction']} {entry['input']}"
        first = output.split()[0].strip(",;")
        if kind["kind"] in FORMATS or "\n" in output:
            continue
        if n_words(output) <= 2 and output.endswith(".") and not output.endswith(".m."):
            yield named(i, entry) + f"a bare answer with a period: {output}"
        if output[0].islower() and is_sentence(output):
            yield named(i, entry) + f"a sentence without a capital: {output}"
        elif output[0].islower() and kind["kind"] not in WORDS_AS_WORDS and not (
                re.search(r"__|\.\.\.|\"", asked) or has_phrase(asked, first, exact_case=True)):
            yield named(i, entry) + f"a bare answer without a capital: {output}"
        if re.search(r"[a-z] __+", asked) and n_words(output) == 1 and output[0].isupper():
            yield named(i, entry) + f"a capital in the middle of a sentence: {output}"

def check_yes_and_no(data, kinds):
    for pair in (("Yes", "No"), ("True", "False")):
        counts = [sum(bool(re.match(rf"{word}[,.] ", entry["output"])) for entry in data) for word in pair]
        if min(counts) < 10 or min(counts) < 0.7 * max(counts):
            yield f"not about as many of each: {dict(zip(pair, counts, strict=True))}"
    for i, entry in enumerate(data):
        if re.match(r"(?:Yes|No)(?:\W?$|[,.;] ?\w+\W?$)", entry["output"]):
            yield named(i, entry) + f"no reason: {entry['output']}"

def check_lists(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        items = re.findall(r"^(- |\d+\. )(.+)$", entry["output"], re.MULTILINE) if kind["kind"] not in FORMATS else []
        numbers = [int(mark[:-2]) for mark, _ in items if mark != "- "]
        rules = {"numbers in order": all(b == a + 1 for a, b in zip(numbers, numbers[1:], strict=False)),
                 "capitals": all(re.match(r"[A-Z\d$\"]", text) for _, text in items),
                 "the same end": len({text[-1] in ".?!" for _, text in items if not text.endswith(".m.")}) < 2,
                 "no empty lines": not re.search(r"^(?:-|\d+\.) .+\n\n(?:-|\d+\.) ", entry["output"], re.MULTILINE)}
        yield from (named(i, entry) + f"a list without {rule}" for rule, kept in rules.items() if not kept)

def check_letters(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        output = entry["output"]
        is_letter = GREETING.match(output) and (output.startswith("Dear ") or "\n" in output)
        if (is_letter or kind["kind"] == "email") and n_words(output) > 4 and not LETTER.fullmatch(output):
            yield named(i, entry) + f"not laid out as a letter: {output!r}"

def check_language_of_code(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        named_one = re.search(r"Python|JavaScript|SQL|shell", entry["instruction"])
        if kind["kind"] in ("code", "function", "bug") and not named_one:
            yield named(i, entry) + "the instruction does not name a language"
        if "```" in entry["output"]:
            yield named(i, entry) + "code in fences"

def check_near_twins(data, kinds):
    """Compare all pairs; where one has under 80 % of the other's 5-grams, they cannot share above 80 % of them."""
    texts = [normalized(question(entry)) for entry in data]
    grams = sorted(((i, {text[j:j + 5] for j in range(max(1, len(text) - 4))}) for i, text in enumerate(texts)),
                   key=lambda pair: len(pair[1]))
    for rank, (i, a) in enumerate(grams):
        for j, b in grams[rank + 1:]:
            if len(a) < 0.8 * len(b):
                break
            shared = len(a & b)
            if shared > 0.8 * (len(a) + len(b) - shared):
                yield named(i, data[i]) + f"nearly the same question as {named(j, data[j])}"

def check_kinds_in_parts(data, kinds):
    parts = [Counter(kind["kind"] for kind in part) for part in split_data(kinds)]
    for kind, n in sum(parts, Counter()).items():
        if n >= 20 and not all(part[kind] for part in parts):
            yield f"kind {kind} is missing in one of train, test, validation: {[part[kind] for part in parts]}"

def check_leaks(data, kinds):
    """What is tested must not have been trained on."""
    train, test, validation = split_data(data)
    content = {id(entry): set(normalized(question(entry)).split()) - COMMON for entry in data}
    inputs, answers = {normalized(entry["input"]) for entry in train} - {""}, defaultdict(list)
    for entry in train:
        answers[normalized(entry["output"]) or entry["output"]].append(entry)
    for i, entry in enumerate([*test, *validation], start=len(train)):
        if normalized(entry["input"]) in inputs:
            yield named(i, entry) + "its input is in the training part, too"
        for other in answers[normalized(entry["output"]) or entry["output"]]:
            a, b = content[id(entry)], content[id(other)]
            if len(a & b) > 0.5 * len(a | b):
                yield named(i, entry) + f"asks, with the same answer, what training asks: {question(other)!r}"

def check_answers(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        if code := kind["check"]:
            try:
                result = evaluate(code, INPUT=entry["input"])
                problem = problem_with_answer(result, entry["output"], EXACT_CASE.search(code))
            except EXPRESSION_ERRORS as error:
                result, problem = "nothing", repr(error)
            if problem:
                yield named(i, entry) + f"{code} gives {result!r}, the output is {entry['output']!r}: {problem}"

def check_literals(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        if kind["check"] and entry["instruction"] not in LITERALS_NOT_IN_QUESTION:
            for literal, function in literals(kind["check"]):
                if not literal_in_question(literal, function, question(entry)):
                    yield named(i, entry) + f"{literal!r} in {kind['check']} is not in the question"

def recheck_by_kind(entry, kind):
    """Recheck an answer without an expression: the problem with it, "" if there is none, None if there is no way."""
    output, parse = entry["output"], None
    if kind == "spelling" and entry["input"]:
        before, after = entry["input"].split(), output.split()
        changed = [SequenceMatcher(None, a, b).ratio() for a, b in zip(before, after, strict=False) if a != b]
        return "" if len(before) == len(after) and min(changed, default=0) >= 0.5 else "not a change of spelling"
    if kind == "reorder" and JUMBLED.search(entry["instruction"]):
        jumbled, ordered = (sorted(re.findall(r"[\w']+", text.lower())) for text in (entry["input"], output))
        return "" if jumbled == ordered else "other words than in the input"
    if kind == "true-false":
        return "" if re.match(r"(?:True|False)\b", output) else "neither True nor False"
    if kind == "data-format":
        parse = {"{": json.loads, "[": json.loads, "<": ElementTree.fromstring}.get(output[0])
        parse = configparser.ConfigParser().read_string if "INI" in entry["instruction"] else parse
    elif kind == "regex" and " " not in output and re.match(r"\^|.*\\", output):
        parse = re.compile
    elif kind == "code" and re.match(r"def |for |\[|f'", output):
        parse = ast.parse
    if parse is None:
        return None
    try:
        parse(output)
    except (ValueError, SyntaxError, configparser.Error, re.error) as error:
        return f"it cannot be parsed: {error!r}"
    return ""

def check_answers_by_kind(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        if problem := recheck_by_kind(entry, kind["kind"]):
            yield named(i, entry) + f"{problem}: {entry['output']!r}"
    answers = {entry["output"].split()[0].strip(".,") for entry, kind in zip(data, kinds, strict=False)
               if kind["kind"] == "true-false"}
    if answers != {"True", "False"}:
        yield f"the answers of kind true-false are all {answers}"

def check_longer_answers(data, kinds):
    for i, (entry, kind) in enumerate(zip(data, kinds, strict=False)):
        if "test" in kind and (problem := problem_with_test(kind["test"], entry)):
            yield named(i, entry) + f"{kind['test']}: {problem}; the output is {entry['output']!r}"

def check_enough_is_recomputed(data, kinds):
    by_expression = sum(kind["check"] is not None for kind in kinds)
    by_kind = sum(not kind["check"] and recheck_by_kind(entry, kind["kind"]) is not None
                  for entry, kind in zip(data, kinds, strict=False))
    if by_expression + by_kind < 350:
        yield f"only {by_expression} answers are recomputed by expressions and {by_kind} by their kind"
    if sum("test" in kind for kind in kinds) < 250:
        yield "fewer than 250 of the longer answers have a test"

# ---- 6. The tests ----------------------------------------------------------------------------------------------
CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]

@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_data_passes(check):
    complaints = list(check(DATA, KINDS))
    assert not complaints, f"{len(complaints)} complaints:\n" + "\n".join(complaints)

def change(where, **texts):
    """A mutation: give other texts to the first entry whose kind or expression is `where`."""
    def mutate(data, kinds):
        i = next(i for i, kind in enumerate(kinds) if where in kind.values() and (data[i]["input"] or kind["check"]))
        data[i].update(texts)
    return mutate

def each(**texts):
    """A mutation: give all entries the same texts."""
    return lambda data, kinds: [entry.update(texts) for entry in data]

MUTATIONS = [
    (check_layout, lambda data, kinds: data.reverse()),
    (check_fields, lambda data, kinds: data.append(dict(reversed(data[0].items())))),
    (check_fields, lambda data, kinds: data[5].pop("input")),
    (check_fields, lambda data, kinds: data[5].update(output=None)),
    (check_fields, lambda data, kinds: data[5].update(output="")),
    (check_fields, lambda data, kinds: data[5].update(input="text\n")),
    (check_amounts, lambda data, kinds: [part.__delitem__(slice(1999, None)) for part in (data, kinds)]),
    (check_amounts, each(input="")),
    (check_amounts, each(input="text")),
    (check_amounts, lambda data, kinds: kinds.pop()),
    (check_amounts, lambda data, kinds: [kind.update(kind=str(i % 79)) for i, kind in enumerate(kinds)]),
    (check_amounts, lambda data, kinds: [kind.update(kind="tense") for kind in kinds[:90]]),
    (check_answer_lengths, lambda data, kinds: data[5].update(output="word " * 81)),
    (check_answer_lengths, each(output="word " * 30)),
    (check_answer_lengths, each(output="word " * 29)),
    (check_ageless, lambda data, kinds: data[5].update(output="As a language model, I cannot say.")),
    (check_ageless, lambda data, kinds: data[5].update(instruction="Who is currently the tallest?")),
    (check_ageless, lambda data, kinds: data[5].update(output="It rained a lot this year.")),
    (check_repeats, lambda data, kinds: data[-1].update(data[5], instruction=data[5]["instruction"].upper() + "!")),
    (check_repeats, lambda data, kinds: data.extend({**data[0], "input": str(n)} for n in range(6))),
    (check_spellings, change("email", output="Send me an e-mail.")),
    (check_spellings, change("date-time", output="It starts at 7:30 PM.")),
    (check_spellings, change("date-time", output="It starts at 9a.m.")),
    (check_spellings, change("letters", output='It is the letter "o."')),
    (check_spellings, change("synonym", output='The synonym is "big".')),
    (check_spellings, change("story", output="She ate bread, cheese and pears.")),
    (check_spellings, change("story", output="She left – at last.")),
    (check_digits_at_starts, change("word-problem", output="5 apples are left.")),
    (check_digits_at_starts, change("steps", output="1. Wait. 10 minutes will do.")),
    (check_bare_answers, change("sentiment", output="positive.")),
    (check_bare_answers, change("sentiment", instruction="How does it sound?", output="cheerful")),
    (check_bare_answers, change("sentiment", output="Positive.")),
    (check_bare_answers, change("sentiment", output="the reader liked it.")),
    (check_bare_answers, change("completion", input="The cat is ____.", output="Asleep")),
    (check_yes_and_no, lambda data, kinds: [e.update(output="No, it is not.") for e in data if "Yes" in e["output"]]),
    (check_yes_and_no, change("reading", output="No, never.")),
    (check_lists, change("steps", output="1. Wait.\n3. Go.")),
    (check_lists, change("list", output="- A pen\n- some paper")),
    (check_lists, change("list", output="- A pen\n- Take some paper.")),
    (check_lists, change("list", output="- A pen\n\n- Some paper")),
    (check_letters, change("email", output="Dear Ana, we met on the bus. Best, Bo")),
    (check_letters, change("message", output="Hi Ana,\nwe met on the bus.\nBest,\nBo")),
    (check_language_of_code, change("code", instruction="What does this expression return?")),
    (check_language_of_code, change("bug", output="```\nx = 1\n```")),
    (check_near_twins, lambda data, kinds: data[-1].update(data[0], input=data[0]["input"] + " So")),
    (check_kinds_in_parts, lambda data, kinds: kinds.sort(key=lambda kind: kind["kind"])),
    (check_leaks, lambda data, kinds: data[-1].update(input=data[0]["input"].upper())),
    (check_leaks, lambda data, kinds: data[-1].update(data[4], instruction="Please " + data[4]["instruction"])),
    (check_answers, change("30 * 100 // 200", output="30 is 115 percent of 200.")),
    (check_answers, change("is_leap(2024)", output="No, 2024 is not a leap year.")),
    (check_answers, change('symbol("iron")', output="FE")),
    (check_answers, change("sorted([42, 7, 19, 30])", output="7, 19, 42, 30")),
    (check_answers, lambda data, kinds: kinds[5].update(check="__import__('os')")),
    (check_literals, change("30 * 100 // 200", instruction="40 is what percent of 200?")),
    (check_literals, change('symbol("iron")', instruction="What is the chemical symbol for tin?")),
    (check_literals, change("date_plus('2024-02-26', 5)", instruction="Find the date 5 days after March 26, 2024.")),
    (check_answers_by_kind, change("spelling", output="Entirely other words")),
    (check_answers_by_kind, change("true-false", output="Right.")),
    (check_answers_by_kind, change("data-format", output='{"a": 1')),
    (check_answers_by_kind, change("data-format", output="<a>1</b>")),
    (check_answers_by_kind, change("regex", output="^(a$")),
    (check_answers_by_kind, change("code", output="def f(:")),
    (check_answers_by_kind, change("reorder", instruction="Unscramble it.", input="a / b", output="A c b.")),
    (check_answers_by_kind, lambda data, kinds: [e.update(output="True") for e in data if "False" in e["output"]]),
    (check_enough_is_recomputed, lambda data, kinds: [kind.update(check=None) for kind in kinds]),
    (check_enough_is_recomputed, lambda data, kinds: [kind.pop("test", None) for kind in kinds]),
    (check_longer_answers, change("bug", output="x = 1")),
    (check_longer_answers, change("table", output="| a | b |"))]

@pytest.mark.parametrize("check, mutate", MUTATIONS, ids=[f"{i}-{m[0].__name__}" for i, m in enumerate(MUTATIONS)])
def test_check_catches_a_broken_entry(check, mutate):
    data, kinds = copy.deepcopy((DATA, KINDS))
    before = set(check(data, kinds))
    mutate(data, kinds)
    assert set(check(data, kinds)) - before

def test_every_kind_of_check_has_a_mutation():
    assert {check for check, _ in MUTATIONS} == set(CHECKS)

def test_no_expression_accepts_any_answer():
    data = [{**entry, "output": "Something"} for entry in DATA]
    assert len(list(check_answers(data, KINDS))) == sum(kind["check"] is not None for kind in KINDS)

def test_every_test_refuses_a_damaged_answer():
    for entry, kind in zip(DATA, KINDS, strict=True):
        if "test" in kind:
            assert any(problem_with_test(kind["test"], damaged) for damaged in damaged_answers(entry)), kind["test"]

def test_code_without_an_end_is_stopped():
    assert "does not end" in problem_with_test("run('n') == 1", {**DATA[0], "output": "n = 1\nwhile n: n += 1"})

def test_answers_have_120_tokens_at_most(gpt2_bpe):
    """With the end of the text, an answer fits into the 128 tokens that the script generates."""
    tokenizer = load_tokenizer(gpt2_bpe)
    assert max(len(tokenizer.encode_ordinary(entry["output"])) for entry in DATA) <= 120

@pytest.mark.parametrize("code", ["open('x')", "().__class__", "'a'.format(1)", "[x for y in 'a']", "print(1)",
                                  "run('roman(4)')", "(x := 1)"])
def test_expressions_are_limited(code):
    with pytest.raises(ValueError, match="not allowed"):
        evaluate(code)

def test_functions_of_the_expressions():
    examples = {
        "roman(1994)": "MCMXCIV", "unroman('XIV')": 14, "words(305)": "three hundred five",
        "words(1046)": "one thousand forty-six", "unwords('two thousand fifteen')": 2015, "ordinal(3)": "third",
        "ordinal(20)": "twentieth", "ordinal(31)": "thirty-first", "unwords('forty-two')": 42,
        "letters('banana', 'a')": 3, "vowels('banana')": 3,
        "n_letters('a b')": 2, "n_words('a b c')": 3, "n_sentences('Hi! It is 2.5 m. So?')": 3, "reverse('ab')": "ba",
        "sort_words(['pear', 'Fig'])": ["Fig", "pear"], "convert(3, 'km', 'm')": 3000, "convert(1, 'gal', 'cup')": 16,
        "convert(1, 'mi', 'ft')": 5280, "convert(3, 'tsp', 'tbsp')": 1, "convert(2, 'lb', 'oz')": 32,
        "convert(2, 'dozen', 'one')": 24, "c_to_f(30)": 86, "f_to_c(212)": 100, "c_to_k(0)": 273.15,
        "weekday('2024-07-04')": "Thursday", "date_plus('2024-02-27', 3)": "March 1", "is_leap(1900)": False,
        "days_between('2024-03-01', '2024-03-15')": 14, "days_in_month(2023, 2)": 28,
        "time_plus('10:45 a.m.', 90)": "12:15 p.m.", "minutes_between('9:20 a.m.', '11:05 a.m.')": 105,
        "to_24h('3:30 p.m.')": "15:30", "to_24h('12:05 a.m.')": "00:05", "to_12h('15:30')": "3:30 p.m.",
        "element('Na')": "sodium", "symbol('krypton')": "Kr", "atomic_number('oxygen')": 8,
        "run('\"ab\".upper() * 2')": "ABAB"}
    assert {code: evaluate(code) for code in examples} == examples

@pytest.mark.parametrize("result, good, bad", [
    (5, "It is five.", "It is 15."), (5, "5", "0.5"), (1250, "1,250 m", "1,2500 m"), (-20, "It is -20.", "3-20 = 20"),
    (8.5, "8.5.", "18.5"), ("tan", "A tan.", "A tank."), (True, "Yes, it is.", "It is so, yes."), (9, "9.", "9:15"),
    (False, "False.", "Not so"), ([1, 2], "1/2", "2/1"), (["a", "b"], "a b", "b a"), ([3, 3], "3 3", "3 4")])
def test_answers_are_whole_tokens(result, good, bad):
    assert problem_with_answer(result, good) is None and problem_with_answer(result, bad)
