"""Entries about words: their forms, meanings, letters, and sounds, alone, in lists, and in sentences."""
# ruff: noqa: SIM905
import re

from statements import (
    DAYS,
    GROUPS,
    LISTS,
    MONTHS,
    NAMES,
    NOUNS,
    SENTENCES,
    SHORT,
    TEXT,
    a,
    capital,
    clause,
    doing,
    in_words,
    listing,
    ordinal_word,
    question,
    quoted,
    read_blocks,
    scene,
    shortened,
    title_case,
    topic_maker,
)

ROWS = {block.name: [tuple(row.values()) for row in block.rows] for block in read_blocks(TEXT / "words.txt")}
PLAIN_NOUNS = [noun for noun in NOUNS if noun.isalpha() and len(noun) > 2]
KNOWN = {word for text in SENTENCES for word in re.findall("[a-z]+", text.lower())} | set(PLAIN_NOUNS)


def end(text):
    """Return the text with a period, inside the quotation mark if it ends with one."""
    return text[:-1] + '."' if text.endswith('"') else text + "."


def on(r, titles, thing, text, name="the sentence|this sentence|the sentence below", inline=None):
    """Return an entry about a thing: {s} in a title is the thing itself, or its name if it is the material."""
    title = r.choice(titles)
    if "{s}" in title and r.random() < 0.35:
        return title.replace("{s}", inline or f'"{thing}"'), text
    return title.replace("{s}", r.choice(name.split("|"))), text, thing


def on_words(r, titles, words, text, last="and"):
    """Like on, about a list of words."""
    return on(r, titles, ", ".join(words), text, "these words|the words in the list|the words below",
        listing(words, last))


def mixed(r, words):
    return r.sample(list(words), len(words))


def lower(sentence):
    return sentence if sentence.split()[0].strip(",") in [*NAMES, "I"] else sentence[0].lower() + sentence[1:]


def past_sentence(r):
    return clause(*doing(r), "past") + "."


# ---- Plurals -----------------------------------------------------------------------------------------------------

PLURAL_ROWS = [row[:2] for name in ("irregular", "with_ves", "with_es", "with_ies", "regular") for row in
               ROWS[f"plurals_{name}"]]
BEINGS = [("child", "children"), ("man", "men"), ("woman", "women"), ("mouse", "mice"), ("goose", "geese"),
    ("fox", "foxes"),
          ("puppy", "puppies"), ("pony", "ponies"), ("wolf", "wolves"), ("calf", "calves"), ("monkey", "monkeys"),
          ("ox", "oxen"), ("sheep", "sheep"), ("deer", "deer"), ("baby", "babies"), ("lady", "ladies"),
          ("thief", "thieves"),
          ("dog", "dogs"), ("farmer", "farmers"), ("girl", "girls"), ("bird", "birds"), ("horse", "horses")]
ITEMS = [("knife", "knives"), ("leaf", "leaves"), ("box", "boxes"), ("brush", "brushes"), ("dish", "dishes"),
    ("key", "keys"),
         ("watch", "watches"), ("berry", "berries"), ("loaf", "loaves"), ("glass", "glasses"), ("potato", "potatoes"),
         ("tomato", "tomatoes"), ("peach", "peaches"), ("scarf", "scarves"), ("toy", "toys"), ("pen", "pens"),
         ("cup", "cups"),
         ("bench", "benches"), ("lamp", "lamps"), ("apple", "apples")]
DOES = [("sleeps", "sleep"), ("waits", "wait"), ("is resting", "are resting"), ("was hiding", "were hiding"),
        ("stands", "stand"), ("has a home", "have homes"), ("was playing", "were playing"), ("runs", "run")]
LIES = [("is", "are"), ("was", "were"), ("lies", "lie"), ("has been", "have been"), ("looks old", "look old")]
CREATURES = [("a kangaroo", "kangaroos", "a strong tail"), ("a rabbit", "rabbits", "a short tail"),
    ("a camel", "camels", "a hump"),
             ("a turtle", "turtles", "a hard shell"), ("a bird", "birds", "a beak"),
             ("a giraffe", "giraffes", "a long neck"),
             ("an owl", "owls", "a round face"), ("a lion", "lions", "a loud voice"),
             ("a duck", "ducks", "a flat beak"),
             ("a horse", "horses", "a long tail"), ("an elephant", "elephants", "a long trunk"),
             ("a pig", "pigs", "a snout")]


@topic_maker(4)
def plurals_of_several(r):
    rows = r.sample(PLURAL_ROWS, r.choice([2, 2, 3, 3, 4]))
    ones, many = [row[0] for row in rows], [row[1] for row in rows]
    if r.random() < 0.3:
        return on_words(r, ["the singular of {s}", "the singular forms of {s}", "the form for only one of each: {s}",
                            "{s} in the singular", "the nouns in the singular"], many, r.choice([
            ", ".join(ones), end(f"The singular forms are {quoted(ones)}"), capital(", ".join(ones))]))
    return on_words(r, ["the plurals of {s}", "the plural forms of {s}", "{s} in the plural", "each noun in the plural",
                        "how {s} are written when there is more than one", "the nouns made plural"], ones, r.choice([
        ", ".join(many), end(f"The plurals are {quoted(many)}"),
            end('," '.join(f'"{x}" becomes "{y}' for x, y in rows) + '"'),
        ", ".join(many)]))


@topic_maker(5)
def plural_sentences(r):
    being = r.random() < 0.5
    (one, many), (does, do) = (r.choice(BEINGS), r.choice(DOES)) if being else (r.choice(ITEMS), r.choice(LIES))
    place = r.choice(["near the barn", "in the garden", "by the river", "under the tree",
        "behind the house"] if being else
                     ["on the table", "in the kitchen", "near the door", "under the chair", "on the shelf"])
    old = r.choice(["", "", "young ", "small ", "big "])
    number = r.choice(["two", "three", "four", "five", "six", "several", "many"])
    kind = r.randrange(4)
    if kind == 0:
        before, after = f"One {old}{one} {does} {place}.", f"{capital(number)} {old}{many} {do} {place}."
        return on(r, [f'with "{capital(number)}" in place of "One"', f'{{s}} with "{number}" instead of "one"',
                      f"{{s}} about {number} {many}", f"how {{s}} reads about {number} {many}"], before, after)
    if kind == 1:
        before, after = f"The {old}{one} {does} {place}.", f"The {old}{many} {do} {place}."
        if r.random() < 0.3:
            return on(r, ["in the singular", "{s} in the singular", "about only one instead of many"], after, before)
        return on(r, ["in the plural", "{s} in the plural", f'with "{one}" made plural', "with a plural subject",
                      f'with the plural of "{one}"', "about many instead of one"], before, after)
    if kind == 2:
        single, plural, part = r.choice(CREATURES)
        parts = part.split(" ", 1)[1] + "s"
        return on(r, ["as a general fact with plural nouns", "{s} in the plural", "with both nouns in the plural",
                      f"the same fact about {plural} in general"], f"{capital(single)} has {part}.",
                      f"{capital(plural)} have {parts}.")
    (thing, things), who = r.choice(ITEMS), r.choice(["found", "saw", "carried", "dropped", "liked"])
    one, many = r.choice(BEINGS)
    return on(r, ["with both nouns in the plural", "both nouns of {s} in the plural", "{s} with plural nouns"],
              f"The {one} {who} the {thing}.", f"The {many} {who} the {things}.")


@topic_maker(4)
def wrong_plurals(r):
    one, many = r.choice([row for row in PLURAL_ROWS if row[0] + "s" != row[1] and row[0] + "es" != row[0] + row[1]])
    wrong = one + "s" if r.random() < 0.75 or many.endswith("s") else many + "s"
    pair = mixed(r, [wrong, many])
    number = r.choice(["two", "three", "five", "many", "several"])
    kind = r.randrange(3)
    if kind == 0:
        return r.choice([f'which is the right plural of "{one}," "{pair[0]}" or "{pair[1]}"',
                         f'whether "{pair[0]}" or "{pair[1]}" is correct',
                        f'the correct plural: "{pair[0]}" or "{pair[1]}"']), \
            r.choice([f'The right plural is "{many}."', many, f'The plural of "{one}" is "{many}," not "{wrong}."'])
    if kind == 1:
        return r.choice([f'what "{number} {wrong}" should be', f'"{number} {wrong}" with the plural corrected',
                         f'the correct form of "{number} {wrong}"']), f"{number} {many}"
    frame = r.choice(["We talked about {}.", "There are {} in the picture.", "The story tells of {}.",
                      "{name} wrote about {}.", "They drew {} on the wall."])
    before, after = (frame.format(f"{number} {word}", name=r.choice(NAMES)) if "name" not in frame else
                     frame.replace("{name}", name).format(f"{number} {word}")
                     for name in [r.choice(NAMES)] for word in (wrong, many))
    return on(r, ["with the plural corrected", "{s} with the right plural", "the correct form of {s}",
                  "without the wrong plural"], before, after)


# ---- Word forms --------------------------------------------------------------------------------------------------

@topic_maker(4)
def degrees(r):
    base, more, most = r.choice([row for row in ROWS["comparison"] if " " not in row[0]])
    kind = r.randrange(3)
    if kind == 0:
        return r.choice([f'the comparative and the superlative of "{base}"', f'the forms of comparison of "{base}"',
                         f'how "{base}" is compared', f'the two other degrees of the adjective "{base}"']), \
            r.choice([f"{more}, {most}", f'The comparative is "{more}," and the superlative is "{most}."',
            f"{base}, {more}, {most}"])
    if kind == 1:
        wrong = f"more {more}" if " " not in more and r.random() < 0.5 else f"more {base}" if " " not in more else \
            re.sub("e$|y$", "i" if base.endswith("y") else "", base) + "er"
        frame = r.choice(["This one is {} than that one.", "Mine is {} than yours.", "It was {} than we thought.",
                          "The second one was {} than the first.", "Hers looks {} than his."])
        return on(r, ["with the correct comparative", "{s} with the right form of the adjective",
                      "the adjective in {s} corrected", "without the mistake in the comparative"],
                  frame.format(wrong), frame.format(more))
    words = r.sample([row for row in ROWS["comparison"] if " " not in row[0]], 3)
    which = r.choice([1, 2])
    forms = [row[which] for row in words]
    name = ["comparative", "superlative"][which - 1]
    return on_words(r, [f"the {name}s of {{s}}", f"the {name} forms of {{s}}", f"each adjective in the {name}"],
                    [row[0] for row in words], r.choice([", ".join(forms), end(f"The {name}s are {quoted(forms)}")]))


