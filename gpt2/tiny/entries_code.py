"""Entries about code, patterns, markup, and data, and about what is told in a note: names, numbers, key words."""
# ruff: noqa: SIM905
import json
import re

from statements import (
    CITIES,
    COUNTRIES,
    DAYS,
    GROUPS,
    INDIRECT,
    LISTS,
    MONTHS,
    NAMES,
    NOUNS,
    PLACES,
    a,
    active,
    capital,
    listing,
    scene,
    topic_maker,
)

SURNAMES = [row["name"] for row in LISTS["surnames"]] + (
    "Abbott Alvarez Bianchi Brandt Castillo Delgado Dubois Eriksson Farouk Fischer Grant Hale Hayashi Ibrahim Jensen"
    " Kaplan Kowalski Lindgren Marlow Mbeki Moreau Nakamura Nolan Osei Petrov Quinn Reyes Santos Singh Torres Umar"
    " Vargas Weber Wong Yilmaz Zeller").split()
TOWNS = CITIES + ("Boston Denver Dublin Glasgow Hamburg Havana Jakarta Lagos Lisbon Manila Mumbai Oslo Porto Quebec"
                  " Seoul Seville Tunis Vienna Warsaw Zagreb").split()
FIRST = ("Amber Birch Blue Bright Cedar Clear Copper Crystal East Elm Golden Granite Green Hidden Iron Little Maple"
         " North Oak Old Pine Red River Rocky Silver Spring Stony Sunny West White Willow Winter").split()
SECOND = ("Anchor Barn Bridge Brook Falcon Feather Field Forest Fox Garden Harbor Hill Lantern Meadow Mill Mirror Moon"
          " Otter Owl Pebble Ridge River Rose Stone Swan Tower Valley Whistle Wolf").split()
GOODS = ("shirts hats postcards lamps eggs apples candles chairs cups stamps notebooks pencils blankets tents kites"
         " bricks tickets baskets pumpkins buttons tulips spoons mirrors ladders bottles muffins").split()
ITEMS = ("lamp kettle jacket blender ladder tent desk violin bicycle camera radio mirror suitcase toaster rug clock"
         " scarf drill basket teapot helmet umbrella").split()
JOBS = ("beekeeper potter tailor plumber florist librarian dentist carpenter sailor gardener pilot baker nurse judge"
        " barber mechanic painter farmer teacher").split()
PETS = "dog cat parrot pony rabbit goat hamster turtle horse donkey".split()
FILLERS = ("The weather was fine.|Everyone was pleased.|It was a busy time.|Please tell the others.|Nobody was"
           " surprised.|The news spread quickly.|We are looking forward to it.|That is all for now.|More news will"
           " follow soon.|It was in the newspaper.|Please keep this note.|What a day it was!").split("|")


def clock(r):
    return f"{r.randrange(1, 12)}{r.choice([':00', ':15', ':30', ':45', '', ''])} {r.choice(['AM', 'PM'])}"


def price(r):
    return f"${r.randrange(2, 90)}" + r.choice(["", "", ".50", ".25", f".{r.randrange(10, 99)}"])


