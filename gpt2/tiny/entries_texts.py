"""Entries about small texts: what they tell or do not tell, their summaries, titles, key words, topics, and moods."""
# ruff: noqa: SIM905
import re

from statements import (
    CITIES,
    DAYS,
    HE_SHE,
    LISTS,
    MONTHS,
    NAMES,
    SYLLABLES,
    TEXT,
    a,
    bare,
    capital,
    clause,
    doing,
    is_plural,
    listing,
    ordinal_word,
    read_blocks,
    scene,
    title_case,
    topic_maker,
)

OBJECTS = ("silver ring/brass key/pocket watch/paper kite/straw basket/old map/violin/wool scarf/clay pot/toy boat/"
           "umbrella/winter coat/wooden flute/photo album/camera/notebook/lantern/compass/silver spoon/backpack/"
           "tent/"
           "birthday cake/glass bowl/letter/gold coin/leather wallet/paper lamp/chess set/telescope/guitar/seashell/"
           "wooden box/picnic blanket/library book/water bottle/teapot/postcard/sweater/trumpet/hammer/"
           "bicycle").split("/")
SPOTS = ("in the kitchen/at the market/in the attic/near the river/behind the barn/at the train station/in the library/"
         "under the bed/on the bus/in the garden/at school/in the park/on the beach/at the museum/in the garage/"
         "by the lake/"
         "on the roof/under the stairs/beside the well/in a desk drawer/behind the sofa/at the harbor/"
         "near the old mill/"
         "in the hall/on a bench/at the post office/in the hayloft/under an oak tree/on the porch/"
         "in the cellar").split("/")
OUTDOORS = ("near the river/behind the barn/by the lake/at the harbor/near the old mill/beside the well/in the park/"
            "in the garden/on the beach/at the market/near the station/behind the church/at the fair").split("/")
PETS = "Pickles Pepper Milo Daisy Biscuit Shadow Sunny Pip Ginger Bella Ziggy Coco Bruno Mocha Nutmeg Pebble".split()
CAUSES = ("it was raining/the bus was late/the store was closed/the road was icy/it was getting dark/"
          "the bridge was out/"
          "the alarm clock did not ring/the oven was broken/it was a holiday/the power had failed/the dog was ill/"
          "the tickets were sold out/a tree had blocked the road/the wind was too strong/"
          "the car had a flat tire").split("/")
FOODS = ("tomato soup/apple pie/fried rice/pancakes/noodles/lentil stew/roast potatoes/cheese toast/fish cakes/"
         "plum cake/"
         "bean salad/corn bread/rice pudding/carrot soup/dumplings/oatmeal").split("/")
GOODS = "apples/eggs/cups/chairs/tickets/candles/pencils/stamps/tulips/lemons/buttons/plates/peaches/bricks".split("/")
ANIMALS = "dog cat parrot rabbit pony goat turtle duck donkey hamster lamb crow fox squirrel hen".split()
COLORS = "red blue green yellow purple orange brown black white pink gray".split()
HOBBIES = "swim/paint/play chess/sing/draw/bake bread/play the drums/dance/collect stamps/juggle/fish/ski".split("/")
EVENTS = ("the school play/the chess match/the picnic/the book sale/the concert/the science fair/the bake sale/"
          "the parade/"
          "the swim meet/the kite festival/the art show/the spelling bee/band practice/the garden tour").split("/")
GOALS = "a trumpet/a tent/a new bicycle/a telescope/a sewing machine/a canoe/a camera/a puppy/a sled/a drum".split("/")
WORKERS = "baker/farmer/pilot/teacher/painter/tailor/singer/nurse/fisherman/librarian/carpenter/reporter".split("/")
RELATIVES = "sister brother aunt uncle grandmother grandfather cousin mother father neighbor".split()
MATTER = ("wool/feathers/books/bricks/shells/coins/apples/letters/toys/nails/tea/potatoes").split("/")
TABLES = {block.name: block.rows for path in ("sentences", "formats", "geography-and-people", "science")
          for block in read_blocks(TEXT / f"{path}.txt")}


def sentences_of(text):
    """Return the text with a capital letter at each beginning of a sentence."""
    return re.sub(r"(^|(?<!Mr)(?<!Ms)[.!?] \"?|\n|^\")([a-z])", lambda m: m[1] + m[2].upper(), text)


def person(r):
    """Return (name, he or she, his or her, him or her); now and then the name is made up or a job."""
    kind = r.random()
    if kind < 0.78:
        name = r.choice(NAMES)
        return (name, *HE_SHE.get(name, ("she", "her", "her")))
    he = r.choice([("he", "his", "him"), ("she", "her", "her")])
    if kind < 0.87:
        return ("the " + r.choice(["young ", "old ", ""]) + r.choice(WORKERS), *he)
    if kind < 0.93:
        return (("Mr. " if he[0] == "he" else "Ms. ") + r.choice(LISTS["surnames"])["name"], *he)
    return (capital("".join(r.choices(SYLLABLES, k=r.choice([2, 2, 3])))), *he)


def clock_time(r):
    return f"{r.randrange(1, 12)}:{r.choice(['00', '10', '15', '30', '45'])} {r.choice(['AM', 'PM'])}"


def slots(r):
    """Return what can stand in the blanks of the texts below."""
    people = [person(r)]
    while len(people) < 3:
        new = person(r)
        if new[0] not in [old[0] for old in people]:
            people.append(new)
    values = {}
    for letter, (name, he, his, him) in zip("ABC", people, strict=True):
        values |= {letter: name, f"he{letter}": he, f"his{letter}": his, f"him{letter}": him}
    for kind, words in {"obj": OBJECTS, "at": SPOTS, "food": FOODS, "goods": GOODS, "animal": ANIMALS, "color": COLORS,
                        "hobby": HOBBIES, "event": EVENTS, "goal": GOALS, "day": DAYS, "month": MONTHS, "city": CITIES,
                        "matter": MATTER, "kin": RELATIVES, "why": CAUSES, "out": OUTDOORS}.items():
        values |= {f"{kind}{i}": word for i, word in enumerate(r.sample(words, 3), start=1)}
    for i in "123":
        values |= {f"a_obj{i}": a(values[f"obj{i}"]), f"an_animal{i}": a(values[f"animal{i}"]),
            f"time{i}": clock_time(r)}
    n, m = sorted(r.sample(range(2, 40), 2))
    values |= {"n": n, "m": m, "diff": m - n, "sum": m + n, "k": r.randrange(3, 10), "price": r.randrange(2, 90),
               "phone": f"555-01{r.randrange(10, 99)}", "pet": r.choice(PETS)}
    return {key: str(value) for key, value in values.items()}


def filled(template, values):
    return sentences_of(template.format_map(values))


def read_stories(text):
    """Return (story, facts, missing) of each block: a fact is (titles, texts); what is missing, an indirect one."""
    stories = []
    for block in text.strip().split("\n\n"):
        story, *lines = block.split("\n")
        facts = [[part.split(" ~ ") for part in line.split(" => ")] for line in lines if " => " in line]
        stories.append((story, facts, [line[2:] for line in lines if line.startswith("- ")]))
    return stories