@topic_maker(4)
def sound_alikes(r):
    before, right, after, wrong = r.choice(ROWS["homophone_sentences"])
    two = mixed(r, [right, wrong])
    full = f"{capital(before)} {right} {after}."
    kind = r.randrange(3)
    if kind == 0:
        return on(r, [f'which of "{two[0]}" and "{two[1]}" fits the blank',
            f'the full sentence with "{two[0]}" or "{two[1]}"',
                      "the sentence with the right word in the blank", "with the homophone that fits"],
                  f"{capital(before)} ____ {after}.", full)
    if kind == 1:
        return on(r, ["which of the two words in parentheses is right", "the homophone that fits",
            "the right word of the two"],
                  f"{capital(before)} ({two[0]}, {two[1]}) {after}.",
                  r.choice([capital(right), f'The right word is "{right}."', full]))
    return on(r, ["with the wrong word corrected", "{s} with the right homophone",
        "with the word that sounds the same but fits",
                  "the spelling of {s} corrected"], f"{capital(before)} {wrong} {after}.", full)


@topic_maker(4)
def word_building(r):
    words = r.sample(ROWS["compounds"], r.choice([1, 2, 3]))
    wholes, parts = [row[0] for row in words], [f"{row[1]} and {row[2]}" for row in words]
    verb, doer = r.choice(ROWS["doers"])
    prefix, word, opposite = r.choice(ROWS["opposites_with_prefixes"])
    suffix, meaning, base, example, sense = r.choice(ROWS["suffixes"])
    quality, noun, adverb = r.choice(ROWS["adjective_to_noun"])
    many = r.sample(ROWS["adjective_to_noun"], 3)
    firsts = sorted({row[1] for row in ROWS["compounds"] if sum(other[1] == row[1] for other in ROWS["compounds"]) > 1})
    first = r.choice(firsts)
    return r.choice([
        (r.choice([f"the parts of {quoted(wholes)}", f"{quoted(wholes)} split into the two smaller words",
                   f"from which two words each is made: {', '.join(wholes)}"]),
         capital("; ".join(part.replace(" and ", ", ") for part in parts)) if r.random() < 0.4 else
         end("; ".join(f'"{row[0]}" is made of "{row[1]}" and "{row[2]}"' for row in words))),
        (r.choice([f'the compound word from "{words[0][1]}" and "{words[0][2]}"',
            f'"{words[0][1]}" and "{words[0][2]}" put together',
                   f'which word "{words[0][1]}" and "{words[0][2]}" make together']), capital(wholes[0])),
        (r.choice([f'compound words that begin with "{first}"', f'words made of "{first}" and another word']),
         capital(", ".join(row[0] for row in ROWS["compounds"] if row[1] == first))),
        (r.choice([f'the name for someone or something that can {verb}', f'the noun made from "{verb}" with a suffix',
                   f'the word for one who is able to {verb}']), f'The noun is "{doer}."'),
        (r.choice([f'which prefix turns "{word}" into a word meaning "not {word}"',
            f'"{word}" with a prefix that means "not"',
                   f'the opposite of "{word}" made with a prefix']),
                   f'The prefix "{prefix}-" turns "{word}" into "{opposite}."'),
        (r.choice([f'the base word and the prefix of "{opposite}"',
            f'what is left of "{opposite}" without its prefix']),
         f'The prefix is "{prefix}-," and the base word is "{word}."'),
        (r.choice([f'the base word and the suffix of "{example}"', f'what the suffix adds to "{example}"']),
         f'The base word is "{base}," and the suffix "-{suffix}" means "{meaning}," so "{example}" means "{sense}."'),
        (r.choice([f'the noun and the adverb made from "{quality}"', f'the word family of the adjective "{quality}"']),
         f'The noun is "{noun}," and the adverb is "{adverb}."'),
        on_words(r, ["the adverbs made from {s}", "{s} as adverbs", "each adjective turned into an adverb"],
                 [row[0] for row in many], ", ".join(row[2] for row in many)),
        on_words(r, ["the nouns made from {s}", "{s} as nouns", "each adjective turned into a noun"],
                 [row[0] for row in many], ", ".join(row[1] for row in many))])


# ---- Opposites and synonyms --------------------------------------------------------------------------------------

FILLERS = {"adjective": "wooden purple thirsty striped sunny northern weekly salty barefoot musical square".split(),
           "verb": "sing paint knit swim sneeze juggle cook yawn dance sail gargle type".split()}
THINGS = ROWS["opposites_with_things"]
SAME = [(*row, "adjective") for row in ROWS["synonyms_adjectives"] if " " not in "".join(row)] + [
    (*row, "verb") for row in ROWS["synonyms_verbs"] if " " not in "".join(row)]
OPPOSITE = [(*row, "adjective") for row in ROWS["opposites_adjectives"]] + [(*row,
    "verb") for row in ROWS["opposites_verbs"]]
COMMANDS = [("open the window", "close the window"), ("turn on the lamp", "turn off the lamp"),
    ("push the cart", "pull the cart"),
            ("lock the gate", "unlock the gate"), ("come in", "go out"), ("start the engine", "stop the engine"),
            ("put on your coat", "take off your coat"), ("tie your shoes", "untie your shoes"),
            ("fill the tub", "empty the tub"),
            ("walk up the stairs", "walk down the stairs"), ("speak loudly", "speak quietly"),
            ("pack your bag", "unpack your bag"),
            ("raise the flag", "lower the flag"), ("plug in the radio", "unplug the radio"),
            ("turn left", "turn right")]


@topic_maker(5)
def opposite_sentences(r):
    (thing, one, other), (thing2, one2, other2) = r.sample(THINGS, 2)
    be = r.choice(["is", "was", "will be"])
    kind = r.randrange(5)
    about = ["with the opposite meaning", "the opposite of {s}", "{s} turned around so that it means the opposite",
             "{s} with every adjective replaced by its antonym", "with antonyms in place of the adjectives"]
    if kind == 0:
        if r.random() < 0.5:
            one, other = other, one
        return on(r, ["with the opposite meaning", "the opposite of {s}", f'with the antonym of "{one}"',
            f'{{s}} with the opposite of "{one}"',
                      "with the adjective replaced by its antonym"], f"{capital(thing)} {be} {one}.",
                      f"{capital(thing)} {be} {other}.")
    if kind == 1:
        return on(r, about, f"{capital(thing)} {be} {one}, and {thing2} {be} {one2}.",
            f"{capital(thing)} {be} {other}, and {thing2} {be} {other2}.")
    if kind == 2:
        (x, y), (z, w) = (mixed(r, pair) for pair in r.sample(COMMANDS, 2))
        return on(r, ["the opposite of both commands", "both parts turned into their opposites",
            "{s} with the opposite meaning"],
                  f"{capital(x)} and {z}.", f"{capital(y)} and {w}.")
    name = r.sample(NAMES, 2)
    text = r.choice([f"{name[0]} thought {thing} was {one}, but {name[1]} thought it was {other}.",
                     f"{capital(thing)} was {one} yesterday, and today it is {other}.",
                     f"Is {thing} {one} or {other}, {name[0]}?"])
    return on(r, ["the antonyms in {s}", "the two opposites in {s}", "which words in {s} have opposite meanings"], text,
              r.choice([f'The antonyms are "{one}" and "{other}."', f'"{capital(one)}" and "{other}" are opposites.',
              f"{one}, {other}"]))


@topic_maker(5)
def opposites_combined(r):
    word, other, part = r.choice(OPPOSITE)
    rows = r.sample(OPPOSITE, 3)
    choices = mixed(r, [other, *r.sample(FILLERS[part], r.choice([2, 3]))])
    same = r.choice([row for row in SAME if row[3] == part])
    alike = r.random() < 0.5
    pair = same[:2] if alike else (word, other)
    verdict = "synonyms" if alike else "antonyms"
    reason = "mean nearly the same" if alike else "have opposite meanings"
    return r.choice([
        on_words(r, ["the opposites of {s}", "the antonyms of {s}", "the opposite of each word",
            "{s} turned into their opposites"],
                 [row[0] for row in rows], r.choice([", ".join(row[1] for row in rows),
                 capital(", ".join(row[1] for row in rows)),
                                                     capital(end('," '.join(f'the opposite of "{x}" is "{y}' for x, y,
                        _ in rows) + '"'))])),
        on_words(r, [f'which of these words is the antonym of "{word}"',
            f'the word that means the opposite of "{word}"',
                     f'the opposite of "{word}" among the choices'], choices,
                 r.choice([capital(other), f'The antonym of "{word}" is "{other}."'])),
        (f'the antonym of "{word}": {listing(choices, "or")}',
            r.choice([capital(other), f'"{capital(other)}" is the opposite of "{word}."'])),
        (r.choice([f'whether "{pair[0]}" and "{pair[1]}" are synonyms or antonyms',
            f'how "{pair[0]}" and "{pair[1]}" are related',
                   f'"{pair[0]}" and "{pair[1]}": synonyms or antonyms']),
         r.choice([capital(verdict), f'"{capital(pair[0])}" and "{pair[1]}" are {verdict}, because they {reason}.'])),
        (r.choice([f'whether "{pair[0]}" and "{pair[1]}" have opposite meanings',
            f'whether "{pair[1]}" is the opposite of "{pair[0]}"']),
         f'{"No" if alike else "Yes"}, "{pair[0]}" and "{pair[1]}" {reason}.'),
        (r.choice([f'what goes with "{word}" if {rows[0][0]} goes with {rows[0][1]}',
            f"the pattern {rows[0][0]} and {rows[0][1]}, {word} and what"]),
         r.choice([capital(other), f'"{capital(other)}" goes with "{word}," because the words are opposites.']))])