def slots(r):
    """Return random words, names, and numbers for the notes below."""
    names, last, cities = r.sample(NAMES, 4), r.sample(SURNAMES, 3), r.sample(TOWNS, 3)
    items, numbers = r.sample(ITEMS, 3), r.sample(range(2, 100), 2)
    one, two = sorted(r.sample(range(1, 29), 2))
    month, year = r.choice(MONTHS), r.randrange(1800, 2000)
    values = {
        "full": f"{names[3]} {last[2]}",
        "date": f"{month} {one}", "date2": f"{month} {two}", "year": year,
        "time": clock(r), "phone": f"555-0{r.randrange(100, 999)}",
        "order": r.randrange(1000, 99999),
        "price": f"${r.randrange(2, 40)}.{r.randrange(10, 99)}", "price2": price(r), "price3": price(r),
        "site": f"www.{r.choice(FIRST).lower()}{r.choice(SECOND).lower()}.example",
        "street": f"{r.choice(FIRST + SURNAMES)} {r.choice(['Street', 'Lane', 'Road', 'Avenue', 'Alley'])}",
        "company": f"{r.choice(FIRST + SURNAMES)} " + r.choice("Bicycle Glass Paper Toy Tea Clock Boat Shoe".split())
                   + r.choice([" Works", " Company", " Brothers", " Factory"]),
        "book": f"The {r.choice(SECOND)} " + r.choice(["of", "near", "beyond", "under"]) + f" the {r.choice(SECOND)}",
        "team": f"the {r.choice('Badgers Tigers Eagles Sharks Comets Bears Hornets'.split())}",
        "team2": f"the {r.choice('Falcons Wolves Rockets Pirates Lions Otters Giants'.split())}",

            "petname": r.choice("Biscuit Pepper Luna Patch Ginger Toby Coco Moss".split()),
        "job": r.choice(JOBS), "pet": r.choice(PETS), "place": r.choice(PLACES),
        "low": min(numbers[:2]), "high": max(numbers[:2])}
    for key, group in (("name", names[:3]), ("last", last), ("city", cities), ("goods", [r.choice(GOODS)]),
                       ("item", items), ("day", [r.choice(DAYS)]), ("n", numbers), ("country", [r.choice(COUNTRIES)])):
        values |= {f"{key}{i if i > 1 else ''}": value for i, value in enumerate(group, start=1)}
    return values