STORIES = read_stories("""
{A} lost {a_obj1} {at1}. {heA} looked everywhere. On {day1}, {B} found it {at2} and brought it back.
what {A} lost ~ the thing that {A} lost => {A} lost {a_obj1}. ~ {heA} lost {a_obj1}.
where {A} lost the {obj1} => {A} lost the {obj1} {at1}. ~ {heA} lost it {at1}.
where {B} found the {obj1} ~ where the {obj1} was in the end => {B} found the {obj1} {at2}. ~ it was {at2}.
who found the {obj1} ~ who brought the {obj1} back => {B} found the {obj1}. ~ {B} found it.
when the {obj1} was found ~ on which day {B} found the {obj1} => the {obj1} was found on {day1}. ~ on {day1}
- how much the {obj1} cost
- where {A} had bought the {obj1}

{A} wanted to go to {event1}, but {why1}. So {heA} stayed at home and made {food1} with {B}.
why {A} stayed at home ~ why {A} did not go to {event1} => {A} stayed at home because {why1}. ~ because {why1}
where {A} wanted to go => {A} wanted to go to {event1}. ~ {heA} wanted to go to {event1}.
what {A} did at home ~ what {A} made at home => {A} made {food1} with {B}. ~ {heA} made {food1} with {B}.
who cooked with {A} ~ with whom {A} made {food1} => {B} made {food1} with {A}. ~ {B}
- where {event1} took place
- who won a prize at {event1}

{A} bought {m} {goods1} {out1} for {price} dollars. On the way home, {heA} dropped {n} of them and gave the rest to {B}.
how many {goods1} {A} bought ~ the number of {goods1} that {A} bought => {A} bought {m} {goods1}. ~ {m}
how many {goods1} {A} dropped => {A} dropped {n} {goods1}. ~ {heA} dropped {n} of the {m} {goods1}.
how many {goods1} {B} got ~ how many {goods1} were left => {B} got {diff} {goods1}, because {m} - {n} = {diff}. ~ \
{diff} {goods1}
how much {A} paid for the {goods1} ~ the price of the {goods1} => {A} paid {price} dollars for the {goods1}. ~ \
{price} dollars
where {A} bought the {goods1} => {A} bought the {goods1} {out1}. ~ {heA} bought them {out1}.
- on which day {A} bought the {goods1}
- what {B} did with the {goods1}

{A} has {an_animal1} named {pet}, and {C} has {an_animal2}. The {animal1} sleeps {at1}, and the {animal2} sleeps {at2}.
where the {animal1} sleeps ~ where the pet of {A} sleeps => the {animal1} sleeps {at1}. ~ it sleeps {at1}.
where the {animal2} sleeps ~ where the pet of {C} sleeps => the {animal2} sleeps {at2}. ~ it sleeps {at2}.
which animal {A} has ~ what kind of pet {A} has => {A} has {an_animal1}. ~ {an_animal1}
which animal {C} has ~ what kind of pet {C} has => {C} has {an_animal2}. ~ {an_animal2}
who has {an_animal2} ~ the owner of the {animal2} => {C} has {an_animal2}. ~ {C}
what the {animal1} is called ~ the name of the {animal1} => the {animal1} is called {pet}. ~ {pet}
- what the {animal2} is called ~ how old the {animal1} is
- what the {animal1} eats

{A} got up at {time1} on {day1}. {heA} ate {food1}, packed {a_obj1}, and took the train to {city1} to see {hisA} {kin1}.
when {A} got up ~ at what time {A} got up => {A} got up at {time1}. ~ at {time1}
what {A} ate ~ what {A} had for breakfast => {A} ate {food1}. ~ {heA} ate {food1}.
what {A} packed => {A} packed {a_obj1}. ~ {heA} packed {a_obj1}.
to which city {A} went ~ where {A} went by train => {A} went to {city1}. ~ {heA} went to {city1}.
why {A} went to {city1} ~ whom {A} wanted to see => {A} went to {city1} to see {hisA} {kin1}. ~ {heA} wanted to see \
{hisA} {kin1}.
how {A} got to {city1} => {A} took the train to {city1}. ~ {heA} went by train.
- when the train arrived in {city1}
- how much the train ticket cost ~ what {A} did in {city1}

While {A} was looking for {a_obj1}, the {animal1} slipped out of the house through a hole near the {obj2}. {B} caught \
it \
{at1}.
what {A} was looking for => {A} was looking for {a_obj1}. ~ {heA} was looking for {a_obj1}.
how the {animal1} got out of the house ~ how the {animal1} escaped => the {animal1} slipped out through a hole near \
the {obj2}. ~ it slipped out through a hole.
who caught the {animal1} ~ by whom the {animal1} was caught => {B} caught the {animal1}. ~ {B}
where the {animal1} was caught ~ where {B} caught the {animal1} => the {animal1} was caught {at1}. ~ {at1}
- how long the {animal1} was gone

The {color1} bag holds {matter1} and weighs {n} pounds. The {color2} bag holds {matter2} and weighs {m} pounds.
which bag is heavier ~ the heavier of the two bags => the {color2} bag is heavier. ~ the {color2} bag
which bag is lighter ~ the lighter of the two bags => the {color1} bag is lighter, because {n} is less than {m}. ~ \
the {color1} bag
what is in the {color1} bag ~ what the {color1} bag holds => the {color1} bag holds {matter1}. ~ {matter1}
what is in the {color2} bag ~ what the {color2} bag holds => the {color2} bag holds {matter2}. ~ {matter2}
how much the {color1} bag weighs ~ the weight of the {color1} bag => the {color1} bag weighs {n} pounds. ~ {n} pounds
how much the {color2} bag weighs ~ the weight of the {color2} bag => the {color2} bag weighs {m} pounds. ~ {m} pounds
in which bag the {matter2} can be found ~ the color of the bag with {matter2} => the {matter2} can be found in the \
{color2} bag. ~ the {color2} bag
- who owns the {color1} bag ~ how much the {color1} bag cost

{A} led for most of the race, but {B} passed {himA} on the last hill and won by {k} steps. {C} came in third.
who won the race ~ the winner of the race => {B} won the race. ~ {B}
who led for most of the race => {A} led for most of the race. ~ {A}
who came in third ~ who was third in the race => {C} came in third. ~ {C}
where {B} passed {A} => {B} passed {A} on the last hill. ~ on the last hill
by how many steps {B} won => {B} won by {k} steps. ~ by {k} steps
- how long the race took
- what prize {B} got for the race

{A} saves money because {heA} wants to buy {goal1}. {heA} walks {k} dogs after school, and on {day1} {heA} washes \
cars for {B}.
what {A} wants to buy ~ what {A} will do with the money => {A} wants to buy {goal1}. ~ {heA} wants to buy {goal1}.
why {A} saves money => {A} saves money because {heA} wants to buy {goal1}. ~ {heA} wants to buy {goal1}.
how many dogs {A} walks => {A} walks {k} dogs. ~ {k}
when {A} washes cars ~ on which day {A} washes cars => {A} washes cars on {day1}. ~ on {day1}
for whom {A} washes cars => {A} washes cars for {B}. ~ for {B}
- how much money {A} has saved ~ how much {goal1} will cost

{A} likes to {hobby1}, but {hisA} {kin1} likes to {hobby2}. Their friend {B} would rather {hobby3} {out1}.
what {A} likes to do => {A} likes to {hobby1}. ~ {heA} likes to {hobby1}.
what the {kin1} of {A} likes to do => the {kin1} of {A} likes to {hobby2}. ~ {hobby2}
what {B} would rather do ~ what {A}'s friend would rather do => {B} would rather {hobby3}.
who likes to {hobby1} => {A} likes to {hobby1}. ~ {A}
who is the friend in the text => the friend is {B}. ~ {B}
- how old the {kin1} of {A} is ~ how long {A} and {B} have been friends

{event1} was planned for {day1}, but {why1}. It was moved to {day2} at {time1}, and {n} people came.
on which day {event1} took place in the end ~ to which day {event1} was moved => {event1} was moved to {day2}. ~ on \
{day2}
for which day {event1} was planned first => {event1} was first planned for {day1}. ~ for {day1}
why {event1} was moved ~ why {event1} did not take place on {day1} => {event1} was moved because {why1}. ~ because \
{why1}
when {event1} began ~ at what time {event1} began => {event1} began at {time1}. ~ at {time1}
how many people came to {event1} => {n} people came to {event1}. ~ {n}
- who organized {event1}
- what a ticket to {event1} cost

The shop is open from {time1} on every day but {day1}. On {day1} it is closed so that {A} can visit {hisA} {kin1} in \
{city1}.
when the shop is closed ~ on which day the shop is closed => the shop is closed on {day1}. ~ on {day1}
whether the shop is open on {day1} ~ whether one can buy something there on {day1} => no, the shop is closed on \
{day1}. ~ no
whether the shop is open on {day2} => yes, the shop is open on {day2}. ~ yes, it is closed only on {day1}.
why the shop is closed on {day1} => it is closed on {day1} so that {A} can visit {hisA} {kin1}.
where the {kin1} of {A} lives => the {kin1} of {A} lives in {city1}. ~ in {city1}
- what the shop sells
- where the shop is ~ how old {A}'s {kin1} is

{A} tore down the {color1} fence {out1} and built a taller one. {B} painted the new fence {color2} and the gate \
{color3}.
the color of the old fence ~ what color the old fence was => the old fence was {color1}. ~ {color1}
the color of the new fence ~ what color the new fence is => the new fence is {color2}. ~ {color2}
the color of the gate ~ what color the gate is => the gate is {color3}. ~ {color3}
who painted the gate ~ who painted the new fence => {B} painted it. ~ {B}
who tore down the old fence ~ who built the new fence => {A} did it. ~ {A}
where the fence stood => the fence stood {out1}. ~ {out1}
- why {A} wanted a new fence ~ how long the work took

First {A} washed the {obj1}. Then {heA} put it {at1}, and {hisA} {kin1} put {a_obj2} next to it. In the end, {heA} \
{B_did}.
what {A} did first => first, {A} washed the {obj1}. ~ {heA} washed the {obj1}.
what {A} did last ~ what happened in the end => in the end, {A} {B_did}.
what happened right after {A} had washed the {obj1} => {A} put the {obj1} {at1}. ~ {heA} put it {at1}.
where the {obj1} stood ~ where {A} put the {obj1} => {A} put the {obj1} {at1}. ~ {at1}
what was next to the {obj1} => {a_obj2} was next to the {obj1}. ~ {a_obj2}
- where {A} got the {obj1} ~ why {A} washed the {obj1}

At lunch, the guests tasted {food1}, {food2}, and {food3}. {A} liked the {food2} best, but {B} asked for more {food3}.
what the guests tasted ~ what the guests ate => the guests tasted {food1}, {food2}, and {food3}. ~ {food1}, {food2}, \
and {food3}
what {A} liked best ~ the favorite food of {A} => {A} liked the {food2} best. ~ {food2}
who asked for more {food3} => {B} asked for more {food3}. ~ {B}
of what {B} wanted more => {B} wanted more {food3}. ~ {food3}
at which meal the guests tasted {food1} => the guests tasted {food1} at lunch. ~ at lunch
- who had cooked the {food1} ~ how many guests there were

{A} plays the tuba in {city1}. As a child, {heA} began with {k} years of drum lessons, and {hisA} {kin1} taught \
{himA} to {hobby1}.
which instrument {A} learned first => {A} learned the drums first. ~ {heA} learned the drums first.
which instrument {A} plays now => {A} plays the tuba. ~ the tuba
where {A} plays the tuba ~ in which city {A} plays => {A} plays the tuba in {city1}. ~ in {city1}
who taught {A} to {hobby1} => {A}'s {kin1} taught {himA} to {hobby1}. ~ {hisA} {kin1}
how long {A} took drum lessons => {A} took drum lessons for {k} years. ~ for {k} years
- in which month {A} was born

Note for {A}: I am in {city1} with my {kin1} and will come home on {day1}. Please feed the {animal1} {at1} at {time1}. \
Yours, {B}
who wrote the note ~ the writer of the note => {B} wrote the note. ~ {B}
to whom the note is written ~ for whom the note is => the note is for {A}. ~ {A}
where {B} is ~ from which city the note comes => {B} is in {city1}. ~ in {city1}
when {B} will come home => {B} will come home on {day1}. ~ on {day1}
which animal {A} should feed ~ what {A} should do => {A} should feed the {animal1}. ~ {heA} should feed the {animal1}.
at what time {A} should feed the {animal1} => {A} should feed it at {time1}. ~ at {time1}
with whom {B} is in {city1} => {B} is there with {hisB} {kin1}. ~ with {hisB} {kin1}
- what the {animal1} eats ~ the address of {B}

{A} was halfway to {event1} when {heA} noticed that {hisA} {obj1} was still {at1}. {heA} turned around, but {B} had \
already brought it.
why {A} turned around => {A} turned around because {hisA} {obj1} was still {at1}. ~ {hisA} {obj1} was still {at1}.
what {A} had left behind ~ what {A} had forgotten => {A} had left {hisA} {obj1} behind. ~ {hisA} {obj1}
where the {obj1} had been left ~ where {A} had left the {obj1} => the {obj1} had been left {at1}. ~ {at1}
where {A} was going => {A} was going to {event1}. ~ {heA} was going to {event1}.
who brought the {obj1} ~ who helped {A} => {B} brought the {obj1}. ~ {B}
- how {B} got to {event1}

A bus to {city1} leaves at {time1} and costs {n} dollars. The train leaves at {time2}, costs {m} dollars, and takes \
{k} hours.
when the bus leaves ~ at what time the bus to {city1} leaves => the bus leaves at {time1}. ~ at {time1}
when the train leaves ~ at what time the train to {city1} leaves => the train leaves at {time2}. ~ at {time2}
how much the bus costs ~ the price of the bus => the bus costs {n} dollars. ~ {n} dollars
how much the train costs ~ the price of the train => the train costs {m} dollars. ~ {m} dollars
which is cheaper, the bus or the train ~ the cheaper way to {city1} => the bus is cheaper, because {n} is less than \
{m}. ~ the bus
how long the train takes => the train takes {k} hours. ~ {k} hours
where the bus and the train go => they go to {city1}. ~ to {city1}
- how long the bus takes ~ from which city the bus leaves

{A} and {B} met {at1} in {month1}. {A} brought {a_obj1}, {B} brought {food1}, and in {month2} they opened a shop in \
{city1}.
where {A} and {B} met => {A} and {B} met {at1}. ~ {at1}
in which month {A} and {B} met ~ when {A} and {B} met => they met in {month1}. ~ in {month1}
in which month the shop was opened ~ when they opened the shop => they opened the shop in {month2}. ~ in {month2}
what {A} brought => {A} brought {a_obj1}. ~ {a_obj1}
what {B} brought => {B} brought {food1}. ~ {food1}
who brought {food1} => {B} brought {food1}. ~ {B}
in which city the shop is => the shop is in {city1}. ~ in {city1}
- what the shop is called ~ what {A} and {B} sell in the shop

{A} scored {n} points in {city1}, and {B} scored {m} points. {C} hurt {hisC} knee on {day1} and could not play.
who scored more points ~ who had the better score => {B} scored more points than {A}. ~ {B}
who scored fewer points => {A} scored fewer points than {B}. ~ {A}
how many points {A} scored ~ the score of {A} => {A} scored {n} points. ~ {n}
how many points {B} scored ~ the score of {B} => {B} scored {m} points. ~ {m}
why {C} could not play => {C} could not play because {heC} had hurt {hisC} knee. ~ {heC} had hurt {hisC} knee.
how many points {A} and {B} scored together => they scored {sum} points together, because {n} + {m} = {sum}. ~ {sum}
- what game they played ~ how {C} hurt {hisC} knee

A sign {out1} reads: No dogs after {time1}. Please call {A} at {phone} if you find {a_obj1}. The {obj1} belongs to {B}.
where the sign is => the sign is {out1}. ~ {out1}
whom one should call ~ who should be called => one should call {A}. ~ {A}
what number one should call ~ the phone number on the sign => the number is {phone}. ~ {phone}
whose {obj1} is missing ~ to whom the {obj1} belongs => the {obj1} belongs to {B}. ~ {B}
what is not allowed after {time1} => dogs are not allowed after {time1}. ~ dogs
- who wrote the sign ~ what color the {obj1} is
""")