@topic_maker(5)
def synonyms_combined(r):
    one, two, three, part = r.choice(SAME)
    other = r.choice([row for row in SAME if not set(row[:3]) & {one, two, three} and row[3] == part])
    four = mixed(r, [one, two, other[0], other[1]])
    choices = mixed(r, [two, *r.sample(FILLERS[part], r.choice([2, 3]))])
    contrary = r.sample([row for row in OPPOSITE if not {one, two} & set(row)], 2)
    lines = mixed(r, [f"{one} / {two}", *(f"{x} / {y}" for x, y, _ in contrary)])
    return r.choice([
        on_words(r, ["{s} sorted into two pairs of synonyms", "the two pairs of synonyms", "which of {s} mean the same",
                     "in pairs of words with the same meaning"], four, r.choice([
            f'"{capital(one)}" and "{two}" form one pair, and "{other[0]}" and "{other[1]}" form the other.',
            f"{one} = {two}, {other[0]} = {other[1]}"])),
        on_words(r, [f'which of these words means nearly the same as "{one}"',
            f'the synonym of "{one}" among the choices',
                     f'which word could replace "{one}"'], choices,
                     r.choice([capital(two), f'"{capital(two)}" means nearly the same as "{one}."'])),
        (r.choice(["the pair of synonyms among the lines", "which line holds two words with the same meaning"]),
         f'"{capital(one)}" and "{two}" are synonyms.', "\n".join(lines)),
        (r.choice([f'two {part}s close in meaning to "{one}"', f'two synonyms for "{one}"', f'other words for "{one}"',
                   f'words that can stand in place of "{one}"']),
                   r.choice([f"{capital(two)}, {three}", f'You could use "{two}" or "{three}."'])),
        (r.choice([f'whether "{one}" and "{two}" are synonyms', f'whether "{one}" means the same as "{two}"']),
         f'Yes, "{one}" and "{two}" mean nearly the same.'),
        (f'{a(part)} that begins with "{two[0]}" and means nearly the same as "{one}"', capital(two))])


@topic_maker(5)
def synonym_sentences(r):
    row = r.choice([row for row in LISTS["same"] + LISTS["formal"] if row["to"] != "many times" and row["from"] not
        in ("kids", "guys", "lots of people", "yeah, we can")])
    subject = r.choice(["I", "We", "They", "My friends", "The neighbors"])
    if r.random() < 0.5:
        one, two = (re.sub(" -$", "",
            f"{row['before'].replace('-', subject, 1) if row['before'] == '-' else row['before']} {row[key]} "
                                      f"{row['after']}") for key in ("from", "to"))
        old, new = row["from"], row["to"]
    else:
        rows = [row for row in ROWS["synonym_and_antonym"] if row[0]
            in "big happy fast brave smart clean cold strong kind polite "
                "honest tiny shy sad angry tired calm quiet funny pretty old rich".split()]
        old, new, _ = r.choice(rows)
        who = r.choice(["The king", "The queen", r.choice(NAMES), "The dog", "Our neighbor", "The child", "My cousin"])
        one, two = (f"{who} was {word} {tail}" for tail in [r.choice(["that day", "at first", "as always",
            "in the end"])]
                    for word in (old, new))
    one, two = (text + ("" if text[-1] in ".?!" else ".") for text in (capital(one), capital(two)))
    return on(r, [f'with a synonym in place of "{old}"', f'{{s}} with another word for "{old}"',
        f'with "{old}" replaced and the meaning kept',
                  f'{{s}} without "{old}"', "the same idea in other words"], one, two)


# ---- Definitions, analogies, groups ------------------------------------------------------------------------------

DEFINED = [(f"{art} {word}", meaning) for art, word, meaning in ROWS["nouns_defined_with_article"] + ROWS["places"]] + [
    (f"{art} {word}", f"a person who {work}") for art, word, work in ROWS["jobs"]] + [
    (f"{art} {word}", f"a thing that is used to {use}") for art, word, use in ROWS["things"]]


@topic_maker(5)
def definitions_combined(r):
    rows = r.sample(DEFINED, 3)
    kinds = ROWS[r.choice(["verbs_defined", "adjectives_defined"])]
    other = r.sample(kinds, 3)
    rows = rows if r.random() < 0.65 else other
    thing, meaning = r.choice(rows)
    word = thing.split(" ", 1)[1] if rows is not other else thing
    words = [row[0].split(" ", 1)[1] if rows is not other else row[0] for row in rows]
    options = [f"{letter}. {row[1]}" for letter, row in zip("ABC", rows, strict=True)]
    right = options[words.index(word)]
    wrong = next(row[1] for row in rows if row[1] != meaning)
    says = f"{capital(thing)} is {meaning}." if rows is not other else f'"{capital(word)}" means "{meaning}."'
    good = r.random() < 0.5
    return r.choice([
        (r.choice([f'the correct meaning of "{word}"', f'which definition fits "{word}"',
            f'what "{word}" means, out of three meanings']),
         right, "\n".join(options)),
        (r.choice(["the word that matches the definition", "which word in the box fits the definition",
            "the word defined here"]),
         capital(word), f"Definition: {meaning}\nBox: {', '.join(words)}"),
        (r.choice(["the word for the thing described", "what is described here",
            "the word that belongs to this description",
                   "the word from the clue"]), r.choice([capital(word), f'The word is "{word}."']),
                   capital(meaning) + "."),
        (r.choice(["whether this definition is right", f'whether this is what "{word}" means',
            "the definition checked"]),
         ("Yes, " if good else "No, ") + (says[0].lower() if rows is not other else says[0]) + says[1:],
         f"{capital(word)}: {meaning if good else wrong}."),
        (r.choice([f'which of {quoted(words)} means "{meaning}"',
            f"the word among {quoted(words)} for \"{meaning}\""]), capital(word)),
        (r.choice(["each word with its meaning", f"the meanings of {quoted(words)}",
            f"definitions of {quoted(words)}"]),
         "\n".join(f"{capital(x)}: {row[1]}" for x, row in zip(words, rows, strict=True)))])


PAIRS = {"the second word is the opposite of the first": [row[:2] for row in OPPOSITE[:90]],
         "the second word is the plural of the first": PLURAL_ROWS,
         "the second word is the past tense of the first": [(row[0], row[2]) for row in ROWS["verbs_irregular_forms"]],
         "the second word is the comparative of the first": [row[:2] for row in ROWS["comparison"]],
         "the second word is the adverb made from the first": [(row[0], row[2]) for row in ROWS["adjective_to_noun"]],
         "the two words mean nearly the same": [row[:2] for row in SAME],
         "the first is a kind of the second": [(x, kind.split(" ", 1)[1]) for kind, _,
         xs in GROUPS[:18] for x in xs if x.islower()]}


@topic_maker(6)
def analogies_combined(r):
    why = r.choice(list(PAIRS))
    (one, two), (three, four) = r.sample(PAIRS[why], 2)
    kind = r.random()
    if kind < 0.5:
        one, two, three, four, why = r.choice(ROWS["analogies"])
    elif two == four:
        return analogies_combined(r)
    full = f"{capital(one)} is to {two} as {three} is to {four}"
    text = r.choice([f"{full}.", capital(four), f"{capital(four)}, because in each pair {why}.", f"{full}."])
    wrong = r.sample([word for word in PLAIN_NOUNS if word not in (one, two, three, four)], 2)
    choices = mixed(r, [four, *wrong])
    return r.choice([
        (r.choice([f'the word that is to "{three}" as "{two}" is to "{one}"',
            f"the missing word: {one} is to {two} as {three} is to ___",
                   f"{one} is to {two} as {three} is to which word",
                   f'the word that belongs to "{three}" as "{two}" belongs to "{one}"']), text),
        (r.choice(["the last word of the analogy", "the analogy completed", "the missing term",
            "with the first pair as a model for the second"]), text,
         r.choice([f"{one} : {two} :: {three} : ___", f"{capital(one)} is to {two} as {three} is to ___."])),
        (f"{one} is to {two} as {three} is to which of these: {listing(choices, 'or')}",
            r.choice([capital(four), f"{full}."])),
        (r.choice([f'how the words in each pair of "{one} is to {two} as {three} is to {four}" are related',
                   f'the relationship in "{one} is to {two} as {three} is to {four}"']), f"In each pair, {why}."),
        (r.choice([f'which pair matches "{one} is to {two}": {three} is to {four}, or {four} is to {three}']),
         f'"{capital(three)} is to {four}" matches, because in each pair {why}.')])


ALONE = [group for group in GROUPS if group[0] not in ("a month", "a number word", "a kitchen tool", "a language")]
NEAR = [{"an animal", "a bird", "a fish"}, {"a country", "a city", "a continent"}, {"a tool", "a kitchen tool"},
        {"a tree", "a fruit", "a flower"}, {"a vegetable", "a fruit"}, {"a metal", "a gas", "a color"},
            {"a job", "a relative"},
        {"a metal", "a planet"}, {"a flower", "a color"}, {"a fruit", "a color"}, {"a grain", "a vegetable"},
            {"an animal", "an insect"}, {"an animal", "a reptile"}, {"a fruit", "a bird"},
        {"a tool", "a metal"}, {"a building", "a relative"}, {"a season", "a sport"}]


def near(one, two):
    """Tell whether two groups are the same, or so much alike that a thing could belong to both."""
    return one == two or bool(set(one[2]) & set(two[2])) or any({one[0], two[0]} <= pair for pair in NEAR)


def two_groups(r):
    """Return two groups that have no member in common and are not alike."""
    while True:
        one, two = r.sample(ALONE, 2)
        if not near(one, two):
            return one, two


@topic_maker(6)
def odd_ones(r):
    (kind, kinds, members), (other, others, strangers) = two_groups(r)
    odd, three = r.choice(strangers), r.sample(members, 3)
    why, other_why = f"it is {other}", f"the others are {kinds}"
    special = r.random()
    if special < 0.12:
        step = r.choice([2, 5, 10])
        three = [str(step * k) for k in r.sample(range(1, 20), 3)]
        odd = str(step * r.randrange(1, 15) + 1)
        kind, why, other_why = f"a multiple of {step}", f"it cannot be divided by {step}", "the others can"
    elif special < 0.24:
        letter = r.choice("bcdfhlmpst")
        three = r.sample([word for word in PLAIN_NOUNS if word[0] == letter], 3)
        odd = r.choice([word for word in PLAIN_NOUNS if word[0] != letter])
        kind, why, other_why = f"a word that begins with {letter}", f"it does not begin with {letter}", "the others do"
    elif special < 0.36:
        one, two, three_, _ = r.choice([row for row in SAME if row[3] == "adjective"])
        odd = r.choice([row[1] for row in ROWS["synonym_and_antonym"] if row[0] not in (one, two, three_)]
            and FILLERS["adjective"])
        three, kind, why, other_why = [one, two,
            three_], "a synonym of the others", "it has another meaning", "the others mean nearly the same"
    words = mixed(r, [*three, odd])
    reason = f"{why}, and {other_why}"
    text = r.choice([f"{capital(odd)} does not belong, because {reason}.",
        f"{capital(odd)} is the odd one out, because {reason}.",
                     f"{capital(odd)}; {reason}.", capital(odd), f"{capital(odd)}, because {reason}.",
                     f"{capital(odd)} is not {kind}."])
    if special < 0.24:
        return on_words(r, [f"which of {{s}} is not {kind}", f"the one of {{s}} that is not {kind}",
            f"the only one that is not {kind}"], words, text)
    return on_words(r, ["the odd one out", "the odd one out of {s}", f"which of {{s}} is not {kind}",
        "which of {s} does not belong with the others",
                        "the one that is different from the rest, and why", f"the word in the list that is not {kind}",
                        "the intruder among {s}",
                        "which of {s} is left over when three go together", "the one that is out of place"], words,
                        text)