# Texts, and below them lines with what is told in each: titles => answers.
NUMBER_NOTES = """
The {item} weighs {n} kilograms, and we carried it up {n2} stairs.|After {n2} days on the road, the {item} arrived. It
  weighs {n} kilograms.
how heavy the {item} is ~ what the {item} weighs ~ the weight of the {item} => The {item} weighs {n} kilograms. ~ {n}
  kilograms
the two numbers => The numbers are {n} and {n2}. ~ {n} and {n2}

If the {item} stops working, call us at {phone}.|To book a seat for {day}, dial {phone} before {time}.|{name} has
  moved to {city}. The new phone number is {phone}.
the phone number ~ which number people should call ~ the number of the telephone, copied out => {phone} ~ The phone
  number is {phone}.

The {item} costs {price}, and the {item2} costs {price2}.|At the market, {name} paid {price} for the {item} and
  {price2} for the {item2}.|{Item} {price}, {item2} {price2}, {item3} {price3}
what the {item} cost ~ the price of the {item} ~ how much was paid for the {item} ~ how many dollars the {item} costs
  => {price} ~ The {item} costs {price}.
the price of the {item2} ~ how much the {item2} costs ~ how expensive the {item2} is => {price2} ~ The price of the
  {item2} is {price2}.

Thank you for your order, {name}! Order {order} left our store on {day}.|Your package is on its way. The order number
  is {order}, and it should arrive on {day}.|Order {order} for {full} contains {n} {goods}.
the order number ~ which number the order has ~ only the number of the order => {order} ~ The order number is {order}.

{Team} beat {team2} {high} to {low}.|{Team2} lost to {team} on {day}. The final score was {high} to {low}.|In {city},
  {team} won {high} to {low} against {team2}.
the final score ~ how the game ended ~ the score of the game => {high} to {low} ~ The final score was {high} to {low}.
the winner of the game ~ which team won ~ who beat {team2} => {Team} ~ {Team} won the game.
which team lost ~ the loser of the match => {Team2} ~ {Team2} lost.

{name} leaves for {country} on {date} and comes home on {date2}.|The trip to {country} begins on {date} and ends on
  {date2}, says {name}.
the dates of the start and the end ~ the two dates of the trip => Start: {date}; end: {date2} ~ {date} and {date2}
when the trip begins ~ the first date ~ on which date the journey starts => {date} ~ The trip begins on {date}.
when the trip ends ~ the day of the return ~ the last day => {date2} ~ The trip ends on {date2}.
the country ~ which country {name} visits => {country} ~ The country is {country}.

Photos of the {goods} are posted at {site} for everyone.|Tickets for {book} are sold at {site}.|More about {name}'s
  journey stands on {site}.
the web address ~ which website is named ~ the website => {site} ~ The web address is {site}.

Please send us {n} {goods} for the party.|{name} ordered {n} {goods} for the school.|We would like {n} {goods},
  delivered to {street} on {day}.
the quantity and the item ~ what was ordered, and how much of it ~ the order in short => {n} {goods}
how many {goods} are wanted ~ the number of {goods} => {n} ~ The number of {goods} is {n}.

{name} lives at {n} {street} in {city}.|The party at {n} {street} in {city} begins at {time}.|Please deliver the
  {item} to {n} {street} in {city}.
the address ~ the full address ~ the address in one line => {n} {street}, {city}
the house number ~ which number the house has => {n} ~ The house number is {n}.
the street ~ the name of the street ~ on which street the house is => {street} ~ The street is {street}.
the city ~ in which city it is ~ which city is named => {city} ~ The city is {city}.
"""
NAME_NOTES = """
{name} beat {name2} in the final game of chess.|{name2} lost the final game of chess to {name}.|In the chess final,
  {name} won against {name2} after {n} moves.
who won the game ~ the winner ~ by whom the final was won => {name} ~ {name} won the game.
the name of the loser ~ who lost ~ the player who was beaten => {name2} ~ {name2} lost the game.

Dear {name}, the {goods} are ready, and we miss you. Love, {name2}|Hi {name}, thank you for the {item}. See you on
  {day}! {name2}|Dear {name}, could you bring the {item} to {city}? Yours, {name2}
who wrote the letter ~ the writer of the message ~ from whom the message comes ~ the sender => {name2} ~ {name2} wrote
  it.
to whom the message is addressed ~ the receiver ~ who is greeted ~ for whom the letter is => {name} ~ It is addressed
  to {name}.

Before bed, {name} reads a chapter of {book}.|{book} by {full} is about a lost {item}.|In {city}, {name} found an old
  copy of {book}.|{name}'s favorite novel is {book}.
the title of the book ~ what the book is called ~ which novel is named => {book} ~ The book is called {book}.

My neighbor's {pet}, {petname}, can open the gate.|{petname}, the old {pet} of {name}, sleeps {place}.|{name} has a
  {pet} called {petname}.
what the {pet} is called ~ the name of the {pet} ~ the name of the animal => {petname} ~ The {pet} is called
  {petname}.
what kind of animal {petname} is ~ which animal {petname} is => {petname} is a {pet}. ~ A {pet}

{company} Opens Second Shop in {city}|{company} Moves to {city} on {day}|{name} has worked for {company} since
  {year}.|Each week, {company} in {city} makes {n} {goods}.
the company ~ the name of the firm ~ which business is named => {company} ~ The company is {company}.

{name} {last}, {name2} {last2}, {name3} {last3}
only the last names ~ the surnames ~ the family names => {last}, {last2}, {last3}
only the first names ~ the given names ~ without the last names => {name}, {name2}, {name3}
the full name of {name} ~ the whole name of {name} => {name} {last}

{full}, {a_job} from {city}, sells {goods} at the fair.|At the fair in {city}, {full} works as {a_job}.|The new {job}
  in {city} is {full}.
the full name and the job ~ the name and the work of the person => Name: {full}; job: {job}
what {full} does for a living ~ the job of {full} ~ the profession => {full} is {a_job}. ~ {Job}
who is described ~ the name of the {job} ~ the full name of the person => {full} ~ The {job} is {full}.
the city ~ which city is named => {city}

Our train stops in {city}, then {city2}, and ends its run in {city3}.|From {city}, {name} flew to {city2} and then to
  {city3}.|{city}, {city2}, and {city3} have new trams, says {name}.
every city ~ all cities, in order ~ the places on the way ~ the names of the cities => {city}, {city2}, {city3} ~ The
  cities are {city}, {city2}, and {city3}.
the first city ~ which city comes first => {city}
the last city ~ which city comes last => {city3}

{name} gave the {item} to {name2}, who passed it on to {name3}.|{name} sat between the door and {name2}, while {name3}
  stood {place}.|{name} sang, {name2} danced, and {name3} took photos.
the people, in order ~ all names ~ who is named ~ everyone in the story => {name}, {name2}, {name3} ~ {name}, {name2},
  and {name3}
how many people are named ~ the number of names => Three people are named: {name}, {name2}, and {name3}. ~ Three

{name} found the {item} {place} and gave it to {name2}.|Because {name} gave {name2} the {item}, everyone was
  happy.|The {item} that {name2} has comes from {name}.
who gave the {item} away ~ the giver ~ from whom the {item} comes => {name} ~ {name} gave the {item} to {name2}.
who has the {item} now ~ to whom the {item} was given ~ the new owner of the {item} => {name2} ~ {name2} has the
  {item}.
what {name} gave to {name2} ~ the thing that was given => The {item} ~ {name} gave {name2} the {item}.
"""