CONTRARY = read_stories("""
{A} repaired the {obj1} and gave it to {B} as a present.
why {A} sold the {obj1} ~ how much {A} got for the {obj1} => {A} did not sell the {obj1}; {heA} gave it to {B}.
when {B} repaired the {obj1} => {B} did not repair the {obj1}; {A} did.

{A} went to {city1} by train, because {why1}.
where {A} parked the car in {city1} => {A} did not go by car; {heA} took the train.
when {A} went to {city2} => the text says that {A} went to {city1}, not to {city2}.

{A} invited {B} to {event1}, but {B} stayed at home.
what {B} ate at {event1} ~ when {B} left {event1} => {B} was not at {event1}; {heB} stayed at home.

{A} bought {a_obj1} for {hisA} {kin1}. It cost {price} dollars.
how much {A} paid for the {obj2} ~ why {A} bought {a_obj2} => the text mentions {a_obj1}, but no {obj2}.
what {A} bought for {B} => {B} is not mentioned; {A} bought {a_obj1} for {hisA} {kin1}.

The {animal1} slept {at1} all day and did not wake up until midnight.
what the {animal1} ate at noon => the {animal1} did not eat at noon; it was asleep.
where the {animal2} slept => no {animal2} is mentioned. The text is about {an_animal1}.

{A} has a friend in {city1} but no pets.
the name of {A}'s dog ~ how old {A}'s cat is => {A} has no pets.
in which part of {city2} the friend of {A} lives => the friend of {A} lives in {city1}, not in {city2}.
""")

DEEDS = "went home/took a nap/closed the door/called {B}/sat down to rest/made {food1}/took a picture".split("/")
GENERAL_GAPS = ("how old {A} is/how tall {A} is/where {A} was born/what {A} looks like/the age of {A}/"
                "the last name of {A}/"
                "the phone number of {A}/what {A} ate for dinner/what color the eyes of {A} are/"
                "how many children {A} has/"
                "what {A}'s favorite color is/what {A}'s parents do/in which year {A} was born/the job of {A}/"
                "what the weather was like in {city3}").split("/")
ORDER = ("according to the text/in the story/in this text/according to the passage/as the text tells/in the passage/"
         "based on the text/from the story").split("/")
NOUN_FORMS = [("where", "the place where"), ("why", "the reason why"), ("when", "the time when"), ("who",
"the person who"),
              ("what", "the thing that"), ("how many", "the exact number of")]


def story_slots(r):
    values = slots(r)
    return values | {"B_did": r.choice(DEEDS).format_map(values)}


def asked(r, title):
    """Return a title, perhaps as a noun phrase, perhaps with a reference to the text."""
    for word, noun in NOUN_FORMS[:4]:
        if title.startswith(word + " ") and " it was that" not in title and r.random() < 0.15:
            title = noun + title[len(word):]
    return f"{title}, {r.choice(ORDER)}" if r.random() < 0.15 else title


def dotted(text):
    """Return a bare answer as such, or with a full stop if it is a sentence."""
    return text if text.endswith(".") else capital(text)


@topic_maker(14)
def told_in_a_story(r):
    """What is told in a small text."""
    story, facts, _ = r.choice(STORIES)
    values = story_slots(r)
    titles, texts = r.choice(facts)
    text = texts[0] if r.random() < 0.6 else r.choice(texts)
    return asked(r, r.choice(titles).format_map(values)), dotted(filled(text, values)), filled(story, values)


NOT_PEOPLE = set("dog cat puppy storm flood fire wind branch hail company factory workshop shop market lion eagle fox"
                 " bees insects butterflies mouse goat horse museum city snow fog clouds tiger charity church river"
                 " road railway monkey waves rain mudslide village school committee orchestra band club".split())