@topic_maker(6)
def sorting(r):
    group, stranger = two_groups(r)
    (kind, kinds, members), (other, others, strangers) = group, stranger
    ones, twos = r.sample(members, 2), r.sample(strangers, 2)
    words = mixed(r, ones + twos)
    ones, twos = ([word for word in words if word in some] for some in (ones, twos))
    many = r.sample(members, r.choice([3, 4]))
    thing = ones[0]
    headings = mixed(r, [kinds, others, r.choice([third[1] for third in ALONE if not near(third,
        group) and third != stranger])])
    truth = r.random() < 0.5
    return r.choice([
        on_words(r, [f"{kinds} and {others}", f"{{s}} sorted into {kinds} and {others}",
            f"which of {{s}} are {kinds} and which are {others}",
                     f"the words divided into {kinds} and {others}", "in two groups with a name for each"], words,
                 f"{capital(kinds)}: {', '.join(ones)}. {capital(others)}: {', '.join(twos)}."),
        on_words(r, [f"which two of {{s}} are {kinds}", f"only the {kinds} of {{s}}", f"the {kinds} in the list"],
            words,
                 r.choice([f"The {kinds} are {listing(ones)}.", ", ".join(ones), capital(listing(ones)) + "."])),
        on_words(r, ["one category for {s}", "what {s} have in common", "the group to which {s} belong",
            "a heading for {s}",
                     "what kind of things {s} are"], many, r.choice([f"They are all {kinds}.", capital(kinds),
                     f"All of them are {kinds}."])),
        (r.choice([f'under which heading "{thing}" goes: {listing(headings, "or")}',
            f'where "{thing}" belongs: {", ".join(headings)}',
                   f'whether "{thing}" belongs with the {headings[0]}, the {headings[1]}, or the {headings[2]}']),
         r.choice([f'"{capital(thing)}" goes under {kinds}.', capital(kinds),
         f'"{capital(thing)}" belongs with the {kinds}.'])),
        (r.choice([f'whether "{thing}" is the name of {kind if truth else other}',
            f'whether "{thing}" names {kind if truth else other}']),
         f'Yes, "{thing}" is the name of {kind}.' if truth
         else f'No, "{thing}" is the name of {kind}, not of {other}.'),
        (r.choice([f"three {kinds}", f"a list of three {kinds}", f"the names of three {kinds}"]),
            capital(", ".join(many[:3])))])


# ---- Sounds and letters ------------------------------------------------------------------------------------------

COUPLETS = list(ROWS["rhymes"])
SOUNDS = {letter: name for name, letters in {"vowel": "aeiouwyhf", "hiss": "cksxzq", "tap": "dt", "g": "gj"}.items()
          for letter in letters}


def last_sounds(row):
    """Return the kinds of last sounds that the spelling of a row of rhymes allows; if those of two rows differ, the
    rows do not rhyme with each other."""
    stems = (re.sub("m[bn]$", "m", word.rstrip("e")) for word in row)
    return {SOUNDS.get(stem[-1:], stem[-1:]) for stem in stems}


@topic_maker(5)
def rhymes_combined(r):
    row = r.choice(COUPLETS)
    others = [other for other in COUPLETS if not last_sounds(other) & last_sounds(row)]
    (one, two, three), (x, y, _) = row, r.choice(others)
    choices = mixed(r, [two, x, r.choice([other for other in others if other[0] != x])[0]])
    four = mixed(r, [one, two, x, y])
    true = r.random() < 0.5
    frame = r.choice(['The poem ends its lines with "{}" and "{}."',
        'My sister wrote "{}" on the card and "{}" on the wall.',
                      'The children shouted "{}" and then "{}."', 'First I read "{}," and next I read "{}."'])
    return r.choice([
        on_words(r, ["{s} grouped into rhyming pairs", "the rhyming pairs", "which of {s} rhyme with each other"], four,
                 f'"{capital(one)}" rhymes with "{two}," and "{x}" rhymes with "{y}."'),
        on_words(r, [f'which of {{s}} rhymes with "{one}"', f'the word that rhymes with "{one}"',
            f'the rhyme for "{one}" among {{s}}'], choices,
                 r.choice([capital(two), f'"{capital(two)}" rhymes with "{one}."',
                 f'The word that rhymes with "{one}" is "{two}."'])),
        (r.choice([f'two words that rhyme with "{one}"', f'two rhymes for "{one}"',
            f'words that end with the same sound as "{one}"',
                   f'rhyming words for a song line that ends in "{one}"']),
                   r.choice([f"{capital(two)}, {three}", f'"{capital(two)}" and "{three}" rhyme with "{one}."'])),
        (r.choice([f'whether "{one}" and "{two if true else x}" rhyme',
            f'whether "{two if true else x}" is a rhyme for "{one}"']),
         f'{"Yes" if true else "No"}, "{one}" and "{two if true else x}" '
         f'{"end" if true else "do not end"} with the same sound.'),
        on(r, ["the two rhyming words in {s}", "which words in {s} rhyme"], frame.format(one, two),
            f'"{capital(one)}" and "{two}" rhyme.'),
        (r.choice([f'a word that begins with "{two[:1]}" and rhymes with "{one}"',
            f'a rhyme for "{one}" that begins with {two[:1]}']), capital(two)),
        (r.choice(["the rhyme scheme of four lines that end with the words below",
            "the rhyme scheme of these line endings"]), *r.choice([
            ("The rhyme scheme is AABB.", f"{one}, {two}, {x}, {y}"),
            ("The rhyme scheme is ABAB.", f"{one}, {x}, {two}, {y}"),
            ("The rhyme scheme is ABBA.", f"{one}, {x}, {y}, {two}")]))])


LINES = [("we fed a tiny mouse", "that lived inside the", "house"),
    ("the moon was round and bright", "it gave the road some", "light"),
         ("the boat was on the lake", "the ducks were all", "awake"),
         ("the wind began to blow", "and then we saw the", "snow"),
         ("the cat sat on the wall", "and watched a yellow", "ball"),
         ("we walked along the street", "with sand upon our", "feet"),
         ("the baker made a cake", "and put it in to", "bake"), ("a frog sat on a log", "and sang beside a", "dog"),
         ("the king put on his crown", "and rode his horse to", "town"),
         ("the stars were in the sky", "we watched the clouds go", "by"),
         ("the farmer fed the sheep", "and then he went to", "sleep"),
         ("the bird sat in the tree", "and sang a song for", "me"),
         ("the sun came out at noon", "we hoped it would stay till", "June"),
         ("the train was late today", "so we went out to", "play")]


@topic_maker(2)
def couplets(r):
    one, two, last = r.choice(LINES)
    wrong = r.choice(["window", "basket", "garden", "pencil", "river", "kitchen"])
    first, rhyme = f"{capital(one)},", one.split()[-1]
    return r.choice([
        (r.choice(["the word that rhymes at the end of the second line", "the missing word of the rhyme",
            "the second line finished with a rhyme"]),
         r.choice([capital(last), f"{first}\n{capital(two)} {last}."]), f"{first}\n{capital(two)} ____."),
        (r.choice(["with the last word changed so that the lines rhyme", "as lines that rhyme"]),
            f"{first}\n{capital(two)} {last}.",
         f"{first}\n{capital(two)} {wrong}."),
        (r.choice(["which words at the ends of the lines rhyme", "the rhyme in these lines"]),
            f'"{capital(rhyme)}" rhymes with "{last}."',
         f"{first}\n{capital(two)} {last}."),
        (r.choice(["one more line that rhymes with this one", "a second line that rhymes"]), f"{capital(two)} {last}.",
            first),
        (f'a two-line rhyme with "{rhyme}" and "{last}"', f"{first}\n{capital(two)} {last}.")])


SHORT_WORDS = sorted({word for row in COUPLETS for word in row if len(word) < 6} | {word for word in PLAIN_NOUNS
    if len(word) < 6})
TURNS = [(word, place, other) for word in SHORT_WORDS for other in SHORT_WORDS if len(word) == len(other) and
         sum(p != q for p, q in zip(word, other, strict=True)) == 1
         for place in range(len(word)) if word[place] != other[place]]
ANAGRAMS = [("listen", "silent"), ("earth", "heart"), ("north", "thorn"),
    ("stop", "spot"), ("melon", "lemon"),
            ("loop", "pool"), ("shore", "horse"), ("tale", "late"), ("name", "mean"), ("study", "dusty"),
            ("night", "thing"), ("but", "tub"), ("lamp", "palm"),
            ("cheap", "peach"), ("save", "vase"), ("charm", "march"), ("door", "odor"), ("arm", "ram"), ("act", "cat"),
            ("god", "dog"), ("below", "elbow")]
HIDDEN = [("cat", "education"), ("cat", "vacation"), ("owl", "bowl"), ("owl", "growl"), ("ant", "elephant"),
    ("ant", "pants"), ("hen", "kitchen"), ("hen", "then"),
          ("rat", "pirate"), ("bat", "acrobat"), ("cow", "coward"), ("pig", "pigeon"), ("ape", "paper"),
          ("bee", "beetle"), ("fox", "foxglove"), ("dog", "hotdog"),
          ("bear", "beard"), ("crow", "crown"), ("eel", "wheel"), ("ram", "frame"), ("ear", "heart"), ("car", "scarf"),
          ("pen", "pencil"), ("ice", "mice")]
PALINDROMES = "level noon civic kayak refer madam rotor mom dad pop eye wow stats".split()