def notes_of(source):
    """Return [(texts, [(titles, answers), ...]), ...] of the notes above."""
    notes = []
    for part in source.strip().replace("\n  ", " ").split("\n\n"):
        texts, *lines = part.split("\n")
        notes.append((texts.split("|"), [[side.split(" ~ ") for side in line.split(" => ")] for line in lines]))
    return notes


NOTES_WITH_NUMBERS, NOTES_WITH_NAMES = notes_of(NUMBER_NOTES), notes_of(NAME_NOTES)


def from_a_note(r, notes):
    texts, lines = r.choice(notes)
    titles, answers = r.choice(lines)
    row = slots(r)
    row["a_job"] = a(row["job"])
    row |= {capital(key): capital(str(value)) for key, value in row.items()}
    title, answer = r.choice(titles).format_map(row), r.choice(answers).format_map(row)
    text = capital(r.choice(texts).format_map(row))
    if text[-1] in ".!" and not text.startswith(("Dear", "Hi ")) and r.random() < 0.3:
        text = " ".join(r.sample([text, r.choice(FILLERS)], 2))
    if not INDIRECT.match(title) and " in " not in title and "text" not in title:
        if r.random() < 0.2:
            return f'{title} in "{text}"', answer
        title += r.choice(["", "", "", " in the text", " in this note", " named here", " in the sentence below"])
    elif INDIRECT.match(title) and r.random() < 0.15:
        title += r.choice([", according to the text", ", as the note tells", ", as told here"])
    return title, answer, text


@topic_maker(9)
def numbers_of_notes(r):
    return from_a_note(r, NOTES_WITH_NUMBERS)


@topic_maker(10)
def names_of_notes(r):
    return from_a_note(r, NOTES_WITH_NAMES)


@topic_maker(4)
def numbers_in_lists(r):
    """All numbers, the largest one, the number of a thing."""
    size = r.choice([2, 3, 3, 4])
    things, numbers = r.sample(GOODS, size), r.sample(range(2, 150), size)
    parts = listing([f"{number} {thing}" for number, thing in zip(numbers, things, strict=True)])
    name, city, day = r.choice(NAMES), r.choice(TOWNS), r.choice(DAYS)
    text = r.choice([f"{name} packed {parts}.", f"The shop in {city} sold {parts} on {day}.", f"We need {parts}.",
                     f"In the attic there were {parts}.", f"{parts} were found near {city}.",
                     f"{name} counted {parts}.", f"On {day}, {name} bought {parts}."])
    i = r.randrange(size)
    top, least = max(numbers), min(numbers)
    pairs = [
        (["all the numbers", "every number", "the numbers, in order", "the numbers in the sentence"],
         [", ".join(map(str, numbers)), f"The numbers are {listing(numbers)}."]),
        (["the largest number", "which number is the largest", "the biggest number"],
         [str(top), f"The largest number is {top}."]),
        (["the smallest number", "which number is the smallest"], [str(least), f"The smallest number is {least}."]),
        ([f"how many {things[i]} there are", f"the number of {things[i]}", f"the count of the {things[i]}"],
         [str(numbers[i]), f"There are {numbers[i]} {things[i]}.", f"{numbers[i]} {things[i]}"]),
        (["the numbers, from small to large"], [", ".join(map(str, sorted(numbers)))])]
    titles, answers = r.choice(pairs)
    return r.choice(titles), r.choice(answers), text