@topic_maker(8)
def told_in_sentences(r):
    """Two to four things that happened, and one of them asked for."""
    rows, n = [], r.choice([1, 2, 2, 3, 3, 4])
    while len(rows) < n:
        agent, verb, patient = scene(r)
        if all(patient != row[2] and agent != row[0] and verb is not row[1] for row in rows):
            rows.append((agent, verb, patient, r.choice(SPOTS), r.choice(["yesterday", "last week", *[
                "on " + day for day in DAYS], "at noon", "in " + r.choice(MONTHS), "at " + clock_time(r)])))
    texts = [r.choice(["{0} {1} {2} {4}.", "{4}, {0} {1} {2}.", "{0} {1} {2}."]).format(
        row[0], row[1]["past"], *row[2:]) for row in rows]
    pick = r.randrange(n)
    agent, verb, patient, _, when = rows[pick]
    past = verb["past"]
    who = "what" if agent.split()[-1] in NOT_PEOPLE else "who"
    asks = [([f"{who} {past} {patient}", f"{who} it was that {past} {patient}"], [f"{agent} {past} {patient}.", agent]),
            ([f"what {agent} {past}"], [f"{agent} {past} {patient}.", patient]),
            ([f"what {agent} did", f"what the text says about {agent}"], [f"{agent} {past} {patient}."])]
    if when in texts[pick]:
        asks += [([f"when {agent} {past} {patient}", f"when it was that {agent} {past} {patient}"],
                  [f"{agent} {past} {patient} {when}.", when])] * 2
    elif r.random() < 0.3:
        return f"when {agent} {past} {patient}", r.choice([
            f"The text does not say when {agent} {past} {patient}.", "The time is not mentioned."]), \
            sentences_of(" ".join(texts))
    titles, answers = r.choice(asks)
    answer = answers[0] if r.random() < 0.65 else r.choice(answers)
    return asked(r, r.choice(titles)), dotted(sentences_of(answer)), sentences_of(" ".join(texts))


@topic_maker(5)
def true_of_a_story(r):
    """Whether a statement fits a small text."""
    story, facts, _ = r.choice(STORIES)
    values, other = story_slots(r), story_slots(r)
    template = r.choice([texts[0] for _, texts in facts if "because" not in texts[0] and " it " not in f" {texts[0]}"
                         and not texts[0].startswith(("no,", "yes,", "they ", "in the end", "first"))] or [""])
    if not template.endswith("."):
        return told_in_a_story(r)
    right = wrong = template.format_map(values)
    keys = [key for key in re.findall(r"{(\w+)}", template) if not re.match(r"[ABC]|h[ei]", key)
            and other[key] not in story.format_map(values)]
    if keys and r.random() < 0.55:
        wrong = template.format_map(values | {(key := r.choice(keys)): other[key]})
    claim = wrong[:-1]
    title = r.choice([f"whether it is true or false that {claim}",
        f'whether the statement "{sentences_of(wrong)}" is true',
                      f"whether {claim}, true or false", f'true or false: "{sentences_of(wrong)}"',
                      f"whether the text says that {claim}", f"the truth of the claim that {claim}"])
    answer = "True" if wrong == right else "False"
    if "the text says" in title:
        answer = "Yes" if wrong == right else "No"
    more = sentences_of(right)
    if answer in ("No", "Yes"):
        text = r.choice([answer, f"{answer}, the text says that {right}"])
    else:
        text = r.choice([answer, f"{answer}. {more}" if answer == "False" else "True. The text says so.",
                         f"The statement is {answer.lower()}." if answer == "True" else f"False, because {right}"])
    return title, text, filled(story, values)


@topic_maker(9)
def not_told(r):
    """What a small text does not tell, and what is asked by mistake."""
    values = story_slots(r)
    if r.random() < 0.2:
        story, facts, _ = r.choice(CONTRARY)
        titles, texts = r.choice(facts)
        return r.choice(titles).format_map(values), filled(r.choice(texts), values), filled(story, values)
    story, _, gaps = r.choice(STORIES)
    gaps = [gap for line in gaps for gap in line.split(" ~ ")]
    title = r.choice(gaps if r.random() < 0.6 else GENERAL_GAPS).format_map(values)
    if "{A}" in story and r.random() < 0.3:
        story = story.split(". ")[0] + "."
    about = title.split(" ", 1)
    ways = [f"The text does not say {title}.", f"It is not said {title}.", f"The passage does not tell us {title}.",
            f"We are not told {title}.", f"Nothing in the text tells {title}.", f"The text does not mention {title}."]
    if title.startswith("the "):
        ways = [f"The text does not give {title}.", f"{capital(title)} is not mentioned.", f"We are not told {title}.",
                f"{capital(title)} is not given in the text."]
    elif about[0] in ("when", "where", "why"):
        noun = {"when": "time", "where": "place", "why": "reason"}[about[0]]
        ways += [f"The {noun} is not mentioned.", f"The text gives no {noun}."]
    return asked(r, title), r.choice(ways), filled(story, values)


IMPOSSIBLE = [row.split("|") for row in """
which king ruled the United States in {year}|the United States has never had a king.
the month that has {big} days|no month has {big} days; the longest months have 31.
the day between {day} and the next day|no day comes between them, since one follows directly after the other.
how many legs a {legless} walks on|a {legless} has no legs.
a {round} with {k} corners|a {round} has no corners.
the last number of all|there is no last number, because one can always add one more.
the square root of {thing}|{thing} is not a number, so it has no square root.
{k} divided by zero|division by zero is not possible.
the color of the {noun} in my photo|there is no photo here, so the color cannot be told.
what number somebody is thinking of|there is no way to know that number until it is said.
what I had for breakfast on {day}|nobody can know that who was not told.
the translation of the sentence above|there is no sentence to translate.
the summary of the attached {doc}|there is no {doc} here. It has to be added before it can be summarized.
the spelling mistakes in my {doc}|the {doc} is missing, so its spelling cannot be checked.
the name of my {pet}|I do not know the name; you have not told it.
who will win {event} next year|nobody can know that yet.
what the weather will be in {city} a hundred years from now|nobody can know that.
how many corners a {round} has|a {round} has no corners.
a triangle with {k} sides|that is impossible, because a triangle always has three sides.
an even number that ends in {odd}|there is none, because a number that ends in {odd} is odd.
a word of three letters that has {k} letters|there is no such word.
how to sum up the attached {doc}|no {doc} is attached, so there is nothing to sum up.
who wrote this {doc}|no {doc} was given, so its writer is not known.""".strip().split("\n")]


@topic_maker(4)
def impossible(r):
    """What cannot be told or does not exist."""
    if r.random() < 0.35:
        agent, verb, patient = scene(r)
        sentence = capital(f"{agent} {verb['past']} {patient}.")
        n = len(sentence.split())
        k = n + r.randrange(1, 5)
        nth = ordinal_word(k)
        return r.choice([f"the {nth} word of the sentence", f"which word is the {nth} one",
            f"word number {k}"]), r.choice([
            f"There is no {nth} word, because the sentence has only {n} words.",
            f"The sentence has only {n} words, so it has no {nth} word."]), sentence
    title, text = r.choice(IMPOSSIBLE)
    values = {"year": r.randrange(1850, 2020), "big": r.randrange(32, 60), "day": r.choice(DAYS),
        "city": r.choice(CITIES),
              "legless": r.choice("snake worm snail fish shark eel".split()), "k": r.randrange(4, 10),
              "round": r.choice(["circle", "ball", "sphere", "ring"]), "thing": a(r.choice(OBJECTS + ANIMALS)),
              "noun": r.choice(OBJECTS), "odd": r.choice("13579"), "event": r.choice(["the marathon", "the cup",
              "the chess"
              " match", "the race", "the election"]), "pet": r.choice(ANIMALS + RELATIVES),
              "doc": r.choice("report/letter/e-mail/essay/article/poem/story/speech/list/note".split("/"))}
    return title.format_map(values), sentences_of(text.format_map(values))


# ---- Summaries, titles, key words, topics ------------------------------------------------------------------------