@topic_maker(7)
def letters_of_words(r):
    word = r.choice(PLAIN_NOUNS)
    two, three = r.choice(PLAIN_NOUNS), [w for w in r.sample(PLAIN_NOUNS, 9) if w != word]
    place = r.randrange(min(5, len(word)))
    letter = r.choice(word)
    digit = r.choice("0134578*#")
    before, at, after = r.choice(TURNS)
    alpha = r.randrange(1, 25)
    letters = "abcdefghijklmnopqrstuvwxyz"
    no_vowels = re.sub("[aeiou]", "", word)
    swapped = word[-1] + word[1:-1] + word[0]
    gram, hidden, palindrome = mixed(r, r.choice(ANAGRAMS)), r.choice(HIDDEN), r.choice(PALINDROMES)
    times = r.randrange(2, 5)
    gap, gap_name = r.choice([("-", "a hyphen"), (" ", "a space"), (".", "a dot"), (", ", "a comma"), ("/", "a slash")])
    return r.choice([
        (r.choice([f'"{word}" with {gap_name} between the letters',
            f'the letters of "{word}" separated by {gap_name} each']), gap.join(word)),
        (r.choice([f'"{word}" without its vowels', f'what remains of "{word}" when all vowels are removed',
            f'only the consonants of "{word}"']), no_vowels),
        (r.choice([f'"{word} {two}" with every {letter} replaced by {digit}',
            f'the phrase "{word} {two}" with {digit} in place of the letter {letter}']),
         f"{word} {two}".replace(letter, digit)),
        (r.choice([f'the word "{word}" {in_words(times)} times',
            f'"{word}" repeated {in_words(times)} times with spaces between']), " ".join([word] * times)),
        (r.choice([f'with which letter "{word}" {("begins", "ends")[times % 2]}',
            f'the {("first", "last")[times % 2]} letter of "{word}"']),
         f'"{capital(word)}" {("begins", "ends")[times % 2]} with the letter {word[0 if times % 2 == 0 else -1]}.'),
        (r.choice([f'the {ordinal_word(place + 1)} letter of "{word}"',
            f'which letter of "{word}" stands in {ordinal_word(place + 1)} place']),
         f'The {ordinal_word(place + 1)} letter is {word[place]}.'),
        (r.choice([f'what word comes from changing the {before[at]} in "{before}" to {a_letter(after[at])}',
            f'"{before}" with {after[at]} in place of {before[at]}']),
         f'The new word is "{after}."') if before.count(before[at]) == 1 else (f'the word "{word}" in capital letters',
         word.upper()),
        (r.choice([f'"{word}" backward', f'"{word}" spelled from the end to the beginning',
            f'the letters of "{word}" in reverse order']), word[::-1]),
        (r.choice([f'"{word}" without its {("first", "last")[times % 2]} letter',
            f'what is left of "{word}" after its {("first", "last")[times % 2]} letter is dropped']),
         word[1:] if times % 2 == 0 else word[:-1]),
        (f'"{word}" with its first and last letters in each other\'s places', swapped),
        (r.choice([f'which letter comes right after {letters[alpha].upper()} in the alphabet',
            f'the letter that follows {letters[alpha].upper()}']),
         f"The letter {letters[alpha + 1].upper()} comes right after {letters[alpha].upper()}."),
        (r.choice([f'which letter comes right before {letters[alpha].upper()} in the alphabet',
            f'the letter in front of {letters[alpha].upper()} in the alphabet']),
         f"The letter {letters[alpha - 1].upper()} comes right before {letters[alpha].upper()}."),
        (r.choice([f'a word made of all the letters of "{gram[0]}"',
            f'which other word the letters of "{gram[0]}" make', f'an anagram of "{gram[0]}"']),
         f'The letters of "{gram[0]}" also make "{gram[1]}."'),
        (r.choice([f'a shorter word hidden inside "{hidden[1]}"',
            f'a word with {len(hidden[0])} letters that hides inside "{hidden[1]}"']),
         f'The word "{hidden[0]}" hides inside "{hidden[1]}."'),
        on_words(r, ["which of {s} is a palindrome", "the palindrome among {s}",
            "the word that reads the same backward"],
                 mixed(r, [palindrome, *three[:2]]), f'The palindrome is "{palindrome}."')])


def a_letter(letter):
    return f"{'an' if letter in 'aefhilmnorsx' else 'a'} {letter}"


@topic_maker(6)
def letters_in_lists(r):
    words = r.sample(PLAIN_NOUNS, r.choice([3, 4, 5]))
    phrase = past_sentence(r)[:-1].lower()
    secret = r.choice([word for word in PLAIN_NOUNS if len(word) < 7])
    starts = [[word for word in PLAIN_NOUNS if word[0] == letter] or [letter] for letter in secret]
    acrostic = [r.choice(some) for some in starts]
    letter = r.choice("zkvwypbgmd")
    having = [word for word in words if letter in word]
    shared = sorted(set.intersection(*map(set, words[:3])))
    longest, shortest = (pick(words, key=len) for pick in (max, min))
    group = r.sample("Bright River Garden Photo Travel Lake Network Valley Kite Wild".split(), r.choice([3, 4]))
    which = [("longest", longest), ("shortest", shortest)][r.randrange(2)]
    ways = [
        on(r, ["in capital letters", "{s} in capital letters", "in uppercase", "{s} with nothing but capital letters"],
            phrase, phrase.upper(), "the phrase|the line|the text"),
        on(r, ["in small letters", "{s} in lowercase", "without capital letters"], phrase.upper(), phrase,
            "the phrase|the line|the text"),
        on(r, ["with a capital letter for each word", "{s} with the first letter of each word capitalized"], phrase,
            " ".join(map(capital, phrase.split())), "the phrase|the line"),
        on(r, ["{s} as a title", "with capitals as in a title"], phrase, title_case(phrase), "the phrase|the line"),
        on(r, ["the word that the first letters spell", "what the first letters of {s} spell",
            "the first letter of each word, read together"],
           capital(" ".join(acrostic)), f'The first letters spell "{secret}."',
               "these words|the words below") if min(map(len, acrostic)) > 1 else
        on_words(r, ["in reverse order", "{s} from last to first"], words, ", ".join(words[::-1])),
        on(r, ["an acronym from the first letters", "the short name made of the first letters of {s}"],
            " ".join(group), "".join(word[0] for word in group), "this name|the group"),
        on_words(r, ["in alphabetical order", "{s} in ABC order", "{s} as they stand in a dictionary",
            "{s} sorted by the alphabet"], words, ", ".join(sorted(words)))]
    if [len(word) for word in words].count(len(which[1])) == 1:
        ways.append(on_words(r, [f"the {which[0]} of {{s}}", f"which of {{s}} is the {which[0]}",
            f"the {which[0]} word in the list"], words, f'The {which[0]} word is "{which[1]}."'))
    if len(having) == 1:
        ways.append(on_words(r, [f"which of {{s}} contains the letter {letter}", f"the word with {a_letter(letter)}"],
            words, f'The word "{having[0]}" contains {a_letter(letter)}.'))
    if len(shared) == 1:
        ways.append(on_words(r, ["which letter all three words share", "the letter that {s} have in common"],
            words[:3], f"They all share the letter {shared[0]}."))
    return r.choice(ways)


def times_(n):
    return {1: "once", 2: "twice"}.get(n, f"{in_words(n)} times")


@topic_maker(7)
def counting_things(r):
    sentence, word = past_sentence(r), r.choice(PLAIN_NOUNS)
    words = sentence[:-1].split()
    letter = r.choice(word)
    say = (lambda n: str(n)) if r.random() < 0.4 else in_words
    vowels, consonants = [x for x in word if x in "aeiou"], [x for x in word if x not in "aeiou"]
    _, kinds, members = r.choice(GROUPS)
    some = r.sample(members, r.randrange(2, min(8, len(members)) + 1))
    numbers = r.sample(range(1, 60), r.choice([5, 6, 7]))
    evens = [n for n in numbers if n % 2 == 0]
    nouns = r.sample(PLAIN_NOUNS, 5)
    first = r.choice(nouns)[0]
    same = [w for w in nouns if w[0] == first]
    text = [r.choice([past_sentence(r), question(*doing(r), "past"), past_sentence(r)[:-1] + "!"]) for _
        in range(r.randrange(2, 6))]
    asked = sum(x.endswith("?") for x in text)
    size = r.choice([3, 4, 5])
    fit = [w for w in words if len(w.strip(",")) == size]
    figure = str(r.randrange(1000, 10 ** 7))
    digit = r.choice(figure)
    capitals = sum(x.isupper() for x in sentence)
    animals = r.sample("goats geese cows horses hens ducks sheep pigs".split(), r.choice([2, 3]))
    heads = [r.randrange(2, 10) for _ in animals]
    herd = [f"{in_words(n)} {name}" for n, name in zip(heads, animals, strict=True)]
    be = lambda n: "are" if n != 1 else "is"  # noqa: E731
    sample = r.choice([m[:1] for m in MONTHS + DAYS])
    calendar, calendar_name = r.choice([(MONTHS, "month"), (DAYS, "day")])
    starting = [m for m in calendar if m[0] == sample]
    ways = [
        on(r, ["how many words are in {s}", "the number of words in {s}", "how many words {s} has"], sentence,
            r.choice([f"There are {say(len(words))} words.", f"The sentence has {say(len(words))} words."])),
        (r.choice([f'how many letters "{word}" has', f'the number of letters in "{word}"',
            f'how long the word "{word}" is']), f'"{capital(word)}" has {say(len(word))} letters.'),
        (r.choice([f'how many vowels are in "{word}"', f'the number of vowels in "{word}"']),
            f'The word has {say(len(vowels))} vowel{"s" * (len(vowels) != 1)}: {listing(vowels)}.') if vowels else
        (f'the letters of "{word}"', ", ".join(word)),
        (r.choice([f'how many consonants are in "{word}"', f'the number of consonants in the word "{word}"']),
            f'It has {say(len(consonants))} consonant{"s" * (len(consonants) != 1)}: {listing(consonants)}.'),
        (r.choice([f'how many times the letter {letter} appears in "{word}"',
            f'how often {letter} occurs in "{word}"']), f"The letter {letter} appears {times_(word.count(letter))}."),
        on(r, [f"how many {kinds} are in {{s}}", f"the number of {kinds} in {{s}}", f"the {kinds} counted"],
            ", ".join(some), f"There are {say(len(some))} {kinds}.", "the list|this list", listing(some)),
        on(r, ["how many things are on {s}", "the number of items on {s}"],
            ", ".join(nouns[:len(some) if len(some) < 5 else 5]),
            f"There are {say(min(5, len(some)))} things on the list.", "the list|this list"),
        on(r, ["how many even numbers are in {s}", "the even numbers counted"], ", ".join(map(str, numbers)),
            f"There {be(len(evens))} {say(len(evens))} even number{'s' * (len(evens) != 1)}"
           + (f": {listing(evens)}." if evens else "."), "this row|the list", listing(numbers)),
        on_words(r, [f"how many of {{s}} begin with the letter {first}",
            f"the number of words that start with {first}"], nouns,
            f"{capital(say(len(same)))} of them {'do' if len(same) != 1 else 'does'}: {listing(same)}."),
        on(r, ["how many sentences {s} has", "the number of sentences in {s}"], " ".join(text),
            f"The text has {say(len(text))} sentences.", "the text|this text"),
        on(r, ["how many question marks are in {s}", "the number of question marks in {s}"], " ".join(text),
            r.choice([str(asked), f"There {be(asked)} {say(asked)} question mark{'s' * (asked != 1)}."]),
            "the text|this text"),
        on(r, [f"how many words of {in_words(size)} letters are in {{s}}",
            f"the number of words with exactly {in_words(size)} letters in {{s}}"], sentence,
           f"There {be(len(fit))} {say(len(fit))} word{'s' * (len(fit) != 1)} of {in_words(size)} letters"
           + (f": {listing(fit)}." if fit else ".")),
        (r.choice([f"how often the digit {digit} is used in {int(figure):,}",
            f"how many times {digit} occurs in {int(figure):,}"]),
            f"The digit {digit} is used {times_(figure.count(digit))}."),
        on(r, ["how many capital letters {s} contains", "the number of capital letters in {s}"], sentence,
            f"It contains {say(capitals)} capital letter{'s' * (capitals != 1)}."),
        on(r, ["how many animals there are in all", "the total number of animals", "how many animals live on the farm",
            "the animals of the farm, counted"], listing(herd),
            r.choice([f"There are {say(sum(heads))} animals in total.",
            f"{' + '.join(map(str, heads))} = {sum(heads)}, so there are {sum(heads)} animals."]))]
    if starting:
        ways.append((f"how many {calendar_name}s have names that start with {sample}",
            f"{capital(in_words(len(starting)))} {calendar_name}"
            f"{'s do' if len(starting) > 1 else ' does'}: {listing(starting)}."))
    lists = r.sample(nouns, r.randrange(2, 6))
    commas = len(lists) - 1 if len(lists) > 2 else 0
    ways.append(on(r, ["how many commas are in {s}", "the number of commas in {s}"],
        f"{r.choice(NAMES)} drew {listing(map(a, lists))}.",
            f"There {be(commas)} {say(commas)} comma{'s' * (commas != 1)}."))
    the = sum(w.lower() == "the" for w in words)
    if the:
        ways.append(on(r, ['how often the word "the" occurs in {s}', 'how many times "the" is used in {s}'], sentence,
            f"It occurs {times_(the)}."))
    return r.choice(ways)