# ---- Key words ----

# sentences with key phrases in brackets
KEY_SENTENCES = """[Heavy rain] flooded the [{place1}] near [{city}].
Please note that the [{event}] has moved to [{day}] and will be held in the [{hall}].
In [{city}] we visited [{adj1} {place2}], ate [{food}], and walked along the [{place1}].
The [{item}] arrived [{late}], and its [{part}] was [{broken}].
Regular [{habit}] helps against [{trouble}].
[{name}] won the [{event}] in [{city}] after [{n} hours].
A [{adj1} {pet}] was found asleep in a [{place3}].
The [{hall}] will stay [closed] on [{day}] because of a [{reason}].
[{habit}] improves [memory] and lifts the [mood].
The [{job0}] repaired the [{item}] before the [{event}].
Cold [wind] and [fog] delayed the [ferry] to [{city}].
[{name}] collects [{adj1} {goods}] and keeps them in a [{place3}].""".split("\n")
FILLS = {key: words.split(",") for key, words in {
    "place1": "river,harbor,canal,old road,valley,forest path,lake",
        "place2": "temples,markets,gardens,churches,towers",
    "event": "science fair,book sale,chess final,spring concert,school play,flower show,swim race",
    "hall": "library,cafeteria,town hall,gym,museum,post office,swimming pool",
        "adj1": "quiet,old,tiny,huge,golden,rare,wooden",
    "food": "rice,spicy soup,lentils,salty cheese,cabbage,sweet corn,fresh fish",
        "late": "two weeks late,on the wrong day,far too late",
    "part": "lid,handle,switch,plug,frame", "broken": "cracked,missing,loose,badly scratched",
    "habit": "exercise,sleep,fresh air", "trouble": "back pain,bad moods,stomach pain,headaches",
    "place3": "mail truck,garden shed,bakery,glass case,railway car,bookstore",
        "reason": "power cut,water leak,snowstorm,holiday",
    "job0": "plumber,carpenter,mechanic,sailor,violinist"}.items()}


@topic_maker(6)
def key_phrases(r):
    row = slots(r) | {key: r.choice(values) for key, values in FILLS.items()}
    marked = r.choice(KEY_SENTENCES).format_map(row)
    marked = re.sub(r"\b([Aa]) (\[?[aeiou])", r"\1n \2", marked)
    phrases = re.findall(r"\[(.*?)\]", marked)
    text = capital(re.sub(r"[][]", "", marked))
    n = len(phrases) if r.random() < 0.6 or len(phrases) < 3 else r.randrange(2, len(phrases))
    number = "zero one two three four five".split()[n]
    exact = [f"{number} key words or phrases from the sentence", f"{number} keywords", f"the text in {number} keywords",
             f"the {number} most important phrases", f"{number} terms that carry the main idea",
                 f"{number} search terms",
             f"{number} tags for the text"]
    every = ["the main terms", "the key phrases", "which words carry the main idea", "the words that matter most",
             "the keywords of the sentence", "by which key words the text could be found in a search"]
    return r.choice(exact + every * (n == len(phrases))), capital(", ".join(phrases[:n])), text


# ---- Code ----