BRIEFS = [[line.split(" ~ ") for line in block.split("\n")] for block in """
{A} lost {a_obj1} {at1}. {heA} looked for it for {k} hours. It was {at2} all along.
{A} looked for the {obj1} for {k} hours, but it was {at2}. ~ the lost {obj1} of {A} was {at2}.
the lost {obj1} ~ the search for the {obj1}
{A}, lost {obj1}, {at2} ~ lost {obj1}, search

{A} practiced every evening for {k} months to {hobby1} better. At first it went badly. On {day1}, everyone clapped.
after {k} months of practice, {A} had success on {day1}. ~ {A} practiced for {k} months, and in the end everyone \
clapped.
practice makes perfect ~ {k} months of practice
{A}, practice, {k} months ~ practice, success

{event1} did not take place on {day1}, because {why1}. It was moved to {day2}. It began at {time1} as planned.
{event1} was moved from {day1} to {day2}. ~ because {why1}, {event1} took place on {day2}.
{event1} moved to {day2} ~ new day for {event1}
{event1}, {day2} ~ {event1}, new day, {day2}

The old {color1} theater in {city1} stood empty for {m} years. Neighbors raised money and repaired the roof. Now it \
is open on {day1}.
after {m} years, the empty theater in {city1} was repaired by neighbors and is open again. ~ neighbors saved the old \
theater in {city1}.
old theater opens again in {city1} ~ neighbors save old theater
old theater, {city1}, neighbors ~ theater, repaired roof, neighbors

{A} found {an_animal1} {at1}. It was cold and hungry. {heA} fed it and brought it back to {B}, its owner.
{A} found a hungry {animal1} and brought it back to {B}. ~ {A} took care of {B}'s lost {animal1} and brought it home.
the lost {animal1} ~ {animal1} comes home
{A}, lost {animal1}, {B} ~ {animal1}, owner, home

The shop for {matter1} on Mill Street will be closed from {day1} to {day2}. Workers have to repair the floor. \
Customers can go to the shop near the lake.
the shop for {matter1} on Mill Street will be closed for repairs from {day1} to {day2}. ~ the shop is closed for \
repairs, so customers should go to the one near the lake.
shop for {matter1} closed for repairs ~ shop on Mill Street closed
shop, {matter1}, repairs ~ Mill Street, shop, repairs

"Do you have {a_obj1} in {color1}?" asked {A}. "Only in {color2}," said the clerk. "Then I will take the {color2} \
one," said {A}.
{A} bought a {color2} {obj1} because there was none in {color1}. ~ there was no {color1} {obj1}, so {A} took the \
{color2} one.
the {color2} {obj1}
{A}, {color2} {obj1}, clerk ~ {obj1}, {color1}, {color2}

Note for {A}: I missed {event1} on {day1}, because {why1}. Please tell {B} and keep the {obj1} for me. Yours, {C}
{C} missed {event1} because {why1}. ~ {C} could not come to {event1} on {day1}.
{C} misses {event1}
{event1}, {C}, {day1} ~ {C}, missed, {event1}

Our class sold {goods1} {out1} for {k} weeks. We earned {sum} dollars. The money bought {a_obj1} for the school.
our class sold {goods1} to buy {a_obj1} for the school. ~ we sold {goods1} for {k} weeks and bought {a_obj1}.
{goods1} for the school ~ class earns {sum} dollars
class, {goods1}, {obj1} ~ {goods1}, {sum} dollars, school

First {A} will clean the {obj1}. Next {heA} will paint it {color1}. At the end {heA} will give it to {B} on {day1}.
{A} will clean the {obj1}, paint it {color1}, and give it to {B}. ~ {A} plans to give {B} a clean {color1} {obj1}.
a {color1} {obj1} for {B} ~ the present for {B}
{A}, {color1} {obj1}, {B} ~ {obj1}, present

The {food1} {out1} tasted fresh and good, and the cook was friendly. However, we waited {m} minutes for a table.
the food is good, but the wait is long. ~ the {food1} tasted good, but we waited {m} minutes.
good {food1}, long wait ~ {m} minutes for {food1}
{food1}, tasty, {m} minutes ~ fresh {food1}, friendly cook, long wait

The Hawks led by {n} points at halftime. Then {A} scored again and again for the Otters, who won by {k} points on \
{day1}.
the Otters came from behind and beat the Hawks by {k} points. ~ with the help of {A}, the Otters beat the Hawks.
Otters beat Hawks ~ Otters win by {k} points
Otters, Hawks, {A} ~ Otters, win, {k} points

{A} rushed through {hisA} work on the {obj1} and broke it. {heA} had to start over. From then on, {heA} took {hisA} \
time.
{A} learned to work slowly. ~ {A} broke the {obj1} by rushing and learned to take {hisA} time.
the broken {obj1} ~ take your time
{A}, broken {obj1}, rushing ~ {obj1}, rushing, lesson

The storm broke {n} windows in {city1} on {day1}. {m} homes had no light. {A} carried {food1} to the neighbors.
a storm broke {n} windows in {city1} and left {m} homes without light. ~ after a storm in {city1}, {A} helped the \
neighbors.
storm leaves {m} homes without light ~ storm hits {city1}
storm, {city1}, {m} homes ~ storm, windows, light

{A} and {hisA} {kin1} drove for {k} hours to the coast. They sang, slept, and ate {food1}. When they saw the sea, \
they cheered.
after {k} hours on the road, {A} and {hisA} {kin1} reached the sea. ~ {A} took a long drive to the coast.
the long way to the sea ~ a trip to the coast
coast, {k} hours, sea ~ {A}, long drive, sea

A proud {animal1} laughed at a small {animal2}. Then the {animal1} fell into a hole {out1}, and the {animal2} helped \
it out.
a small {animal2} helped the proud {animal1} that had laughed at it. ~ the {animal1} laughed at the {animal2} but \
needed its help.
the {animal1} and the {animal2}
proud {animal1}, small {animal2}, help ~ {animal1}, {animal2}

The baker set the alarm for 4:30 AM. The power failed in the night, so the bread for {A} was not ready until noon. \
{heA} ate it {out1}.
a power failure made the baker late. ~ because the power failed, {A} had to wait for the bread until noon.
the late baker ~ power failure stops baker
baker, bread, power failure ~ power failure, noon, {A}""".strip().split("\n\n") for block in [block]]
KINDS_OF_TEXT = "text/story/note/paragraph/passage/report/message/news".split("/")


def brief(r, line):
    """Return (text, what stands in a line of its block, kind of text): 1 summaries, 2 titles, 3 key words."""
    if r.random() < 0.75:
        block, values = r.choice(BRIEFS), story_slots(r)
        return filled(block[0][0] if len(block[0]) == 1 else " ".join(block[0]), values), \
            r.choice(block[line]).format_map(values)
    agent, verb, patient = scene(r)
    day, more = r.choice(DAYS), r.choice(["Many people watched.", "It took several hours.", "The weather was cold.",
        "Nobody was surprised.", "Afterward, everyone was glad.", "It was not easy."])
    text = capital(f"{agent} {verb['past']} {patient} {r.choice(SPOTS)} on {day}. {more}")
    return text, [f"{agent} {verb['past']} {patient}.",
                  f"{bare(agent)} {verb['base' if is_plural(agent) else 'third']} {bare(patient)}",
                  f"{bare(agent)}, {bare(patient)}"][line - 1]


@topic_maker(6)
def summaries(r):
    """A few sentences in one."""
    text, short = brief(r, 1)
    kind = r.choice(KINDS_OF_TEXT)
    return r.choice([f"the {kind} in one sentence", f"a summary of the {kind}", f"the gist of this {kind}",
                     f"the main idea of the {kind}", f"what the {kind} says, in brief", "in one short sentence",
                     f"the key point of the {kind}", f"the short form of this {kind}", "what happened, in a few words",
                     f"the {kind}, summed up briefly", f"the {kind} boiled down to one sentence", "summarized",
                     f"what this {kind} is mainly about", "the whole in a single sentence", f"the point of the {kind}",
                     "a one-sentence summary", "condensed to one line"]), sentences_of(short), text


@topic_maker(4)
def titles(r):
    """A title or a headline for a text, or for a story about something."""
    if r.random() < 0.25:
        thing, other, place = r.choice(OBJECTS), r.choice(ANIMALS + WORKERS), r.choice(CITIES)
        about, name = r.choice([
            (f"a missing {thing}", f"the missing {thing}"), (f"{a(other)} who travels to {place}",
             f"the {other} goes to {place}"),
            (f"{a(other)} and {a(thing)}", f"the {other} and the {thing}"), (f"a magic {thing}", f"the magic {thing}"),
            (f"life in {place}", f"my life in {place}"), (f"a secret about {a(thing)}", f"the secret of the {thing}"),
            (f"a brave {other}", f"the brave {other}"), (f"a night in {place}", f"one night in {place}")])
        form = r.choice(["story", "poem", "song", "book", "film", "novel", "play", "tale", "talk"])
        return r.choice([f"a title for a {form} about {about}", f"what a {form} about {about} could be called",
                         f"a fitting name for a {form} about {about}"]), capital(title_case(name))
    text, short = brief(r, 2)
    kind = r.choice(KINDS_OF_TEXT)
    return r.choice([f"a title for the {kind}", f"a headline for this {kind}", "the headline", "a fitting title",
                     f"what this {kind} could be called", f"a short heading for the {kind}", "a good title",
                     f"the heading above this {kind}", f"which title fits the {kind}",
                     "a subject line for this message",
                     "as a newspaper headline", "a headline of a few words", "the name of the story"]), \
        capital(title_case(short)), text


@topic_maker(4)
def words_that_matter(r):
    """Key words of a text."""
    text, short = brief(r, 3)
    n = short.count(",") + 1
    number = {1: "the key word", 2: "two key words", 3: "three key words"}.get(n, "the key words")
    words = re.sub(r"\b(the|a|an) ", "", short)
    kind = r.choice(KINDS_OF_TEXT)
    return r.choice([f"the key words of the {kind}", f"{number} of the {kind}", f"{number} or phrases from the {kind}",
                     f"the most important words in the {kind}", f"keywords for this {kind}", f"tags for the {kind}",
                     "the words that carry the main idea", f"the main terms of the {kind}", "the key phrases",
                     f"which words matter most in the {kind}", f"the {kind} in a few keywords"]), capital(words), text