# ---- Spelling, parts of speech, contractions -----------------------------------------------------------------------

WRONG = {row[0]: row[1] for row in ROWS["misspelled"]}
SPELLABLE = [s for s in SENTENCES if any(word in WRONG for word in re.findall("[A-Za-z]+", s))]


def misspelled(r, word):
    """Return the word with a slip of the pen, or the word itself if the slip makes another word."""
    if word in WRONG and r.random() < 0.8:
        return WRONG[word]
    i = r.randrange(1, len(word) - 1)
    slips = [word[:i] + word[i + 1] + word[i] + word[i + 2:], word[:i] + word[i + 1:]]
    slips += [re.sub(r"(.)\1", r"\1", word)] * 3 + [re.sub(r"([aeiou])([lmnprt])([aeiou])", r"\1\2\2\3", word,
        count=1)] * 2
    slips += [word.replace("ie", "ei"), word.replace("ph", "f"), word.replace("gh", "g"), word.replace("tion", "shun"),
        word.replace("er", "ur")]
    wrong = r.choice([slip for slip in slips if slip != word] or [word])
    return word if wrong in KNOWN else wrong


@topic_maker(7)
def spelling_repairs(r):
    after = r.choice(SPELLABLE) if r.random() < 0.5 else r.choice(SENTENCES) if r.random() < 0.6 else past_sentence(r)
    words = sorted(set(re.findall(r"(?<!['\w])[a-z]{5,}(?!['\w])", after)))
    words.sort(key=lambda word: (word not in WRONG, r.random()))
    before = after
    for word in words[:r.choice([1, 1, 2])]:
        before = re.sub(rf"\b{word}\b", misspelled(r, word), before)
    if before == after:
        return spelling_repairs(r)
    kind = r.random()
    correct, wrong = r.choice(ROWS["misspelled"])
    if kind < 0.1:
        rows = r.sample(ROWS["misspelled"], 3)
        return on_words(r, ["the correct spelling of {s}", "{s} spelled correctly", "each word in its right spelling"],
            [row[1] for row in rows], ", ".join(row[0] for row in rows))
    if kind < 0.2:
        pair = mixed(r, [correct, wrong])
        bad = r.random() < 0.6
        return r.choice([(f'which spelling is right, "{pair[0]}" or "{pair[1]}"',
            f'The right spelling is "{correct}."'),
                         (f'whether "{wrong if bad else correct}" is spelled correctly',
                        f'No, the correct spelling is "{correct}."' if bad
                        else f'Yes, "{correct}" is spelled correctly.')])
    if kind < 0.3:
        british, american = r.choice(ROWS["british_american"])
        frame = r.choice(['The word "{}" is on the page.', "I looked up the word {}.", "She spelled {} without help.",
            "He typed {} in the second line."])
        return on(r, ["in American spelling", "{s} with the American spelling",
            "with American instead of British spelling"], frame.format(british), frame.format(american))
    return on(r, ["with correct spelling", "{s} with the spelling corrected", "without spelling mistakes",
        "the corrected text", "with every word spelled properly",
                  "{s} without the typos", "the spelling errors in {s} corrected", "{s} proofread",
                  "the misspelled words put right and the rest unchanged"], before, after)


@topic_maker(7)
def parts_in_sentences(r):
    adjective = r.choice("big small old new red blue green tall happy sad quiet cold heavy bright soft clean young"
                         " brave kind tiny narrow wet".split())
    adjective2 = r.choice("wooden dark large stone yellow busy empty sunny broken long steep white".split())
    adverb = r.choice("quickly slowly quietly loudly carefully happily sadly gently suddenly bravely"
                      " softly calmly often always never again".split())
    preposition = r.choice("in behind near under beside above below across over".split())
    verb = r.choice("waited slept sang walked jumped played worked danced rested stood stopped laughed".split())
    noun = r.choice("dog girl man bird nurse horse farmer child cat sailor teacher boy goat king".split())
    place = r.choice("house river tree bridge school garden hill wall lake tower barn door".split())
    pronoun = r.choice("she he they we it".split())
    conjunction, rest = r.choice(["but", "and", "because", "while", "when", "although"]), r.choice(["listened", "left",
        "smiled", "went home", "stayed"])
    the, det = r.choice(["The", "A"]), "the"
    det = "An" if the == "A" and adjective[0] in "aeiou" else the
    front = r.random() < 0.3 and adverb not in ("always", "never")
    body = f"{det} {adjective} {noun} {verb} {preposition} the {adjective2} {place}"
    body = f"{capital(adverb)}, {lower(body)}" if front else body.replace(f" {verb} ",
        f" {adverb} {verb} ") if r.random() < 0.4 or adverb in ("always", "never", "often") else \
        body.replace(verb, f"{verb} {adverb}")
    whole = r.random() < 0.35
    comma = "," if conjunction in ("but", "and") else ""
    sentence = f"{body}{comma} {conjunction} {pronoun} {rest}." if whole else body + "."
    kinds = [("adverb", adverb), ("preposition", preposition)] + ([("conjunction", conjunction),
        ("pronoun", pronoun)] if whole else [("verb", verb)])
    kind, word = r.choice(kinds)
    why = {"adverb": f"it tells how or when the {noun} {verb}", "preposition": f"it shows where the {noun} {verb}",
        "verb": f"it tells what the {noun} did",
           "conjunction": "it joins two clauses", "pronoun": "it stands in place of a noun",
           "adjective": "it describes a noun", "noun": "it names something"}
    adjective_, its = r.choice([(adjective, noun), (adjective2, place)])
    kind2, word2 = r.choice(kinds + [("noun", noun), ("noun", place), ("adjective", adjective),
        ("adjective", adjective2)])
    others = mixed(r, [kind2, *r.sample([k for k in why if k != kind2], 2)])
    return r.choice([
        on(r, [f"the {kind} in {{s}}", f"which word in {{s}} is the {kind}", f"the word in {{s}} that is {a(kind)}"],
            sentence, r.choice([f'The {kind} is "{word}."', capital(word)])),
        on(r, ["the nouns in {s}", "every noun in {s}", "which words in {s} are nouns", "a list of the nouns"],
            sentence, r.choice([f'The nouns are "{noun}" and "{place}."', f"{noun}, {place}"])),
        on(r, ["the adjectives in {s}", "which words in {s} are adjectives", "the describing words"], sentence,
            f'The adjectives are "{adjective}" and "{adjective2}."'),
        on(r, [f'the part of speech of "{word2}" in {{s}}', f'what part of speech "{word2}" is in {{s}}',
            f'to which part of speech "{word2}" belongs here'], sentence,
           r.choice([f"It is {a(kind2)}, because {why[kind2]}.", f'"{capital(word2)}" is {a(kind2)}.',
           capital(kind2)])),
        on(r, [f'whether "{word2}" is {listing(map(a, others), "or")} in {{s}}',
            f'how "{word2}" is used in {{s}}: as {listing(map(a, others), "or")}'], sentence,
           f"It is {a(kind2)}, because {why[kind2]}."),
        on(r, [f'which noun the adjective "{adjective_}" describes', f'what "{adjective_}" describes in {{s}}'],
            sentence, f'"{capital(adjective_)}" describes the noun "{its}."'),
        on(r, ["the subject of {s}", "the noun phrase that is the subject of {s}"], body + ".",
            f'The subject is "{body.split(", ")[-1].split(" " + noun)[0].lower()} {noun}."'),
        on_words(r, [f"which of {{s}} is {a(kind2)}", f"the {kind2} among {{s}}"],
            mixed(r, [word2, *[w for k, w in [*kinds, ("noun", noun), ("adjective", adjective)] if k != kind2][:3]]),
                 f'"{capital(word2)}" is {a(kind2)}.')])