@topic_maker(4)
def code_to_change(r):
    x, y = r.choice(["total", "score", "count", "price", "age", "speed", "size"]), r.choice(["nums", "values",
        "points", "ages"])
    n, word, table = r.randrange(2, 60), r.choice(NOUNS).replace(" ", ""), r.choice(["birds", "plants", "visits",
        "songs"])
    hello, folder = r.choice(["Hi", "Hello", "Dear", "Welcome", "Good day"]), r.choice(GOODS)
    before, titles, after = r.choice([
        (f"'{hello}, ' + name + '!'", ["as an f-string", "the expression as an f-string", "with an f-string"],
            f"f'{hello}, {{name}}!'"),
        (f"'{word}: ' + str({x})", ["as an f-string", "rewritten as an f-string"], f"f'{word}: {{{x}}}'"),
        (f"{x} = {x} + {n}", ["with the operator +=", "in a shorter form"], f"{x} += {n}"),
        (f"if {x} = {n}:\n    print('{word}')", ["the corrected first line", "the first line without the mistake"],
            f"if {x} == {n}:"),
        (f"SELECT name FROM {table}", [f"the query, only for rows with {a(x)} under {n}",
            f"with the condition that the {x} is below {n}"],
         f"SELECT name FROM {table} WHERE {x} < {n};"),
        (f"mkdir {folder}", ["what this shell command does"], f"It creates a directory called {folder}."),
        (f"{n} / 0", ["which exception this causes", "the error that Python raises here"], "ZeroDivisionError"),
        (f"int('{word}')", ["which exception this causes", "the error that Python raises here"], "ValueError"),
        (f"'{word}'[:3]", ["the value of the slice", "what the slice returns"], repr(word[:3])),
        (f"{n} % 7", ["the value of the expression", "what Python returns here"], str(n % 7)),
        (f"len('{word}')", ["the value of the expression", "what this returns, and why"],
         f"{len(word)}, because the string has {len(word)} characters."),
        (f"SELECT name FROM {table};", ["the query, with the rows counted instead"], f"SELECT COUNT(*) FROM {table};"),
        (f"for n in {y}:\n    {x} += n", ["with sum() in place of the loop"], f"{x} += sum({y})")])
    return r.choice(titles), after, before


# ---- Patterns ----

@topic_maker(4)
def pattern_finds(r):
    words = r.sample([noun for noun in NOUNS if noun.isalpha() and len(noun) < 8], 4)
    number, name = r.randrange(2, 999), r.choice(NAMES)
    text = r.choice([f"Room {number} is on the left", f"{name} has {number} {r.choice(GOODS)}",
        f"Bus {number} goes to {r.choice(TOWNS)}",
                     f"Page {number} is missing", f"We drove {number} miles", f"Order {number} for {name}"])
    kind = r.randrange(4)
    if kind == 0:
        return r.choice([r"what \d+ finds in the text", r"the part of the text that \d+ matches",
            r"the first match of \d+"]), str(number), text
    if kind == 1:
        letter = r.choice(words)[0]
        found = [word for word in words if word[0] == letter]
        titles = [f"which of these words ^{letter} matches", f"the words that match ^{letter}"]
        return r.choice(titles), listing(found), ", ".join(words)
    if kind == 2:
        greeting, end = r.choice([("Dear", ","), ("Hello", "!"), ("Hi", "!")])
        return r.choice(["what the parentheses capture", "the captured text", "which text the group captures"]), name, \
            f"pattern: {greeting} (\\w+){end}\ntext: {greeting} {name}{end} see you soon"
    return r.choice([r"each digit replaced by *", r"with * in place of every match of \d"]), re.sub(r"\d", "*", text), \
        text


# ---- Markup ----

def phrase(r):
    return r.choice([f"{r.choice(FIRST)} {r.choice(SECOND)}".lower(), f"{r.choice(ITEMS)} for sale",
        f"the {r.choice(ITEMS)}",
                     f"{r.choice(GOODS)} and {r.choice(GOODS)}", f"open on {r.choice(DAYS)}",
                         f"no {r.choice(GOODS)} today"])