TOPICS = {row[0]: [part.split(", ") for part in row[1:]] for row in (line.split(" | ") for line in """
music | violinist, drummer, choir, pianist, guitarist | tuned the strings, practiced the song, sang the second verse, \
kept the rhythm, learned the melody
sports | goalkeeper, runner, tennis player, coach, swimmer | scored a point, won the match, ran the last lap, trained \
for the race, joined the team
cooking | chef, cook, baker, grandmother, kitchen helper | stirred the soup, chopped the onions, added salt, baked \
the dough, fried the fish
weather | forecaster, radio announcer, sailor, meteorologist | spoke of heavy rain, expected snow, measured the wind, \
warned of a storm, saw dark clouds
travel | tourist, guide, passenger, family, hiker | packed a suitcase, booked a hotel, missed the flight, showed a \
passport, bought a train ticket
medicine | doctor, nurse, surgeon, paramedic, pharmacist | treated the fever, bandaged the wound, took the pills, \
checked the pulse, gave a vaccine
school | teacher, pupil, principal, student, classmate | corrected the homework, wrote on the blackboard, passed the \
test, learned the lesson, read the textbook
farming | farmer, shepherd, farmhand, plowman | milked the cows, plowed the field, harvested the wheat, fed the hens, \
sheared the sheep
astronomy | astronomer, observer, scientist, stargazer | looked at Saturn, pointed a telescope at the Moon, found a \
new comet, counted the stars, mapped the galaxy
money | banker, saver, customer, accountant | opened a bank account, paid the loan, checked the interest rate, \
counted the coins, saved ten dollars
gardening | gardener, neighbor, aunt, landlady | watered the roses, pulled the weeds, planted bulbs, trimmed the \
hedge, dug the flower bed
art | painter, sculptor, artist, museum guide | mixed the colors, sketched a portrait, carved a statue, hung up the \
painting, framed the drawing
computers | programmer, user, engineer, office worker | saved the file, fixed the software, typed the password, \
restarted the laptop, wrote the code
history | historian, king, archaeologist, knight | studied the old empire, signed the peace treaty, dug up Roman \
coins, defended the castle, ruled for ten years
fashion | tailor, designer, model, dressmaker | sewed a silk dress, measured the sleeves, wore the new coat, \
shortened the skirt, chose a matching hat
pets | dog owner, vet, boy, girl | walked the dog, brushed the cat, fed the hamster, cleaned the bird cage, taught \
the puppy to sit
law | judge, lawyer, witness, jury | heard the case, listened to the evidence, read the contract, spoke in court, \
asked about the crime
transportation | bus driver, conductor, pilot, commuter | waited for the tram, drove the bus, changed trains, got off \
at the airport, was stuck in traffic""".strip().split("\n"))}


@topic_maker(4)
def topics(r):
    """The topic of a text, chosen from some."""
    topic = r.choice(list(TOPICS))
    who, did = TOPICS[topic]
    deeds, day = r.sample(did, 2), r.choice(DAYS)
    agent = r.choice(who)
    text = r.choice([f"the {agent} {deeds[0]} and {deeds[1]}.", f"on {day}, the {agent} {deeds[0]}.",
                     f"the {agent} {deeds[0]}. Later, the {r.choice(who)} {deeds[1]}.", f"the {agent} {deeds[0]}."])
    some = [topic, *r.sample([other for other in TOPICS if other != topic], r.choice([1, 2, 2, 3]))]
    r.shuffle(some)
    choice, kind = listing(some, "or"), r.choice([*KINDS_OF_TEXT, "sentence", "sentence"])
    clue = deeds[0].split()[-1]
    verb = r.choice(["is about", "deals with", "belongs to"])
    return r.choice([f"whether the {kind} {verb} {choice}", f"the topic of the {kind}: {choice}",
        "the topic of this text",
                     f"what the {kind} is about, {choice}", f"which topic fits: {choice}",
                     f"the label {choice} that fits",
                     f"under which heading the {kind} belongs: {choice}", f"the subject of the {kind} ({choice})",
                     f"one category for the {kind} from {listing(some)}",
                     f"to which field the {kind} belongs, {choice}"]), \
        r.choice([capital(topic), capital(topic), f"The {kind} is about {topic}.", f"The topic is {topic}.",
                  f'{capital(topic)}, because the {kind} mentions "{clue}."',
                  f"{capital(topic)}, because it tells that the {agent} {deeds[0]}."]), sentences_of(text)


REVIEWED = [[part.split(", ") for part in line.split(" | ")] for line in """
hotel | the room was clean, the view was beautiful, the staff was friendly, the bed was soft | the bed was lumpy, the \
street was loud, the shower was cold, the room smelled of smoke | the hotel has forty rooms, breakfast begins at seven
restaurant | the soup was delicious, the waiter was kind, the bread was fresh, the portions were large | the soup was \
cold, the waiter was rude, the meat was burned, we waited an hour | the restaurant opens at noon, the menu has ten \
dishes
film | the story was exciting, the actors were wonderful, the ending was a great surprise, the music was lovely | the \
plot was boring, the jokes fell flat, the ending made no sense, the sound was terrible | the film lasts two hours, it \
was shown on Monday
phone | the battery lasts for days, the screen is sharp, the camera is excellent, it is easy to use | the battery \
dies within an hour, the screen cracked, the camera is blurry, it keeps freezing | the phone weighs six ounces, it \
comes in black
book | the first chapter was thrilling, the pictures are beautiful, the hero is funny, every page was a joy | the \
story was dull, the print is too small, the hero is annoying, pages were missing | the book has ten chapters, it was \
printed in May
tent | it is easy to put up, it stayed dry in the storm, it is light, the colors are pretty | it leaked in the first \
rain, a pole broke, the zipper got stuck, it smells bad | it holds two people, it was delivered on Friday
class | the teacher is patient, I learned so much, the group was cheerful, the lessons are fun | the teacher was \
often late, I learned nothing, the room was freezing, the lessons are boring | the class meets on Tuesday, it lasts \
ten weeks
train ride | the seats were comfortable, the train was on time, the crew was helpful, the view was superb | the train \
was an hour late, the seats were dirty, the car was too hot, nobody helped us | the train stops in six towns, the \
ride takes two hours""".strip().split("\n")]


@topic_maker(5)
def moods(r):
    """Whether a review or a message is positive, negative, mixed, or neutral."""
    (thing,), good, bad, plain = r.choice(REVIEWED)
    label = r.choice(["positive", "negative", "positive", "negative", "mixed", "neutral"])
    one, two = {"positive": r.sample(good, 2), "negative": r.sample(bad, 2), "neutral": r.sample(plain, 2),
                "mixed": [r.choice(good), r.choice(bad)]}[label]
    start = {"positive": ["I am so happy with this {}! ", "What a great {}! ", ""], "mixed": ["", "About the {}: "],
             "negative": ["I am disappointed with this {}. ", "Never again this {}. ", ""], "neutral": [""]}[label]
    text = r.choice(start).format(thing)
    if label == "mixed":
        text += r.choice([f"{one}, but {two}.", f"{one}. Sadly, {two}.", f"although {one}, {two}."])
    else:
        text += r.choice([f"{one}, and {two}.", f"{one}. {two}.", f"{one}."])
    reason = {"mixed": f"the writer likes that {one} but not that {two}", "neutral": "the text only gives information",
              "positive": f"the writer is glad that {one}", "negative": f"the writer complains that {one}"}[label]
    kinds = r.choice(["positive, negative, or neutral", "positive, negative, mixed, or neutral"])
    if label in ("positive", "negative"):
        kinds = r.choice([kinds, "positive or negative"])
    kinds = "positive, negative, mixed, or neutral" if label == "mixed" else kinds
    kind = r.choice(["review", "comment", "text", "message", "sentence", "feedback", f"review of the {thing}"])
    if label in ("positive", "negative") and r.random() < 0.15:
        return r.choice([f"whether the writer liked the {thing}", f"whether the writer is happy with the {thing}"]), \
            f"{'Yes' if label == 'positive' else 'No'}, because {one}.", sentences_of(text)
    return r.choice([f"the sentiment of the {kind}", f"whether the {kind} is {kinds}",
        f"the mood of the {kind}: {kinds}",
                     f"how the writer feels about the {thing}", f"the feeling behind the {kind}, {kinds}",
                     f"the label that fits the {kind}: {kinds}", f"the attitude toward the {thing} ({kinds})",
                     f"the tone of the {kind}, with a reason", f"the overall sentiment of the {kind}"]), \
        r.choice([capital(label), capital(label), f"{capital(label)}, because {reason}.",
        f"{capital(label)}; {reason}.",
                  f"The {kind} is {label}.", f"The sentiment is {label}, because {reason}."]), sentences_of(text)


# ---- Advice, directions, messages, descriptions, tone ------------------------------------------------------------

ADVICE = [line.split(" | ") for line in """
fall asleep more easily | put screens away an hour before bed | keep the room dark and quiet | lies awake for hours \
at night
save electricity at home | turn off the lights when you leave a room | unplug devices that you do not use | has a \
high power bill
save water | take shorter showers | turn off the tap while brushing | uses too much water
remember new words | write each word on a card | use each new word in a sentence | forgets new words at once
keep plants alive during a vacation | ask a neighbor to water them | move them out of direct sun | will be away for \
two weeks
calm down before a speech | breathe slowly | practice aloud in front of a friend | is nervous about a speech
make up after a quarrel | apologize sincerely for your part | listen to the other person | had a quarrel with a friend
spend less at the store | write a list before you go | never shop when you are hungry | always buys too much at the \
store
stay safe on a bicycle | wear a helmet | use lights in the dark | rides a bicycle at night
stay warm in winter | wear several thin layers | put on a hat and gloves | always feels cold outdoors
stay healthy | eat fruit and vegetables | move a little every day | wants to live in a healthier way
prepare for a test | start several days early | get enough sleep the night before | has a big test on Friday
keep the keys from getting lost | hang them on a hook by the door | put them in the same bowl every day | looks for \
the keys every morning
be on time | set the alarm ten minutes earlier | pack the bag in the evening | is late every day
make new friends | join a club | ask people about themselves | has just moved to a new town
protect a password | choose a long one | never share it with anybody | was asked for a password
keep food fresh | put it in a closed box | store it in a cold place | throws away too much food
avoid losing work on the computer | save often | keep a backup copy in a second place | lost a whole report on the \
computer
learn an instrument | practice a little every day | start with slow, easy pieces | makes no progress on the piano
start a hard task | divide it into small steps | begin with the easiest part | does not know where to begin
welcome a shy guest | greet the guest warmly | introduce the guest to one friendly person | has a shy guest at the party
avoid sunburn | stay in the shade at noon | use sunscreen | gets a sunburn every summer
stay safe in a thunderstorm | go indoors | keep away from tall trees | hears thunder while swimming
do well in an interview | arrive a little early | prepare a few questions | has a job interview tomorrow
read more books | carry a book with you | read ten pages before bed | never finds time to read
keep a room tidy | put each thing back after use | give away what you do not need | cannot find anything in a messy room
help a friend who is sad | listen without hurry | ask what would help | has a friend who is sad
hike safely | take enough water | tell somebody where you are going | plans a long hike
treat a blister | keep it clean | cover it with a bandage | has a blister on one foot
drink more water | keep a bottle on the desk | have a glass with each meal | often forgets to \
drink""".strip().split("\n")]