LEFT_OUT = [(long, short) for long, short in SHORT if " " in long and short not in ("won't", "let's")]


@topic_maker(6)
def short_forms(r):
    subject, verb, rest = doing(r)
    subject = r.choice(["they", "she", "we", "he", subject])
    tense = r.choice(["present", "past", "future", "present continuous", "present perfect", "past continuous"])
    negative = r.random() < 0.6
    long = clause(subject, verb, rest, tense, negative) + "."
    if r.random() < 0.25:
        long = long[:-1] + ", and " + lower(clause(r.choice(["we", "they"]), *doing(r)[1:], "future")) + "."
    short = shortened(long)
    if r.random() < 0.2 or short == long:
        full, joined = r.choice(LEFT_OUT)
        tail = joined.split("'")[1]
        letters = full.replace(" ", "")[len(joined.split("'")[0]):]
        gone = letters.removesuffix(tail) if not joined.endswith("n't") else "o"
        return r.choice([(r.choice([f'what "{joined}" stands for', f'"{joined}" written out',
            f'the two words in "{joined}"']), f'"{capital(joined)}" stands for "{full}."'),
                         (r.choice([f'how "{full}" is written as one short word', f'the contraction of "{full}"']),
                        joined),
                         (f'which letter{"s" * (len(gone) > 1)} the apostrophe in "{joined}" replaces',
                        f"It replaces the letter{'s' * (len(gone) > 1)} {listing(gone)}.")])
    if r.random() < 0.5:
        return on(r, ["with a contraction", "{s} with contractions", "{s} with the short form",
            "{s} in a less formal way", "with two words joined into a short one"], long, short)
    return on(r, ["without contractions", "{s} without short forms", "{s} written out in full",
        "{s} with the contraction expanded", "{s} as in a formal letter"], short, long)


NOT_WHO = ("fire branch mudslide road fog clouds flood hail market museum rain railway river shop snow storm waves wind"
           " workshop factory church city school village company insects bees butterflies fox cat dog eagle goat horse"
           " lion monkey mouse puppy tiger charity").split()


@topic_maker(6)
def turned_sentences(r):
    subject, verb, rest = doing(r)
    tense = r.choice(["present", "past", "past", "future", "present continuous", "present perfect"])
    yes, no = (clause(subject, verb, rest, tense, negative) + "." for negative in (False, True))
    asked = question(subject, verb, rest, tense)
    who = r.choice([("it", "The song"), ("it", "The soup"), ("he", "Your uncle"), ("she", "Your aunt"),
        ("it", "The water"), ("it", "This game"), ("she", "The queen")])
    quality, other = r.choice(["wonderful", "cold", "late", "new", "ready", "quiet", "warm",
        "tired"]), r.choice([("is", "isn't"), ("was", "wasn't"), ("will be", "won't")])
    tag = f"{who[1]} {other[0]} {quality}"
    base = f"{verb['base']} {rest}"
    agent, action, patient = scene(r)
    did = clause(agent, action, patient, "past")
    asker = "What" if agent.split()[-1] in NOT_WHO else "Who"
    return r.choice([
        on(r, ["in the negative", "{s} made negative", 'with "not"', "{s} as a negative sentence"], yes,
            r.choice([no, shortened(no)])),
        on(r, ["made negative without a contraction", "{s} in the negative and without short forms"], yes, no),
        on(r, ["in the positive", "{s} as a positive statement", "{s} without the negation"],
            r.choice([no, shortened(no)]), yes),
        on(r, ["as a question", "{s} as a yes-or-no question", f'as a question that begins with "{asked.split()[0]}"',
            "{s} turned into a question"], yes, asked),
        on(r, ["as a statement", "{s} as a statement"], asked, yes, "the question|this question"),
        on(r, ["with a tag question at the end", "{s} with a short question added"], tag + ".",
            f"{tag}, {other[1]} {who[0]}?"),
        (r.choice([f"what a sign says that tells people not to {base}",
            f"the words of a sign which forbids people to {base}"]), f"Do not {base}."),
        on(r, [f'a question with "{asker}" about the doer in {{s}}', f'as a question that begins with "{asker}"',
               f'a question with "{asker}" to which {{s}} is the reply'], did + ".",
               f"{asker} {action['past']} {patient}?"),
        on(r, ['a question with "What did" about {s}', 'a question to which {s} is the reply, with "What"'], did + ".",
            f"What did {agent} {action['base']}?")])


# ---- Other languages -----------------------------------------------------------------------------------------------

LANGUAGES = ["Spanish", "French", "German", "Italian"]
FOREIGN = ROWS["translations"]
DOING = {"sleeping": "duerme dort schläft dorme", "eating": "come mange isst mangia",
    "drinking": "bebe boit trinkt beve", "singing": "canta chante singt canta",
         "running": "corre court läuft corre", "working": "trabaja travaille arbeitet lavora",
         "reading": "lee lit liest legge"}
WHO = {"the cat": "el gato|le chat|die Katze|il gatto", "the dog": "el perro|le chien|der Hund|il cane",
    "the man": "el hombre|l'homme|der Mann|l'uomo",
       "the woman": "la mujer|la femme|die Frau|la donna", "the child": "el niño|l'enfant|das Kind|il bambino",
           "the girl": "la niña|la fille|das Mädchen|la ragazza",
       "the teacher": "el profesor|le professeur|der Lehrer|il professore",
           "the king": "el rey|le roi|der König|il re", "the queen": "la reina|la reine|die Königin|la regina"}
PHRASES = [("How are you?", "¿Cómo estás?", "Comment vas-tu ?", "Wie geht es dir?", "Come stai?"),
    ("What is your name?", "¿Cómo te llamas?", "Comment t'appelles-tu ?", "Wie heißt du?", "Come ti chiami?"),
           ("I like tea.", "Me gusta el té.", "J'aime le thé.", "Ich mag Tee.", "Mi piace il tè."),
           ("I am hungry.", "Tengo hambre.", "J'ai faim.", "Ich habe Hunger.", "Ho fame."),
           ("I am cold.", "Tengo frío.", "J'ai froid.", "Mir ist kalt.", "Ho freddo."),
           ("It is raining.", "Está lloviendo.", "Il pleut.", "Es regnet.", "Piove."),
           ("I love you.", "Te quiero.", "Je t'aime.", "Ich liebe dich.", "Ti amo."),
           ("I am thirsty.", "Tengo sed.", "J'ai soif.", "Ich habe Durst.", "Ho sete."),
           ("Good evening!", "¡Buenas noches!", "Bonsoir !", "Guten Abend!", "Buonasera!"),
           ("Where is the train station?", "¿Dónde está la estación de tren?", "Où est la gare ?",
           "Wo ist der Bahnhof?", "Dov'è la stazione?"),
           ("I do not understand.", "No entiendo.", "Je ne comprends pas.", "Ich verstehe nicht.", "Non capisco."),
           ("See you tomorrow!", "¡Hasta mañana!", "À demain !", "Bis morgen!", "A domani!")]


@topic_maker(7)
def translated(r):
    i = r.randrange(4)
    language = LANGUAGES[i]
    rows = r.sample(FOREIGN[:88], r.choice([2, 3]))
    english, foreign = [row[0] for row in rows], [row[1 + i] for row in rows]
    who, does = r.choice(list(WHO)), r.choice(list(DOING))
    subject, verb = WHO[who].split("|")[i], DOING[does].split()[i]
    ours, theirs = f"{capital(who)} is {does}.", f"{capital(subject)} {verb}."
    if r.random() < 0.45:
        row = r.choice(PHRASES)
        ours, theirs = row[0], row[1 + i]
    both = r.sample(list(WHO), 2)
    two_ours, two_theirs = f"{both[0]} and {both[1]}", f' {["y", "et", "und", "e"][i]} '.join(WHO[x].split("|")[i]
        for x in both)
    start = r.choice([0, 0, 3, 4, 6])
    numbers = FOREIGN[[row[0] for row in FOREIGN].index("one"):][start:start + 3]
    meaning, spanish, french, german, gender = r.choice(ROWS["foreign_articles"])
    article, _, noun = (spanish, french, german)[i % 3].partition(" ")
    tongue = LANGUAGES[i % 3]
    fits = noun and "'" not in article
    name = {"el": "masculine", "le": "masculine", "la": "feminine", "der": "masculine", "die": "feminine",
        "das": "neuter"}.get(article, gender)
    count = " ".join(row[0] for row in numbers).split()
    return r.choice([
        on(r, [f"in {language}", f"{{s}} in {language}", f"the {language} translation of {{s}}",
            f"how {{s}} is said in {language}", f"the {language} for {{s}}"], ours, theirs, "the sentence|this"),
        on(r, ["in English", "{s} in English", f"what the {language} of {{s}} means",
            f"the English translation of the {language} sentence", "the meaning of {s} in English"], theirs, ours,
            "the sentence|this"),
        on(r, ["the language of {s}", "in which language {s} is written", "what language this is"], theirs,
            r.choice([language, f"The sentence is in {language}."])),
        on_words(r, [f"the {language} words for {{s}}", f"{{s}} in {language}", f"each word in {language}"], english,
            ", ".join(foreign)),
        on_words(r, [f"the English words for the {language} {{s}}", "each word in English",
            f"{{s}}, translated from {language}"], foreign, ", ".join(english)),
        on_words(r, [f"each {language} word with its English meaning",
            f"the {language} words matched with English ones"], foreign,
            ", ".join(f"{x} = {y}" for x, y in zip(foreign, english, strict=True))),
        on(r, [f"in {language}", f"{{s}} in {language}"], two_ours, two_theirs, "the words|these words"),
        on(r, ["in English", f"the {language} words in English"], two_theirs, two_ours),
        (r.choice([f"the numbers from {count[0]} to {count[-1]} in {language}",
            f"counting from {count[0]} to {count[-1]} in {language}"]),
            capital(", ".join(row[1 + i] for row in numbers))),
        (r.choice([f'the gender of the {tongue} noun "{noun}" and its meaning',
            f'whether the {tongue} noun "{noun}" is masculine or feminine, and what it means']),
         f'It is {name} and means "{meaning.split(" ", 1)[1]}."') if fits else (f'the {language} for "{english[0]}"',
         capital(foreign[0])),
        (r.choice([f'the right {tongue} article for "{noun}"', f'which article the {tongue} noun "{noun}" takes']),
            f'The article is "{article}," as in "{article} {noun}."') if fits else
        (f'what the {language} word "{foreign[0]}" means', f'It means "{english[0]}."'),
        (r.choice([f'which number is "{numbers[0][1 + i]}" in {language}',
            f'the number that is called "{numbers[0][1 + i]}" in {language}']), capital(numbers[0][0]))])