@topic_maker(6)
def markup_to_write(r):
    text, things = phrase(r), r.sample(r.choice(GROUPS)[2], 3)
    head, sentence = text.title(), active(*scene(r), "past") + "."
    word, tag = r.choice(sentence[:-1].split()), r.choice(["em", "strong", "b", "i"])
    marked = " ".join(f"<{tag}>{part}</{tag}>" if part == word else part for part in sentence[:-1].split())
    age = r.randrange(2, 99)
    titles, given, result = r.choice([
        (["as a top-level Markdown heading", "the title as a heading in Markdown",
            "with the sign of a Markdown heading"], head, f"# {head}"),
        (["in bold, in Markdown", "the words in bold Markdown"], text, f"**{text}**"),
        (["in italics, in Markdown",
            "as stressed text in Markdown"], text, f"*{text}*"),
        (["in an HTML strong element", "marked as important in HTML", "with the strong tag"], text,
            f"<strong>{text}</strong>"),
        (["in an HTML comment", "hidden as an HTML comment"], text, f"<!-- {text} -->"),
        (["without the tags", "only the sentence, with the tags taken away", "as plain text"],
            f"<p>{marked}.</p>", sentence),
        (["as a bulleted list in Markdown", "a Markdown list of these things"], ", ".join(things),
            "\n".join(f"- {thing}" for thing in things)),
        (["with the less-than sign escaped for HTML", "safe in HTML"], f"{age} < 99", f"{age} &lt; 99"),
        (["the Markdown in HTML", "as HTML"], f"**{text}**", f"<strong>{text}</strong>"), (["the Markdown in HTML",
            "in HTML"], f"*{text}*", f"<em>{text}</em>")])
    title = r.choice(titles)
    if r.random() < 0.25 and "\n" not in given and title.startswith(("as", "in ", "with")) and "<" not in given:
        return f'"{given}" {title}', result
    return title, result, given


# ---- Data ----

@topic_maker(8)
def data_to_write(r):
    keys = r.sample("name city job color price size year room count animal team sport age".split(), r.choice([2, 3]))
    words = {"name": r.choice(NAMES), "city": r.choice(TOWNS), "job": r.choice(JOBS),
             "color": r.choice("red blue green gray white".split()),
             "team": r.choice(SECOND), "animal": r.choice(PETS),
             "sport": r.choice("tennis soccer golf rowing chess".split())}
    row = {key: words.get(key, r.randrange(2, 99)) for key in keys}
    if "year" in row:
        row["year"] = r.randrange(1900, 2024)
    lines, csv = "\n".join(f"{k}: {v}" for k, v in row.items()), ",".join(keys) + "\n" + ",".join(map(str,
        row.values()))
    told = r.choice([", ".join(f"{k} {v}" for k, v in row.items()), "; ".join(f"{k}: {v}" for k, v in row.items())])
    things, key, part = r.sample(r.choice(GROUPS)[2], 3), r.choice(keys), r.choice(["pet", "item", "window", "person",
        "record"])
    js, name, age, city = json.dumps(row), r.choice(NAMES), r.randrange(18, 90), r.choice(TOWNS)
    fact = r.choice([f"{name} is {age} and lives in {city}.", f"{name}, who lives in {city}, is {age} years old.",
        f"{name} from {city} is {age}."])
    titles, given, result = r.choice([
        (["as a JSON object", "the facts in JSON", "a JSON object with these keys and values"], told, js),
        (["as key: value lines", "in the form key: value, one line for each"], csv, lines),
        (["as CSV with a header line", "the CSV version of this object, with a header"], js, csv),
        (["as a JSON object", "the CSV in JSON"], csv, js),
        (["as a JSON array of strings", "the list in JSON", "an array of strings"], r.choice([", ".join(things),
            listing(things)]), json.dumps(things)),
        (["as a YAML list", "the list in YAML"], r.choice([", ".join(things), " and ".join(things)]),
            "\n".join(f"- {t}" for t in things)),
        (["as one CSV line", "as a proper CSV row", "with commas in place of the bars"], " | ".join(things),
            ",".join(things)),
        ([f"the value of the key \"{key}\"", f"which value \"{key}\" has", f"what stands under the key \"{key}\""],
            r.choice([js, lines]), str(row[key])),
        (["as valid JSON", "with the quotes repaired", "the object with correct JSON quotes"], str(row), js),
        ([f"as an INI section called {part}", f"an INI section {part} with these settings"], told,
         f"[{part}]\n" + "\n".join(f"{k}={v}" for k, v in row.items())),
        (['a JSON object with the keys "name," "age," and "city"', "the person as a JSON object"], fact,
            json.dumps({"name": name, "age": age, "city": city})),
        (["the name and the number as a CSV record, with quotation marks where needed"],
            f"name: {r.choice(SURNAMES)}, {name}; number: {age}", None)])
    if result is None:
        result = f'"{given[6:].split(";")[0]}",{age}'
    return r.choice(titles), result, given