@topic_maker(4)
def advice(r):
    """A tip, for a purpose or for a person with a problem."""
    aim, one, two, problem = r.choice(ADVICE)
    tips = [one, two]
    r.shuffle(tips)
    both = f"{capital(tips[0])}, and {tips[1]}."
    text = r.choice([both, both, capital(tips[0]) + ".",
        f"It helps to {tips[0]}."]) if not one.startswith("never") and \
        not two.startswith("never") else both
    if r.random() < 0.15:
        wrong = r.choice([row for row in ADVICE if row[0] != aim])[1]
        options = [(one, True), (wrong, False)]
        r.shuffle(options)
        letter = "AB"[[good for _, good in options].index(True)]
        return r.choice([f"which choice helps to {aim}",
            f"the letter of the tip that helps to {aim}"]), r.choice([letter, f"({letter}) {capital(one)}."]), \
            f"(A) {options[0][0]}\n(B) {options[1][0]}"
    if r.random() < 0.4:
        name = person(r)[0]
        title = r.choice(["a tip for this person", "advice for the writer of the note", "what one could recommend",
                          f"some useful advice for {name}", f"what {name} should do",
                          "a habit that solves the problem"])
        return title, text, sentences_of(f"{name} {problem}.")
    person_ = r.choice(["somebody", "someone", "a person", "a friend", "a student"])
    return r.choice([f"how to {aim}", f"a tip for {person_} who wants to {aim}", f"what helps to {aim}",
        f"ways to {aim}",
                     f"advice on how to {aim}", f"how one can {aim}", f"what {person_} can do to {aim}",
                     f"what should be done by {person_} who {problem}", f"a simple way to {aim}", f"two ways to {aim}"
                     if text == both else f"one way to {aim}", f"what to do for {person_} who {problem}"]), text


@topic_maker(6)
def directions(r):
    """The steps of a task: in order, numbered, in a sentence, the first, the last, and the missing one."""
    row = r.choice(TABLES["steps"])
    task, steps = row["task"], [row["one"], row["two"], row["three"]]
    gerund = r.choice([f"how to {task}", f"how one can {task}", f"directions to {task}", f"the steps to {task}"])
    lines = "\n".join(f"{i}. {capital(step)}." for i, step in enumerate(steps, start=1))
    sentence = f"{capital(steps[0])}, {steps[1]}, and {steps[2]}."
    mixed = steps[:]
    while mixed == steps:
        r.shuffle(mixed)
    i, j = sorted(r.sample(range(3), 2))
    pair = [i, j]
    r.shuffle(pair)
    first = "AB"[pair.index(i)]
    return r.choice([
        (gerund, r.choice([sentence, lines])), (f"how to {task} in three numbered steps", lines),
        (f"how to {task}, in one sentence", sentence), (f"three steps to {task}", lines),
        (r.choice(["as three numbered steps", "the directions as a numbered list", "in numbered lines"]), lines,
         sentence),
        (r.choice(["in the right order, with numbers", "the jumbled steps, put in order",
         "how these steps should be ordered"]),
         lines, "; ".join(mixed)),
        (r.choice(["what these steps are for", "the title of these directions", "what one can do with these steps"]),
         r.choice([f"How to {task}", f"The steps tell how to {task}."]), r.choice([sentence, lines])),
        ("the first step", capital(steps[0]) + ".", sentence), ("what is done last", capital(steps[2]) + ".", sentence),
        (f"what comes right after this step: {steps[i]}", capital(steps[i + 1 if i < 2 else 2]) + ".", lines),
        (r.choice(["which of the two steps comes first", "the step that has to be done first"]),
         f"Step {first} comes first.",
         f"(A) {capital(steps[pair[0]])}. (B) {capital(steps[pair[1]])}."),
        (f"what is missing if somebody wants to {task}", f"This step is missing: {steps[2]}.",
         f"1. {capital(steps[0])}.\n2. {capital(steps[1])}."),
        (r.choice(["the directions in one sentence", "as one clear sentence"]), sentence, lines),
        (r.choice(["the same directions in few words", "shortened to one brief command"]), f"{capital(steps[i])}.",
         f"When you are ready, please take your time and {steps[i]} as well as you can.")])


@topic_maker(5)
def messages(r):
    """Notes, invitations, apologies, notices, and replies, made from details."""
    v = story_slots(r)
    event, thing = v["event1"], v["obj1"]
    name, other = r.sample(NAMES, 2)
    day, time, place, last = v["day1"], v["time1"], v["at1"], r.randrange(11, 29)
    hi = r.choice([f"Hi {name}, ", f"Dear {name}, ", f"Hello {name}, "])
    ways = [
        (["a text message with this news", f"a short message that tells {name} the news"],
         f"tell {name} that {event} moved from {time} to {v['time2']}",
         f"{hi}{event} has moved from {time} to {v['time2']}."),
        (["an invitation in one sentence", "an invitation from these details"],
         f"{event}, {day} at {time}, bring {v['a_obj1']}",
         f"Please join us for {event} on {day} at {time}, and bring {v['a_obj1']}."),
        (["a lost-pet notice from these details", "a notice about a lost pet"],
         f"{v['color1']} {v['animal1']}, name {name}, last seen {place}, call {v['phone']}",
         f"Lost: {v['color1']} {v['animal1']}, named {name}. Last seen {place}. Please call {v['phone']}."),
        (["a note of thanks", "a thank-you note from these details"], f"to: {name}; for: {v['a_obj1']}; from: {other}",
         f"Dear {name}, thank you so much for the {thing}. Yours, {other}"),
        (["an out-of-office reply", "an automatic reply for an absence"],
         f"away {v['month1']} {v['k']} to {v['month1']} {last}; urgent matters: {other}",
         f"I am away from {v['month1']} {v['k']} to {v['month1']} {last}. "
         f"For urgent matters, please contact {other}."),
        (["a polite reply that declines", "how to decline politely", "a courteous no"],
         f"Would you like to come to {event} on {day}?",
         f"Thank you for asking, but I am afraid I cannot come on {day}."),
        (["a friendly reply that accepts", "how to accept the invitation"],
         f"Would you like to come to {event} on {day}?",
         f"Thank you, I would love to come to {event} on {day}!"),
        (["a card for the shop door", "a sign with this news"],
         f"shop closed {day} for repairs, opens again {v['day2']} {time}",
         f"We are closed on {day} for repairs and will open again on {v['day2']} at {time}."),
        (["a loudspeaker announcement", "the note as an announcement"], f"{v['color1']} {thing} found, {place}",
         f"Attention, please: {a(v['color1'])} {thing} has been found {place}."),
        (["an apology for the mistake", "how to apologize for this by e-mail"],
         f"to {name}: you missed {event} on {day}",
         f"Dear {name}, I am very sorry that I missed {event} on {day}."),
        (["a postcard with cheerful lines", "greetings on a postcard"],
         f"from: {other}; place: {v['city1']}; seen: {v['an_animal1']}",
         f"Greetings from {v['city1']}! I even saw {v['an_animal1']}. Love, {other}"),
        (["a kitchen note", "a note for a roommate"], f"no {v['matter2']} left; you will buy some on {day}",
         f"There are no {v['matter2']} left; I will buy some on {day}." if is_plural(v["matter2"])
         else f"There is no {v['matter2']} left; I will buy some on {day}."),
        ([f"congratulations for {name} on winning {event}"], None, f"Congratulations on winning {event}, {name}!"),
        ([f"birthday wishes for {name}", f"a birthday card for {name}"], None,
         f"Happy birthday, {name}! I hope that you have a wonderful day."),
        ([f"a get-well card for {name}", f"a note to {name}, who is ill"], None,
         f"Dear {name}, we miss you. Get well soon!"),
        ([f"a reminder for {name} about the {thing}"], None, f"{hi}please remember to bring the {thing} on {day}."),
        ([f"a message that asks {name} for the {thing}", f"a polite request to {name} for the {thing}"], None,
         f"{hi}could you please lend me the {thing}? Thank you!"),
        ([f"a message to {name} that one will be late for {event}"], None,
         f"{hi}I am sorry, but I will be a little late for {event}."),
        (["a label for a jar of jam"],
         f"{r.choice(['strawberry', 'cherry', 'plum', 'peach'])}, made in {v['month1']} by {name}", ""),
    ]
    titles_, details, text = r.choice(ways)
    if not text:
        text = f"{name}'s {capital(details.split(',')[0])} Jam - made in {v['month1']}"
    return (r.choice(titles_), text, details) if details else (r.choice(titles_), text)