# ---- Idioms, proverbs, similes -------------------------------------------------------------------------------------

IDIOMS = [row for name in ("idioms_verbs", "idioms_others") for row in ROWS[name]]


@topic_maker(5)
def idioms_combined(r):
    rows = r.sample(ROWS[r.choice(["idioms_verbs", "idioms_others"])], 3)
    idiom, meaning = rows[0]
    order = mixed(r, rows)
    place = order.index(rows[0])
    sentence, plain, use = r.choice(ROWS["idiom_sentences"])
    keys = [w for w in idiom.split() if len(w) > 3 and w not in ("one's", "someone's", "someone", "something", "with",
        "into", "from", "that", "have", "like")] or [idiom.split()[-1]]
    key = r.choice(keys)
    true = r.random() < 0.5
    claimed = meaning if true else rows[1][1]
    return r.choice([
        (r.choice([f'the correct meaning of "{idiom}"', f'which meaning fits the idiom "{idiom}"',
            f'what "{idiom}" means, out of the choices']),
         f"{'ABC'[place]}. {meaning}", "\n".join(f"{letter}. {row[1]}" for letter,
         row in zip("ABC", order, strict=True))),
        (r.choice([f'which of the idioms means "{meaning}"', f'the idiom for "{meaning}"']),
            r.choice([f'"{capital(idiom)}" means "{meaning}."', f"{'ABC'[place]}. {idiom}"]),
         "\n".join(f"{letter}. {row[0]}" for letter, row in zip("ABC", order, strict=True))),
        on(r, ["in plain words", "{s} in plain words, without the idiom", "what {s} means", "{s} without the idiom",
            "in literal words"], capital(sentence) + ".", capital(plain) + "."),
        on(r, ["with an idiom", "{s} with an idiom", f'with the idiom "{use}"',
            "the same idea expressed with an idiom"], capital(plain) + ".", capital(sentence) + "."),
        on(r, ["the idiom in {s}", "which words in {s} are an idiom"], capital(sentence) + ".",
            f'The idiom is "{use}."'),
        (r.choice([f'an idiom with the word "{key}" that means "{meaning}"',
            f'the expression with "{key}" for "{meaning}"']), f'"{capital(idiom)}" means "{meaning}."'),
        (r.choice([f'whether "{idiom}" means "{claimed}"',
            f'whether the idiom "{idiom}" has the meaning "{claimed}"']),
            f'{"Yes" if true else "No"}, "{idiom}" means "{meaning}."'),
        (r.choice([f'the idiom completed: {idiom.replace(key, "____", 1)}',
            f'the missing word in the idiom "{idiom.replace(key, "____", 1)}"']),
            r.choice([capital(idiom), capital(key)])),
        (r.choice([f'a sentence with "{use}"', f'an example of the idiom "{use}"']), capital(sentence) + ".")])


@topic_maker(5)
def proverbs_combined(r):
    rows = r.sample(ROWS["proverbs"], 3)
    first, last, meaning = rows[0]
    proverb = f"{first} {last}"
    words = proverb.split()
    order = mixed(r, rows)
    letter = "ABC"[order.index(rows[0])]
    place = r.choice([i for i, w in enumerate(words) if len(w) > 3] or [len(words) - 1])
    word = words[place].strip(",;")
    wrong = r.choice([w for w in PLAIN_NOUNS if w != word and w[0] not in "aeiou"])
    blank, bad = (" ".join([*words[:place], words[place].replace(word, x), *words[place + 1:]]) for x in ("____",
        wrong))
    said = f"{letter}. {first} {last}."
    return r.choice([
        (r.choice(["the words in order, as a proverb", "the proverb that these words make", "in the right order"]),
            f"{proverb}.", " / ".join(mixed(r, [lower(proverb).split()[0], *words[1:]]))),
        (r.choice(["the missing word of the proverb", "the saying with its missing word", "the proverb completed"]),
            r.choice([capital(word), f"{proverb}."]), f"{capital(blank)}."),
        (r.choice(["with the wrong word corrected", "the correct form of the proverb",
            "the proverb as people really say it"]), f"{proverb}.", f"{capital(bad)}."),
        (r.choice(["the proverb that gives the same advice", "which proverb fits the idea",
            "the saying with this meaning"]), said,
         f"Idea: {capital(meaning)}.\n" + "\n".join(f"{x}. {row[0]} {row[1]}." for x,
         row in zip("ABC", order, strict=True))),
        on(r, ["the meaning of {s}", "in plain English", "the lesson of {s}", "what {s} teaches",
            "what people mean by {s}", "the point that {s} makes"], f"{proverb}.", f"{capital(meaning)}.",
            "the proverb|this saying"),
        (r.choice([f'the proverb that begins with "{first}"', f'how the saying "{first} ..." goes on',
            f'the end of "{first} ..."']), f"{proverb}."),
        (r.choice([f'the proverb that ends with "{last}"', f'the saying whose last words are "{last}"']),
            f"{proverb}."),
        (r.choice([f"a proverb which says that {meaning}", f"a saying for this: {meaning}",
            f"the proverb that teaches that {meaning}"]), f"{proverb}."),
        (r.choice(["which meaning fits the proverb", "the correct meaning of the saying"]), f"{letter}. {meaning}",
         f"Proverb: {proverb}.\n" + "\n".join(f"{x}. {row[2]}" for x, row in zip("ABC", order, strict=True)))])


IMAGES = [("the lake", "a mirror"), ("the moon", "a lantern in the dark"), ("her smile", "a warm fire"),
    ("the city", "an ant hill"), ("the classroom", "a busy market"), ("the old truck", "a sleeping giant"),
          ("his voice", "thunder"), ("the snow", "a soft coat"), ("the road", "a gray ribbon"),
          ("the wind", "a hungry wolf"), ("my brother", "a shining star"), ("the library", "a quiet island"),
          ("her hair", "a golden waterfall"), ("the clouds", "soft pillows"), ("the stars", "tiny lamps"),
          ("the train", "an iron snake"), ("his room", "a jungle"), ("the baby", "a little bird")]
PASSAGE = ["The day was long.", "We bought some bread.", "Then the bus came.", "Everyone went home.",
    "The shop opened at nine.", "It was a Tuesday."]


@topic_maker(6)
def similes_combined(r):
    subject, quality, image = r.choice(ROWS["similes"])
    stock = f"as {quality} as {image}"
    sentence = f"{capital(subject)} {stock}."
    many = r.sample(ROWS["similes"], 2)
    verb, sense, who = r.choice(ROWS["similes_with_like"])
    thing, picture = r.choice(IMAGES)
    be = "were" if thing.endswith("s") else "was"
    when = r.choice(["", "", "At night, ", "That day, ", "In the morning, "])
    start = f"{when}{thing}" if when else capital(thing)
    simile, metaphor = f"{start} {be} like {picture}.", f"{start} {be} {picture}."
    plain = past_sentence(r)
    kind, text, why = r.choice([("simile", simile, 'it compares two things with "like"'),
        ("simile", sentence, 'it compares two things with "as"'),
                                ("metaphor", metaphor, 'it says that one thing is another, without "like" or "as"'),
                        ("neither", plain, "nothing is compared")])
    three = mixed(r, [simile, metaphor, plain])
    numbered = "\n".join(f"{i}. {s}" for i, s in enumerate(three, start=1))
    wanted, found = r.choice([("metaphor", metaphor), ("simile", simile)])
    passage = r.sample(PASSAGE, 2)
    return r.choice([
        on(r, ["as a simile", "{s} as a simile", "the metaphor turned into a simile", 'with "like"'], metaphor, simile),
        on(r, ["as a metaphor", "{s} as a metaphor", "the simile turned into a metaphor", 'without the word "like"'],
            simile, metaphor),
        on(r, ["whether {s} is a simile, a metaphor, or neither", "the kind of comparison in {s}",
            "simile, metaphor, or neither"], text, r.choice([capital(kind), end(f"{capital(kind)}, because {why}")])),
        on(r, ["the two things that are compared in {s}", "what is compared to what in {s}"],
            r.choice([simile, metaphor]), f"{capital(thing)} {'are' if be == 'were' else 'is'} compared to {picture}."),
        (r.choice([f'the simile "as {quality} as" completed', f'what the simile "as {quality} as ..." ends with',
            f'a well-known simile for something very {quality}', f"a stock comparison with the word \"{quality}\""]),
            capital(stock)),
        (r.choice(["the stock similes with their adjectives", "the missing adjectives"]),
            capital(", ".join(f"as {row[1]} as {row[2]}" for row in many)),
                ", ".join(f"as ____ as {row[2]}" for row in many)),
        (r.choice(["the stock similes completed", "the endings of the two similes"]),
            capital(", ".join(f"as {row[1]} as {row[2]}" for row in many)),
                ", ".join(f"as {row[1]} as ____" for row in many)),
        (r.choice(["the simile in the passage", "only the simile of the passage",
            "the words of the passage that are a simile"]), capital(stock), f"{passage[0]} {sentence} {passage[1]}"),
        (f"which of the sentences uses a {wanted}", f"Sentence {three.index(found) + 1} uses a {wanted}.", numbered),
        on(r, ["the word that signals a simile in {s}", "by which word the simile in {s} is known"], simile,
            'The word "like" signals the simile.'),
        on(r, ["in plain words", "what {s} means", "the meaning of the simile"], f"{capital(who)} {verb}.",
            f"{capital(who)} {sense}."),
        on(r, ["with a simile", "{s} with a stock simile", f'with "{verb}"'], f"{capital(who)} {sense}.",
            f"{capital(who)} {verb}."),
        on(r, ["with a stock simile", f"{{s}} with a simile about {image}", f'with "as" and a comparison to {image}'],
            f"{capital(subject)} very {quality}.", sentence),
        (r.choice([f"a metaphor that describes {thing}", f"{thing} described with a metaphor"]),
            f"{capital(thing)} {be} {picture}."),
        (r.choice([f"a simile about {thing}", f"a comparison with \"like\" for {thing}"]),
            f"{capital(thing)} {be} like {picture}.")])