@topic_maker(4)
def descriptions(r):
    """What things look like, details in one sentence, and sentences with given words."""
    look, thing = r.choice(TABLES["looks"]), r.choice(TABLES["what things look like"])
    name, color, other = bare(look["thing"]), *r.sample(COLORS, 2)
    obj, part = r.choice(OBJECTS).split()[-1], r.choice(["a {} handle", "{} stripes", "a {} lid",
        "{} spots"]).format(other)
    actor, place = person(r)[0], r.choice(SPOTS)
    adjectives = [look["a"], look["b"], look["c"]]
    full = f"{thing['thing']} is {thing['kind']} with {thing['has']}."
    return r.choice([
        (f"three adjectives that describe {look['thing']}", ", ".join(adjectives)),
        (f"words that suit {look['thing']}", ", ".join(adjectives)),
        (r.choice([f"what {look['thing']} is like", f"a short description of {look['thing']}"]),
         capital(f"{look['thing']} is {listing(adjectives)}.")),
        (r.choice([f"what {thing['thing']} looks like", f"a description of {thing['thing']}", f"how to describe "
                   f"{thing['thing']} in one sentence"]), capital(full)),
        (r.choice(["which thing is described", "what it is", "the thing behind the description"]),
         capital(thing["thing"]),
         f"It is {thing['kind']} with {thing['has']}."),
        (f"{thing['thing']}, described without naming it", f"It is {thing['kind']} with {thing['has']}."),
        (r.choice(["the details in one sentence", "the details combined smoothly", "one sentence from these details"]),
         sentences_of(f"the {color} {obj} has {part} and is {place}."), f"{obj}: {color}, {part}, {place}"),
        (r.choice(["a sentence with these words", "one sentence that contains all the words"]),
         sentences_of(f"{actor} found the {color} {obj} {place}."), f"{actor}, {obj}, {color}"),
        (f"a sentence of exactly five words about the {name}", capital(f"the {name} is very {look['a']}."))
        if " " not in name and look["thing"][:2] in ("a ", "an") else
        (f"the {obj} in {color} and {other}", f"The {obj} is {color} and {other}."),
        (r.choice(["a more vivid sentence", "the sentence with more detail"]), sentences_of(
            f"the {r.choice(['shiny', 'dusty', 'tiny', 'huge'])} {color} {obj} with {part} was {place}."),
         f"The {obj} was {place}."),
        (f"the opening of a story with the words \"{obj}\" and \"{color}\"", sentences_of(
            f"one morning, {actor} found {a(color)} {obj} {place}, and nobody knew whose it was."))])


@topic_maker(5)
def tones(r):
    """A sentence said in another tone."""
    v, (_, verb, patient) = story_slots(r), scene(r)
    subject, other, rest = doing(r)
    event, thing, day = v["event1"], v["obj1"], v["day1"]
    base, plain = f"{verb['base']} {patient}", clause(subject, other, rest, "past")
    praise = r.choice(["gorgeous", "wonderful", "fantastic", "ridiculous", "terrible", "horrible", "ugly"])
    before, after, names = r.choice([
        (f"{capital(base)}.", f"Could you please {base}?",
         "as a polite request/more politely/in a kinder tone/less rude"),
        (f"{capital(base)} right now!", f"Would you mind if I asked you to {base}?",
         "more politely/as a courteous question"),
        (f"Give me the {thing}.", f"May I please have the {thing}?",
         "as a polite request/in a friendlier way/courteously"),
        (f"We are going to {event}.", f"We're going to {event}, and I can't wait!",
         "with enthusiasm/in an excited tone"),
        (f"{event} is on {day}.", f"Hooray, {event} is on {day}!", "in a cheerful tone/with joy/more cheerfully"),
        (f"that {praise} {thing} was found on {day}.", f"The {thing} was found on {day}.",
         "in a neutral tone/without the opinion/in a factual way"),
        (f"{event} was {praise}, and it lasted until {v['time1']}.", f"{event} lasted until {v['time1']}.",
         "without the opinion/in a neutral, factual way"),
        (f"I think that {plain[0].lower() + plain[1:] if subject not in NAMES else plain}, maybe.", f"{plain}.",
         "so that it sounds certain/in a certain tone/without doubt"),
        (f"I guess I could maybe {base}.", f"I can {base}.", "with more confidence/in a confident tone"),
        (f"Why on earth is your {v['animal1']} {v['at1']} again?!",
         f"I noticed that your {v['animal1']} is {v['at1']} again. Is everything all right?",
         "without the anger/in a calm tone/in a friendly way"),
        (f"Hurry, hurry, we are going to miss {event}!", f"Let's get going so that we do not miss {event}.",
         "in a calm way/more calmly"),
        (f"Sorry I broke your {thing}.", f"I am truly sorry that I broke your {thing}.",
         "as a more sincere apology/with more feeling"),
        (f"I got the {thing} you sent.", f"Thank you so much for the beautiful {thing} you sent me!",
         "in a grateful tone/with gratitude"),
        (f"You can come to {event}.", f"I would be so happy if you came to {event}!",
         "as a warmer invitation/more warmly"),
        (f"Your {v['food1'].split()[-1]} has too little salt.",
         f"Your {v['food1'].split()[-1]} might be even better with a little more salt.",
         "as gentle criticism/in softer words")
        if not v["food1"].endswith("s") else
        ("This is too loud.", "Could it be a little quieter, please?", "as gentle criticism/in softer words"),
        (f"No, I don't want your {thing}.", f"It is kind of you, but I do not need the {thing}, thank you.",
         "less rude/in a polite way/politely"),
        (f"Our {v['goods1']} have still not come.",
         f"Our {v['goods1']} have not come yet, but they may be here any day now.",
         "in a hopeful tone/hopeful instead of gloomy"),
        (f"The shop is closed on {day}.", f"We're closed on {day}, but we'd love to see you on {v['day2']}!",
         "as a friendlier sign/in a friendly tone")])
    before, after, way = sentences_of(before), sentences_of(after), r.choice(names.split("/"))
    title = r.choice([way, way, f"the sentence {way}", f"how to say this {way}", f"this, said {way}"]) \
        if way.startswith(("in ", "with", "more ")) else way
    if r.random() < 0.2:
        return f'"{before}" {way}', after
    return title, after, before


@topic_maker(5)
def true_or_false(r):
    """Whether a statement about facts is true, with a reason."""
    n, m, k = r.randrange(2, 13), r.randrange(2, 13), r.randrange(1, 9)
    right = r.random() < 0.5
    row, other = r.sample(TABLES["capitals"], 2)
    word = r.choice([word for word in ANIMALS + COLORS + MONTHS if word.isalpha()])
    animal, beast = r.sample(TABLES["mammals"], 2)
    day, next_day = DAYS[n % 7], DAYS[(n + (1 if right else 3)) % 7]
    shape, sides = r.choice([("triangle", 3), ("square", 4), ("pentagon", 5), ("hexagon", 6), ("octagon", 8)])
    unit, small, size = r.choice([("meter", "centimeters", 100), ("kilogram", "grams", 1000), ("hour", "minutes", 60),
                                  ("day", "hours", 24), ("foot", "inches", 12), ("week", "days", 7)])
    shown = n * m if right else n * m + r.choice([-2, -1, 1, 2, 10])
    length = len(word) if right else len(word) + r.choice([-1, 1, 2])
    total = size * (1 if right else 10)
    claim, reason = r.choice([
        (f"{n} x {m} is {shown}", f"{n} x {m} is {n * m}."), (f"{n * m} divided by {n} is {m if right else m + k}",
                                                            f"{n} x {m} is {n * m}."),
        (f"{n} + {m} equals {n + m if right else n + m + k}", f"{n} + {m} is {n + m}."),
        (f"the capital of {row['country']} is {row['capital'] if right else other['capital']}",
         f"The capital of {row['country']} is {row['capital']}."),
        (f'the word "{word}" has {length} letters', f'The word "{word}" has {len(word)} letters.'),
        (f"the day after {day} is {next_day}", f"{DAYS[(n + 1) % 7]} comes after {day}."),
        (f"{a(shape)} has {sides if right else sides + r.choice([1, 2])} sides",
         f"{capital(a(shape))} has {sides} sides."),
        (f"{'an' if unit == 'hour' else 'a'} {unit} has {total} {small}",
         f"{'An' if unit == 'hour' else 'A'} {unit} has {size} {small}."),
        (f"{n + 20} is an {'even' if (n % 2 == 0) == right else 'odd'} number",
         f"{n + 20} is {'even' if n % 2 == 0 else 'odd'}."),
        (f"{animal['one']} is {animal['diet'] if right else 'a plant'}",
         f"{capital(animal['one'])} is {animal['diet']}."),
        (f"{beast['one']} is a {'mammal' if right else 'reptile'}", f"{capital(beast['one'])} is a mammal."),
        (f"{n * m} is greater than {n * m - k if right else n * m + k}",
         f"{n * m} is {'greater' if right else 'less'} than "
         f"{n * m - k if right else n * m + k}.")])
    answer = "True" if right else "False"
    if r.random() < 0.3:
        return r.choice(["true or false", "whether the claim is true or false", "whether this is true, with a reason",
                         "the truth of this statement"]), r.choice([answer,
                         f"{answer}. {reason}"]), capital(claim) + "."
    return r.choice([f"whether it is true or false that {claim}", f"true or false: {claim}",
        f"whether {claim}, true or false",
                     f'whether the statement "{capital(claim)}." is true or false', f"{claim}: true or false"]), \
        r.choice([answer, f"{answer}. {reason}", f"{answer}. {reason}"])
